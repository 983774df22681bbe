// enrol, whoami, trust, agency, person, sync: who takes part, and how they come to trust each other.
#include <iostream>
#include <set>

#include "cli/client/enrol.h"
#include "cli/commands/context.h"

namespace cli {
namespace {

using access::Role;

template <class List>
std::string joined(const List& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

Result<std::vector<Role>> parse_roles(const std::vector<std::string>& words) {
  std::vector<Role> roles;
  for (const std::string& word : words) {
    TRY(const Role role, wire::parse_enum<Role>(word));
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) roles.push_back(role);
  }
  return roles;
}

void add_enrol(CLI::App& app) {
  struct Options {
    std::string invitation;
    std::optional<std::string> name;
    unsigned work_factor = client::Home::kIdentityScryptLogN;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(app, "enrol", "Accept an invitation: make your keys on this machine",
                              "strongroom enrol strongroom-invitation-v1.… --name \"Records officer\"");
  command->add_option("INVITATION", options->invitation, "The invitation's text, or - to read it from standard input")
      ->required();
  command->add_option("--name", options->name, "How others see you; the inviter's words unless given");
  command
      ->add_option("--work-factor", options->work_factor,
                   "Cost of guessing the passphrase of identity.age: 2 to this power (scrypt)")
      ->check(CLI::Range(8U, 22U));
  on_run(command, [options](Context& context) -> Result<void> {
    std::string text = options->invitation;
    if (text == "-") std::getline(std::cin, text, '\0');
    const auto folder = client::Home::default_path();
    const bool existing = client::Home::has_identity(folder);
    client::EnrolOptions enrolment;
    enrolment.invitation = std::move(text);
    enrolment.name = options->name;
    enrolment.scrypt_log_n = options->work_factor;
    TRY(const client::Enrolled enrolled,
        client::enrol(folder, existing ? context.passphrase() : context.new_passphrase(), enrolment));
    const std::string person = enrolled.session->person().to_string();
    const std::string fingerprint = client::fingerprint(enrolled.session->keys().signing.verify_key());
    if (context.as_json) {
      Context::print({{"person", person}, {"fingerprint", fingerprint}, {"joined", enrolled.joined}});
    } else {
      std::cout << (enrolled.joined ? "joined a further agency as " : "enrolled as ") << person << "\nfingerprint "
                << fingerprint << "\nidentity    " << (folder / "identity.age").native() << '\n';
      note("Keep a copy of identity.age and its passphrase: without both you must be invited again.");
    }
    return {};
  });
}

void add_whoami(CLI::App& app) {
  auto* command = add_command(app, "whoami", "Who you are to this vault", "strongroom whoami --json");
  on_run(command, [](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto view, context.session().get<wire::PersonView>("/v1/whoami"));
    const auto certified = context.directory().certified(view.person);
    std::set<std::string> roles;
    json::array agencies;
    std::vector<std::string> places;
    for (const wire::MembershipView& membership : view.memberships) {
      agencies.push_back(json::string(membership.agency.to_string()));
      std::vector<std::string> here;
      for (const Role role : membership.roles) {
        roles.insert(wire::enum_name(role));
        here.push_back(wire::enum_name(role));
      }
      places.push_back(context.name_of(membership.agency) + " (" + joined(here) + ")");
    }
    const std::string fingerprint = client::fingerprint(context.session().keys().signing.verify_key());
    if (context.as_json) {
      json::array all_roles;
      for (const std::string& role : roles) all_roles.push_back(json::string(role));
      Context::print({{"person", view.person.to_string()},
                      {"name", view.name},
                      {"agencies", agencies},
                      {"roles", all_roles},
                      {"recipient", view.recipient.to_string()},
                      {"fingerprint", fingerprint},
                      {"certified", certified.has_value()},
                      {"root", view.root}});
      return {};
    }
    Table table({"", ""});
    table.add({"person", view.person.to_string()});
    table.add({"name", view.name});
    for (const std::string& place : places) table.add({"agency", place});
    table.add({"recipient", view.recipient.to_string()});
    table.add({"fingerprint", fingerprint});
    table.add({"certified", certified ? "yes" : "no: " + certified.error().message});
    table.print("");
    return {};
  });
}

void add_trust(CLI::App& app) {
  auto* command = add_command(app, "trust", "What you trust: origin, log key, TLS key and the partners' roots",
                              "strongroom trust    # then compare the fingerprints in person");
  on_run(command, [](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const client::Pins pins, context.session().home().pins());  // as they are by now
    json::array roots;
    Table table({"what", "value"});
    table.add({"origin", pins.origin});
    table.add({"log key", pins.log_key});
    table.add({"TLS key", vault::hex(pins.tls_pin)});
    for (const wire::RootPin& root : pins.roots) {
      const std::string fingerprint = client::fingerprint(root.signing_key);
      roots.push_back({{"agency", root.agency.to_string()},
                       {"name", context.name_of(root.agency)},
                       {"person", root.person.to_string()},
                       {"fingerprint", fingerprint}});
      table.add({"root of " + context.name_of(root.agency), fingerprint});
    }
    if (context.as_json) {
      Context::print({{"origin", pins.origin},
                      {"log_key", pins.log_key},
                      {"tls_pin", vault::hex(pins.tls_pin)},
                      {"roots", roots}});
      return {};
    }
    table.print("");
    if (pins.roots.empty()) note("The roots are pinned once all three partners have enrolled.");
    return {};
  });
}

void add_agency(CLI::App& app) {
  auto* group = add_command(app, "agency", "The organisations that may hold records", "");
  group->require_subcommand(1);

  struct Options {
    std::string name, kind;
  };
  auto options = std::make_shared<Options>();
  auto* add = add_command(*group, "add", "Add an agency (by a safeguarding partner)",
                          "strongroom agency add \"Fictional Primary School\" --kind school");
  add->add_option("NAME", options->name, "Its name, as people know it")->required();
  add->add_option("--kind", options->kind, "What it is")->required()->check(word_of<access::AgencyKind>());
  on_run(add, [options](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto name, context.session().stage_text(options->name, access::kMaxNameBytes));
    TRY(const auto kind, wire::parse_enum<access::AgencyKind>(options->kind));
    const auto agency = context.session().make_id<access::AgencyId>();
    TRY_VOID(context.session().act(wire::AddAgency{.agency = agency, .kind = kind, .name = name}));
    if (context.as_json)
      Context::print({{"agency", agency.to_string()}, {"name", options->name}, {"kind", options->kind}});
    else
      std::cout << agency.to_string() << '\n';
    return {};
  });

