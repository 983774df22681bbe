#include "cli/client/proof/review_shown.h"

#include <algorithm>
#include <boost/json.hpp>

#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

constexpr std::int64_t kSkewMs = 120 * vault::kMillisecondsPerSecond;  // between both sides' clocks, with room to spare
constexpr int kMaxReadings = 3;                                        // of a review that changes while it is read

Error shown_otherwise(std::string_view what) {
  return Error{Errc::tampered, "the service shows " + std::string(what) + " differently from the ledger"};
}

// Compares what the service shows with the course.
class Comparison {
 public:
  Comparison(const Directory& directory, const ReviewCourse& course) : directory_(directory), course_(course) {}

  Result<void> compare(const ReviewCase& shown, const review::Calendar& calendar, vault::Instant now) const {
    TRY_VOID(compare_case(shown));
    TRY_VOID(compare_agencies(shown.review));
    TRY_VOID(compare_meeting(shown.review));
    TRY_VOID(compare_pack(shown.review));
    TRY_VOID(compare_decision(shown.review));
    TRY_VOID(compare_outcome(shown.review));
    return compare_clocks(shown, calendar, now);
  }

 private:
  // Whether the words are those that the entry names by digest.
  static bool are(const wire::ReviewView& view, const std::optional<std::string>& words,
                  const std::optional<Digest>& named) {
    if (words.has_value() != named.has_value()) return false;
    if (!named) return true;
    const auto text = std::ranges::find(view.texts, *named, &wire::ShownTextView::text);
    if (text == view.texts.end()) return false;
    vault::crypto::Sha256 hash;
    hash.update(text->random);
    hash.update(vault::as_bytes(*words));
    return hash.finish() == *named;
  }

  Result<void> compare_case(const ReviewCase& shown) const {
    const wire::CaseView& facts = shown.case_;
    const wire::ReviewView& view = shown.review;
    std::vector<access::AgencyId> asked;
    for (const AgencyCourse& agency : course_.agencies) asked.push_back(agency.agency);
    if (facts.case_ != course_.referred->case_ || view.case_ != course_.referred->case_ ||
        facts.reference != course_.referred->reference || view.reference != course_.referred->reference ||
        facts.agency != course_.referred->agency || facts.incident_date != course_.referred->incident_date ||
        facts.aware_date != course_.referred->aware_date || facts.received != course_.referred->received ||
        facts.subjects != course_.referred->subjects || facts.review_safe != course_.referred->review_safe ||
        facts.asked != asked || view.rules != course_.referred->rules || view.linked_to != course_.referred->linked_to)
      return shown_otherwise("the referral");
    if (view.stage != course_.stage || facts.stage != course_.stage) return shown_otherwise("the stage of the review");
    if (view.ended != course_.ended || !are(view, view.end_reason, course_.end_reason))
      return shown_otherwise("its end");
    bool same = view.duty_answers.has_value() == course_.duty_answers.has_value() &&
                (!course_.duty_answers || wire::to_json(*view.duty_answers) == wire::to_json(*course_.duty_answers));
    std::size_t done = 0;
    for (const wire::DutyView& duty : view.duties) {
      const auto found = std::ranges::find(course_.duties, duty.duty, &wire::DutyRecorded::duty);
      if (found != course_.duties.end()) ++done;
      same &= found == course_.duties.end() ? !duty.done && !duty.record
                                            : duty.done == found->on && duty.record == found->record;
    }
    if (!same || done != course_.duties.size()) return shown_otherwise("the duties to notify");
    return {};
  }

