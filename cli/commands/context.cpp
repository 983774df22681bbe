#include "cli/commands/context.h"

#include <algorithm>
#include <iostream>

#include "cli/client/copies.h"
#include "cli/client/desk.h"
#include "cli/client/session/renewed_key.h"

namespace cli {
namespace {

constexpr std::size_t kShortestPrefix = 4;  // a shorter one ("rec") is the beginning of every id of its kind

// Finds the one thing whose id is `words` or begins with it. `kind` is the word for it in messages.
template <class Id, class Range, class IdOf>
Result<Id> find_by_prefix(std::string_view words, const Range& things, IdOf id_of, const std::string& kind) {
  std::optional<Id> found;
  for (const auto& thing : things) {
    const Id id = id_of(thing);
    const std::string text = id.to_string();
    if (text == words) return id;
    if (words.size() < kShortestPrefix || !text.starts_with(words)) continue;
    if (found)
      return Error{Errc::invalid_argument, "more than one " + kind + " has an id that begins with \"" +
                                               printable(words) + "\": type more of it"};
    found = id;
  }
  if (!found)
    return Error{Errc::not_found, "there is no " + kind + " \"" + printable(words) + "\", or you may not see it"};
  return *found;
}

constexpr std::size_t kMaxAskedName = 48;  // in a question: a long name could push the rest of its line out of sight

std::string shortened(const std::string& text, std::size_t most) {
  const std::string shown = printable(text);
  if (shown.size() <= most) return shown;
  std::size_t end = most;
  // Do not cut within a character: the later bytes of a UTF-8 character are 10xxxxxx.
  while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xc0U) == 0x80) --end;
  return shown.substr(0, end) + "…";
}

}  // namespace

void Context::add_flags(CLI::App& app) {
  app.add_flag("--json", as_json, "Print one JSON document instead of text");
  app.add_flag("--yes", yes, "Do not ask before an act that cannot be undone");
  app.add_option("--passphrase-file", passphrase_file, "Read the passphrase from the first line of this file")
      ->envname("STRONGROOM_PASSPHRASE_FILE")
      ->type_name("FILE");
  app.add_option("--as", as_agency, "Which of your agencies you act for")->type_name("AGENCY");
}

Result<void> Context::confirm(std::string_view question) const {
  if (yes) return {};
  TRY(const bool sure, ask_yes_or_no(question));
  if (!sure) return Error{Errc::invalid_argument, "you answered no, and nothing was done"};
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
    TRY(const vault::SecretText second, ask("The same passphrase again"));
    if (!vault::constant_time_equal(vault::as_bytes(first.expose()), vault::as_bytes(second.expose())))
      return Error{Errc::invalid_argument, "the two passphrases differ, and nothing was done: run the command again"};
    return first;
  };
}