  auto* list = add_command(*group, "list", "List the agencies", "strongroom agency list --json");
  on_run(list, [](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto agencies, context.session().all<wire::AgencyView>("/v1/agencies"));
    if (context.as_json) {
      Context::print(wire::to_json(agencies));
      return {};
    }
    Table table({"agency", "kind", "name"});
    for (const auto& agency : agencies)
      table.add({agency.agency.to_string(), wire::enum_name(agency.kind), agency.name});
    table.print("no agency");
    return {};
  });
}

void add_person(CLI::App& app) {
  auto* group = add_command(app, "person", "The people of the partnership", "");
  group->require_subcommand(1);

  struct Invite {
    std::string agency, name;
    std::vector<std::string> roles;
    std::optional<std::string> replaces;
  };
  auto invite = std::make_shared<Invite>();
  auto* add =
      add_command(*group, "invite", "Invite a person (by a root, or by a lead for their own agency)",
                  "strongroom person invite --agency AGENCY --role practitioner,depositor --name \"Records officer\"");
  add->add_option("--agency", invite->agency, "Which agency they will belong to")->required();
  add->add_option("--role", invite->roles, "One or more roles, separated by commas")
      ->required()
      ->delimiter(',')
      ->check(word_of<Role>());
  add->add_option("--name", invite->name, "How you name them")->required();
  add->add_option("--replaces", invite->replaces, "Whose lost identity this replaces; it is revoked at once")
      ->type_name("PERSON");
  on_run(add, [invite](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto agency, context.agency(invite->agency));
    TRY(const auto roles, parse_roles(invite->roles));
    std::optional<access::PersonId> replaces;
    if (invite->replaces) {
      TRY(const auto person, context.person(*invite->replaces));
      TRY_VOID(context.confirmed("This revokes " + printable(context.name_of(person)) + " at once. Go on?"));
      replaces = person;
    }
    TRY(const auto made, client::invite(context.session(), context.directory(), agency, roles, invite->name, replaces));
    if (context.as_json) {
      Context::print({{"invitation", made.text}, {"expires", vault::to_rfc3339(made.expires)}});
    } else {
      std::cout << made.text << '\n';
      note("Valid until " + vault::to_rfc3339(made.expires) + ", for one use. Pass it on by a channel that you trust.");
    }
    return {};
  });

  auto* list = add_command(*group, "list", "List the people", "strongroom person list");
  on_run(list, [](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto people, context.session().all<wire::PersonView>("/v1/persons"));
    json::array array;
    Table table({"person", "name", "agencies and roles", "state"});
    for (const wire::PersonView& view : people) {
      // The key that others will encrypt to must be the one that the chain certifies.
      const auto certified = context.directory().certified(view.person);
      const bool good =
          certified && (*certified)->signing_key == view.signing_key && (*certified)->recipient == view.recipient;
      std::string places;
      for (const auto& membership : view.memberships) {
        std::vector<std::string> roles;
        for (const Role role : membership.roles) roles.push_back(wire::enum_name(role));
        places += (places.empty() ? "" : "; ") + context.name_of(membership.agency) + ": " + joined(roles);
      }
      table.add({view.person.to_string(), view.name, places,
                 view.revoked ? "revoked"
                 : good       ? "certified"
                              : "NOT CERTIFIED"});
      json::value one = wire::to_json(view);
      one.as_object()["certified"] = good;
      one.as_object()["fingerprint"] = client::fingerprint(view.signing_key);
      array.push_back(std::move(one));
    }
    if (context.as_json)
      Context::print(array);
    else
      table.print("nobody");
    return {};
  });

  struct Revoke {
    std::string person;
    FreeText reason;
  };
  auto revoke = std::make_shared<Revoke>();
  auto* remove = add_command(*group, "revoke", "Revoke a person: their key is refused from now on",
                             "strongroom person revoke PERSON --reason \"left the agency\"");
  remove->add_option("PERSON", revoke->person)->required();
  revoke->reason.bind(remove, "reason");
  on_run(remove, [revoke](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto person, context.person(revoke->person));
    TRY_VOID(context.confirmed("Revoke " + printable(context.name_of(person)) + "? This cannot be undone."));
    wire::RevokePerson command{.person = person, .reason = {}};
    TRY(const auto reason, optional_text("reason", revoke->reason.text, revoke->reason.file));
    if (reason) {
      TRY(command.reason, context.session().stage_text(*reason));
    }
    TRY_VOID(context.session().act(command));
    if (context.as_json)
      Context::print({{"person", person.to_string()}, {"revoked", true}});
    else
      std::cout << "revoked " << person.to_string() << '\n';
    return {};
  });
}

void add_sync(CLI::App& app) {
  auto* command = add_command(app, "sync",
                              "Do what this client owes the others, and nothing else. Asks before it gives "
                              "somebody a safe's key, or prepares a copy that this machine does not remember issuing; "
                              "--yes answers yes",
                              "strongroom sync");
  on_run(command, [](Context& context) -> Result<void> {
    TRY_VOID(context.connect(context.yes ? Context::Agree::yes : Context::Agree::ask));  // does it, and says so
    if (context.as_json) {
      json::array duties;
      for (const client::DutyDone& duty : context.duties())
        duties.push_back({{"duty", duty.duty}, {"safe", duty.safe}, {"done", duty.done}, {"text", duty.text}});
      Context::print(duties);
    } else if (context.duties().empty()) {
      note("nothing is owed");
    }
    // What waits for the person (Errc::conflict) is said, and is no failure of this command.
    for (const client::DutyDone& duty : context.duties())
      if (!duty.done && duty.code != Errc::conflict) return Error{duty.code, duty.text};
    return {};
  });
}

}  // namespace

void add_people_commands(CLI::App& app) {
  add_enrol(app);
  add_whoami(app);
  add_trust(app);
  add_agency(app);
  add_person(app);
  add_sync(app);
}

}  // namespace cli
