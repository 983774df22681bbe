// Implements the acts about the meeting of a review: its date (4.4), the documents for it (4.5), and who attended
// (4.6.1).
#include "access/acts/review_acts.h"

namespace strongroom::access::acts {

// --- meeting.schedule -----------------------------------------------------------------------------------------------

namespace {

Result<void> check_kind(const wire::ScheduleMeeting& command) {
  if (command.mode != MeetingMode::teleconference) return {};
  if (command.kind != MeetingKind::extraordinary)
    return Error{kInvalid, "only an extraordinary meeting may be held by teleconference (4.4.2, footnote 1)"};
  return check_reason(true, command.reason,
                      "a teleconference must be absolutely essential to the timescale (4.4.2, footnote 1)");
}

Result<void> check_move(const ReviewPlace& place, const wire::ScheduleMeeting& command) {
  const auto& before = place.review.row.meeting;
  if (!before) return {};
  if (before->date == command.date && before->kind == command.kind && before->mode == command.mode)
    return Error{Errc::conflict, "the meeting is set for that date already"};
  return check_reason(true, command.reason, "the meeting is set, and this moves it");
}

}  // namespace

Decided decide(const Context& context, const wire::ScheduleMeeting& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::set_meeting, std::nullopt,
      [&](const ReviewPlace& place) -> Decided {
        const ReviewStatus& review = place.review;
        TRY_VOID(check_version(command.number, review.row.meetings, "the number of the meeting"));
        TRY_VOID(check_kind(command));
        if (command.date < review.dates.received)
          return Error{kInvalid,
                       "the meeting follows the referral, received on " + vault::to_string(review.dates.received)};
        TRY_VOID(check_move(place, command));
        const auto window = review::check_meeting_date(review.dates, command.date, *review.rules, review.calendar);
        // A reason excuses a date outside the window, but not a year whose bank holidays are unknown.
        if (!window && (window.code() != Errc::conflict || !command.reason)) return window.error();
        TRY(const int working_day, review.calendar.count(review.dates.received, command.date));
        TRY(const Date outcome, review.calendar.add(command.date, review.rules->clock("outcome").working_days));
        TRY(const auto whole, review.due("rapid-review"));
        Decision decision;
        decision.events.push_back(review_event(
            wire::MeetingScheduled{command.case_, command.number, command.date, command.kind, command.mode,
                                   static_cast<std::uint64_t>(working_day), !window.has_value(),
                                   whole.date && *whole.date < outcome, command.reason, review.calendar.digest()},
            place));
        add_text(decision, command.reason);
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::MeetingScheduled& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY_VOID(put_stage(entry, detail.case_, Stage::meeting_set));
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    row.meeting = MeetingRow{
        detail.number,           detail.date,  detail.kind, detail.mode, detail.working_day, detail.outside_window,
        detail.breaks_the_whole, detail.reason};
    row.meetings = detail.number;
    row.attendance.reset();
    return {};
  });
}

// --- pack.share -----------------------------------------------------------------------------------------------------

namespace {

Result<void> check_sharing(const ReviewPlace& place, const wire::SharePack& command) {
  const Date& day = place.review.row.meeting->date;
  if (command.how == PackSharing::in_advance && day < place.review.today)
    return Error{Errc::conflict,
                 "the meeting was on " + vault::to_string(day) + ": nothing is shared in advance of it"};
  if (command.how == PackSharing::tabled && place.review.today < day)
    return Error{Errc::conflict, "the meeting is on " + vault::to_string(day) +
                                     ": what is shared before it is shared in advance (4.5.2)"};
  std::vector<PersonId> people;
  for (const wire::SharedPack& pack : command.packs) people.push_back(pack.person);
  if (people.size() > kMaxAttendees) return Error{Errc::too_large, "too many people at once"};
  if (people.empty() || has_duplicates(people))
    return Error{kInvalid, "name at least one person for the pack, and each only once"};
  const auto& packs = place.review.row.packs;
  const auto is_new = [&](const PersonId& person) {
    return std::ranges::find(packs, person, &PackRow::person) == packs.end();
  };
  if (packs.size() + static_cast<std::size_t>(std::ranges::count_if(people, is_new)) > kMaxPacks)
    return Error{Errc::too_large, "the pack is shared with too many people"};
  return {};
}

}  // namespace

