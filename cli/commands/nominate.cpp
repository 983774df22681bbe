// nominate: who holds a safe's key, who is away, and who takes over (4.3.5).
#include <iostream>

#include "cli/client/safes.h"
#include "cli/commands/command.h"

namespace cli {
namespace {

using access::Involvement;

// A command about one person's nomination in one safe.
struct NominationArgument : SafeArgument {
  std::string person;

  void add_flags(CLI::App& command) {
    SafeArgument::add_flags(command);
    command.add_option("PERSON", person, "Their id")->required();
  }
};

void print_state(const Context& context, const access::SafeId& safe, const access::PersonId& person, const char* state,
                 const std::string& text) {
  if (context.as_json)
    print_json({{"safe", safe.to_string()}, {"person", person.to_string()}, {"state", state}});
  else
    std::cout << text << '\n';
}

// --- nominate SAFE PERSON -------------------------------------------------------------------------------------------

// Nothing is required while the command line is parsed, because `nominate end …` is parsed through this command.
struct Nominate {
  std::optional<std::string> safe, person, involvement;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    command.add_option("SAFE", safe, "Its id");
    command.add_option("PERSON", person, "Their id");
    command.add_option("--involvement", involvement, "Their involvement with the case")->check(word_of<Involvement>());
    reason.add_flags(command);
  }
};

Result<void> run(Context& context, const Nominate& options) {
  if (!options.safe || !options.person || !options.involvement)
    return Error{Errc::invalid_argument,
                 "say whom and how: strongroom nominate SAFE PERSON --involvement none|supervised|practised"};
  client::NomineeWords nominee;
  TRY(nominee.involvement, wire::parse_enum<Involvement>(*options.involvement));
  TRY_VOID(context.connect());
  TRY(const auto safe, context.find_safe(*options.safe));
  TRY(nominee.person, context.find_person(*options.person));
  if (nominee.involvement != Involvement::none || options.reason.is_given()) {
    TRY(nominee.reason, options.reason.require());
  }
  TRY_VOID(client::nominate(context.session(), context.directory(), safe, nominee));
  print_state(context, safe, nominee.person, "pending", "nominated " + nominee.person.to_string());
  if (!context.as_json)
    note("It is pending until a keyholder's client has given them the key and their own client has confirmed it.");
  return {};
}

// --- nominate end, pause, resume ------------------------------------------------------------------------------------

struct NominateEnd : NominationArgument {
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    NominationArgument::add_flags(command);
    reason.add_flags(command);
  }
};

Result<void> run(Context& context, const NominateEnd& options) {
  TRY_VOID(context.connect());
  wire::EndNomination act;
  TRY(act.safe, context.find_safe(options.safe));
  TRY(act.person, context.find_person(options.person));
  TRY(const auto view, context.session().get<wire::SafeView>("/v1/safes/" + act.safe.to_string()));
  const auto left = std::ranges::count_if(view.nominations, [&](const wire::NominationView& nomination) {
    return nomination.state == access::NominationState::active && nomination.person != act.person;
  });
  if (left == 0)
    TRY_VOID(
        context.confirm("Nobody else can open this safe: only recovery by the partners' custodians could. End it?"));
  TRY(act.reason, stage_optional(context, options.reason));
  TRY_VOID(context.session().act(act));
  print_state(context, act.safe, act.person, "ended", "ended");
  return {};
}

struct NominatePause : NominationArgument {
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    NominationArgument::add_flags(command);
    reason.add_flags(command);
  }
};

Result<void> run(Context& context, const NominatePause& options) {
  TRY_VOID(context.connect());
  wire::PauseNomination act;
  TRY(act.safe, context.find_safe(options.safe));
  TRY(act.person, context.find_person(options.person));
  TRY(act.reason, stage_optional(context, options.reason));
  TRY_VOID(context.session().act(act));
  print_state(context, act.safe, act.person, "paused", "paused");
  return {};
}

struct NominateResume : NominationArgument {};

Result<void> run(Context& context, const NominateResume& options) {
  TRY_VOID(context.connect());
  wire::ResumeNomination act;
  TRY(act.safe, context.find_safe(options.safe));
  TRY(act.person, context.find_person(options.person));
  TRY_VOID(context.session().act(act));
  print_state(context, act.safe, act.person, "pending", "resumed");
  if (!context.as_json)
    note("It is pending until a keyholder's client has given them the key and their own client has confirmed it.");
  return {};
}

// --- nominate handover ----------------------------------------------------------------------------------------------

struct NominateHandover : SafeArgument {
  std::string from, to, involvement = "none";
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    SafeArgument::add_flags(command);
    command.add_option("--from", from, "Who leaves")->required()->type_name("PERSON");
    command.add_option("--to", to, "Who takes over")->required()->type_name("PERSON");
    command.add_option("--involvement", involvement, "The involvement with the case of the person who takes over")
        ->check(word_of<Involvement>());
    reason.add_flags(command);
  }
};

