#include "cli/client/proof/review_course.h"

#include <algorithm>

#include "review/clocks.h"
#include "review/stages.h"

#include "access/role_capacities.h"

namespace cli::client {
namespace {

using access::Role;
using access::Stage;

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

// Takes entries and makes the review's course of them. The permission table says who may make which entry.
class Reading {
 public:
  Reading(const Directory& directory, const access::CaseId& id) : directory_(directory), case_(id) {}

  Result<void> apply(const VerifiedEntry& entry) {
    entry_ = &entry;
    const std::string& kind = entry.body.kind;
    if (kind == wire::CaseReferred::kKind) return refer();
    if (!course_.referred) return tampered("the course of a review does not begin with its referral");
    if (kind == wire::RecordsSealed::kKind) return seal();
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

  Result<ReviewCourse> finish() {
    if (!course_.referred) return tampered("the course of a review has no referral");
    return std::move(course_);
  }

 private:
  Seq at() const { return entry_->envelope.seq.value; }
  vault::Instant time() const { return entry_->envelope.time; }

  // An entry of this case by somebody who was permitted to make it: at its stage, while the case is locked.
  template <class Command, class Event>
  Result<SignedEvent<Command, Event>> read() {
    TRY(auto read, (directory_.read<Command, Event>(*entry_)));
    if (read.event.case_ != case_) return tampered("an entry of another case is shown as one of this case");
    TRY_VOID(read.check_permitted(capacities_of(*read.actor, read.command), access::LockState::engaged, course_.stage));
    return read;
  }
  template <class Command, class Event>
  Result<Event> read_event() {
    TRY(auto read, (this->read<Command, Event>()));
    return std::move(read.event);
  }
  // What somebody is in the case and, for an act of one agency, in that agency.
  template <class Command>
  access::Capacities capacities_of(const Person& person, const Command& command) const {
    const auto in_agency = [&](const access::AgencyId& agency) { return person.capacities_in(agency, at()); };
    if (!course_.referred) return in_agency(course_begins_in(command));
    std::vector<access::AgencyId> asked;
    for (const AgencyCourse& agency : course_.agencies) asked.push_back(agency.agency);
    const access::AgencyId& referrer = course_.referred->agency;
    const access::Capacities general = person.capacities(at());
    if constexpr (requires { access::AgencyId(command.agency); })
      return access::capacities_in_case(general, referrer, asked, command.agency, in_agency);
    else if constexpr (requires { access::AgencyId(command.partner); })
      return access::capacities_in_case(general, referrer, asked, command.partner, in_agency);
    else
      return access::capacities_in_case(general, referrer, asked, in_agency);
  }
  template <class Command>
  static access::AgencyId course_begins_in(const Command& command) {
    if constexpr (std::is_same_v<Command, wire::ReferCase>) return command.agency;
    return {};
  }
  // The stage after the step. An act that does not fit the review's stage is a conflict, which leaves no entry. So an
  // entry that does not fit was made up from a signed command that had no effect.
  Result<Stage> after(review::Step step) const {
    const auto next = review::next_stage(step, facts());
    if (!next) return tampered("an entry of the review does not fit its stage: " + next.error().message);
    return *next;
  }
  review::Facts facts() const {
    review::Facts facts;
    facts.stage = course_.stage;
    facts.templates_sent = std::ranges::any_of(
        course_.agencies, [](const AgencyCourse& agency) { return agency.templates_sent.has_value(); });
    facts.meeting_reached = course_.meeting && course_.meeting->date <= vault::london_date(time());
    for (const access::AgencyId& partner : directory_.partners()) {
      const bool present = course_.attendance && std::ranges::any_of(course_.attendance->present, [&](const auto& one) {
                             return one.standing_for == partner;
                           });
      if (!present) facts.partners_absent.push_back(partner.to_string());
      const bool answered = course_.decision && std::ranges::any_of(course_.decision->answers, [&](const auto& one) {
                              return one.said.partner == partner;
                            });
      if (!answered) facts.partners_silent.push_back(partner.to_string());
    }
    if (course_.decision) facts.decision = course_.decision->said.decision;
    facts.frozen = course_.decision && course_.decision->frozen(directory_.partners().size());
    return facts;
  }
  void add_asked(const access::AgencyId& agency) {
    AgencyCourse course;
    course.agency = agency;
    course.asked = time();
    course_.agencies.push_back(std::move(course));
  }
  Result<AgencyCourse*> asked(const access::AgencyId& agency) {
    const auto found = std::ranges::find(course_.agencies, agency, &AgencyCourse::agency);
    if (found == course_.agencies.end()) return tampered("an entry of the review is of an agency that was not asked");
    return &*found;
  }

  Result<void> seal() {
    TRY(const auto sealed, (directory_.read<wire::SealRecords, wire::RecordsSealed>(*entry_)));
    access::Capacities who = capacities_of(*sealed.actor, sealed.command);
    // The course does not say who takes part in the review, so everybody who may be nominated could.
    if (access::may_be_nominated(who, /*agency_safe=*/false)) who.add(access::Capacity::participant);
    TRY_VOID(sealed.check_capacity(who, /*is_review_safe=*/true));
    if (sealed.event.safe != course_.referred->review_safe)
      return tampered("a record of another safe is shown as one of the review");
    for (const wire::SealedRecord& record : sealed.event.records)
      if (record.class_ == access::RecordClass::document_1) course_.documents_1.push_back(record.record);
    return {};
  }
  Result<void> refer() {
    TRY(auto read, (this->read<wire::ReferCase, wire::CaseReferred>()));
    if (course_.referred) return tampered("a case was referred twice");
    if (read.event.rules != read.command.rules.value_or(std::string(review::kDefaultRules)))
      return tampered("a case was referred under other rules than its referral names");
    add_asked(read.event.agency);
    course_.referred = std::move(read.event);
    return {};
  }
  Result<void> ask() {
    TRY(const auto event, (read_event<wire::AskAgencies, wire::AgenciesAsked>()));
    for (const auto& agency : event.agencies) add_asked(agency);
    return {};
  }
  Result<void> answer_duties() {
    TRY(auto read, (this->read<wire::AnswerDuties, wire::DutiesAnswered>()));
    TRY_VOID(after(review::Step::answer_duties));
    course_.duty_answers = read.event.answers;
    return {};
  }
  Result<void> record_duty() {
    TRY(auto read, (this->read<wire::RecordDuty, wire::DutyRecorded>()));
    TRY_VOID(after(review::Step::record_duty));
    course_.duties.push_back(std::move(read.event));
    return {};
  }
  Result<void> send_templates() {
    TRY(const auto event, (read_event<wire::SendTemplates, wire::TemplatesSent>()));
    TRY(AgencyCourse* const agency, asked(event.agency));
    if (agency->templates_sent) return tampered("an agency was sent Documents 2 and 3 twice");
    TRY(course_.stage, after(review::Step::send_templates));
    agency->templates_sent = time();
    agency->document_2 = event.document_2;
    agency->document_3 = event.document_3;
    agency->copy = event.copy;
    agency->templates_reason = event.reason;
    return {};
  }
  Result<void> return_scoping() {
    TRY(const auto read, (this->read<wire::ReturnScoping, wire::ScopingReturned>()));
    const bool is_lead = read.actor->has_role(Role::agency_lead, read.event.agency, at());
    if (read.event.on_behalf == is_lead)
      return tampered("a return does not say truly whether the agency or a SPOC made it");
    TRY(AgencyCourse* const agency, asked(read.event.agency));
    TRY_VOID(after(review::Step::return_scoping));
    if (!agency->returned) agency->returned = time();
    agency->return_version = read.event.version;
    agency->return_record = read.event.record;
    agency->on_behalf = read.event.on_behalf;
    if (read.event.version == 1) agency->return_reason = read.event.reason;
    return {};
  }
  Result<void> schedule() {
    TRY(auto event, (read_event<wire::ScheduleMeeting, wire::MeetingScheduled>()));
    TRY(course_.stage, after(review::Step::set_meeting));
    course_.meeting = std::move(event);
    course_.meetings = course_.meeting->number;
    course_.attendance.reset();
    return {};
  }
  Result<void> share() {
    TRY(const auto event, (read_event<wire::SharePack, wire::PackShared>()));
    TRY_VOID(after(review::Step::share_pack));
    std::erase_if(course_.packs, [&](const wire::PackShared& pack) { return pack.person == event.person; });
    course_.packs.push_back(event);
    return {};
  }
  Result<void> attend() {
    TRY(auto event, (read_event<wire::RecordAttendance, wire::AttendanceRecorded>()));
    TRY_VOID(after(review::Step::record_attendance));
    if (event.meeting != course_.meeting->number) return tampered("the attendance is of another meeting");
    course_.attendance = std::move(event);
    return {};
  }
  Result<void> decide() {
    TRY(const auto event, (read_event<wire::DecideReview, wire::ReviewDecided>()));
    if (event.version != course_.decisions + 1) return tampered("a version of Document 4 is missing");
    TRY(course_.stage, after(review::Step::decide));
    course_.decisions = event.version;
    course_.decision = DecidedCourse{event, time(), {}, {}, {}};
    return {};
  }
  Result<void> answer() {
    TRY(auto read, (this->read<wire::AnswerDecision, wire::DecisionAnswered>()));
    const wire::DecisionAnswered& said = read.event;
    if (!course_.decision || said.version != course_.decision->said.version ||
        said.record != course_.decision->said.record)
      return tampered("an answer is to another Document 4 than the one that the meeting completed");
    const bool own = read.actor->has_role(Role::partner, said.partner, at());
    if (said.by_spoc == own)
      return tampered("an answer to Document 4 does not say truly whether a partner or a SPOC gave it");
    const bool again = std::ranges::any_of(course_.decision->answers, [&](const AnswerCourse& one) {
      return one.said.partner == said.partner || (own && !one.said.by_spoc && one.person == read.actor->id);
    });
    const auto& partners = directory_.partners();
    if (again || std::ranges::find(partners, said.partner) == partners.end())
      return tampered("Document 4 was answered twice by a safeguarding partner, or by somebody else");
    TRY_VOID(after(review::Step::answer_document));
    course_.decision->answers.push_back({said, read.actor->id, time()});
    return {};
  }
  Result<void> endorse() {
    TRY(auto read, (this->read<wire::EndorseDecision, wire::DecisionEndorsed>()));
    if (!course_.decision || read.event.record != course_.decision->said.record)
      return tampered("an endorsement is of another Document 4 than the one that the meeting completed");
    TRY_VOID(after(review::Step::endorse));
    course_.decision->endorsed = read.event;
    course_.decision->endorsed_by = read.actor->id;
    return {};
  }
  Result<void> send_outcome() {
    TRY(auto event, (read_event<wire::SendOutcome, wire::OutcomeSent>()));
    if (!course_.decision || !course_.decision->frozen(directory_.partners().size()) ||
        event.document_4 != course_.decision->said.record)
      return tampered("an outcome is of another Document 4 than the one that the partners answered");
    TRY(course_.stage, after(review::Step::send_outcome));
    course_.outcome = OutcomeCourse{std::move(event), time(), {}};
    return {};
  }
  Result<void> panel() {
    TRY(auto event, (read_event<wire::RecordPanelAnswer, wire::PanelAnswered>()));
    if (!course_.outcome) return tampered("the Panel answered before it was sent an outcome");
    TRY_VOID(after(review::Step::record_panel_answer));
    course_.outcome->panel = std::move(event);
    return {};
  }
  Result<void> inform() {
    TRY(const auto event, (read_event<wire::InformAgencies, wire::OutcomeInformed>()));
    TRY(AgencyCourse* const agency, asked(event.agency));
    if (agency->informed) return tampered("an agency was informed of the outcome twice");
    TRY_VOID(after(review::Step::inform));
    agency->informed = time();
    agency->outcome_copy = event.copy;
    return {};
  }
  Result<void> acknowledge() {
    TRY(const auto event, (read_event<wire::AcknowledgeOutcome, wire::OutcomeAcknowledged>()));
    TRY(AgencyCourse* const agency, asked(event.agency));
    if (!agency->informed || agency->acknowledged)
      return tampered("an agency acknowledged the outcome twice, or before it was informed");
    TRY_VOID(after(review::Step::acknowledge));
    agency->acknowledged = time();
    return {};
  }
  Result<void> inspectorate() {
    TRY(const auto event, (read_event<wire::RecordInspectorate, wire::InspectorateRecorded>()));
    TRY(AgencyCourse* const agency, asked(event.agency));
    TRY_VOID(after(review::Step::record_inspectorate));
    agency->inspectorates.push_back({event.body, event.on});
    return {};
  }
  Result<void> close() {
    TRY(const auto event, (read_event<wire::CloseReview, wire::ReviewClosed>()));
    TRY(const Stage next, after(review::Step::close));
    if (next != event.stage)
      return tampered("a review was closed to another stage than the one that its decision leads to");
    course_.stage = event.stage;
    if (course_.stage == Stage::closed) end(event.reason);
    return {};
  }
  Result<void> drop() {
    TRY(const auto event, (read_event<wire::DropReview, wire::ReviewDropped>()));
    TRY(course_.stage, after(review::Step::drop));
    end(event.reason);
    return {};
  }
  void end(const std::optional<Digest>& reason) {
    course_.ended = time();
    course_.end_reason = reason;
  }
  Result<void> step_back() {
    TRY(const auto event, (read_event<wire::StepBack, wire::SteppedBack>()));
    if (!review::may_step_back(course_.stage, event.to))
      return tampered("a review went back to a stage to which it could not go back");
    course_.stage = event.to;
    course_.decision.reset();
    if (event.to != Stage::scoping) return {};
    course_.meeting.reset();
    course_.attendance.reset();
    course_.packs.clear();
    return {};
  }
  Result<void> move_clock() {
    TRY(const auto event, (read_event<wire::MoveClock, wire::ClockMoved>()));
    TRY_VOID(after(review::Step::move_clock));
    std::erase_if(course_.moved, [&](const wire::ClockMoved& moved) {
      return moved.clock == event.clock && moved.agency == event.agency;
    });
    course_.moved.push_back(event);
    return {};
  }

  const Directory& directory_;
  access::CaseId case_;
  const VerifiedEntry* entry_ = nullptr;
  ReviewCourse course_;
};

}  // namespace

Result<ReviewCourse> read_course(const Directory& directory, const access::CaseId& case_,
                                 std::span<const VerifiedEntry> entries) {
  Reading reading(directory, case_);
  for (const VerifiedEntry& entry : entries) TRY_VOID(reading.apply(entry));
  return reading.finish();
}

}  // namespace cli::client