  Result<void> compare_agencies(const wire::ReviewView& view) const {
    if (view.agencies.size() != course_.agencies.size()) return shown_otherwise("the agencies that were asked");
    for (std::size_t i = 0; i < course_.agencies.size(); ++i) {
      const AgencyCourse& mine = course_.agencies[i];
      const wire::AgencyReviewView& shown = view.agencies[i];
      const bool same =
          shown.agency == mine.agency && shown.referrer == (mine.agency == course_.referred->agency) &&
          shown.asked == mine.asked && shown.templates_sent == mine.templates_sent &&
          shown.document_2 == mine.document_2 && shown.document_3 == mine.document_3 && shown.copy == mine.copy &&
          shown.returned == mine.returned && shown.return_version == mine.return_version &&
          shown.return_record == mine.return_record && shown.on_behalf == mine.on_behalf &&
          shown.informed == mine.informed && shown.outcome_copy == mine.outcome_copy &&
          shown.acknowledged == mine.acknowledged &&
          std::ranges::equal(shown.inspectorates, mine.inspectorates,
                             [](const auto& a, const auto& b) { return a.body == b.body && a.on == b.on; }) &&
          are(view, shown.templates_reason, mine.templates_reason) &&
          are(view, shown.return_reason, mine.return_reason);
      if (!same) return shown_otherwise("what an agency was sent, or did");
    }
    return {};
  }

  Result<void> compare_meeting(const wire::ReviewView& view) const {
    bool same = view.meeting.has_value() == course_.meeting.has_value() && view.meetings == course_.meetings;
    if (same && course_.meeting) {
      const wire::MeetingView& shown = *view.meeting;
      same = shown.number == course_.meeting->number && shown.date == course_.meeting->date &&
             shown.kind == course_.meeting->kind && shown.mode == course_.meeting->mode &&
             are(view, shown.reason, course_.meeting->reason);
    }
    if (!same) return shown_otherwise("the meeting");
    same = view.attendance.has_value() == course_.attendance.has_value();
    if (same && course_.attendance) {
      const wire::AttendanceView& shown = *view.attendance;
      std::vector<access::AgencyId> absent;
      for (const auto& partner : directory_.partners())
        if (std::ranges::find(course_.attendance->present, std::optional(partner), &wire::Attendee::standing_for) ==
            course_.attendance->present.end())
          absent.push_back(partner);
      same = wire::to_json(shown.present) == wire::to_json(course_.attendance->present) && shown.absent == absent &&
             shown.quorate == absent.empty() && shown.others.size() == course_.attendance->others.size();
      for (std::size_t i = 0; same && i < shown.others.size(); ++i)
        same = shown.others[i].body == course_.attendance->others[i].body &&
               are(view, shown.others[i].name, course_.attendance->others[i].name);
    }
    if (!same) return shown_otherwise("who attended the meeting");
    return {};
  }

  Result<void> compare_pack(const wire::ReviewView& view) const {
    std::vector<access::RecordId> notifications, returns;
    std::vector<access::AgencyId> unreturned;
    for (const wire::DutyRecorded& duty : course_.duties)
      if (duty.record && duty.duty != access::Duty::document_1 &&
          std::ranges::find(notifications, *duty.record) == notifications.end())
        notifications.push_back(*duty.record);
    for (const AgencyCourse& agency : course_.agencies) {
      if (agency.return_record) returns.push_back(*agency.return_record);
      if (agency.return_version == 0) unreturned.push_back(agency.agency);
    }
    const auto sorted = [](std::vector<access::RecordId> records) {
      std::ranges::sort(records);
      return records;
    };
    if (!view.pack || sorted(view.pack->document_1) != sorted(course_.documents_1) ||
        view.pack->notifications != notifications || view.pack->returns != returns ||
        view.pack->unreturned != unreturned ||
        view.pack->complete != (!course_.documents_1.empty() && unreturned.empty()) ||
        view.packs.size() != course_.packs.size())
      return shown_otherwise("the documents of the meeting's pack");
    for (std::size_t i = 0; i < course_.packs.size(); ++i)
      if (view.packs[i].person != course_.packs[i].person || view.packs[i].copy != course_.packs[i].copy ||
          view.packs[i].how != course_.packs[i].how)
        return shown_otherwise("who was given the pack");
    return {};
  }

