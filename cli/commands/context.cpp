#include "cli/commands/context.h"

#include <algorithm>
#include <iostream>

#include "cli/client/copies.h"
#include "cli/client/desk.h"
#include "cli/client/session/renewed_key.h"

namespace cli {
namespace {

// The one thing whose id is `words` or begins so.
template <class Id, class Range, class IdOf>
Result<Id> by_prefix(std::string_view words, const Range& things, IdOf id_of, std::string_view what) {
  std::optional<Id> found;
  for (const auto& thing : things) {
    const Id id = id_of(thing);
    const std::string text = id.to_string();
    if (text == words) return id;
    if (words.size() < 4 || !text.starts_with(words)) continue;
    if (found)
      return Error{Errc::invalid_argument, "more than one " + std::string(what) + " begins with \"" + printable(words) +
                                               "\"; write more of the id"};
    found = id;
  }
  if (!found)
    return Error{Errc::not_found, "no " + std::string(what) + " \"" + printable(words) + "\" that you may see"};
  return *found;
}

std::map<const CLI::App*, Action>& actions() {
  static std::map<const CLI::App*, Action> all;
  return all;
}

}  // namespace

const Action* action_of(const CLI::App* command) {
  const auto found = actions().find(command);
  return found == actions().end() ? nullptr : &found->second;
}

void Context::bind(CLI::App& app) {
  app.add_flag("--json", as_json, "Print one JSON document instead of text");
  app.add_flag("--yes", yes, "Do not ask before what cannot be undone");
  app.add_option("--passphrase-file", passphrase_file, "Read the passphrase from the first line of this file")
      ->envname("STRONGROOM_PASSPHRASE_FILE")
      ->type_name("FILE");
  app.add_option("--as", as_agency, "Which of your agencies you act for")->type_name("AGENCY");
}

Result<void> Context::confirmed(std::string_view question) const {
  if (yes) return {};
  TRY(const bool sure, confirm(question));
  if (!sure) return Error{Errc::invalid_argument, "nothing was done"};
  return {};
}

client::PassphraseSource Context::passphrase() const {
  return passphrase_file ? client::passphrase_from_file(*passphrase_file) : client::passphrase_from_terminal();
}

client::PassphraseSource Context::new_passphrase() const {
  if (passphrase_file) return client::passphrase_from_file(*passphrase_file);
  return [](std::string_view prompt) -> Result<vault::SecretText> {
    const auto ask = client::passphrase_from_terminal();
    TRY(vault::SecretText first, ask(prompt));
    TRY(const vault::SecretText second, ask("The same once more"));
    if (!vault::constant_time_equal(vault::as_bytes(first.expose()), vault::as_bytes(second.expose())))
      return Error{Errc::invalid_argument, "the two passphrases differ; nothing was done"};
    return first;
  };
}

namespace {

constexpr std::size_t kMaxAskedName = 48;  // of a person or an agency in a question: nothing may hide behind a long one

std::string shortened(const std::string& text, std::size_t most) {
  const std::string shown = printable(text);
  if (shown.size() <= most) return shown;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xc0U) == 0x80) --end;  // not within a character
  return shown.substr(0, end) + "…";
}

}  // namespace