client::Consent Context::ask(const client::Question& question) {
  if (!is_at_terminal()) return client::Consent::unanswered;
  const auto line = [](std::string_view name, const std::string& text) {
    note("  " + std::string(name) + std::string(14 - name.size(), ' ') + printable(text));
  };
  // People choose their names themselves, so the id is shown too. The id and the fingerprint are certified.
  const auto named = [&](const access::PersonId& id) {
    return id == session().person() ? "you" : shortened(name_of(id), kMaxAskedName) + " (" + id.to_string() + ")";
  };
  if (question.copy) {
    note("A copy for somebody else was issued in your name, but this machine does not remember that you did it.");
    note("If you did not, answer n and tell the safeguarding partners.");
    line("copy", client::copy_name(question.copy->number));
    line("records", std::to_string(question.copy->records));
    line("purpose", wire::enum_name(question.copy->purpose));
    line("due back", vault::to_string(question.copy->due));
  } else {
    note("Somebody was nominated, and needs your agreement before they can open the records in the safe. Compare the");
    note("fingerprint with them, for example by telephone, before you agree.");
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
  const auto sure = ask_yes_or_no(question.copy ? "Did you issue this copy, and should they get it?"
                                                : "Let this person open the safe?");
  return sure && *sure ? client::Consent::yes : client::Consent::no;
}

Result<void> Context::connect(Agree agree) {
  TRY(client::Home home, client::Home::open(client::Home::default_path()));
  TRY(const client::Pins pins, home.pins());
  TRY(client::Carrier carry, client::carrier_of_home(home.folder(), pins, [] {
        note("the service renewed its TLS key, and the log's key has signed the new one, which is trusted from now on");
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
  if (!load_names()) return person.to_string();  // a name is a convenience: a command does not fail for one
  const auto found = person_names_.find(person);
  return found == person_names_.end() || found->second.empty() ? person.to_string() : found->second;
}

std::string Context::name_of(const access::AgencyId& agency) {
  if (!load_names()) return agency.to_string();
  const auto found = agency_names_.find(agency);
  return found == agency_names_.end() || found->second.empty() ? agency.to_string() : found->second;
}

Result<access::PersonId> Context::find_person(std::string_view words) {
  return find_by_prefix<access::PersonId>(
      words, directory().chain().persons(), [](const auto& entry) { return entry.first; }, "person");
}

Result<access::AgencyId> Context::find_agency(std::string_view words) {
  const auto& agencies = directory().chain().agencies();
  if (const auto kind = wire::parse_enum<access::AgencyKind>(words)) {
    std::vector<access::AgencyId> of_kind;
    for (const auto& [id, agency] : agencies)
      if (agency.kind == *kind) of_kind.push_back(id);
    if (of_kind.size() == 1) return of_kind.front();
    if (of_kind.size() > 1)
      return Error{Errc::invalid_argument, "more than one agency is of the kind " + std::string(words) +
                                               ": give the id of one (strongroom agency list)"};
  }
  return find_by_prefix<access::AgencyId>(words, agencies, [](const auto& entry) { return entry.first; }, "agency");
}

// A whole id of a case, a safe, a record or a copy is not looked up: the service answers whether it exists, and an
// attempt to reach one that this person may not see belongs in the trail.
Result<access::CaseId> Context::find_case(std::string_view words) {
  if (auto id = access::CaseId::parse(words)) return *id;
  TRY(const auto cases, session().all<wire::CaseView>("/v1/cases"));
  const auto same = std::find_if(cases.begin(), cases.end(), [&](const auto& one) { return one.reference == words; });
  if (same != cases.end()) return same->case_;
  return find_by_prefix<access::CaseId>(words, cases, [](const auto& one) { return one.case_; }, "case");
}

Result<access::SafeId> Context::find_safe(std::string_view words) {
  if (auto id = access::SafeId::parse(words)) return *id;
  TRY(const auto safes, session().all<wire::SafeView>("/v1/safes"));
  return find_by_prefix<access::SafeId>(words, safes, [](const auto& one) { return one.safe; }, "safe");
}

Result<access::RecordId> Context::find_record(std::string_view words) {
  if (auto id = access::RecordId::parse(words)) return *id;
  TRY(const auto safes, session().all<wire::SafeView>("/v1/safes"));
  std::vector<access::RecordId> records;
  for (const wire::SafeView& safe : safes) {
    TRY(const auto listed, session().all<wire::RecordView>("/v1/safes/" + safe.safe.to_string() + "/records"));
    for (const wire::RecordView& record : listed) records.push_back(record.record);
  }
  return find_by_prefix<access::RecordId>(words, records, [](const auto& id) { return id; }, "record");
}

Result<wire::CopyView> Context::find_copy(std::string_view words) {
  if (access::CopyId::parse(words) || words.starts_with("C-"))
    return session().get<wire::CopyView>("/v1/copies/" + printable(words));
  TRY(const auto copies, session().all<wire::CopyView>("/v1/copies"));
  TRY(const auto id, find_by_prefix<access::CopyId>(words, copies, [](const auto& one) { return one.copy; }, "copy"));
  return *std::find_if(copies.begin(), copies.end(), [&](const auto& one) { return one.copy == id; });
}

Result<access::AgencyId> Context::acting_agency(access::Role role) {
  if (as_agency) return find_agency(*as_agency);
  std::vector<access::AgencyId> possible;
  if (const client::Person* self = directory().find(session().person()))
    for (const client::Membership& membership : self->memberships)
      if (std::find(membership.roles.begin(), membership.roles.end(), role) != membership.roles.end())
        possible.push_back(membership.agency);
  if (possible.size() == 1) return possible.front();
  if (possible.empty())
    return Error{Errc::refused, "this needs the role " + wire::enum_name(role) + ", which you have in no agency"};
  return Error{Errc::invalid_argument,
               "you have the role " + wire::enum_name(role) + " in several agencies: choose one with --as AGENCY"};
}

void print_json(const json::value& value) {
  std::cout << value << '\n' << std::flush;
}

}  // namespace cli