  Result<void> compare_decision(const wire::ReviewView& view) const {
    if (view.decision.has_value() != course_.decision.has_value() || view.decisions != course_.decisions)
      return shown_otherwise("Document 4");
    if (!course_.decision) return {};
    const wire::DecisionView& shown = *view.decision;
    const wire::ReviewDecided& said = course_.decision->said;
    if (shown.version != said.version || shown.record != said.record || shown.decision != said.decision ||
        shown.actions != said.actions || shown.time != course_.decision->time || !are(view, shown.reason, said.reason))
      return shown_otherwise("Document 4");
    bool same = shown.answers.size() == course_.decision->answers.size() &&
                shown.frozen == course_.decision->frozen(directory_.partners().size()) &&
                shown.silent.size() + shown.answers.size() == directory_.partners().size();
    for (std::size_t i = 0; same && i < shown.answers.size(); ++i) {
      const wire::AnswerView& one = shown.answers[i];
      const AnswerCourse& mine = course_.decision->answers[i];
      same = one.partner == mine.said.partner && one.answer == mine.said.answer && one.person == mine.person &&
             one.by_spoc == mine.said.by_spoc && one.time == mine.time && are(view, one.reason, mine.said.reason) &&
             std::ranges::find(shown.silent, one.partner) == shown.silent.end();
    }
    if (!same) return shown_otherwise("what the partners said to Document 4");
    same = shown.endorsed.has_value() == course_.decision->endorsed.has_value() &&
           (!shown.endorsed || (shown.endorsed->person == course_.decision->endorsed_by &&
                                are(view, shown.endorsed->remark, course_.decision->endorsed->remark)));
    if (!same) return shown_otherwise("the endorsement of Document 4");
    return {};
  }

  Result<void> compare_outcome(const wire::ReviewView& view) const {
    bool same = view.outcome.has_value() == course_.outcome.has_value();
    if (same && course_.outcome) {
      const wire::OutcomeView& shown = *view.outcome;
      const wire::OutcomeSent& said = course_.outcome->said;
      same = shown.document_4 == said.document_4 && shown.document_5 == said.document_5 &&
             shown.manifest == said.manifest && shown.sent == course_.outcome->time &&
             are(view, shown.reason, said.reason) &&
             shown.panel_answer.has_value() == course_.outcome->panel.has_value();
      if (same && course_.outcome->panel)
        same = shown.panel_answer == course_.outcome->panel->answer &&
               shown.panel_answered == course_.outcome->panel->on &&
               shown.panel_record == course_.outcome->panel->record;
    }
    if (!same) return shown_otherwise("what went to the Panel");
    return {};
  }

  // Computes the clocks again from the dates that were signed.
  Result<void> compare_clocks(const ReviewCase& shown, const review::Calendar& calendar, vault::Instant now) const {
    const wire::ReviewView& view = shown.review;
    if (view.today < vault::london_date({now.unix_ms - kSkewMs}) ||
        vault::london_date({now.unix_ms + kSkewMs}) < view.today)
      return shown_otherwise("today's date");
    review::CaseDates dates = dates_of(shown);
    dates.moved.clear();
    for (const wire::ClockMoved& moved : course_.moved)
      dates.moved.push_back(
          {moved.clock, moved.due, moved.agency ? std::optional(moved.agency->to_string()) : std::nullopt});
    TRY(const review::RuleSet* rules, review::find_rules(view.rules));
    TRY(const review::Clocks clocks, review::clocks_of(dates, *rules, calendar, view.today));
    bool same = view.clocks.size() == clocks.list.size() && view.citation == rules->citation;
    for (std::size_t i = 0; same && i < view.clocks.size(); ++i) {
      const wire::ClockView& theirs = view.clocks[i];
      const review::Clock& mine = clocks.list[i];
      const auto agency = theirs.agency ? std::optional(theirs.agency->to_string()) : std::nullopt;
      same = theirs.clock == mine.clock && agency == mine.agency && theirs.trigger_date == mine.trigger_date &&
             theirs.due == mine.due && theirs.met_on == mine.met_on && theirs.state == review::to_string(mine.state) &&
             theirs.binding == mine.binding && theirs.moved == mine.moved;
      for (const wire::ClockMoved& moved : course_.moved)
        if (same && theirs.moved && moved.clock == theirs.clock && (!moved.agency || moved.agency == theirs.agency))
          same = std::ranges::any_of(course_.moved, [&](const wire::ClockMoved& one) {
            return one.clock == theirs.clock && are(view, theirs.reason, one.reason);
          });
    }
    if (!same) return shown_otherwise("a clock");
    return {};
  }

  const Directory& directory_;
  const ReviewCourse& course_;
};