client::Consent Context::ask(const client::Question& question) {
  if (!is_at_terminal()) return client::Consent::unanswered;
  const auto line = [](std::string_view name, const std::string& text) {
    note("  " + std::string(name) + std::string(14 - name.size(), ' ') + printable(text));
  };
  // A name is somebody's own word. The id and the fingerprint beside it are certified.
  const auto named = [&](const access::PersonId& id) {
    return id == session().person() ? "you" : shortened(name_of(id), kMaxAskedName) + " (" + id.to_string() + ")";
  };
  if (question.copy) {
    note("A copy for somebody else is ready to be handed on, but this machine does not remember that you issued it.");
    note("If you did not, answer n and tell the safeguarding partners.");
    line("copy", client::copy_name(question.copy->number));
    line("records", std::to_string(question.copy->records));
    line("purpose", wire::enum_name(question.copy->purpose));
    line("due back", vault::to_string(question.copy->due));
  } else {
    note(
        "Somebody was nominated, and needs your agreement to open every record in the safe. Compare the fingerprint "
        "with");
    note("them, by telephone for example, before you agree.");
  }
  line(question.copy ? "for" : "person", named(question.person));
  line("fingerprint", question.fingerprint);
  for (const client::Question::Safe& asked : question.safes) {
    line("safe", asked.safe.to_string() + (asked.agency ? " of " + shortened(name_of(*asked.agency), kMaxAskedName)
                                                        : std::string(" of the review")));
    const auto view = session().get<wire::CaseView>("/v1/cases/" + asked.case_.to_string());
    line("case", (view ? shortened(view->reference, kMaxAskedName) + ", " : std::string()) + asked.case_.to_string());
    line(question.copy ? "issued by" : "nominated by", named(asked.by) + ", " + vault::to_rfc3339(asked.signed_at));
  }
  const auto sure =
      confirm(question.copy ? "Did you issue this copy, and shall they have it?" : "Let this person open the safe?");
  return sure && *sure ? client::Consent::yes : client::Consent::no;
}

Result<void> Context::connect(Agree agree) {
  TRY(client::Home home, client::Home::open(client::Home::default_path()));
  TRY(const client::Pins pins, home.pins());
  TRY(client::Carrier carry, client::carrier_of_home(home.folder(), pins, [] {
        note("the service's TLS key was renewed, as the log's key has signed; the new one is pinned now");
      }));
  TRY(session_, client::Session::start(std::move(home), passphrase(), {.carry = std::move(carry), .pause = {}}));
  TRY(client::Directory directory, client::Directory::load(*session_));
  directory_.emplace(std::move(directory));
  TRY(duties_, client::sync(*session_, *directory_, [&](const client::Question& question) {
        return agree == Agree::yes ? client::Consent::yes : ask(question);
      }));
  for (const client::DutyDone& duty : duties_) note((duty.done ? "sync: " : "sync: not done: ") + printable(duty.text));
  return {};
}

Result<void> Context::load_names() {
  if (names_loaded_) return {};
  TRY(const auto people, session_->all<wire::PersonView>("/v1/persons"));
  for (const wire::PersonView& person : people) person_names_[person.person] = person.name;
  TRY(const auto agencies, session_->all<wire::AgencyView>("/v1/agencies"));
  for (const wire::AgencyView& agency : agencies) agency_names_[agency.agency] = agency.name;
  names_loaded_ = true;
  return {};
}

std::string Context::name_of(const access::PersonId& person) {
  if (!load_names()) return person.to_string();
  const auto found = person_names_.find(person);
  return found == person_names_.end() || found->second.empty() ? person.to_string() : found->second;
}

std::string Context::name_of(const access::AgencyId& agency) {
  if (!load_names()) return agency.to_string();
  const auto found = agency_names_.find(agency);
  return found == agency_names_.end() || found->second.empty() ? agency.to_string() : found->second;
}

Result<access::PersonId> Context::person(std::string_view words) {
  return by_prefix<access::PersonId>(
      words, directory().chain().persons(), [](const auto& entry) { return entry.first; }, "person");
}

Result<access::AgencyId> Context::agency(std::string_view words) {
  const auto& agencies = directory().chain().agencies();
  if (const auto kind = wire::parse_enum<access::AgencyKind>(words)) {
    std::vector<access::AgencyId> of_kind;
    for (const auto& [id, agency] : agencies)
      if (agency.kind == *kind) of_kind.push_back(id);
    if (of_kind.size() == 1) return of_kind.front();
    if (of_kind.size() > 1)
      return Error{Errc::invalid_argument,
                   "more than one agency is of that kind; give its id (strongroom agency list)"};
  }
  return by_prefix<access::AgencyId>(words, agencies, [](const auto& entry) { return entry.first; }, "agency");
}

Result<access::CaseId> Context::case_id(std::string_view words) {
  if (auto id = access::CaseId::parse(words)) return *id;
  TRY(const auto cases, session().all<wire::CaseView>("/v1/cases"));
  const auto same = std::find_if(cases.begin(), cases.end(), [&](const auto& one) { return one.reference == words; });
  if (same != cases.end()) return same->case_;
  return by_prefix<access::CaseId>(words, cases, [](const auto& one) { return one.case_; }, "case");
}

