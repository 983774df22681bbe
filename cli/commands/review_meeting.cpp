// review meeting, pack, attend, quorum: the date (4.4), the documents (4.5), and who was there (4.6.1).
#include <iostream>
#include <map>

#include "cli/commands/review.h"
#include "vault/base/file.h"

namespace cli {
namespace {

using access::AttendeeBody;
using access::MeetingKind;
using access::MeetingMode;
using access::Role;

// --- review meeting -------------------------------------------------------------------------------------------------

struct ReviewMeeting : CaseArgument {
  std::string date, kind, mode = "in-person";
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--date", date, "One of those of `strongroom review dates`; another one needs a reason")
        ->required();
    command.add_option("--kind", kind, "Of the standing group, or extraordinary (4.4.1)")
        ->required()
        ->check(word_of<MeetingKind>());
    command.add_option("--mode", mode, "By teleconference only if it is essential to the timescale")
        ->check(word_of<MeetingMode>());
    reason.add_flags(command);
  }
};

// Warns, before the date is set, if it leaves too little time for the outcome within the whole Rapid Review.
Result<void> warn_of_late_outcome(Context& context, const client::ReviewCase& review, const vault::Date& date) {
  TRY(const review::RuleSet* rules, review::find_rules(review.review.rules));
  TRY(const review::Calendar calendar, client::read_calendar(context.session(), context.directory()));
  TRY(const vault::Date outcome, calendar.add(date, rules->clock("outcome").working_days));
  const auto whole = std::ranges::find(review.review.clocks, "rapid-review", &wire::ClockView::clock);
  if (whole != review.review.clocks.end() && whole->due && *whole->due < outcome)
    note("Warning: after a meeting on " + vault::to_string(date) + " the outcome may go to the Panel until " +
         vault::to_string(outcome) + " (4.7.1), but the whole Rapid Review is due by " + vault::to_string(*whole->due) +
         " (4.2.2): send it by " + vault::to_string(*whole->due) + " to keep both dates.");
  return {};
}

Result<void> run(Context& context, const ReviewMeeting& options) {
  wire::ScheduleMeeting act;
  TRY(act.date, parse_day("--date", options.date));
  TRY(act.kind, wire::parse_enum<MeetingKind>(options.kind));
  TRY(act.mode, wire::parse_enum<MeetingMode>(options.mode));
  TRY(const auto review, open_review(context, options.case_));
  act.case_ = review.case_.case_;
  act.number = review.review.meetings + 1;
  TRY_VOID(warn_of_late_outcome(context, review, act.date));
  const auto& dates = review.review.meeting_dates;
  const bool outside_window = std::ranges::find(dates, act.date, &wire::MeetingDateView::date) == dates.end();
  const bool needs_reason = outside_window || review.review.meeting || act.mode == MeetingMode::teleconference;
  TRY(const StagedText reason, stage_if_needed(context, options.reason, needs_reason));
  act.reason = reason.digest;
  TRY(const auto answer, context.session().act(act));
  TRY(const auto set, client::event_of<wire::MeetingScheduled>(answer.entries.front().body));
  if (context.as_json) {
    print_json({{"date", vault::to_string(set.date)},
                {"number", set.number},
                {"working_day", set.working_day},
                {"outside_window", set.outside_window},
                {"breaks_the_whole", set.breaks_the_whole}});
  } else {
    std::cout << "the meeting is on " << short_day(set.date) << ", working day " << set.working_day
              << (set.outside_window ? ", outside the window\n" : "\n");
  }
  return {};
}

// --- review pack ----------------------------------------------------------------------------------------------------

struct ReviewPack : CaseArgument {
  std::optional<std::string> folder, due;
  std::vector<std::string> people;
  bool tabled = false;

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("-o,--output", folder, "Write a copy for yourself; its own folder is made in this one")
        ->type_name("DIR");
    command.add_option("--share", people, "Share it with this attendee, encrypted to them; recorded")
        ->type_name("PERSON");
    command.add_flag("--tabled", tabled, "It is shared at the meeting instead of in advance (4.5.2)");
    command.add_option("--due", due, "When the copies are due back; four weeks after the meeting unless given");
  }
};