Result<ReviewCase> read_review_once(Session& session, const Directory& directory, const std::string& path) {
  ReviewCase shown;
  TRY(shown.case_, session.get<wire::CaseView>(path));
  TRY(shown.review, session.get<wire::ReviewView>(path + "/review"));
  if (!shown.review.whole) {
    // The service must not decide who may read the whole: it could show anything and call it a part.
    const Person* self = directory.find(session.person());
    if (self != nullptr && access::permit(access::Action::read_review, self->capacities()).permitted())
      return Error{Errc::tampered, "the service shows a part of a review to somebody who may read the whole"};
    return shown;
  }
  // The referral, which begins both chains, names the case and its review safe.
  std::vector<ProvedChain> chains(2);
  TRY(chains[0], session.chain(path + "/chains/review", access::ChainSort::review));
  TRY(chains[1], session.chain("/v1/safes/" + shown.case_.review_safe.to_string() + "/chains/records",
                               access::ChainSort::records));
  TRY(const auto entries, in_order(std::move(chains)));
  TRY(const ReviewCourse course, read_course(directory, shown.case_.case_, entries));
  TRY(const review::Calendar calendar, read_calendar(session, directory));
  TRY_VOID(check_shown(directory, course, shown, calendar, session.now()));
  return shown;
}

}  // namespace

Result<void> check_shown(const Directory& directory, const ReviewCourse& course, const ReviewCase& shown,
                         const review::Calendar& calendar, vault::Instant now) {
  return Comparison(directory, course).compare(shown, calendar, now);
}

const wire::AgencyReviewView* ReviewCase::find(const access::AgencyId& agency) const {
  const auto found = std::ranges::find(review.agencies, agency, &wire::AgencyReviewView::agency);
  return found == review.agencies.end() ? nullptr : &*found;
}

Result<ReviewCase> read_review(Session& session, Directory& directory, const access::CaseId& case_) {
  const std::string path = "/v1/cases/" + case_.to_string();
  for (int reading = 1;; ++reading) {
    auto shown = read_review_once(session, directory, path);
    // Another act may have changed the review between the requests.
    if (shown || shown.code() != Errc::tampered || reading == kMaxReadings) return shown;
    TRY_VOID(directory.update(session));
  }
}

Result<review::Calendar> read_calendar(Session& session, const Directory& directory) {
  TRY(const auto view, session.get<wire::CalendarView>("/v1/calendar"));
  std::vector<review::Holiday> added;
  for (const vault::Date& date : view.added) added.push_back({date, ""});
  TRY(review::Calendar calendar, review::Calendar::shipped().without(view.removed).merged_with(added));
  if (calendar.digest() != directory.chain().calendar().value_or(review::Calendar::shipped().digest()))
    return Error{Errc::tampered, "the calendar is not the one that the last import of bank holidays signed"};
  return calendar;
}

review::CaseDates dates_of(const ReviewCase& shown) {
  const auto day = [](const std::optional<vault::Instant>& time) {
    return time ? std::optional(vault::london_date(*time)) : std::nullopt;
  };
  review::CaseDates dates;
  dates.aware = shown.case_.aware_date;
  dates.received = vault::london_date(shown.case_.received);
  for (const wire::DutyView& duty : shown.review.duties)
    if (duty.duty == access::Duty::panel) dates.notified = duty.done;
  for (const wire::AgencyReviewView& agency : shown.review.agencies)
    dates.agencies.push_back({agency.agency.to_string(), vault::london_date(agency.asked), day(agency.templates_sent),
                              day(agency.returned)});
  if (shown.review.meeting) dates.meeting = shown.review.meeting->date;
  dates.decided = shown.review.decision.has_value() || shown.review.stage == access::Stage::decided;
  if (shown.review.outcome) dates.outcome_sent = vault::london_date(shown.review.outcome->sent);
  dates.ended = shown.review.ended.has_value();
  for (const wire::ClockView& clock : shown.review.clocks)
    if (clock.moved && clock.due)
      dates.moved.push_back(
          {clock.clock, *clock.due, clock.agency ? std::optional(clock.agency->to_string()) : std::nullopt});
  return dates;
}

}  // namespace cli::client
