// Answers how far a review is, for people who see its case.
#include <algorithm>

#include "access/state/review_status.h"
#include "access/views/reading.h"

namespace strongroom::access {
namespace {

constexpr std::int64_t kMsPerHour = 3600 * vault::kMillisecondsPerSecond;

std::vector<wire::WorkingDayView> show(const std::vector<review::Day>& days) {
  std::vector<wire::WorkingDayView> views;
  for (const review::Day& day : days)
    views.push_back({day.date, day.working, day.reason.empty() ? std::nullopt : std::optional(day.reason)});
  return views;
}

Result<wire::ClockView> show(const review::Clock& clock) {
  wire::ClockView view;
  view.clock = clock.clock;
  if (clock.agency) {
    TRY(view.agency, AgencyId::parse(*clock.agency));
  }
  view.trigger = clock.trigger;
  view.trigger_date = clock.trigger_date;
  view.working_days = static_cast<std::uint64_t>(clock.working_days);
  view.earliest = clock.earliest;
  view.due = clock.due;
  view.met_on = clock.met_on;
  view.state = review::to_string(clock.state);
  view.binding = clock.binding;
  view.moved = clock.moved;
  view.cites = clock.cites;
  view.working = show(clock.working);
  return view;
}

wire::MeetingView show(const MeetingRow& row) {
  return {.number = row.number,
          .date = row.date,
          .kind = row.kind,
          .mode = row.mode,
          .working_day = row.working_day,
          .outside_window = row.outside_window,
          .breaks_the_whole = row.breaks_the_whole,
          .reason = std::nullopt};
}

std::vector<wire::DutyView> duties_of(const ReviewRow& row) {
  std::vector<wire::DutyView> views;
  if (row.duty_answers)
    for (const review::DutyApplies& one : review::duties_of(*row.duty_answers))
      views.push_back({one.duty, true, one.because, std::nullopt, std::nullopt});
  for (const DoneDutyRow& done : row.duties) {
    auto view = std::ranges::find(views, done.duty, &wire::DutyView::duty);
    if (view == views.end()) view = views.insert(views.end(), {done.duty, false, {}, std::nullopt, std::nullopt});
    view->done = done.on;
    view->record = done.record;
  }
  return views;
}

// Collects what is owed, from the clocks and the facts. Agencies that a reader does not see owe nothing in their view.
class Owed {
 public:
  Owed(const ReviewStatus& review, const review::Clocks& clocks) : review_(review), clocks_(clocks) {}

  void add(ReviewTask task, ReviewActor by, std::string what, std::string_view clock = {},
           const std::optional<AgencyId>& agency = std::nullopt) {
    wire::OwedView view{
        .task = task, .what = std::move(what), .by = by, .agency = agency, .duty = {}, .due = {}, .overdue = false};
    const auto of = agency ? std::optional(agency->to_string()) : std::nullopt;
    for (const review::Clock& one : clocks_.list)
      if (one.clock == clock && (!one.agency || one.agency == of)) view.due = one.due;
    set_overdue(view);
  }
  void add_until(ReviewTask task, ReviewActor by, std::string what, const Date& due,
                 const std::optional<AgencyId>& agency) {
    set_overdue({.task = task, .what = std::move(what), .by = by, .agency = agency, .duty = {}, .due = due});
  }
  void add_duty(const wire::DutyView& duty) {
    list.push_back({.task = ReviewTask::duty,
                    .what = duty.because + " (4.1.2)",
                    .by = ReviewActor::partner,
                    .agency = std::nullopt,
                    .duty = duty.duty,
                    .due = std::nullopt,
                    .overdue = false});
  }

  std::vector<wire::OwedView> list;