// Whether the review that was decided has begun. The information that was gathered is then used in it (4.3.2).
bool is_carried(const wire::ReviewView& view) {
  return view.stage == access::Stage::practice_review || view.stage == access::Stage::alternative_review;
}

Result<client::CopyRequest> make_request(const client::ReviewCase& review, const ReviewPack& options) {
  const wire::ReviewView& view = review.review;
  const wire::PackContentsView& pack = *view.pack;
  client::CopyRequest request;
  request.safe = review.case_.review_safe;
  request.purpose = is_carried(view) ? access::Purpose::practice_review : access::Purpose::rapid_review;
  request.records = pack.document_1;
  request.records.insert(request.records.end(), pack.notifications.begin(), pack.notifications.end());
  request.records.insert(request.records.end(), pack.returns.begin(), pack.returns.end());
  if (is_carried(view) && view.decision) request.records.push_back(view.decision->record);
  if (request.records.empty()) return Error{Errc::not_found, "there is no document for the pack yet (4.5.1)"};
  const vault::Date from = std::max(view.meeting ? view.meeting->date : view.today, view.today);
  request.due = review::plus_days(from, client::kReviewCopyDays);
  if (options.due) {
    TRY(request.due, parse_day("--due", *options.due));
  }
  return request;
}

// Issues a copy for each person, encrypted to their own key, and records who was given the pack and when (4.5.2).
Result<std::vector<client::IssuedCopy>> share_pack(Context& context, const client::ReviewCase& review,
                                                   const ReviewPack& options) {
  const wire::ReviewView& view = review.review;
  // Checked before a copy is issued, because an issued copy cannot be taken back.
  if (!is_carried(view)) TRY_VOID(check_step(context, review, review::Step::share_pack));
  TRY(client::CopyRequest request, make_request(review, options));
  wire::SharePack act;
  act.case_ = review.case_.case_;
  const bool meets_today = view.meeting && view.meeting->date <= view.today;
  act.how = options.tabled || (view.meeting && view.meeting->date < view.today) ? access::PackSharing::tabled
                                                                                : access::PackSharing::in_advance;
  if (options.tabled && !meets_today)
    return Error{
        Errc::conflict,
        "a pack that is shared before the day of the meeting is shared in advance (4.5.2): leave out --tabled"};
  std::vector<access::PersonId> people;
  for (const std::string& words : options.people) {
    TRY(const auto person, context.find_person(words));
    people.push_back(person);
  }
  std::vector<client::IssuedCopy> issued;
  for (const auto& person : people) {
    request.holder = person;
    TRY(const auto copy, client::give_copy(context.session(), context.directory(), request));
    act.packs.push_back({person, copy.copy});
    issued.push_back(copy);
  }
  // In a later review each copy's own entry is enough. For the meeting the ledger also has who was given the pack.
  if (!is_carried(view)) TRY_VOID(context.session().act(act));
  return issued;
}

json::object pack_json(Context& context, const client::ReviewCase& review) {
  const wire::PackContentsView& pack = *review.review.pack;
  review::MeetingPack contents;
  contents.has_document_1 = !pack.document_1.empty();
  contents.has_notification = !pack.notifications.empty();
  contents.notified = std::ranges::any_of(review.review.duties, [](const wire::DutyView& duty) {
    return duty.duty == access::Duty::panel && duty.done.has_value();
  });
  for (const wire::AgencyReviewView& agency : review.review.agencies)
    (agency.return_version > 0 ? contents.returned : contents.not_returned).push_back(context.name_of(agency.agency));
  const std::vector<std::string> missing = review::missing_from(contents);
  json::object object{{"complete", pack.complete && missing.empty()}};
  object["document_1"] = wire::to_json(pack.document_1);
  object["notifications"] = wire::to_json(pack.notifications);
  object["returns"] = wire::to_json(pack.returns);
  object["missing"] = json::value_from(missing);
  return object;
}

void print_pack(const json::object& pack) {
  std::cout << (pack.at("complete").as_bool() ? "The pack is complete (4.5.1)" : "The pack is not complete (4.5.1)")
            << ": " << pack.at("document_1").as_array().size() << " referral form(s), "
            << pack.at("notifications").as_array().size() << " notification(s), "
            << pack.at("returns").as_array().size() << " completed scoping template(s)\n";
  for (const json::value& one : pack.at("missing").as_array())
    std::cout << "  missing: " << printable(one.as_string()) << '\n';
}

