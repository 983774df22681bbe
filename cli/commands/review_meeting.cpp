// review meeting, pack, attend, quorum: the date (4.4), the documents (4.5), who was there (4.6.1).
#include <iostream>
#include <map>

#include "cli/commands/review.h"

namespace cli {
namespace {

using access::AttendeeBody;
using access::MeetingKind;
using access::MeetingMode;
using access::Role;

// --- meeting --------------------------------------------------------------------------------------------------------

struct MeetingOptions {
  std::string case_, date, kind, mode = "in-person";
  FreeText reason;
};

// What the date leads to, said before it is set: the window, and whether the outcome still fits into the whole.
Result<void> foretell(Context& context, const client::ReviewCase& it, const vault::Date& date, bool& outside) {
  const auto found = std::ranges::find(it.review.meeting_dates, date, &wire::MeetingDateView::date);
  outside = found == it.review.meeting_dates.end();
  TRY(const review::RuleSet* rules, review::find_rules(it.review.rules));
  TRY(const review::Calendar calendar, client::read_calendar(context.session(), context.directory()));
  TRY(const vault::Date outcome, calendar.add(date, rules->clock("outcome").working_days));
  const auto whole = std::ranges::find(it.review.clocks, "rapid-review", &wire::ClockView::clock);
  if (whole != it.review.clocks.end() && whole->due && *whole->due < outcome)
    note("Warning: after a meeting on " + vault::to_string(date) + " the outcome may go to the Panel until " +
         vault::to_string(outcome) + " (4.7.1), but the whole Rapid Review is due by " + vault::to_string(*whole->due) +
         " (4.2.2): only " + vault::to_string(*whole->due) + " or earlier keeps both.");
  return {};
}

void add_meeting(CLI::App& group) {
  auto options = std::make_shared<MeetingOptions>();
  auto* command = add_command(group, "meeting", "Set the date of the Rapid Review meeting, or move it (4.4)",
                              "strongroom review meeting RR-2026-0001 --date 2026-03-12 --kind standing");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("--date", options->date, "One of those of `strongroom review dates`; another one needs a reason")
      ->required();
  command->add_option("--kind", options->kind, "Of the standing group, or extraordinary (4.4.1)")
      ->required()
      ->check(word_of<MeetingKind>());
  command->add_option("--mode", options->mode, "By teleconference only where it is essential to the timescale")
      ->check(word_of<MeetingMode>());
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    wire::ScheduleMeeting command_;
    TRY(command_.date, parse_day("--date", options->date));
    TRY(command_.kind, wire::parse_enum<MeetingKind>(options->kind));
    TRY(command_.mode, wire::parse_enum<MeetingMode>(options->mode));
    TRY(const auto it, open_review(context, options->case_));
    command_.case_ = it.case_.case_;
    command_.number = it.review.meetings + 1;
    bool outside = false;
    TRY_VOID(foretell(context, it, command_.date, outside));
    const bool needed = outside || it.review.meeting || command_.mode == MeetingMode::teleconference;
    TRY(const Words words, words_if(context, options->reason, needed));
    command_.reason = words.digest;
    TRY(const auto answer, context.session().act(command_));
    TRY(const auto set, client::event_of<wire::MeetingScheduled>(answer.entries.front().body));
    if (context.as_json) {
      Context::print({{"date", vault::to_string(set.date)},
                      {"number", set.number},
                      {"working_day", set.working_day},
                      {"outside_window", set.outside_window},
                      {"breaks_the_whole", set.breaks_the_whole}});
    } else {
      std::cout << "the meeting is on " << short_day(set.date) << ", working day " << set.working_day
                << (set.outside_window ? ", outside the window\n" : "\n");
    }
    return {};
  });
}

// --- pack -----------------------------------------------------------------------------------------------------------

struct PackOptions {
  std::string case_;
  std::optional<std::string> folder, due;
  std::vector<std::string> people;
  bool tabled = false;
};

// The review that was decided has begun: what was gathered is carried into it (4.3.2).
bool is_carried(const wire::ReviewView& view) {
  return view.stage == access::Stage::practice_review || view.stage == access::Stage::alternative_review;
}

std::vector<access::RecordId> records_of(const wire::ReviewView& view) {
  const wire::PackContentsView& pack = *view.pack;
  std::vector<access::RecordId> records = pack.document_1;
  records.insert(records.end(), pack.notifications.begin(), pack.notifications.end());
  records.insert(records.end(), pack.returns.begin(), pack.returns.end());
  if (is_carried(view) && view.decision) records.push_back(view.decision->record);
  return records;
}

