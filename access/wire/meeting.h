// Describes the meeting of a review (4.4 to 4.6): its date, its pack and who attended. It has their commands and
// entries; scoping.h explains what all headers of a review have in common. Docs: docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// A SPOC signs this to set the meeting, and signs it again to move the meeting. Moving it needs a reason and voids the
// attendance.
struct ScheduleMeeting {
  static constexpr std::string_view kKind = "meeting.schedule";
  CaseId case_;
  std::uint64_t number = 0;  // the last number + 1; the first meeting has 1
  Date date{};               // not before the referral was received
  MeetingKind kind = MeetingKind::standing;
  MeetingMode mode = MeetingMode::in_person;  // teleconference only for an extraordinary meeting
  std::optional<Digest> reason;  // needed outside the window, by teleconference (why it is absolutely essential to the
                                 // timescale, 4.4.2), and to move it
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
  std::uint64_t working_day = 0;  // counted from receiving the referral
  bool outside_window = false;
  bool breaks_the_whole = false;  // too few working days are left after it for the outcome
  std::optional<Digest> reason;
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(MeetingScheduled, (),
                      (case_, number, date, kind, mode, working_day, outside_window, breaks_the_whole, reason,
                       calendar))

struct SharedPack {
  PersonId person;
  CopyId copy;  // of the review safe; that person holds it
};
BOOST_DESCRIBE_STRUCT(SharedPack, (), (person, copy))

// A SPOC signs this to share the documents with those attending (4.5). There is one entry for each person, which shows
// how many of the required documents are not in the copy. A newer copy replaces the earlier one.
struct SharePack {
  static constexpr std::string_view kKind = "pack.share";
  CaseId case_;
  PackSharing how = PackSharing::in_advance;  // in_advance until the meeting's day; tabled on that day or later
  std::vector<SharedPack> packs;              // each person once
};
BOOST_DESCRIBE_STRUCT(SharePack, (), (case_, how, packs))

// There is one such entry for each person of the command.
struct PackShared {
  static constexpr std::string_view kKind = "pack.shared";
  static constexpr auto kComputed = std::to_array<std::string_view>({"meeting", "lacking"});
  CaseId case_;
  std::uint64_t meeting = 0;
  PackSharing how = PackSharing::in_advance;
  PersonId person;
  CopyId copy;
  std::uint64_t lacking = 0;  // how many of the documents that 4.5.1 names are not in the copy
};
BOOST_DESCRIBE_STRUCT(PackShared, (), (case_, meeting, how, person, copy, lacking))

struct Attendee {
  PersonId person;
  std::optional<AgencyId> standing_for;  // the safeguarding partner that they represented, of which they are a member;
                                         // each person represents at most one
};
BOOST_DESCRIBE_STRUCT(Attendee, (), (person, standing_for))

// Somebody who is not enrolled. They do not count for a partner.
struct OtherAttendee {
  AttendeeBody body = AttendeeBody::other;
  Digest name{};  // free text
};
BOOST_DESCRIBE_STRUCT(OtherAttendee, (), (body, name))

// A SPOC signs this on the meeting's day or later, to record who was there (4.6.1). The list must name everybody,
// because it replaces the list that was recorded before. The meeting is quorate when somebody represented each of the
// three partners.
struct RecordAttendance {
  static constexpr std::string_view kKind = "attendance.record";
  CaseId case_;
  std::uint64_t meeting = 0;  // the meeting's number
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
  std::vector<AgencyId> absent;  // safeguarding partners without a representative; quorate when empty
};
BOOST_DESCRIBE_STRUCT(AttendanceRecorded, (), (case_, meeting, present, others, absent))

}  // namespace strongroom::access::wire