// Writes a copy of the pack for this person, and adds its number and folder to the answer.
Result<void> write_own_copy(Context& context, const client::ReviewCase& review, const ReviewPack& options,
                            json::object& answer) {
  TRY(client::CopyRequest request, make_request(review, options));
  request.holder = context.session().person();
  TRY(const auto copy, client::issue_copy(context.session(), context.directory(), request));
  client::CopyProgress progress;
  TRY(const auto written, client::collect_copy(context.session(), context.directory(), copy.copy, *options.folder,
                                               client::CopyForm::secured, progress));
  answer["copy"] = client::copy_name(copy.number);
  answer["folder"] = vault::text_of(written.folder);
  return {};
}

Result<void> run(Context& context, const ReviewPack& options) {
  TRY(const auto review, open_review(context, options.case_));
  if (!review.review.pack) return Error{Errc::refused, "only partners, SPOCs, reviewers and chairs may see the pack"};
  json::object answer = pack_json(context, review);
  std::vector<client::IssuedCopy> issued;
  if (!options.people.empty()) {
    TRY(issued, share_pack(context, review, options));
  }
  json::array shared;
  for (const client::IssuedCopy& copy : issued)
    shared.push_back({{"person", copy.holder.to_string()}, {"copy", client::copy_name(copy.number)}});
  if (issued.empty())
    for (const wire::PackView& pack : review.review.packs) shared.push_back(wire::to_json(pack));
  answer["shared"] = std::move(shared);
  if (options.folder) TRY_VOID(write_own_copy(context, review, options, answer));
  if (context.as_json) {
    print_json(answer);
    return {};
  }
  print_pack(answer);
  for (const client::IssuedCopy& copy : issued)
    std::cout << client::copy_name(copy.number) << "  for " << printable(context.name_of(copy.holder)) << '\n';
  if (options.folder) {
    const std::string folder = printable(answer["folder"].as_string());
    note(std::string(answer["copy"].as_string()) + " is in " + folder + "; open it with: strongroom open " + folder);
  }
  return {};
}

// --- review attend, quorum ------------------------------------------------------------------------------------------

struct ReviewAttend : CaseArgument {
  std::vector<std::string> people, others, bodies;

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--person", people,
                       "Who was there; with =PARTNER for which safeguarding partner, =none for none");
    command.add_option("--other", others, "Somebody who is not enrolled; with --body");
    command.add_option("--body", bodies, "Whom the last --other attended for")->check(word_of<AttendeeBody>());
  }
};

// Reads "PERSON", "PERSON=PARTNER" or "PERSON=none". Without a partner, the person represents the one safeguarding
// partner in which they have the role partner or agency-lead. Anyone else represents nobody unless it is said.
Result<wire::Attendee> read_attendee(Context& context, const std::string& words) {
  const std::size_t equals = words.find('=');
  wire::Attendee one;
  TRY(one.person, context.find_person(words.substr(0, equals)));
  const std::string partner = equals == std::string::npos ? "" : words.substr(equals + 1);
  if (partner == "none") return one;
  if (!partner.empty()) {
    TRY(one.standing_for, context.find_agency(partner));
    return one;
  }
  TRY(const client::Person* person, context.directory().certified(one.person));
  std::vector<access::AgencyId> possible;
  for (const access::AgencyId& agency : context.directory().partners())
    if (person->has_role(Role::partner, agency) || person->has_role(Role::agency_lead, agency))
      possible.push_back(agency);
  if (possible.size() > 1)
    return Error{Errc::invalid_argument, printable(context.name_of(one.person)) +
                                             " belongs to several safeguarding partners, and nobody counts for two "
                                             "(4.6.1): say for which with --person PERSON=PARTNER"};
  if (!possible.empty()) one.standing_for = possible.front();
  return one;
}