Result<access::SafeId> Context::safe(std::string_view words) {
  if (auto id = access::SafeId::parse(words)) return *id;
  TRY(const auto safes, session().all<wire::SafeView>("/v1/safes"));
  return by_prefix<access::SafeId>(words, safes, [](const auto& one) { return one.safe; }, "safe");
}

Result<access::RecordId> Context::record(std::string_view words) {
  if (auto id = access::RecordId::parse(words)) return *id;
  TRY(const auto safes, session().all<wire::SafeView>("/v1/safes"));
  std::vector<access::RecordId> records;
  for (const wire::SafeView& safe : safes) {
    TRY(const auto listed, session().all<wire::RecordView>("/v1/safes/" + safe.safe.to_string() + "/records"));
    for (const wire::RecordView& record : listed) records.push_back(record.record);
  }
  return by_prefix<access::RecordId>(words, records, [](const auto& id) { return id; }, "record");
}

Result<wire::CopyView> Context::copy(std::string_view words) {
  if (access::CopyId::parse(words) || words.starts_with("C-"))
    return session().get<wire::CopyView>("/v1/copies/" + printable(words));
  TRY(const auto copies, session().all<wire::CopyView>("/v1/copies"));
  TRY(const auto id, by_prefix<access::CopyId>(words, copies, [](const auto& one) { return one.copy; }, "copy"));
  return *std::find_if(copies.begin(), copies.end(), [&](const auto& one) { return one.copy == id; });
}

Result<access::AgencyId> Context::acting_agency(access::Role role) {
  if (as_agency) return agency(*as_agency);
  std::vector<access::AgencyId> possible;
  if (const client::Person* self = directory().find(session().person()))
    for (const client::Membership& membership : self->memberships)
      if (std::find(membership.roles.begin(), membership.roles.end(), role) != membership.roles.end())
        possible.push_back(membership.agency);
  if (possible.size() == 1) return possible.front();
  if (possible.empty())
    return Error{Errc::refused, "this needs the role " + wire::enum_name(role) + ", which you have in no agency"};
  return Error{Errc::invalid_argument, "you have that role in several agencies: choose one with --as AGENCY"};
}

void Context::print(const json::value& value) {
  std::cout << value << '\n' << std::flush;
}

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->fallthrough();
  command->set_help_flag("-h,--help", "Explain this command");
  if (!example.empty()) command->footer("Example:\n  " + example);
  return command;
}

void on_run(CLI::App* command, Action action) {
  actions()[command] = std::move(action);
}

Result<vault::Date> parse_day(std::string_view option, const std::string& text) {
  auto date = vault::parse_date(text);
  if (!date)
    return Error{Errc::invalid_argument,
                 std::string(option) + ": \"" + printable(text) + "\" is no date of the form 2026-11-22"};
  return date;
}

Result<vault::Instant> parse_moment(const std::string& text) {
  if (auto instant = vault::parse_rfc3339(text)) return *instant;
  // Forms that people type, in UTC: "2026-11-22", "2026-11-22T09:30", "2026-11-22T09:30:00Z".
  std::string full = text;
  if (!full.empty() && full.back() == 'Z') full.pop_back();
  if (full.size() == 10) full += "T00:00";
  if (full.size() == 16) full += ":00";
  if (full.size() == 19) full += ".000";
  if (auto instant = vault::parse_rfc3339(full + "Z")) return *instant;
  return Error{Errc::invalid_argument, "\"" + printable(text) + "\" is not a time such as 2026-11-22T09:30Z (UTC)"};
}

void FreeText::bind(CLI::App* command, const std::string& name, const std::string& help) {
  auto* given_text = command->add_option("--" + name, text, help)->type_name("TEXT");
  command->add_option("--" + name + "-file", file, "Read it from this file (\"-\": standard input)")
      ->type_name("FILE")
      ->excludes(given_text);
}

}  // namespace cli