Result<client::CopyRequest> pack_request(const client::ReviewCase& it, const PackOptions& options) {
  client::CopyRequest request;
  request.safe = it.case_.review_safe;
  request.purpose = is_carried(it.review) ? access::Purpose::practice_review : access::Purpose::rapid_review;
  request.records = records_of(it.review);
  if (request.records.empty()) return Error{Errc::not_found, "there is no document for the pack yet (4.5.1)"};
  const vault::Date from = std::max(it.review.meeting ? it.review.meeting->date : it.review.today, it.review.today);
  request.due = review::plus_days(from, client::kReviewCopyDays);
  if (options.due) {
    TRY(request.due, parse_day("--due", *options.due));
  }
  return request;
}

// A copy for each, under their own key, and the entries that say who was given what (4.5.2).
Result<std::vector<client::IssuedCopy>> share_pack(Context& context, const client::ReviewCase& it,
                                                   const PackOptions& options) {
  // Before a copy is issued: at another stage the pack is nobody's to share.
  if (!is_carried(it.review)) TRY_VOID(check_step(context, it, review::Step::share_pack));
  TRY(client::CopyRequest request, pack_request(it, options));
  wire::SharePack command;
  command.case_ = it.case_.case_;
  const bool meets_today = it.review.meeting && it.review.meeting->date <= it.review.today;
  command.how = options.tabled || (it.review.meeting && it.review.meeting->date < it.review.today)
                    ? access::PackSharing::tabled
                    : access::PackSharing::in_advance;
  if (options.tabled && !meets_today)
    return Error{Errc::conflict, "what is shared before the meeting's day is shared in advance (4.5.2)"};
  std::vector<access::PersonId> people;
  for (const std::string& words : options.people) {
    TRY(const auto person, context.person(words));
    people.push_back(person);
  }
  std::vector<client::IssuedCopy> issued;
  for (const auto& person : people) {
    request.holder = person;
    TRY(const auto copy, client::give_copy(context.session(), context.directory(), request));
    command.packs.push_back({person, copy.copy});
    issued.push_back(copy);
  }
  // Of the later review each copy has its own entry; the meeting's pack is said to be one.
  if (!is_carried(it.review)) TRY_VOID(context.session().act(command));
  return issued;
}

json::object pack_json(Context& context, const client::ReviewCase& it) {
  const wire::PackContentsView& pack = *it.review.pack;
  review::MeetingPack contents;
  contents.has_document_1 = !pack.document_1.empty();
  contents.has_notification = !pack.notifications.empty();
  contents.notified = std::ranges::any_of(it.review.duties, [](const wire::DutyView& duty) {
    return duty.duty == access::Duty::panel && duty.done.has_value();
  });
  for (const wire::AgencyReviewView& agency : it.review.agencies)
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

void add_pack(CLI::App& group) {
  auto options = std::make_shared<PackOptions>();
  auto* command =
      add_command(group, "pack",
                  "The documents for those attending: what is there and what is missing (4.5). Once a practice or "
                  "alternative review has begun: what is carried into it (4.3.2)",
                  "strongroom review pack RR-2026-0001 --share PERSON --share PERSON\n"
                  "  strongroom review pack RR-2026-0001 -o pack");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("-o,--output", options->folder, "Write a copy for yourself below this folder")->type_name("DIR");
  command->add_option("--share", options->people, "Share it with this attendee, encrypted to them; recorded")
      ->type_name("PERSON");
  command->add_flag("--tabled", options->tabled, "It is shared at the meeting instead of in advance (4.5.2)");
  command->add_option("--due", options->due, "When the copies are due back; four weeks after the meeting unless given");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, options->case_));
    if (!it.review.pack) return Error{Errc::refused, "the pack is for partners, SPOCs, reviewers and chairs"};
    json::object object = pack_json(context, it);
    std::vector<client::IssuedCopy> issued;
    if (!options->people.empty()) {
      TRY(issued, share_pack(context, it, *options));
    }
    json::array shared;
    for (const client::IssuedCopy& copy : issued)
      shared.push_back({{"person", copy.holder.to_string()}, {"copy", client::copy_name(copy.number)}});
    if (issued.empty())
      for (const wire::PackView& pack : it.review.packs) shared.push_back(wire::to_json(pack));
    object["shared"] = std::move(shared);
    if (options->folder) {
      TRY(client::CopyRequest request, pack_request(it, *options));
      request.holder = context.session().person();
      TRY(const auto copy, client::issue_copy(context.session(), context.directory(), request));
      client::CopyProgress progress;
      TRY(const auto written, client::collect_copy(context.session(), context.directory(), copy.copy, *options->folder,
                                                   client::CopyForm::secured, progress));
      object["copy"] = client::copy_name(copy.number);
      object["folder"] = written.folder.native();
    }
    if (context.as_json) {
      Context::print(object);
      return {};
    }
    print_pack(object);
    for (const client::IssuedCopy& copy : issued)
      std::cout << client::copy_name(copy.number) << "  for " << printable(context.name_of(copy.holder)) << '\n';
    if (options->folder)
      note(std::string(object["copy"].as_string()) + " is in " + printable(object["folder"].as_string()) +
           "; open it with: strongroom open");
    return {};
  });
}

