#include "cli/client/review_course.h"

#include <algorithm>
#include <boost/json.hpp>

#include "access/wire/review_events.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

using access::Role;
using access::Stage;

constexpr std::int64_t kSkewMs = 120 * vault::kMillisecondsPerSecond;  // of the clocks on both sides, with room

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}
Error shown_otherwise(std::string_view what) {
  return tampered("the service shows " + std::string(what) + " otherwise than the ledger has it");
}

struct AgencyCourse {
  access::AgencyId agency;
  vault::Instant asked;
  std::optional<vault::Instant> templates_sent;
  std::optional<access::RecordId> document_2, document_3;
  std::optional<access::CopyId> copy;
  std::optional<Digest> templates_reason;
  std::optional<vault::Instant> returned;
  std::uint64_t return_version = 0;
  std::optional<access::RecordId> return_record;
  std::optional<Digest> return_reason;
  bool on_behalf = false;
  std::optional<vault::Instant> informed;
  std::optional<access::CopyId> outcome_copy;
  std::optional<vault::Instant> acknowledged;
  std::vector<wire::RecordInspectorate> inspectorates;
};
struct Answered {
  wire::DecisionAnswered said;
  access::PersonId person;
  vault::Instant time;
};
struct Decided {
  wire::ReviewDecided said;
  vault::Instant time;
  std::vector<Answered> answers;
  std::optional<wire::DecisionEndorsed> endorsed;
  access::PersonId endorsed_by;
  bool frozen(std::size_t partners) const { return answers.size() == partners; }
};
struct Sent {
  wire::OutcomeSent said;
  vault::Instant time;
  std::optional<wire::PanelAnswered> panel;
};

// Entries in, the review's standing out. Who may make which entry is what access/permit.cpp says of its act.
class Course {
 public:
  Course(const Directory& directory, const access::CaseId& id) : directory_(directory), case_(id) {}

  Result<void> apply(const VerifiedEntry& entry) {
    entry_ = &entry;
    const std::string& kind = entry.body.kind;
    if (kind == wire::RecordsSealed::kKind) return seal();
    if (kind == wire::CaseReferred::kKind) return refer();
    if (!referred_) return tampered("the course of a review does not begin with its referral");
    if (kind == wire::AgenciesAsked::kKind) return ask();
    if (kind == wire::DutiesAnswered::kKind) return answer_duties();
    if (kind == wire::DutyRecorded::kKind) return record_duty();
    if (kind == wire::TemplatesSent::kKind) return send_templates();
    if (kind == wire::ScopingReturned::kKind) return return_scoping();
    if (kind == wire::MeetingScheduled::kKind) return schedule();
    if (kind == wire::PackShared::kKind) return share();
    if (kind == wire::AttendanceRecorded::kKind) return attend();
    if (kind == wire::ReviewDecided::kKind) return decide();
    if (kind == wire::DecisionAnswered::kKind) return answer();
    if (kind == wire::DecisionEndorsed::kKind) return endorse();
    if (kind == wire::OutcomeSent::kKind) return send_outcome();
    if (kind == wire::PanelAnswered::kKind) return panel();
    if (kind == wire::OutcomeInformed::kKind) return inform();
    if (kind == wire::OutcomeAcknowledged::kKind) return acknowledge();
    if (kind == wire::InspectorateRecorded::kKind) return inspectorate();
    if (kind == wire::ReviewClosed::kKind) return close();
    if (kind == wire::ReviewDropped::kKind) return drop();
    if (kind == wire::SteppedBack::kKind) return step_back();
    if (kind == wire::ClockMoved::kKind) return move_clock();
    return {};
  }

  Result<void> compare(const ReviewCase& it, const review::Calendar& calendar, vault::Instant now) const {
    if (!referred_) return tampered("the course of a review has no referral");
    TRY_VOID(compare_case(it));
    TRY_VOID(compare_agencies(it.review));
    TRY_VOID(compare_meeting(it.review));
    TRY_VOID(compare_pack(it.review));
    TRY_VOID(compare_decision(it.review));
    TRY_VOID(compare_outcome(it.review));
    return compare_clocks(it, calendar, now);
  }

 private:
  // --- what was signed ---

  Seq at() const { return entry_->envelope.seq.value; }
  vault::Instant time() const { return entry_->envelope.time; }
  static Error no_right() { return tampered("an entry of the review was made by somebody who could not make it"); }

