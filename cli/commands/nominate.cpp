// nominate: who holds a safe's key, who is away, and who takes over (4.3.5).
#include <iostream>

#include "cli/client/safes.h"
#include "cli/commands/context.h"

namespace cli {
namespace {

using access::Involvement;

void add_make(CLI::App* group) {
  struct Make {
    std::optional<std::string> safe, person, involvement;
    FreeText reason;
  };
  auto make = std::make_shared<Make>();
  group->add_option("SAFE", make->safe);
  group->add_option("PERSON", make->person);
  group->add_option("--involvement", make->involvement, "Their involvement with the case")
      ->check(word_of<Involvement>());
  make->reason.bind(group, "reason");
  on_run(group, [make](Context& context) -> Result<void> {
    if (!make->safe || !make->person || !make->involvement)
      return Error{Errc::invalid_argument,
                   "say whom and how: strongroom nominate SAFE PERSON --involvement none|supervised|practised"};
    client::NomineeWords nominee;
    TRY(nominee.involvement, wire::parse_enum<Involvement>(*make->involvement));
    TRY_VOID(context.connect());
    TRY(const auto safe, context.safe(*make->safe));
    TRY(nominee.person, context.person(*make->person));
    if (nominee.involvement != Involvement::none || make->reason.given()) {
      TRY(nominee.reason, free_text("reason", make->reason.text, make->reason.file));
    }
    TRY_VOID(client::nominate(context.session(), context.directory(), safe, nominee));
    if (context.as_json)
      Context::print({{"safe", safe.to_string()}, {"person", nominee.person.to_string()}, {"state", "pending"}});
    else {
      std::cout << "nominated " << nominee.person.to_string() << '\n';
      note("Pending until a keyholder's client has wrapped the key and the nominee's has confirmed it.");
    }
    return {};
  });
}

void add_end(CLI::App* group) {
  struct End {
    std::string safe, person;
    FreeText reason;
  };
  auto end = std::make_shared<End>();
  auto* ending = add_command(*group, "end", "End a nomination; a new key is made by a remaining keyholder's client",
                             "strongroom nominate end SAFE PERSON --reason \"moved to another team\"");
  ending->add_option("SAFE", end->safe)->required();
  ending->add_option("PERSON", end->person)->required();
  end->reason.bind(ending, "reason");
  on_run(ending, [end](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    wire::EndNomination command;
    TRY(command.safe, context.safe(end->safe));
    TRY(command.person, context.person(end->person));
    TRY(const auto view, context.session().get<wire::SafeView>("/v1/safes/" + command.safe.to_string()));
    const auto left = std::count_if(view.nominations.begin(), view.nominations.end(), [&](const auto& nomination) {
      return nomination.state == access::NominationState::active && nomination.person != command.person;
    });
    if (left == 0)
      TRY_VOID(context.confirmed(
          "Nobody else can open this safe: only recovery by the partners' custodians could. End it?"));
    TRY(const auto reason, optional_text("reason", end->reason.text, end->reason.file));
    if (reason) {
      TRY(command.reason, context.session().stage_text(*reason));
    }
    TRY_VOID(context.session().act(command));
    if (context.as_json)
      Context::print({{"safe", command.safe.to_string()}, {"person", command.person.to_string()}, {"state", "ended"}});
    else
      std::cout << "ended\n";
    return {};
  });
}

void add_list(CLI::App* group) {
  auto name = std::make_shared<std::string>();
  auto* list = add_command(*group, "list", "List a safe's nominations", "strongroom nominate list SAFE");
  list->add_option("SAFE", *name)->required();
  on_run(list, [name](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto id, context.safe(*name));
    TRY(const auto view, context.session().get<wire::SafeView>("/v1/safes/" + id.to_string()));
    if (context.as_json) {
      Context::print(wire::to_json(view.nominations));
      return {};
    }
    Table table({"person", "name", "state", "involvement", ""});
    for (const auto& one : view.nominations)
      table.add({one.person.to_string(), context.name_of(one.person), wire::enum_name(one.state),
                 wire::enum_name(one.involvement), one.own ? "nominated themselves" : ""});
    table.print("nobody is nominated");
    return {};
  });
}

// pause and resume: an absence.
void add_pause(CLI::App* group) {
  struct Pause {
    std::string safe, person;
    FreeText reason;
  };
  auto pause = std::make_shared<Pause>();
  auto* command = add_command(*group, "pause", "A representative is away: their wrap goes until they are resumed",
                              "strongroom nominate pause SAFE PERSON --reason \"on leave\"");
  command->add_option("SAFE", pause->safe)->required();
  command->add_option("PERSON", pause->person)->required();
  pause->reason.bind(command, "reason");
  on_run(command, [pause](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    wire::PauseNomination act;
    TRY(act.safe, context.safe(pause->safe));
    TRY(act.person, context.person(pause->person));
    TRY(const auto reason, optional_text("reason", pause->reason.text, pause->reason.file));
    if (reason) {
      TRY(act.reason, context.session().stage_text(*reason));
    }
    TRY_VOID(context.session().act(act));
    if (context.as_json)
      Context::print({{"safe", act.safe.to_string()}, {"person", act.person.to_string()}, {"state", "paused"}});
    else
      std::cout << "paused\n";
    return {};
  });

  auto resume = std::make_shared<Pause>();
  auto* resuming = add_command(*group, "resume", "A paused representative is back; a keyholder's client wraps the key",
                               "strongroom nominate resume SAFE PERSON");
  resuming->add_option("SAFE", resume->safe)->required();
  resuming->add_option("PERSON", resume->person)->required();
  on_run(resuming, [resume](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    wire::ResumeNomination act;
    TRY(act.safe, context.safe(resume->safe));
    TRY(act.person, context.person(resume->person));
    TRY_VOID(context.session().act(act));
    if (context.as_json) {
      Context::print({{"safe", act.safe.to_string()}, {"person", act.person.to_string()}, {"state", "pending"}});
    } else {
      std::cout << "resumed\n";
      note("Pending until a keyholder's client has wrapped the key and the representative's has confirmed it.");
    }
    return {};
  });
}

json::value handover_json(const client::HandoverRequest& request, const client::HandedOver& done) {
  return {{"safe", request.safe.to_string()},
          {"from", request.from.to_string()},
          {"to", request.nominee.person.to_string()},
          {"state", wire::enum_name(done.state)},
          {"copies", done.copies},
          {"unprepared", wire::to_json(done.unprepared)}};
}

void add_handover(CLI::App* group) {
  struct Handover {
    std::string safe, from, to, involvement = "none";
    FreeText reason;
  };
  auto handover = std::make_shared<Handover>();
  auto* command = add_command(*group, "handover",
                              "One representative takes over from another: the key, then the open copies, then the "
                              "end of the first; run again to go on",
                              "strongroom nominate handover SAFE --from PERSON --to PERSON");
  command->add_option("SAFE", handover->safe)->required();
  command->add_option("--from", handover->from, "Who leaves")->required()->type_name("PERSON");
  command->add_option("--to", handover->to, "Who takes over")->required()->type_name("PERSON");
  command->add_option("--involvement", handover->involvement, "The involvement of whoever takes over with the case")
      ->check(word_of<Involvement>());
  handover->reason.bind(command, "reason");
  on_run(command, [handover](Context& context) -> Result<void> {
    client::HandoverRequest request;
    TRY(request.nominee.involvement, wire::parse_enum<Involvement>(handover->involvement));
    TRY_VOID(context.connect());
    TRY(request.safe, context.safe(handover->safe));
    TRY(request.from, context.person(handover->from));
    TRY(request.nominee.person, context.person(handover->to));
    request.reason = [&]() -> Result<std::string> {
      if (request.nominee.involvement != Involvement::none)
        return free_text("reason", handover->reason.text, handover->reason.file);
      TRY(auto reason, optional_text("reason", handover->reason.text, handover->reason.file));
      return std::move(reason).value_or("");
    };
    TRY(const client::HandedOver done, client::hand_over(context.session(), context.directory(), request));
    if (context.as_json) Context::print(handover_json(request, done));
    const std::string to = printable(context.name_of(request.nominee.person));
    switch (done.state) {
      case client::HandoverState::waits_for_wrap:
        return Error{Errc::conflict, to + " is nominated, and waits for a keyholder's client to wrap the key (their " +
                                         "next command does it). Then run this again"};
      case client::HandoverState::waits_for_confirmation:
        return Error{Errc::conflict, to + " has the key and has not confirmed it yet (their next command does it). " +
                                         "Then run this again"};
      case client::HandoverState::done:
        break;
    }
    if (!context.as_json)
      std::cout << "handed over to " << to << ": " << done.copies
                << (done.copies == 1 ? " open copy, and" : " open copies, and") << " the nomination of "
                << printable(context.name_of(request.from)) << " has ended\n";
    for (const access::CopyId& copy : done.unprepared)
      note(copy.to_string() + " was not prepared for its holder before: return it, and issue another");
    return {};
  });
}

}  // namespace

// `nominate SAFE PERSON` and `nominate end|list …` share one name: the verbs are options of their own first word.
void add_nominate_commands(CLI::App& app) {
  auto* group = add_command(app, "nominate", "Who may open a safe's records (4.3.5)",
                            "strongroom nominate SAFE PERSON --involvement none\n  strongroom nominate end SAFE "
                            "PERSON\n  strongroom nominate list SAFE");
  group->require_subcommand(0, 1);
  add_make(group);
  add_end(group);
  add_pause(group);
  add_handover(group);
  add_list(group);
}

}  // namespace cli