json::object quorum_json(Context& context, const client::ReviewCase& review) {
  const auto& attendance = review.review.attendance;
  json::object object{{"quorate", attendance && attendance->quorate}};
  object["meeting"] =
      review.review.meeting ? json::value(vault::to_string(review.review.meeting->date)) : json::value();
  json::array present, others, absent;
  if (attendance) {
    for (const wire::Attendee& one : attendance->present) {
      json::object item{{"person", one.person.to_string()}, {"name", context.name_of(one.person)}};
      if (one.standing_for) item["standing_for"] = one.standing_for->to_string();
      present.push_back(std::move(item));
    }
    for (const wire::OtherAttendeeView& one : attendance->others) others.push_back(wire::to_json(one));
    for (const auto& agency : attendance->absent) absent.push_back(json::string(agency.to_string()));
  } else {
    for (const auto& agency : context.directory().partners()) absent.push_back(json::string(agency.to_string()));
  }
  object["present"] = std::move(present);
  object["others"] = std::move(others);
  object["absent"] = std::move(absent);
  return object;
}

void print_quorum(Context& context, const client::ReviewCase& review) {
  const auto& attendance = review.review.attendance;
  if (!attendance) {
    std::cout << "not quorate (4.6.1): nobody's attendance is recorded yet\n";
    return;
  }
  Table table({"attended", "for"});
  for (const wire::Attendee& one : attendance->present)
    table.add({context.name_of(one.person), one.standing_for ? context.name_of(*one.standing_for) : ""});
  for (const wire::OtherAttendeeView& one : attendance->others)
    table.add({one.name + " (not enrolled)", wire::enum_name(one.body)});
  table.print("");
  std::vector<std::string> absent;
  for (const auto& agency : attendance->absent) absent.push_back(context.name_of(agency));
  std::cout << (attendance->quorate ? "quorate\n"
                                    : "not quorate (4.6.1): nobody represented " + printable(joined(absent)) + "\n");
}

void show_quorum(Context& context, const client::ReviewCase& review) {
  if (context.as_json)
    print_json(quorum_json(context, review));
  else
    print_quorum(context, review);
}

Result<void> run(Context& context, const ReviewAttend& options) {
  if (options.others.size() != options.bodies.size())
    return Error{Errc::invalid_argument, "there are " + std::to_string(options.others.size()) + " --other and " +
                                             std::to_string(options.bodies.size()) +
                                             " --body: give one --body for each --other"};
  if (options.people.empty() && options.others.empty())
    return Error{Errc::invalid_argument, "say who was there: --person PERSON, --other NAME --body BODY"};
  TRY(auto review, open_review(context, options.case_));
  wire::RecordAttendance act;
  act.case_ = review.case_.case_;
  act.meeting = review.review.meetings;
  for (const std::string& words : options.people) {
    TRY(const auto one, read_attendee(context, words));
    act.present.push_back(one);
  }
  for (std::size_t i = 0; i < options.others.size(); ++i) {
    wire::OtherAttendee other;
    TRY(other.body, wire::parse_enum<AttendeeBody>(options.bodies[i]));
    TRY(other.name, context.session().stage_text(options.others[i], access::kMaxNameBytes));
    act.others.push_back(other);
  }
  TRY_VOID(context.session().act(act));
  TRY(review, client::read_review(context.session(), context.directory(), review.case_.case_));
  show_quorum(context, review);
  return {};
}

struct ReviewQuorum : CaseArgument {};

Result<void> run(Context& context, const ReviewQuorum& options) {
  TRY(const auto review, open_review(context, options.case_));
  show_quorum(context, review);
  return {};
}

}  // namespace

void add_review_meeting(CLI::App& group) {
  add_command<ReviewMeeting>(group, "meeting", "Set the date of the Rapid Review meeting, or move it (4.4)",
                             "strongroom review meeting RR-2026-0001 --date 2026-03-12 --kind standing");
  add_command<ReviewPack>(group, "pack",
                          "The documents for those attending: which are there and which are missing (4.5). In a "
                          "practice or alternative review: the documents that it takes over (4.3.2)",
                          "strongroom review pack RR-2026-0001 --share PERSON --share PERSON\n"
                          "  strongroom review pack RR-2026-0001 -o pack");
  add_command<ReviewAttend>(group, "attend", "Record who was at the meeting, all of them (4.6.1)",
                            "strongroom review attend RR-2026-0001 --person PERSON --person PERSON=police "
                            "--other \"A consultant\" --body health");
  add_command<ReviewQuorum>(group, "quorum",
                            "Whether the meeting was quorate: one of each safeguarding partner (4.6.1)",
                            "strongroom review quorum RR-2026-0001");
}

}  // namespace cli