// --- attend, quorum -------------------------------------------------------------------------------------------------

struct AttendOptions {
  std::string case_;
  std::vector<std::string> people, others, bodies;
};

// "PERSON", or "PERSON=PARTNER": whom they represented. Without it: the one safeguarding partner in which they have the
// role partner or lead; SPOCs, chairs and others stand for nobody unless that is said.
Result<wire::Attendee> attendee(Context& context, const std::string& words) {
  const std::size_t equals = words.find('=');
  wire::Attendee one;
  TRY(one.person, context.person(words.substr(0, equals)));
  const std::string partner = equals == std::string::npos ? "" : words.substr(equals + 1);
  if (partner == "none") return one;
  if (!partner.empty()) {
    TRY(one.standing_for, context.agency(partner));
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

json::object quorum_json(Context& context, const client::ReviewCase& it) {
  const auto& attendance = it.review.attendance;
  json::object object{{"quorate", attendance && attendance->quorate}};
  object["meeting"] = it.review.meeting ? json::value(vault::to_string(it.review.meeting->date)) : json::value();
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

void print_quorum(Context& context, const client::ReviewCase& it) {
  const auto& attendance = it.review.attendance;
  if (!attendance) {
    std::cout << "nobody's attendance is recorded: not quorate (4.6.1)\n";
    return;
  }
  Table table({"attended", "for"});
  for (const wire::Attendee& one : attendance->present)
    table.add({context.name_of(one.person), one.standing_for ? context.name_of(*one.standing_for) : ""});
  for (const wire::OtherAttendeeView& one : attendance->others)
    table.add({one.name + " (not enrolled)", wire::enum_name(one.body)});
  table.print("");
  std::string absent;
  for (const auto& agency : attendance->absent) absent += (absent.empty() ? "" : ", ") + context.name_of(agency);
  std::cout << (attendance->quorate ? "quorate\n"
                                    : "not quorate (4.6.1): nobody represented " + printable(absent) + "\n");
}

void add_attend(CLI::App& group) {
  auto options = std::make_shared<AttendOptions>();
  auto* command = add_command(group, "attend", "Record who was at the meeting, all of them (4.6.1)",
                              "strongroom review attend RR-2026-0001 --person PERSON --person PERSON=police "
                              "--other \"A consultant\" --body health");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("--person", options->people,
                      "Who was there; with =PARTNER for which safeguarding partner, =none for none");
  command->add_option("--other", options->others, "Somebody who is not enrolled; with --body");
  command->add_option("--body", options->bodies, "Whom the last --other attended for")->check(word_of<AttendeeBody>());
  on_run(command, [options](Context& context) -> Result<void> {
    if (options->others.size() != options->bodies.size())
      return Error{Errc::invalid_argument, "each --other has its --body"};
    if (options->people.empty() && options->others.empty())
      return Error{Errc::invalid_argument, "say who was there: --person PERSON, --other NAME --body BODY"};
    TRY(auto it, open_review(context, options->case_));
    wire::RecordAttendance command_;
    command_.case_ = it.case_.case_;
    command_.meeting = it.review.meetings;
    for (const std::string& words : options->people) {
      TRY(const auto one, attendee(context, words));
      command_.present.push_back(one);
    }
    for (std::size_t i = 0; i < options->others.size(); ++i) {
      wire::OtherAttendee other;
      TRY(other.body, wire::parse_enum<AttendeeBody>(options->bodies[i]));
      TRY(other.name, context.session().stage_text(options->others[i], access::kMaxNameBytes));
      command_.others.push_back(other);
    }
    TRY_VOID(context.session().act(command_));
    TRY(it, client::read_review(context.session(), context.directory(), it.case_.case_));
    if (context.as_json)
      Context::print(quorum_json(context, it));
    else
      print_quorum(context, it);
    return {};
  });
}

void add_quorum(CLI::App& group) {
  auto name = std::make_shared<std::string>();
  auto* command =
      add_command(group, "quorum", "Whether the meeting was quorate: one of each safeguarding partner (4.6.1)",
                  "strongroom review quorum RR-2026-0001");
  command->add_option("CASE", *name, "Its reference or id")->required();
  on_run(command, [name](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, *name));
    if (context.as_json)
      Context::print(quorum_json(context, it));
    else
      print_quorum(context, it);
    return {};
  });
}

}  // namespace

void add_review_meeting(CLI::App& group) {
  add_meeting(group);
  add_pack(group);
  add_attend(group);
  add_quorum(group);
}

}  // namespace cli