 private:
  void set_overdue(wire::OwedView view) {
    view.overdue = view.due && *view.due < review_.today;
    list.push_back(std::move(view));
  }
  const ReviewStatus& review_;
  const review::Clocks& clocks_;
};

void add_agencies_tasks(Owed& owed, const ReviewStatus& review, const std::vector<wire::AgencyReviewView>& agencies,
                        bool whole) {
  const auto possible = [&](review::Step step) { return review::is_possible_at(step, review.facts.stage); };
  for (const wire::AgencyReviewView& agency : agencies) {
    const auto& id = agency.agency;
    if (!agency.templates_sent && possible(review::Step::send_templates) && whole)
      owed.add(ReviewTask::send_templates, ReviewActor::spoc, "send Documents 2 and 3 (4.3.3)", "templates", id);
    if (agency.templates_sent && agency.return_version == 0 && possible(review::Step::return_scoping))
      owed.add(ReviewTask::return_scoping, ReviewActor::agency, "return Document 2 (4.3.4)", "return", id);
    if (agency.securing != SecuringProgress::secured && !review.row.ended && agency.scoping != ScopingProgress::nil)
      owed.add_until(ReviewTask::secure_records, ReviewActor::agency,
                     "secure all records and declare so (4.3.5); the date is a local target", agency.securing_target,
                     id);
    if (!agency.informed && possible(review::Step::inform) && whole)
      owed.add(ReviewTask::inform, ReviewActor::spoc,
               agency.referrer ? "inform the referrer of the outcome (4.7.2)" : "inform the agency (4.7.2)", {}, id);
    if (agency.informed && !agency.acknowledged)
      owed.add(ReviewTask::acknowledge, ReviewActor::agency, "acknowledge the outcome (4.7.2)", {}, id);
    if (agency.informed && agency.inspectorates.empty() && !review.row.ended)
      owed.add(ReviewTask::notify_inspectorate, ReviewActor::agency,
               "notify its inspectorate as required, and record which, or that none is (4.7.3)", {}, id);
  }
}

// Adds the one step that moves the review on.
void add_next_step(Owed& owed, const ReviewStatus& review, const DirectoryRow& directory) {
  const review::Facts& facts = review.facts;
  switch (facts.stage) {
    case Stage::referred:
    case Stage::closed:
    case Stage::not_pursued:
      return;
    case Stage::scoping:
      return owed.add(ReviewTask::set_meeting, ReviewActor::spoc, "set the date of the meeting (4.4.2)", "meeting");
    case Stage::meeting_set:
      if (!facts.meeting_reached)
        return owed.add_until(ReviewTask::share_pack, ReviewActor::spoc,
                              "share the documents with those attending (4.5)", review.row.meeting->date, {});
      if (!review.row.attendance)
        return owed.add(ReviewTask::record_attendance, ReviewActor::spoc, "record who attended (4.6.1)");
      return owed.add(ReviewTask::decide, ReviewActor::spoc, "record what the meeting decided (4.6.2)", "outcome");
    case Stage::decided:
      for (const PartnerRow& partner : directory.partners)
        if (review.row.decision && std::ranges::find(review.row.decision->answers, partner.agency,
                                                     &AnswerRow::partner) == review.row.decision->answers.end())
          owed.add(ReviewTask::answer_document_4, ReviewActor::partner, "answer Document 4 (4.6.3)", "outcome",
                   partner.agency);
      if (facts.partners_silent.empty())
        owed.add(ReviewTask::send_outcome, ReviewActor::spoc, "send Documents 4 and 5 to the Panel (4.7.1)", "outcome");
      return;
    case Stage::outcome_sent:
    case Stage::practice_review:
    case Stage::alternative_review:
      return owed.add(ReviewTask::close, ReviewActor::spoc, "close the review once it is finished");
  }
}

}  // namespace

Result<wire::CalendarView> View::calendar() const {
  TRY(const CalendarRow row, store_->state().calendar(*txn_));
  TRY(const review::Calendar calendar, calendar_of(row));
  wire::CalendarView view;
  view.calendar = calendar.digest();
  view.first_year = static_cast<std::uint64_t>(*calendar.years().begin());
  view.last_year = view.first_year;
  while (calendar.knows(static_cast<int>(view.last_year) + 1)) ++view.last_year;
  view.proclaimed_to = static_cast<std::uint64_t>(calendar.proclaimed_to());
  for (const review::Holiday& holiday : calendar.holidays()) view.holidays.push_back({holiday.date, holiday.title});
  view.added = row.added;
  view.removed = row.removed;
  return view;
}

Result<std::optional<std::string>> View::words(const std::optional<Digest>& digest) const {
  if (!digest) return std::optional<std::string>();
  TRY(std::string said, text(digest, ""));
  return std::optional(std::move(said));
}

Result<wire::AgencyReviewView> View::show(const CaseRow& row, const AgencyReviewRow& agency,
                                          const review::Calendar& calendar, bool whole) const {
  wire::AgencyReviewView view;
  view.agency = agency.agency;
  view.referrer = agency.agency == row.agency;
  view.asked = agency.asked;
  TRY(view.securing_target, calendar.add(vault::london_date(agency.asked), store_->securing_target()));
  TRY(const auto id, store_->state().agency_safe(*txn_, row.case_, agency.agency));
  if (id) {
    view.safe = id;
    TRY(const auto safe, store_->state().safe(*txn_, *id));
    if (!safe) return Error{Errc::tampered, "a case names a safe that is not there"};
    TRY(const auto nominations, store_->state().nominations_of(*txn_, *id));
    view.representatives =
        static_cast<std::uint64_t>(std::ranges::count(nominations, NominationState::active, &NominationRow::state));
    view.records = safe->records + safe->items;
    view.secured = safe->secured;
    view.securing = safe->secured              ? SecuringProgress::secured
                    : safe->declaration > 0    ? SecuringProgress::declared
                    : view.records > 0         ? SecuringProgress::securing
                    : view.representatives > 0 ? SecuringProgress::nominated
                                               : SecuringProgress::asked;
  }
  const std::int64_t exposed = view.secured.value_or(now_).unix_ms - row.received.unix_ms;
  view.exposed_hours = static_cast<std::uint64_t>(std::max<std::int64_t>(exposed, 0) / kMsPerHour);
  view.templates_sent = agency.templates_sent;
  view.document_2 = agency.document_2;
  view.document_3 = agency.document_3;
  view.copy = agency.copy;
  view.templates_late = agency.templates_late;
  view.returned = agency.returned;
  view.return_version = agency.return_version;
  view.return_record = agency.return_record;
  view.return_late = agency.return_late;
  view.on_behalf = agency.on_behalf;
  view.informed = agency.informed;
  view.outcome_copy = agency.outcome_copy;
  view.acknowledged = agency.acknowledged;
  for (const NotifiedRow& notified : agency.inspectorates) view.inspectorates.push_back({notified.body, notified.on});
  if (agency.templates_sent) view.scoping = ScopingProgress::sent;
  if (agency.copy) {
    TRY(const auto copy, store_->state().copy(*txn_, *agency.copy));
    if (copy && copy->state == CopyState::collected) view.scoping = ScopingProgress::opened;
    if (copy && (copy->state == CopyState::delivered || copy->ended())) view.scoping = ScopingProgress::acknowledged;
  }
  if (agency.return_version > 0) view.scoping = agency.return_record ? ScopingProgress::returned : ScopingProgress::nil;
  if (!whole) return view;
  TRY(view.templates_reason, words(agency.templates_reason));
  TRY(view.return_reason, words(agency.return_reason));
  return view;
}

Result<wire::DecisionView> View::show(const DecisionRow& row, const DirectoryRow& directory) const {
  wire::DecisionView view;
  view.version = row.version;
  view.record = row.record;
  view.decision = row.decision;
  view.actions = row.actions;
  view.time = row.time;
  view.late = row.late;
  TRY(view.reason, words(row.reason));
  for (const AnswerRow& answer : row.answers) {
    TRY(auto reason, words(answer.reason));
    view.answers.push_back(
        {answer.partner, answer.answer, answer.person, answer.by_spoc, answer.time, std::move(reason)});
  }
  for (const PartnerRow& partner : directory.partners)
    if (std::ranges::find(row.answers, partner.agency, &AnswerRow::partner) == row.answers.end())
      view.silent.push_back(partner.agency);
  view.frozen = row.frozen;
  if (row.endorsed) {
    TRY(auto remark, words(row.endorsed->remark));
    view.endorsed = wire::EndorsementView{row.endorsed->person, row.endorsed->time, std::move(remark)};
  }
  return view;
}

Result<std::vector<wire::ShownTextView>> View::shown_texts(const ReviewStatus& review) const {
  std::vector<Digest> shown;
  const auto add = [&](const std::optional<Digest>& digest) {
    if (digest && !listed(shown, *digest)) shown.push_back(*digest);
  };
  const ReviewRow& row = review.row;
  for (const AgencyReviewRow& agency : review.agencies) {
    add(agency.templates_reason);
    add(agency.return_reason);
  }
  if (row.meeting) add(row.meeting->reason);
  for (const MovedClockRow& moved : row.moved) add(moved.reason);
  if (row.attendance)
    for (const wire::OtherAttendee& other : row.attendance->others) add(other.name);
  if (row.decision) {
    add(row.decision->reason);
    for (const AnswerRow& answer : row.decision->answers) add(answer.reason);
    if (row.decision->endorsed) add(row.decision->endorsed->remark);
  }
  if (row.outcome) add(row.outcome->reason);
  add(row.end_reason);
  std::vector<wire::ShownTextView> views;
  for (const Digest& digest : shown) {
    TRY(const Bytes value, stored(BesideTable::text, digest, digest));
    wire::ShownTextView view{digest, {}};
    if (value.size() < view.random.size()) return Error{Errc::tampered, "a stored text is shorter than its salt"};
    std::copy_n(value.begin(), view.random.size(), view.random.begin());
    views.push_back(view);
  }
  return views;
}

// Adds what only partners, SPOCs, reviewers and chairs see.
Result<void> View::add_the_rest(wire::ReviewView& view, const CaseRow& row, const ReviewStatus& review) const {
  TRY(const DirectoryRow directory, store_->state().directory(*txn_));
  view.duty_answers = review.row.duty_answers;
  view.duties = duties_of(review.row);
  if (view.meeting) {
    TRY(view.meeting->reason, words(review.row.meeting->reason));
  }
  for (wire::ClockView& clock : view.clocks)
    for (const MovedClockRow& moved : review.row.moved) {
      if (!clock.moved || moved.clock != clock.clock || (moved.agency && moved.agency != clock.agency)) continue;
      TRY(clock.reason, words(moved.reason));
    }
  for (const PackRow& pack : review.row.packs) {
    TRY(const auto copy, store_->state().copy(*txn_, pack.copy));
    view.packs.push_back({pack.person, pack.copy, pack.how, pack.lacking, pack.shared,
                          copy ? std::optional(copy->state) : std::nullopt});
  }
  TRY(PackContents contents, pack_contents(store_->state(), *txn_, row, review));
  const bool complete = !contents.document_1.empty() && contents.unreturned.empty();
  view.pack = wire::PackContentsView{std::move(contents.document_1), std::move(contents.notifications),
                                     std::move(contents.returns), std::move(contents.unreturned), complete};
  if (review.row.attendance) {
    wire::AttendanceView attendance{.present = review.row.attendance->present,
                                    .others = {},
                                    .absent = review.row.attendance->absent,
                                    .quorate = review.row.attendance->absent.empty()};
    for (const wire::OtherAttendee& other : review.row.attendance->others) {
      TRY(std::string name, text(other.name, ""));
      attendance.others.push_back({other.body, std::move(name)});
    }
    view.attendance = std::move(attendance);
  }
  if (review.row.decision) {
    TRY(view.decision, show(*review.row.decision, directory));
  }
  if (const auto& outcome = review.row.outcome) {
    TRY(auto reason, words(outcome->reason));
    view.outcome =
        wire::OutcomeView{outcome->document_4,     outcome->document_5,  outcome->manifest, outcome->sent,
                          outcome->outcome_late,   outcome->review_late, std::move(reason), outcome->panel_answer,
                          outcome->panel_answered, outcome->panel_record};
  }
  TRY(view.end_reason, words(review.row.end_reason));
  TRY(view.texts, shown_texts(review));
  return {};
}

Viewed<wire::ReviewView> View::review(std::string_view id_or_reference) const {
  ENTER(const wire::CaseView found, find_case(id_or_reference));
  TRY(const auto row, store_->state().find_case(*txn_, found.case_));
  if (!row) return Error{Errc::tampered, "a case that was there is not there"};
  TRY(const ReviewStatus review, review_status(store_->state(), *txn_, *row, now_));
  TRY(const review::Clocks clocks, review::clocks_of(review.dates, *review.rules, review.calendar, review.today));
  TRY(const auto dates, review::meeting_dates(review.dates, *review.rules, review.calendar));
  TRY(const DirectoryRow directory, store_->state().directory(*txn_));

  wire::ReviewView view;
  view.whole = standing_.in_case(*row).permits(Action::read_review);
  view.case_ = row->case_;
  view.reference = row->reference;
  view.today = review.today;
  view.stage = row->stage;
  view.lock = row->lock;
  view.rules = review.row.rules;
  view.citation = review.rules->citation;
  view.calendar = review.calendar.digest();
  if (view.whole) view.linked_to = review.row.linked_to;
  const auto next = review::next_act(review.facts);
  if (next && view.whole) {
    view.next = next->what;
    view.next_by = next->by;
  }
  view.warnings = clocks.warnings;
  for (const review::MeetingDate& date : dates)
    view.meeting_dates.push_back({date.date, static_cast<std::uint64_t>(date.working_day), date.breaks_the_whole});
  view.securing_target_days = static_cast<std::uint64_t>(store_->securing_target());
  for (const AgencyReviewRow& agency : review.agencies) {
    const Capacities there = standing_.in_agency(agency.agency).who;
    const bool own = there.any_of({Capacity::lead, Capacity::practitioner, Capacity::depositor});
    if (!view.whole && !own) continue;
    TRY(auto one, show(*row, agency, review.calendar, view.whole));
    view.agencies.push_back(std::move(one));
  }
  for (const review::Clock& clock : clocks.list) {
    TRY(auto one, access::show(clock));
    const bool seen = !one.agency || std::ranges::find(view.agencies, *one.agency, &wire::AgencyReviewView::agency) !=
                                         view.agencies.end();
    if (seen) view.clocks.push_back(std::move(one));
  }
  if (review.row.meeting) view.meeting = access::show(*review.row.meeting);
  view.meetings = review.row.meetings;
  view.decisions = review.row.decisions;
  view.ended = review.row.ended;
  if (view.whole) TRY_VOID(add_the_rest(view, *row, review));

  Owed owed(review, clocks);
  add_agencies_tasks(owed, review, view.agencies, view.whole);
  if (view.whole) add_next_step(owed, review, directory);
  if (view.whole && !review.row.duty_answers && !review.row.ended)
    owed.add(ReviewTask::answer_duties, ReviewActor::spoc, "answer the questionnaire of the duties (4.1.2)");
  for (const wire::DutyView& duty : view.duties)
    if (duty.applies && !duty.done) owed.add_duty(duty);
  view.owed = std::move(owed.list);
  return view;
}

Viewed<EntryPage> View::review_chain(const CaseId& id, std::string_view from) const {
  ENTER(const CasePlace place, enter<Action::read_review>(id));
  wire::Concerned ids;
  ids.case_ = id;
  TRY(const auto chain, store_->state().chain(*txn_, ChainSort::review, ids));
  if (!chain) return dangling();
  TRY(EntryPage page, chain_page(*chain, audit::LeafIndex{place.case_.seq}, from));
  return page;
}

}  // namespace strongroom::access