Decided decide(const Context& context, const wire::SharePack& command) {
  return in_review(context, command.case_, action_of(command), review::Step::share_pack, std::nullopt,
                   [&](const ReviewPlace& place) -> Decided {
                     if (!place.review.row.meeting) return Error{Errc::tampered, "a meeting is set, and there is none"};
                     TRY_VOID(check_sharing(place, command));
                     TRY(const PackContents contents,
                         pack_contents(context.state, context.txn, place.case_, place.review));
                     Decision decision;
                     for (const wire::SharedPack& pack : command.packs) {
                       TRY(const CopyRow copy, copy_of_review(context, place, pack.copy));
                       if (copy.holder != pack.person)
                         return Error{kInvalid, "a pack's copy is held by another person"};
                       const auto& packs = place.review.row.packs;
                       if (std::ranges::find(packs, pack.copy, &PackRow::copy) != packs.end())
                         return Error{Errc::conflict, "that copy is recorded as a pack already"};
                       TRY(const auto records, records_of_copy(context, copy));
                       decision.events.push_back(
                           review_event(wire::PackShared{command.case_, place.review.row.meeting->number, command.how,
                                                         pack.person, pack.copy, contents.lacking(records)},
                                        place, std::nullopt, pack.person, pack.copy));
                     }
                     return decision;
                   });
}

Result<void> apply(const Entry& entry, const wire::PackShared& detail) {
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    std::erase_if(row.packs, [&](const PackRow& pack) { return pack.person == detail.person; });
    row.packs.push_back({detail.person, detail.copy, detail.how, detail.lacking, entry.time()});
    return {};
  });
}

// --- attendance.record ----------------------------------------------------------------------------------------------

namespace {

Result<void> check_attendees(const Context& context, const wire::RecordAttendance& command,
                             const DirectoryRow& directory) {
  const std::size_t count = command.present.size() + command.others.size();
  if (count > kMaxAttendees) return Error{Errc::too_large, "too many people attended"};
  if (count == 0) return Error{kInvalid, "name at least one person who attended"};
  std::vector<PersonId> people;
  std::vector<Digest> names;
  for (const wire::Attendee& one : command.present) people.push_back(one.person);
  for (const wire::OtherAttendee& one : command.others) names.push_back(one.name);
  if (has_duplicates(std::move(people)) || has_duplicates(std::move(names)))
    return Error{kInvalid, "name each attendee only once, and nobody for two partners (4.6.1)"};
  for (const wire::Attendee& one : command.present) {
    TRY(const auto person, context.state.person(context.txn, one.person));
    if (!person || person->revoked) return Error{Errc::not_found, "there is no such enrolled person"};
    if (!one.standing_for) continue;
    if (std::ranges::find(directory.partners, *one.standing_for, &PartnerRow::agency) == directory.partners.end())
      return Error{kInvalid, "a representative can only represent a safeguarding partner (4.6.1)"};
    if (!is_member(*person, *one.standing_for))
      return Error{kInvalid, "nobody represents a safeguarding partner to which they do not belong (4.6.1)"};
  }
  return {};
}

}  // namespace

Decided decide(const Context& context, const wire::RecordAttendance& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::record_attendance, std::nullopt,
      [&](const ReviewPlace& place) -> Decided {
        if (!place.review.row.meeting || place.review.row.meeting->number != command.meeting)
          return Error{Errc::conflict, "the meeting has been moved meanwhile"};
        TRY(const DirectoryRow directory, context.state.directory(context.txn));
        TRY_VOID(check_attendees(context, command, directory));
        std::vector<AgencyId> absent;
        for (const PartnerRow& partner : directory.partners)
          if (std::ranges::find(command.present, std::optional(partner.agency), &wire::Attendee::standing_for) ==
              command.present.end())
            absent.push_back(partner.agency);
        Decision decision;
        decision.events.push_back(review_event(wire::AttendanceRecorded{command.case_, command.meeting, command.present,
                                                                        command.others, std::move(absent)},
                                               place));
        for (const wire::OtherAttendee& one : command.others) decision.besides.push_back(text_use(one.name));
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::AttendanceRecorded& detail) {
  for (const wire::OtherAttendee& one : detail.others) TRY_VOID(keep_text(entry, one.name));
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    row.attendance = AttendanceRow{detail.present, detail.others, detail.absent};
    return {};
  });
}

}  // namespace strongroom::access::acts