  // An entry whose command says the same as it, of this case.
  template <class Command, class Event>
  Result<SignedEvent<Command, Event>> read() {
    TRY(auto read, (directory_.read<Command, Event>(*entry_)));
    if (read.event.case_ != case_) return tampered("an entry of another case is shown as one of this");
    return read;
  }
  template <class Command, class Event>
  Result<Event> read_of_spoc() {
    TRY(auto read, (this->read<Command, Event>()));
    if (!read.actor->has_role(Role::spoc, at())) return no_right();
    return std::move(read.event);
  }
  // An entry that is one part of what its command, a SPOC's, says.
  template <class Command, class Event>
  Result<Event> read_part(const std::function<bool(const Command&, const Event&)>& is_part) {
    TRY(const Person* actor, directory_.verify_signed(*entry_, Command::kKind));
    TRY(Event event, event_of<Event>(entry_->body));
    TRY(const Command command, command_of<Command>(entry_->body));
    if (event.case_ != case_ || command.case_ != case_ || !is_part(command, event))
      return tampered("an entry of the review is not what its signer asked for");
    if (!actor->has_role(Role::spoc, at())) return no_right();
    return event;
  }
  // What is said of an agency, by its lead.
  template <class Command, class Event>
  Result<Event> read_of_lead() {
    TRY(auto read, (this->read<Command, Event>()));
    if (!read.actor->has_role(Role::agency_lead, read.event.agency, at())) return no_right();
    return std::move(read.event);
  }
  void add_asked(const access::AgencyId& agency) {
    AgencyCourse course;
    course.agency = agency;
    course.asked = time();
    agencies_.push_back(std::move(course));
  }
  Result<AgencyCourse*> asked(const access::AgencyId& agency) {
    const auto found = std::ranges::find(agencies_, agency, &AgencyCourse::agency);
    if (found == agencies_.end()) return tampered("an entry of the review is of an agency that was not asked");
    return &*found;
  }