json::value handover_json(const client::HandoverRequest& request, const client::HandedOver& done) {
  return {{"safe", request.safe.to_string()},
          {"from", request.from.to_string()},
          {"to", request.nominee.person.to_string()},
          {"state", wire::enum_name(done.state)},
          {"copies", done.copies},
          {"unprepared", wire::to_json(done.unprepared)}};
}

// A hand-over is done in steps, and some of them are other people's. Returns Errc::conflict with the step that is next.
Result<void> check_handed_over(client::HandoverState state, const std::string& to) {
  switch (state) {
    case client::HandoverState::waits_for_wrap:
      return Error{Errc::conflict, to + " is nominated, and waits for a keyholder's client to give them the key: the "
                                        "keyholder's next command does it. Then run this again"};
    case client::HandoverState::waits_for_confirmation:
      return Error{Errc::conflict, to + " has the key and has not confirmed it yet: their next command does it. Then "
                                        "run this again"};
    case client::HandoverState::done:
      break;
  }
  return {};
}

Result<void> run(Context& context, const NominateHandover& options) {
  client::HandoverRequest request;
  TRY(request.nominee.involvement, wire::parse_enum<Involvement>(options.involvement));
  TRY_VOID(context.connect());
  TRY(request.safe, context.find_safe(options.safe));
  TRY(request.from, context.find_person(options.from));
  TRY(request.nominee.person, context.find_person(options.to));
  // Asked for only at the step that needs it: a hand-over that is run again does not ask twice.
  request.reason = [&]() -> Result<std::string> {
    if (request.nominee.involvement != Involvement::none) return options.reason.require();
    TRY(auto reason, options.reason.ask());
    return std::move(reason).value_or("");
  };
  TRY(const client::HandedOver done, client::hand_over(context.session(), context.directory(), request));
  if (context.as_json) print_json(handover_json(request, done));
  const std::string to = printable(context.name_of(request.nominee.person));
  TRY_VOID(check_handed_over(done.state, to));
  if (!context.as_json)
    std::cout << "handed over to " << to << ": " << done.copies
              << (done.copies == 1 ? " open copy, and" : " open copies, and") << " the nomination of "
              << printable(context.name_of(request.from)) << " has ended\n";
  for (const access::CopyId& copy : done.unprepared)
    note(copy.to_string() + " had not been prepared for its holder yet: return it, and issue another");
  return {};
}

// --- nominate list --------------------------------------------------------------------------------------------------

struct NominateList : SafeArgument {};

Result<void> run(Context& context, const NominateList& options) {
  TRY_VOID(context.connect());
  TRY(const auto id, context.find_safe(options.safe));
  TRY(const auto view, context.session().get<wire::SafeView>("/v1/safes/" + id.to_string()));
  if (context.as_json) {
    print_json(wire::to_json(view.nominations));
    return {};
  }
  Table table({"person", "name", "state", "involvement", ""});
  for (const auto& one : view.nominations)
    table.add({one.person.to_string(), context.name_of(one.person), wire::enum_name(one.state),
               wire::enum_name(one.involvement), one.own ? "nominated themselves" : ""});
  table.print("nobody is nominated for this safe");
  return {};
}

}  // namespace

void add_nominate_commands(CLI::App& app) {
  // `nominate SAFE PERSON` is a command, and `nominate end` and the others are commands below it.
  auto& nominate = add_command<Nominate>(app, "nominate", "Who may open a safe's records (4.3.5)",
                                         "strongroom nominate SAFE PERSON --involvement none\n"
                                         "  strongroom nominate end SAFE PERSON\n  strongroom nominate list SAFE");
  nominate.require_subcommand(0, 1);
  add_command<NominateEnd>(nominate, "end", "End a nomination; a remaining keyholder's client then makes a new key",
                           "strongroom nominate end SAFE PERSON --reason \"moved to another team\"");
  add_command<NominatePause>(nominate, "pause", "A representative is away: they do not have the key until they resume",
                             "strongroom nominate pause SAFE PERSON --reason \"on leave\"");
  add_command<NominateResume>(nominate, "resume",
                              "A representative is back: a keyholder's client gives them the key again",
                              "strongroom nominate resume SAFE PERSON");
  add_command<NominateHandover>(nominate, "handover",
                                "One representative takes over from another: the key, then the open copies, then the "
                                "end of the first nomination; run again to continue",
                                "strongroom nominate handover SAFE --from PERSON --to PERSON");
  add_command<NominateList>(nominate, "list", "List a safe's nominations", "strongroom nominate list SAFE");
}

}  // namespace cli
