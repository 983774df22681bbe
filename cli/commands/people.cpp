// enrol, whoami, trust, agency, person, sync: who takes part, and how they come to trust each other.
#include <iostream>
#include <set>

#include "cli/client/enrol.h"
#include "cli/commands/command.h"
#include "vault/base/file.h"

namespace cli {
namespace {

using access::Role;

std::vector<std::string> role_names(const std::vector<Role>& roles) {
  std::vector<std::string> names;
  for (const Role role : roles) names.push_back(wire::enum_name(role));
  return names;
}

// --- enrol ----------------------------------------------------------------------------------------------------------

struct Enrol {
  std::string invitation;
  std::optional<std::string> name;
  unsigned work_factor = client::Home::kIdentityScryptLogN;

  void add_flags(CLI::App& command) {
    command.add_option("INVITATION", invitation, "The invitation's text, or - to read it from standard input")
        ->required();
    command.add_option("--name", name, "How others see you; the inviter's words unless given");
    command
        .add_option("--work-factor", work_factor,
                    "Cost of guessing the passphrase of identity.age: 2 to this power (scrypt)")
        ->check(CLI::Range(8U, 22U));
  }
};

Result<void> run(Context& context, const Enrol& options) {
  client::EnrolOptions enrolment;
  enrolment.invitation = options.invitation;
  if (options.invitation == "-") std::getline(std::cin, enrolment.invitation, '\0');
  enrolment.name = options.name;
  enrolment.scrypt_log_n = options.work_factor;
  const auto folder = client::Home::default_path();
  // Somebody who is enrolled already joins a further agency with the same identity, and so the same passphrase.
  const bool existing = client::Home::has_identity(folder);
  TRY(const client::Enrolled enrolled,
      client::enrol(folder, existing ? context.passphrase() : context.new_passphrase(), enrolment));
  const std::string person = enrolled.session->person().to_string();
  const std::string fingerprint = client::fingerprint(enrolled.session->keys().signing.verify_key());
  if (context.as_json) {
    print_json({{"person", person}, {"fingerprint", fingerprint}, {"joined", enrolled.joined}});
  } else {
    std::cout << (enrolled.joined ? "joined a further agency as " : "enrolled as ") << person << "\nfingerprint "
              << fingerprint << "\nidentity    " << vault::text_of(folder / "identity.age") << '\n';
    note("Keep a copy of identity.age and its passphrase. If you lose either, you must be invited again.");
  }
  return {};
}

// --- whoami, trust --------------------------------------------------------------------------------------------------

struct Whoami {};

Result<void> run(Context& context, const Whoami&) {
  TRY_VOID(context.connect());
  TRY(const auto view, context.session().get<wire::PersonView>("/v1/whoami"));
  const auto certified = context.directory().certified(view.person);
  std::set<std::string> roles;
  json::array agencies;
  std::vector<std::string> places;
  for (const wire::MembershipView& membership : view.memberships) {
    agencies.push_back(json::string(membership.agency.to_string()));
    const std::vector<std::string> here = role_names(membership.roles);
    roles.insert(here.begin(), here.end());
    places.push_back(context.name_of(membership.agency) + " (" + joined(here) + ")");
  }
  const std::string fingerprint = client::fingerprint(context.session().keys().signing.verify_key());
  if (context.as_json) {
    print_json({{"person", view.person.to_string()},
                {"name", view.name},
                {"agencies", agencies},
                {"roles", json::value_from(roles)},
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
}

struct Trust {};

Result<void> run(Context& context, const Trust&) {
  TRY_VOID(context.connect());
  TRY(const client::Pins pins, context.session().home().pins());  // read after connecting, which may pin more of them
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
    print_json(
        {{"origin", pins.origin}, {"log_key", pins.log_key}, {"tls_pin", vault::hex(pins.tls_pin)}, {"roots", roots}});
    return {};
  }
  table.print("");
  if (pins.roots.empty()) note("The roots will be shown here once all three partners have enrolled.");
  return {};
}

// --- agency ---------------------------------------------------------------------------------------------------------

struct AgencyAdd {
  std::string name, kind;

  void add_flags(CLI::App& command) {
    command.add_option("NAME", name, "Its name, as people know it")->required();
    command.add_option("--kind", kind, "What it is")->required()->check(word_of<access::AgencyKind>());
  }
};

Result<void> run(Context& context, const AgencyAdd& options) {
  TRY_VOID(context.connect());
  TRY(const auto name, context.session().stage_text(options.name, access::kMaxNameBytes));
  TRY(const auto kind, wire::parse_enum<access::AgencyKind>(options.kind));
  const auto agency = context.session().make_id<access::AgencyId>();
  TRY_VOID(context.session().act(wire::AddAgency{.agency = agency, .kind = kind, .name = name}));
  if (context.as_json)
    print_json({{"agency", agency.to_string()}, {"name", options.name}, {"kind", options.kind}});
  else
    std::cout << agency.to_string() << '\n';
  return {};
}

struct AgencyList {};

Result<void> run(Context& context, const AgencyList&) {
  TRY_VOID(context.connect());
  TRY(const auto agencies, context.session().all<wire::AgencyView>("/v1/agencies"));
  if (context.as_json) {
    print_json(wire::to_json(agencies));
    return {};
  }
  Table table({"agency", "kind", "name"});
  for (const auto& agency : agencies) table.add({agency.agency.to_string(), wire::enum_name(agency.kind), agency.name});
  table.print("there is no agency yet");
  return {};
}

// --- person ---------------------------------------------------------------------------------------------------------

struct PersonInvite {
  std::string agency, name;
  std::vector<std::string> roles;
  std::optional<std::string> replaces;

  void add_flags(CLI::App& command) {
    command.add_option("--agency", agency, "Which agency they will belong to")->required();
    command.add_option("--role", roles, "One or more roles, separated by commas")
        ->required()
        ->delimiter(',')
        ->check(word_of<Role>());
    command.add_option("--name", name, "How you name them")->required();
    command.add_option("--replaces", replaces, "Whose lost identity this replaces; it is revoked at once")
        ->type_name("PERSON");
  }
};

// A role that was given twice counts once.
Result<std::vector<Role>> parse_roles(const std::vector<std::string>& words) {
  std::vector<Role> roles;
  for (const std::string& word : words) {
    TRY(const Role role, wire::parse_enum<Role>(word));
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) roles.push_back(role);
  }
  return roles;
}

Result<void> run(Context& context, const PersonInvite& options) {
  TRY_VOID(context.connect());
  TRY(const auto agency, context.find_agency(options.agency));
  TRY(const auto roles, parse_roles(options.roles));
  std::optional<access::PersonId> replaces;
  if (options.replaces) {
    TRY(const auto person, context.find_person(*options.replaces));
    TRY_VOID(context.confirm("This revokes " + printable(context.name_of(person)) + " at once. Continue?"));
    replaces = person;
  }
  TRY(const auto made, client::invite(context.session(), context.directory(), agency, roles, options.name, replaces));
  if (context.as_json) {
    print_json({{"invitation", made.text}, {"expires", vault::to_rfc3339(made.expires)}});
  } else {
    std::cout << made.text << '\n';
    note("It can be used once, until " + vault::to_rfc3339(made.expires) +
         ". Send it in a way that nobody else can read.");
  }
  return {};
}

struct PersonList {};

Result<void> run(Context& context, const PersonList&) {
  TRY_VOID(context.connect());
  TRY(const auto people, context.session().all<wire::PersonView>("/v1/persons"));
  json::array array;
  Table table({"person", "name", "agencies and roles", "state"});
  for (const wire::PersonView& view : people) {
    // Others will encrypt to this key, so it must be the one that the chain of certificates names.
    const auto certified = context.directory().certified(view.person);
    const bool good =
        certified && (*certified)->signing_key == view.signing_key && (*certified)->recipient == view.recipient;
    std::vector<std::string> places;
    for (const auto& membership : view.memberships)
      places.push_back(context.name_of(membership.agency) + ": " + joined(role_names(membership.roles)));
    table.add({view.person.to_string(), view.name, joined(places, "; "),
               view.revoked ? "revoked"
               : good       ? "certified"
                            : "NOT CERTIFIED"});
    json::value one = wire::to_json(view);
    one.as_object()["certified"] = good;
    one.as_object()["fingerprint"] = client::fingerprint(view.signing_key);
    array.push_back(std::move(one));
  }
  if (context.as_json)
    print_json(array);
  else
    table.print("nobody is enrolled yet");
  return {};
}

struct PersonRevoke {
  std::string person;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    command.add_option("PERSON", person, "Their id")->required();
    reason.add_flags(command);
  }
};

Result<void> run(Context& context, const PersonRevoke& options) {
  TRY_VOID(context.connect());
  TRY(const auto person, context.find_person(options.person));
  TRY_VOID(context.confirm("Revoke " + printable(context.name_of(person)) + "? This cannot be undone."));
  wire::RevokePerson act{.person = person, .reason = {}};
  TRY(act.reason, stage_optional(context, options.reason));
  TRY_VOID(context.session().act(act));
  if (context.as_json)
    print_json({{"person", person.to_string()}, {"revoked", true}});
  else
    std::cout << "revoked " << person.to_string() << '\n';
  return {};
}

// --- sync -----------------------------------------------------------------------------------------------------------

struct Sync {};

Result<void> run(Context& context, const Sync&) {
  // Connecting does the work and reports it.
  TRY_VOID(context.connect(context.yes ? Context::Agree::yes : Context::Agree::ask));
  if (context.as_json) {
    json::array duties;
    for (const client::DutyDone& duty : context.duties())
      duties.push_back({{"duty", duty.duty}, {"safe", duty.safe}, {"done", duty.done}, {"text", duty.text}});
    print_json(duties);
  } else if (context.duties().empty()) {
    note("there is nothing to do");
  }
  // Work that waits for the person's agreement (Errc::conflict) is no failure of this command.
  for (const client::DutyDone& duty : context.duties())
    if (!duty.done && duty.code != Errc::conflict) return Error{duty.code, duty.text};
  return {};
}

}  // namespace

void add_people_commands(CLI::App& app) {
  add_command<Enrol>(app, "enrol", "Accept an invitation: make your keys on this machine",
                     "strongroom enrol strongroom-invitation-v1.… --name \"Records officer\"");
  add_command<Whoami>(app, "whoami", "Who you are to this vault", "strongroom whoami --json");
  add_command<Trust>(app, "trust", "What you trust: origin, log key, TLS key and the partners' roots",
                     "strongroom trust    # then compare the fingerprints in person");

  auto& agency = add_group(app, "agency", "The organisations that may hold records");
  add_command<AgencyAdd>(agency, "add", "Add an agency (by a safeguarding partner)",
                         "strongroom agency add \"Fictional Primary School\" --kind school");
  add_command<AgencyList>(agency, "list", "List the agencies", "strongroom agency list --json");

  auto& person = add_group(app, "person", "The people of the partnership");
  add_command<PersonInvite>(
      person, "invite", "Invite a person (by a root, or by a lead for their own agency)",
      "strongroom person invite --agency AGENCY --role practitioner,depositor --name \"Records officer\"");
  add_command<PersonList>(person, "list", "List the people", "strongroom person list");
  add_command<PersonRevoke>(person, "revoke", "Revoke a person: their key is refused from now on",
                            "strongroom person revoke PERSON --reason \"left the agency\"");

  add_command<Sync>(app, "sync",
                    "Do the work that this client owes others, and nothing else. It asks before it gives somebody a "
                    "safe's key, or prepares a copy that this machine does not remember issuing; --yes answers yes",
                    "strongroom sync");
}

}  // namespace cli