  Result<void> seal() {
    TRY(const auto sealed, (directory_.read<wire::SealRecords, wire::RecordsSealed>(*entry_, {"upload"})));
    if (referred_ && sealed.event.safe != referred_->review_safe)
      return tampered("a record of another safe is shown as one of the review");
    for (const wire::SealedRecord& record : sealed.event.records)
      if (record.class_ == access::RecordClass::document_1) documents_1_.push_back(record.record);
    return {};
  }
  Result<void> refer() {
    TRY(auto read, (this->read<wire::ReferCase, wire::CaseReferred>()));
    if (referred_) return tampered("a case is referred once");
    if (!read.actor->has_role(Role::spoc, at()) && !read.actor->has_role(Role::agency_lead, read.event.agency, at()))
      return no_right();
    add_asked(read.event.agency);
    referred_ = std::move(read.event);
    return {};
  }
  Result<void> ask() {
    TRY(const auto event, (read_of_spoc<wire::AskAgencies, wire::AgenciesAsked>()));
    for (const auto& agency : event.agencies) add_asked(agency);
    return {};
  }
  Result<void> answer_duties() {
    TRY(auto read, (this->read<wire::AnswerDuties, wire::DutiesAnswered>()));
    if (!read.actor->has_role(Role::spoc, at()) && !read.actor->has_role(Role::partner, at())) return no_right();
    duty_answers_ = read.event.answers;
    return {};
  }
  Result<void> record_duty() {
    TRY(auto read, (this->read<wire::RecordDuty, wire::DutyRecorded>()));
    if (!read.actor->has_role(Role::spoc, at()) && !read.actor->has_role(Role::partner, at())) return no_right();
    duties_.push_back(std::move(read.event));
    return {};
  }
  Result<void> send_templates() {
    TRY(const auto event, (read_part<wire::SendTemplates, wire::TemplatesSent>([](const auto& command, const auto& e) {
          return command.reason == e.reason && std::ranges::any_of(command.templates, [&](const auto& one) {
                   return one.agency == e.agency && one.document_2 == e.document_2 && one.document_3 == e.document_3 &&
                          one.copy == e.copy;
                 });
        })));
    TRY(AgencyCourse* const agency, asked(event.agency));
    agency->templates_sent = time();
    agency->document_2 = event.document_2;
    agency->document_3 = event.document_3;
    agency->copy = event.copy;
    agency->templates_reason = event.reason;
    if (stage_ == Stage::referred) stage_ = Stage::scoping;
    return {};
  }
  Result<void> return_scoping() {
    TRY(const auto read, (this->read<wire::ReturnScoping, wire::ScopingReturned>()));
    const bool is_lead = read.actor->has_role(Role::agency_lead, read.event.agency, at());
    if (!is_lead && !read.actor->has_role(Role::spoc, at())) return no_right();
    if (read.event.on_behalf == is_lead) return tampered("a return is not marked as what it is");
    TRY(AgencyCourse* const agency, asked(read.event.agency));
    if (!agency->returned) agency->returned = time();
    agency->return_version = read.event.version;
    agency->return_record = read.event.record;
    agency->on_behalf = read.event.on_behalf;
    if (read.event.version == 1) agency->return_reason = read.event.reason;
    return {};
  }
  Result<void> schedule() {
    TRY(meeting_, (read_of_spoc<wire::ScheduleMeeting, wire::MeetingScheduled>()));
    meetings_ = meeting_->number;
    attendance_.reset();
    stage_ = Stage::meeting_set;
    return {};
  }
  Result<void> share() {
    TRY(const auto event, (read_part<wire::SharePack, wire::PackShared>([](const auto& command, const auto& e) {
          return command.how == e.how && std::ranges::any_of(command.packs, [&](const auto& one) {
                   return one.person == e.person && one.copy == e.copy;
                 });
        })));
    std::erase_if(packs_, [&](const wire::PackShared& pack) { return pack.person == event.person; });
    packs_.push_back(event);
    return {};
  }
  Result<void> attend() {
    TRY(attendance_, (read_of_spoc<wire::RecordAttendance, wire::AttendanceRecorded>()));
    return {};
  }
  Result<void> decide() {
    TRY(const auto event, (read_of_spoc<wire::DecideReview, wire::ReviewDecided>()));
    if (event.version != decisions_ + 1) return tampered("a version of Document 4 is left out");
    decisions_ = event.version;
    decision_ = Decided{event, time(), {}, {}, {}};
    stage_ = Stage::decided;
    return {};
  }
  Result<void> answer() {
    TRY(auto read, (this->read<wire::AnswerDecision, wire::DecisionAnswered>()));
    const wire::DecisionAnswered& said = read.event;
    if (!decision_ || said.version != decision_->said.version || said.record != decision_->said.record)
      return tampered("an answer is to another Document 4 than the meeting completed");
    const bool own = read.actor->has_role(Role::partner, said.partner, at());
    if (!own && !read.actor->has_role(Role::spoc, at())) return no_right();
    if (said.by_spoc == own) return tampered("an answer to Document 4 is not marked as what it is");
    const bool again = std::ranges::any_of(decision_->answers, [&](const Answered& one) {
      return one.said.partner == said.partner || (own && !one.said.by_spoc && one.person == read.actor->id);
    });
    const auto& partners = directory_.partners();
    if (again || std::ranges::find(partners, said.partner) == partners.end())
      return tampered("Document 4 is answered once by each safeguarding partner");
    decision_->answers.push_back({said, read.actor->id, time()});
    return {};
  }
  Result<void> endorse() {
    TRY(auto read, (this->read<wire::EndorseDecision, wire::DecisionEndorsed>()));
    if (!read.actor->has_role(Role::chair, at())) return no_right();
    if (!decision_ || read.event.record != decision_->said.record)
      return tampered("an endorsement is of another Document 4 than the meeting completed");
    decision_->endorsed = read.event;
    decision_->endorsed_by = read.actor->id;
    return {};
  }
  Result<void> send_outcome() {
    TRY(auto event, (read_of_spoc<wire::SendOutcome, wire::OutcomeSent>()));
    if (!decision_ || !decision_->frozen(directory_.partners().size()) || event.document_4 != decision_->said.record)
      return tampered("an outcome is of another Document 4 than the partners answered");
    outcome_ = Sent{std::move(event), time(), {}};
    stage_ = Stage::outcome_sent;
    return {};
  }
  Result<void> panel() {
    TRY(auto event, (read_of_spoc<wire::RecordPanelAnswer, wire::PanelAnswered>()));
    if (!outcome_) return tampered("the Panel answers what it was not sent");
    outcome_->panel = std::move(event);
    return {};
  }
  Result<void> inform() {
    TRY(const auto event,
        (read_part<wire::InformAgencies, wire::OutcomeInformed>([](const auto& command, const auto& e) {
          return std::ranges::any_of(command.agencies,
                                     [&](const auto& one) { return one.agency == e.agency && one.copy == e.copy; });
        })));
    TRY(AgencyCourse* const agency, asked(event.agency));
    agency->informed = time();
    agency->outcome_copy = event.copy;
    return {};
  }
  Result<void> acknowledge() {
    TRY(const auto event, (read_of_lead<wire::AcknowledgeOutcome, wire::OutcomeAcknowledged>()));
    TRY(AgencyCourse* const agency, asked(event.agency));
    agency->acknowledged = time();
    return {};
  }
  Result<void> inspectorate() {
    TRY(const auto event, (read_of_lead<wire::RecordInspectorate, wire::InspectorateRecorded>()));
    TRY(AgencyCourse* const agency, asked(event.agency));
    agency->inspectorates.push_back({case_, event.agency, event.body, event.on});
    return {};
  }
  Result<void> close() {
    TRY(const auto event, (read_of_spoc<wire::CloseReview, wire::ReviewClosed>()));
    review::Facts facts;
    facts.stage = stage_;
    if (decision_) facts.decision = decision_->said.decision;
    const auto next = review::next_stage(review::Step::close, facts);
    if (!next || *next != event.stage)
      return tampered("a review is closed to another stage than its decision leads to");
    stage_ = event.stage;
    if (stage_ == Stage::closed) end(event.reason);
    return {};
  }
  Result<void> drop() {
    TRY(const auto event, (read_of_spoc<wire::DropReview, wire::ReviewDropped>()));
    stage_ = Stage::not_pursued;
    end(event.reason);
    return {};
  }
  void end(const std::optional<Digest>& reason) {
    ended_ = time();
    end_reason_ = reason;
  }
  Result<void> step_back() {
    TRY(const auto event, (read_of_spoc<wire::StepBack, wire::SteppedBack>()));
    if (!review::may_step_back(stage_, event.to)) return tampered("a review went back where it could not");
    stage_ = event.to;
    decision_.reset();
    if (event.to != Stage::scoping) return {};
    meeting_.reset();
    attendance_.reset();
    packs_.clear();
    return {};
  }
  Result<void> move_clock() {
    TRY(const auto event, (read_of_spoc<wire::MoveClock, wire::ClockMoved>()));
    std::erase_if(moved_, [&](const wire::ClockMoved& moved) {
      return moved.clock == event.clock && moved.agency == event.agency;
    });
    moved_.push_back(event);
    return {};
  }

