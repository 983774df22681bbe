// enrol, whoami, trust, agency, person, sync: who takes part, and how they come to trust each other.
#include <iostream>
#include <set>

#include "cli/client/enrol.h"
#include "cli/client/roots.h"
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
    command
        .add_option("INVITATION", invitation, "The invitation: its text, a file that has it, or - for standard input")
        ->required();
    command.add_option("--name", name, "How others see you; the inviter's words unless given");
    command
        .add_option("--work-factor", work_factor,
                    "Cost of guessing the passphrase of identity.age: 2 to this power (scrypt)")
        ->check(CLI::Range(8U, 22U));
  }
};

// Returns the invitation's text. It is secret, so it is better kept in a file than in the history of a shell.
Result<std::string> read_invitation(const std::string& given) {
  const std::size_t start = given.find_first_not_of(" \t\r\n");
  if (start != std::string::npos && given.compare(start, wire::kInvitationStart.size(), wire::kInvitationStart) == 0)
    return given;
  std::string text;
  if (given == "-") {
    std::getline(std::cin, text, '\0');
    return text;
  }
  auto file = vault::read_file_limited(given, wire::kMaxInvitationText);
  if (!file)
    return Error{Errc::invalid_argument, "this is neither the text of an invitation nor a file that has one: " +
                                             printable(file.error().message)};
  text = vault::to_text(*file);
  vault::wipe(*file);
  return text;
}

Result<void> run(Context& context, const Enrol& options) {
  client::EnrolOptions enrolment;
  TRY(enrolment.invitation, read_invitation(options.invitation));
  enrolment.name = options.name;
  enrolment.scrypt_log_n = options.work_factor;
  const auto folder = client::Home::default_path();
  // Somebody who is enrolled already joins a further agency with the same identity, and so the same passphrase.
  const bool existing = client::Home::has_identity(folder);
  TRY(const client::Enrolled enrolled,
      client::enrol(folder, existing ? context.passphrase() : context.new_passphrase(), enrolment));
  const std::string person = enrolled.session->person().to_string();
  const std::string& fingerprint = enrolled.fingerprint;
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
  const client::Person* self = context.directory().find(view.person);
  const std::string fingerprint =
      self != nullptr ? client::fingerprint(*self) : client::fingerprint(context.session().keys().signing.verify_key());
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

struct Trust {
  bool confirm = false;
  std::vector<std::string> fingerprints;

  void add_flags(CLI::App& command) {
    CLI::Option* flag = command.add_flag("--confirm", confirm,
                                         "For a root: sign for the keys of all three roots, after you have compared "
                                         "the other two fingerprints in person");
    command
        .add_option("FINGERPRINT", fingerprints,
                    "The fingerprints of the other two roots, in any order, with or without spaces. They are asked "
                    "for, or read from two lines of standard input, unless given")
        ->needs(flag);
  }
};

// Splits fingerprints that were given without quotes, so that each of their groups is an argument of its own.
std::vector<std::string> whole_fingerprints(const std::vector<std::string>& words) {
  constexpr std::size_t kDigits = 2 * wire::kRootFingerprintBytes;
  if (words.size() <= 2) return words;
  std::string together = joined(words, "");
  std::erase_if(together, [](char c) { return c == ' ' || c == ':' || c == '-'; });
  if (together.size() != 2 * kDigits) return words;
  return {together.substr(0, kDigits), together.substr(kDigits)};
}

// Returns the fingerprints of these roots as the person gives them: in the command, at the terminal, or in two lines of
// standard input. It does not show what they must be, because a person who only copied it would have compared nothing.
std::vector<std::string> read_fingerprints(Context& context, const Trust& options,
                                           const std::vector<client::Root>& others) {
  if (!options.fingerprints.empty()) return whole_fingerprints(options.fingerprints);
  std::vector<std::string> lines;
  for (const client::Root& root : others) {
    std::string line;
    if (is_at_terminal())
      line = ask("The fingerprint of " + context.name_of(root.keys->person) + ", the root of " +
                 context.name_of(root.agency) + ", as they read it to you: ");
    else
      std::getline(std::cin, line);
    if (line.find_first_not_of(" \r") != std::string::npos) lines.push_back(line);
  }
  return lines;
}

json::object root_json(Context& context, const client::Root& root) {
  json::object one{{"agency", root.agency.to_string()}, {"name", context.name_of(root.agency)}};
  if (root.keys) {
    one["person"] = root.keys->person.to_string();
    one["fingerprint"] = client::fingerprint(*root.keys);
  }
  return one;
}

Result<void> confirm_roots(Context& context, const Trust& options) {
  TRY(const auto others, client::roots_to_compare(context.session(), context.directory()));
  TRY_VOID(client::confirm_roots(context.session(), context.directory(), read_fingerprints(context, options, others)));
  const client::DirectoryChain& chain = context.directory().chain();
  json::array confirmed, missing;
  std::vector<std::string> waiting;
  for (const client::Root& root : client::roots_of(chain)) {
    (root.confirmed ? confirmed : missing).push_back(root_json(context, root));
    if (!root.confirmed)
      waiting.push_back(context.name_of(root.keys->person) + " (" + context.name_of(root.agency) + ")");
  }
  if (context.as_json) {
    print_json({{"statement", chain.roots_statement().value_or("")}, {"confirmed", confirmed}, {"missing", missing}});
    return {};
  }
  std::cout << "confirmed the roots of this vault\n";
  if (waiting.empty())
    note("All three roots have confirmed. Each of them can invite people now.");
  else
    note("Nobody can be invited until these roots have confirmed too: " + joined(waiting));
  return {};
}

Result<void> run(Context& context, const Trust& options) {
  TRY_VOID(context.connect());
  if (options.confirm) return confirm_roots(context, options);
  TRY(const client::Pins pins, context.session().home().pins());  // read after connecting, which may pin more of them
  json::array roots;
  Table table({"what", "value", "confirmed"});
  table.add({"origin", pins.origin, ""});
  table.add({"log key", pins.log_key, ""});
  table.add({"TLS key", vault::hex(pins.tls_pin), ""});
  const auto all = pins.roots.empty() ? std::vector<client::Root>{} : client::roots_of(context.directory().chain());
  for (const client::Root& root : all) {
    json::object one = root_json(context, root);
    one["confirmed"] = root.confirmed;
    roots.push_back(std::move(one));
    table.add({"root of " + context.name_of(root.agency), client::fingerprint(*root.keys),
               root.confirmed ? "yes" : "not yet"});
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
    one.as_object()["fingerprint"] = good ? client::fingerprint(**certified) : client::fingerprint(view.signing_key);
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
                     "strongroom enrol records-officer.invitation --name \"Records officer\"");
  add_command<Whoami>(app, "whoami", "Who you are to this vault", "strongroom whoami --json");
  add_command<Trust>(app, "trust", "What you trust: origin, log key, TLS key and the partners' roots",
                     "strongroom trust              # then compare the fingerprints in person\n"
                     "  strongroom trust --confirm    # a root types what the other two read out");

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
