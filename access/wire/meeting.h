// The meeting of a review (4.4 to 4.6): its date, its pack and who attended. Commands and entries; scoping.h says what
// all headers of a review have in common. Docs: docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// By a SPOC; again to move it, which needs a reason and voids the attendance.
struct ScheduleMeeting {
  static constexpr std::string_view kKind = "meeting.schedule";
  CaseId case_;
  std::uint64_t number = 0;  // the last one and 1: 1 at first
  Date date{};               // not before the referral was received
  MeetingKind kind = MeetingKind::standing;
  MeetingMode mode = MeetingMode::in_person;  // teleconference: of an extraordinary meeting alone
  std::optional<Digest> reason;  // needed: outside the window, by teleconference (why it is absolutely essential to the
                                 // timescale, 4.4.2), moved
};
BOOST_DESCRIBE_STRUCT(ScheduleMeeting, (), (case_, number, date, kind, mode, reason))

struct MeetingScheduled {
  static constexpr std::string_view kKind = "meeting.scheduled";
  static constexpr auto kComputed =
      std::to_array<std::string_view>({"working_day", "outside_window", "breaks_the_whole", "calendar"});
  CaseId case_;
  std::uint64_t number = 0;
  Date date{};
  MeetingKind kind = MeetingKind::standing;
  MeetingMode mode = MeetingMode::in_person;
  std::uint64_t working_day = 0;  // after receiving the referral
  bool outside_window = false;
  bool breaks_the_whole = false;  // what is left after it does not suffice for the outcome
  std::optional<Digest> reason;
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(MeetingScheduled, (),
                      (case_, number, date, kind, mode, working_day, outside_window, breaks_the_whole, reason,
                       calendar))

struct SharedPack {
  PersonId person;
  CopyId copy;  // of the review safe, which that person holds
};
BOOST_DESCRIBE_STRUCT(SharedPack, (), (person, copy))

// The documents for those attending (4.5). By a SPOC; one entry for each person, which says how many of the required
// documents are not in the copy. A newer copy stands in place of the earlier one.
struct SharePack {
  static constexpr std::string_view kKind = "pack.share";
  CaseId case_;
  PackSharing how = PackSharing::in_advance;  // until the meeting's day; tabled: on it, or later
  std::vector<SharedPack> packs;              // each person once
};
BOOST_DESCRIBE_STRUCT(SharePack, (), (case_, how, packs))

// One for each person of the command.
struct PackShared {
  static constexpr std::string_view kKind = "pack.shared";
  static constexpr auto kComputed = std::to_array<std::string_view>({"meeting", "lacking"});
  CaseId case_;
  std::uint64_t meeting = 0;
  PackSharing how = PackSharing::in_advance;
  PersonId person;
  CopyId copy;
  std::uint64_t lacking = 0;  // of the documents that 4.5.1 names, how many are not in the copy
};
BOOST_DESCRIBE_STRUCT(PackShared, (), (case_, meeting, how, person, copy, lacking))

struct Attendee {
  PersonId person;
  std::optional<AgencyId> standing_for;  // the safeguarding partner, of which they are a member, whose representative
                                         // they were; each person for one at most
};
BOOST_DESCRIBE_STRUCT(Attendee, (), (person, standing_for))

// Somebody who is not enrolled; counts for no partner.
struct OtherAttendee {
  AttendeeBody body = AttendeeBody::other;
  Digest name{};  // free text
};
BOOST_DESCRIBE_STRUCT(OtherAttendee, (), (body, name))

// Who was there (4.6.1): all of them, standing in place of what was recorded before. By a SPOC, on the meeting's day or
// later. It is quorate when somebody stood for each of the three partners.
struct RecordAttendance {
  static constexpr std::string_view kKind = "attendance.record";
  CaseId case_;
  std::uint64_t meeting = 0;  // its number
  std::vector<Attendee> present;
  std::vector<OtherAttendee> others;
};
BOOST_DESCRIBE_STRUCT(RecordAttendance, (), (case_, meeting, present, others))

struct AttendanceRecorded {
  static constexpr std::string_view kKind = "attendance.recorded";
  static constexpr auto kComputed = std::to_array<std::string_view>({"absent"});
  CaseId case_;
  std::uint64_t meeting = 0;
  std::vector<Attendee> present;
  std::vector<OtherAttendee> others;
  std::vector<AgencyId> absent;  // safeguarding partners for whom nobody stood; quorate when empty
};
BOOST_DESCRIBE_STRUCT(AttendanceRecorded, (), (case_, meeting, present, others, absent))

}  // namespace strongroom::access::wire