  // --- what is shown ---

  // Words are those that the entry names.
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

  Result<void> compare_case(const ReviewCase& it) const {
    const wire::CaseView& shown = it.case_;
    const wire::ReviewView& view = it.review;
    std::vector<access::AgencyId> asked;
    for (const AgencyCourse& agency : agencies_) asked.push_back(agency.agency);
    if (shown.case_ != case_ || view.case_ != case_ || shown.reference != referred_->reference ||
        view.reference != referred_->reference || shown.agency != referred_->agency ||
        shown.incident_date != referred_->incident_date || shown.aware_date != referred_->aware_date ||
        shown.received != referred_->received || shown.subjects != referred_->subjects ||
        shown.review_safe != referred_->review_safe || shown.asked != asked || view.rules != referred_->rules ||
        view.linked_to != referred_->linked_to)
      return shown_otherwise("the referral");
    if (view.stage != stage_ || shown.stage != stage_) return shown_otherwise("the stage of the review");
    if (view.ended != ended_ || !are(view, view.end_reason, end_reason_)) return shown_otherwise("its end");
    bool same = view.duty_answers.has_value() == duty_answers_.has_value() &&
                (!duty_answers_ || wire::to_json(*view.duty_answers) == wire::to_json(*duty_answers_));
    std::size_t done = 0;
    for (const wire::DutyView& duty : view.duties) {
      const auto found = std::ranges::find(duties_, duty.duty, &wire::DutyRecorded::duty);
      if (found != duties_.end()) ++done;
      same &=
          found == duties_.end() ? !duty.done && !duty.record : duty.done == found->on && duty.record == found->record;
    }
    if (!same || done != duties_.size()) return shown_otherwise("the duties to notify");
    return {};
  }

  Result<void> compare_agencies(const wire::ReviewView& view) const {
    if (view.agencies.size() != agencies_.size()) return shown_otherwise("the agencies that were asked");
    for (std::size_t i = 0; i < agencies_.size(); ++i) {
      const AgencyCourse& mine = agencies_[i];
      const wire::AgencyReviewView& shown = view.agencies[i];
      const bool same =
          shown.agency == mine.agency && shown.referrer == (mine.agency == referred_->agency) &&
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
    bool same = view.meeting.has_value() == meeting_.has_value() && view.meetings == meetings_;
    if (same && meeting_) {
      const wire::MeetingView& shown = *view.meeting;
      same = shown.number == meeting_->number && shown.date == meeting_->date && shown.kind == meeting_->kind &&
             shown.mode == meeting_->mode && are(view, shown.reason, meeting_->reason);
    }
    if (!same) return shown_otherwise("the meeting");
    same = view.attendance.has_value() == attendance_.has_value();
    if (same && attendance_) {
      const wire::AttendanceView& shown = *view.attendance;
      std::vector<access::AgencyId> absent;
      for (const auto& partner : directory_.partners())
        if (std::ranges::find(attendance_->present, std::optional(partner), &wire::Attendee::standing_for) ==
            attendance_->present.end())
          absent.push_back(partner);
      same = wire::to_json(shown.present) == wire::to_json(attendance_->present) && shown.absent == absent &&
             shown.quorate == absent.empty() && shown.others.size() == attendance_->others.size();
      for (std::size_t i = 0; same && i < shown.others.size(); ++i)
        same = shown.others[i].body == attendance_->others[i].body &&
               are(view, shown.others[i].name, attendance_->others[i].name);
    }
    if (!same) return shown_otherwise("who attended the meeting");
    return {};
  }

  Result<void> compare_pack(const wire::ReviewView& view) const {
    std::vector<access::RecordId> notifications, returns;
    std::vector<access::AgencyId> unreturned;
    for (const wire::DutyRecorded& duty : duties_)
      if (duty.record && duty.duty != access::Duty::document_1 &&
          std::ranges::find(notifications, *duty.record) == notifications.end())
        notifications.push_back(*duty.record);
    for (const AgencyCourse& agency : agencies_) {
      if (agency.return_record) returns.push_back(*agency.return_record);
      if (agency.return_version == 0) unreturned.push_back(agency.agency);
    }
    const auto sorted = [](std::vector<access::RecordId> records) {
      std::ranges::sort(records);
      return records;
    };
    if (!view.pack || sorted(view.pack->document_1) != sorted(documents_1_) ||
        view.pack->notifications != notifications || view.pack->returns != returns ||
        view.pack->unreturned != unreturned || view.pack->complete != (!documents_1_.empty() && unreturned.empty()) ||
        view.packs.size() != packs_.size())
      return shown_otherwise("the documents of the meeting's pack");
    for (std::size_t i = 0; i < packs_.size(); ++i)
      if (view.packs[i].person != packs_[i].person || view.packs[i].copy != packs_[i].copy ||
          view.packs[i].how != packs_[i].how)
        return shown_otherwise("who was given the pack");
    return {};
  }

  Result<void> compare_decision(const wire::ReviewView& view) const {
    if (view.decision.has_value() != decision_.has_value() || view.decisions != decisions_)
      return shown_otherwise("Document 4");
    if (!decision_) return {};
    const wire::DecisionView& shown = *view.decision;
    const wire::ReviewDecided& said = decision_->said;
    if (shown.version != said.version || shown.record != said.record || shown.decision != said.decision ||
        shown.actions != said.actions || shown.time != decision_->time || !are(view, shown.reason, said.reason))
      return shown_otherwise("Document 4");
    bool same = shown.answers.size() == decision_->answers.size() &&
                shown.frozen == decision_->frozen(directory_.partners().size()) &&
                shown.silent.size() + shown.answers.size() == directory_.partners().size();
    for (std::size_t i = 0; same && i < shown.answers.size(); ++i) {
      const wire::AnswerView& one = shown.answers[i];
      const Answered& mine = decision_->answers[i];
      same = one.partner == mine.said.partner && one.answer == mine.said.answer && one.person == mine.person &&
             one.by_spoc == mine.said.by_spoc && one.time == mine.time && are(view, one.reason, mine.said.reason) &&
             std::ranges::find(shown.silent, one.partner) == shown.silent.end();
    }
    if (!same) return shown_otherwise("what the partners said to Document 4");
    same = shown.endorsed.has_value() == decision_->endorsed.has_value() &&
           (!shown.endorsed || (shown.endorsed->person == decision_->endorsed_by &&
                                are(view, shown.endorsed->remark, decision_->endorsed->remark)));
    if (!same) return shown_otherwise("the endorsement of Document 4");
    return {};
  }

  Result<void> compare_outcome(const wire::ReviewView& view) const {
    bool same = view.outcome.has_value() == outcome_.has_value();
    if (same && outcome_) {
      const wire::OutcomeView& shown = *view.outcome;
      const wire::OutcomeSent& said = outcome_->said;
      same = shown.document_4 == said.document_4 && shown.document_5 == said.document_5 &&
             shown.manifest == said.manifest && shown.sent == outcome_->time && are(view, shown.reason, said.reason) &&
             shown.panel_answer.has_value() == outcome_->panel.has_value();
      if (same && outcome_->panel)
        same = shown.panel_answer == outcome_->panel->answer && shown.panel_answered == outcome_->panel->on &&
               shown.panel_record == outcome_->panel->record;
    }
    if (!same) return shown_otherwise("what went to the Panel");
    return {};
  }

  // Reckoned again from the dates that were signed.
  Result<void> compare_clocks(const ReviewCase& it, const review::Calendar& calendar, vault::Instant now) const {
    const wire::ReviewView& view = it.review;
    if (view.today < vault::london_date({now.unix_ms - kSkewMs}) ||
        vault::london_date({now.unix_ms + kSkewMs}) < view.today)
      return shown_otherwise("today's date");
    review::CaseDates dates = dates_of(it);
    dates.moved.clear();
    for (const wire::ClockMoved& moved : moved_)
      dates.moved.push_back(
          {moved.clock, moved.due, moved.agency ? std::optional(moved.agency->to_string()) : std::nullopt});
    TRY(const review::RuleSet* rules, review::find_rules(view.rules));
    TRY(const review::Clocks clocks, review::clocks_of(dates, *rules, calendar, view.today));
    bool same = view.clocks.size() == clocks.list.size() && view.citation == rules->citation;
    for (std::size_t i = 0; same && i < view.clocks.size(); ++i) {
      const wire::ClockView& shown = view.clocks[i];
      const review::Clock& mine = clocks.list[i];
      const auto agency = shown.agency ? std::optional(shown.agency->to_string()) : std::nullopt;
      same = shown.clock == mine.clock && agency == mine.agency && shown.trigger_date == mine.trigger_date &&
             shown.due == mine.due && shown.met_on == mine.met_on && shown.state == review::to_string(mine.state) &&
             shown.binding == mine.binding && shown.moved == mine.moved;
      for (const wire::ClockMoved& moved : moved_)
        if (same && shown.moved && moved.clock == shown.clock && (!moved.agency || moved.agency == shown.agency))
          same = std::ranges::any_of(moved_, [&](const wire::ClockMoved& one) {
            return one.clock == shown.clock && are(view, shown.reason, one.reason);
          });
    }
    if (!same) return shown_otherwise("a clock");
    return {};
  }

  const Directory& directory_;
  access::CaseId case_;
  const VerifiedEntry* entry_ = nullptr;
  std::optional<wire::CaseReferred> referred_;
  Stage stage_ = Stage::referred;
  std::vector<AgencyCourse> agencies_;  // in the order of asking
  std::vector<access::RecordId> documents_1_;
  std::optional<access::DutyAnswers> duty_answers_;
  std::vector<wire::DutyRecorded> duties_;
  std::optional<wire::MeetingScheduled> meeting_;
  std::uint64_t meetings_ = 0;
  std::vector<wire::PackShared> packs_;
  std::optional<wire::AttendanceRecorded> attendance_;
  std::uint64_t decisions_ = 0;
  std::optional<Decided> decision_;
  std::optional<Sent> outcome_;
  std::vector<wire::ClockMoved> moved_;
  std::optional<vault::Instant> ended_;
  std::optional<Digest> end_reason_;
};

}  // namespace

Result<void> prove_review(const Directory& directory, const ReviewCase& it, std::span<const VerifiedEntry> course,
                          const review::Calendar& calendar, vault::Instant now) {
  Course proved(directory, it.case_.case_);
  for (const VerifiedEntry& entry : course) TRY_VOID(proved.apply(entry));
  return proved.compare(it, calendar, now);
}

}  // namespace cli::client
