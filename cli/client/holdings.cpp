#include "cli/client/holdings.h"

#include <algorithm>
#include <boost/json.hpp>

#include "vault/age/file.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

namespace json = boost::json;
using access::Role;
using access::SourceState;

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}
Error wrong_field(const std::string& field, std::string_view why) {
  return Error{Errc::invalid_argument, field + ": " + std::string(why)};
}

bool is_plain(std::string_view text) {
  return vault::is_utf8(text) && std::ranges::none_of(text, [](char c) {
           return c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f);
         });
}

Result<void> check_text(const std::string& field, std::string_view text, std::size_t max) {
  if (text.empty()) return wrong_field(field, "it is empty");
  if (text.size() > max) return Error{Errc::too_large, field + ": it has more than " + std::to_string(max) + " bytes"};
  if (!is_plain(text)) return wrong_field(field, "it has control characters in it, or is not UTF-8");
  return {};
}

// --- the form -------------------------------------------------------------------------------------------------------

Result<void> check_members(const json::value& value, const std::string& field,
                           std::initializer_list<std::string_view> known) {
  const json::object* object = value.if_object();
  if (object == nullptr) return wrong_field(field, "it is not an object");
  for (const auto& member : *object)
    if (std::ranges::find(known, std::string_view(member.key())) == known.end())
      return wrong_field(field, "it has a field \"" + std::string(member.key()).substr(0, 40) + "\" that is none");
  return {};
}

template <class T>
Result<T> read_part(const json::value& value, const std::string& field) {
  auto read = wire::from_json<T>(value);
  if (read) return read;
  // A member's name stands first, in quotes.
  const std::string& why = read.error().message;
  const std::size_t end = why.find("\": ");
  if (why.starts_with('"') && end != std::string::npos)
    return wrong_field(field + "." + why.substr(1, end - 1), why.substr(end + 3));
  return wrong_field(field, why);
}

template <class T>
Result<std::vector<T>> read_parts(const json::value& value, const std::string& field, std::size_t most,
                                  std::initializer_list<std::string_view> known) {
  const json::array* array = value.if_array();
  if (array == nullptr) return wrong_field(field, "it is not a list");
  if (array->size() > most)
    return Error{Errc::too_large, field + ": it has more than " + std::to_string(most) + " entries"};
  std::vector<T> parts;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string one = field + "[" + std::to_string(i) + "]";
    TRY_VOID(check_members((*array)[i], one, known));
    TRY(T part, read_part<T>((*array)[i], one));
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<void> check_form(const DeclarationForm& form) {
  for (std::size_t i = 0; i < form.sources.size(); ++i) {
    const SourceWords& source = form.sources[i];
    const std::string field = "sources[" + std::to_string(i) + "]";
    TRY_VOID(check_text(field + ".name", source.name, kMaxSourceNameBytes));
    const bool open = source.state == SourceState::still_open;
    if (source.reason.has_value() != open)
      return wrong_field(field + ".reason", open ? "a source that is still open says why" : "it is not open");
    if (source.until.has_value() != open)
      return wrong_field(field + ".until", open ? "a source that is still open says until when" : "it is not open");
  }
  for (std::size_t i = 0; i < form.missing.size(); ++i)
    TRY_VOID(check_text("missing[" + std::to_string(i) + "].what", form.missing[i].what, kMaxItemTextBytes));
  if (form.note) TRY_VOID(check_text("note", *form.note, access::kMaxFreeTextBytes));
  return {};
}

Result<Bytes> seal_note(const VerifiedSafe& safe, std::string_view text) {
  const vault::age::Recipient recipient = safe.current().recipient;
  return vault::age::encrypt_small(vault::as_bytes(text), std::span(&recipient, 1));
}

Result<Digest> stage_note(Session& session, const VerifiedSafe& safe, std::string_view text) {
  TRY(const Bytes sealed, seal_note(safe, text));
  return session.stage(sealed);
}

Result<Digest> stage_words(Session& session, const VerifiedSafe& safe, const ItemWords& words) {
  const auto texts =
      std::to_array<std::pair<const char*, const std::optional<std::string>*>>({{"description", &words.description},
                                                                                {"location", &words.location},
                                                                                {"seal", &words.seal},
                                                                                {"to", &words.to},
                                                                                {"remark", &words.remark}});
  for (const auto& [field, text] : texts)
    if (*text) TRY_VOID(check_text(field, **text, kMaxItemTextBytes));
  return stage_note(session, safe, wire::encode(words));
}

// --- trusting -------------------------------------------------------------------------------------------------------

// Projects a safe's holdings from entries, each proved before.
class Trusting {
 public:
  Trusting(const Directory& directory, const VerifiedSafe& safe) : directory_(&directory), safe_(&safe) {}

  Result<void> apply(const VerifiedEntry& entry) {
    const std::string& kind = entry.body.kind;
    if (kind == wire::DeclarationMade::kKind) return take<wire::MakeDeclaration, wire::DeclarationMade>(entry);
    if (kind == wire::ItemAdded::kKind) return take<wire::AddItem, wire::ItemAdded>(entry);
    if (kind == wire::ItemChanged::kKind) return take<wire::ChangeCustody, wire::ItemChanged>(entry);
    if (kind == wire::OriginalsRemoved::kKind) return take<wire::RemoveOriginals, wire::OriginalsRemoved>(entry);
    return {};
  }
  Holdings finish() { return std::move(holdings_); }

 private:
  template <class Command, class Event>
  Result<void> take(const VerifiedEntry& entry) {
    TRY(auto read, (directory_->read<Command, Event>(entry)));
    if (read.event.safe != safe_->safe) return tampered("an entry of another safe is shown as one of this");
    Signing by{entry.envelope.seq.value, entry.envelope.time, read.actor->id, 0};
    if constexpr (requires { read.event.epoch; }) {
      if (has_chain() && read.event.epoch >= safe_->epochs.size())
        return tampered("an entry names an epoch that its safe does not have");
      by.epoch = read.event.epoch;
    }
    return add(*read.actor, by, std::move(read.event));
  }

  bool is_lead(const Person& actor, Seq at) const {
    return safe_->agency && actor.has_role(Role::agency_lead, *safe_->agency, at);
  }
  bool has_chain() const { return !safe_->epochs.empty(); }
  bool is_staff(const Person& actor, Seq at) const {
    return safe_->agency && (actor.has_role(Role::agency_lead, *safe_->agency, at) ||
                             actor.has_role(Role::practitioner, *safe_->agency, at) ||
                             actor.has_role(Role::depositor, *safe_->agency, at));
  }
  // The chain says who was nominated, and not until when: whoever never was is caught.
  bool could_be_nominated(const Person& actor, Seq at) const {
    return has_chain() ? safe_->nominations.contains(actor.id) : is_staff(actor, at);
  }
  bool may_deposit(const Person& actor, Seq at) const { return could_be_nominated(actor, at) || is_staff(actor, at); }

  Result<void> add(const Person& actor, const Signing& by, wire::DeclarationMade event) {
    if (!is_lead(actor, by.seq)) return tampered("a declaration was signed by somebody who is not the agency's lead");
    if (event.version != holdings_.declarations.size() + 1 || event.items != holdings_.items.size())
      return tampered("the safe's declarations do not follow each other");
    holdings_.declarations.push_back({by, std::move(event), {}});
    return {};
  }

  Result<void> add(const Person& actor, const Signing& by, wire::ItemAdded event) {
    if (!may_deposit(actor, by.seq)) return tampered("an item was added by somebody who may not");
    if (event.number != holdings_.items.size() + 1) return tampered("the safe's items are not numbered in order");
    if (!places_.emplace(event.item, holdings_.items.size()).second) return tampered("an item was added twice");
    HeldItem item;
    item.pages = event.pages;
    item.history.push_back({by, {}, event.pages, {}, {}, event.note, {}});
    item.added = std::move(event);
    holdings_.items.push_back(std::move(item));
    return {};
  }

  Result<void> add(const Person& actor, const Signing& by, const wire::ItemChanged& event) {
    if (!is_lead(actor, by.seq) && !could_be_nominated(actor, by.seq))
      return tampered("an item's custody was changed by somebody who may not");
    const auto place = places_.find(event.item);
    if (place == places_.end()) return tampered("an item changed that was never added");
    HeldItem& item = holdings_.items[place->second];
    using access::Custody;
    using access::CustodyChange;
    if ((event.change == CustodyChange::returned) != (item.custody == Custody::on_loan))
      return tampered("an item's changes do not follow each other");
    if (event.change == CustodyChange::loaned) item.custody = Custody::on_loan;
    if (event.change == CustodyChange::returned) item.custody = Custody::held;
    if (event.pages) item.pages = *event.pages;
    item.history.push_back({by, event.change, event.pages, event.purpose, event.due, event.note, {}});
    return {};
  }

  Result<void> add(const Person& actor, const Signing& by, const wire::OriginalsRemoved& event) {
    if (!may_deposit(actor, by.seq)) return tampered("originals were removed by somebody who may not");
    for (const access::RecordId& record : event.records)
      if (!holdings_.originals.emplace(record, by).second) return tampered("an original was removed twice");
    return {};
  }

  const Directory* directory_;
  const VerifiedSafe* safe_;
  Holdings holdings_;
  std::map<access::ItemId, std::size_t> places_;
};

// --- notes ----------------------------------------------------------------------------------------------------------

class Notes {
 public:
  Notes(std::span<const wire::SealedNote> notes, const SafeSecrets& secrets) : secrets_(&secrets) {
    for (const wire::SealedNote& note : notes) by_digest_.emplace(note.digest, &note.note);
  }
  template <class Words>
  Result<Words> open(const Digest& digest, std::uint64_t epoch) const {
    const auto found = by_digest_.find(digest);
    if (found == by_digest_.end()) return tampered("the service withholds a note that the ledger names");
    if (vault::crypto::sha256(*found->second) != digest) return tampered("a note is not the one that its signer named");
    if (epoch >= secrets_->identities.size()) return tampered("a note is of an epoch that its safe does not have");
    auto plain = vault::age::decrypt_small(*found->second, std::span(&secrets_->identities[epoch], 1));
    if (!plain) return tampered("a note does not open: " + plain.error().message);
    auto words = wire::decode<Words>(vault::as_text(*plain), wire::Strictness::tolerant);
    vault::wipe(*plain);
    if (!words) return tampered("a note is not of its form: " + words.error().message);
    if (words->v != 1) return Error{Errc::unknown_version, "a note was written by a newer version of Strongroom"};
    return words;
  }

 private:
  std::map<Digest, const Bytes*> by_digest_;
  const SafeSecrets* secrets_;
};

bool says_the_same(const DeclarationForm& form, const wire::DeclarationMade& said) {
  return form.searched == said.searched &&
         std::ranges::equal(form.sources, said.sources,
                            [](const SourceWords& words, const wire::DeclaredSource& source) {
                              return words.kind == source.kind && words.state == source.state &&
                                     words.reason == source.reason && words.until == source.until;
                            }) &&
         std::ranges::equal(form.missing, said.gaps, {}, &MissingWords::kind);
}

void take_over(ItemWords& now, const ItemWords& change) {
  now.item = change.item;
  if (change.description) now.description = change.description;
  if (change.location) now.location = change.location;
  if (change.seal) now.seal = change.seal;
  now.to = change.to;
  now.remark = change.remark;
}

}  // namespace

// --- words ----------------------------------------------------------------------------------------------------------

Result<DeclarationForm> read_declaration(std::string_view text) {
  if (text.size() > kMaxDeclarationBytes)
    return Error{Errc::too_large,
                 "a declaration's form has at most " + std::to_string(kMaxDeclarationBytes) + " bytes"};
  auto parsed = wire::parse_json(text);
  if (!parsed) return Error{Errc::invalid_argument, "the declaration is not JSON: " + parsed.error().message};
  TRY_VOID(check_members(*parsed, "declaration", {"form", "v", "searched", "sources", "missing", "note"}));
  const json::object& object = parsed->as_object();
  DeclarationForm form;
  if (const json::value* found = object.if_contains("form"); found != nullptr && *found != json::value("declaration"))
    return wrong_field("form", "it is not \"declaration\"");
  if (const json::value* found = object.if_contains("v"); found != nullptr && *found != json::value(1))
    return wrong_field("v", "this program knows version 1 of the form");
  if (const json::value* found = object.if_contains("searched")) {
    TRY(form.searched, read_part<std::vector<std::string>>(*found, "searched"));
  }
  const json::value* sources = object.if_contains("sources");
  if (sources == nullptr || (sources->is_array() && sources->as_array().empty()))
    return wrong_field("sources", "a declaration lists every system, share or cupboard that was searched");
  TRY(form.sources, read_parts<SourceWords>(*sources, "sources", access::kMaxDeclaredSources,
                                            {"name", "kind", "state", "reason", "until"}));
  if (const json::value* found = object.if_contains("missing")) {
    TRY(form.missing, read_parts<MissingWords>(*found, "missing", access::kMaxDeclaredGaps, {"kind", "what"}));
  }
  if (const json::value* found = object.if_contains("note")) {
    TRY(form.note, read_part<std::string>(*found, "note"));
  }
  TRY_VOID(check_form(form));
  return form;
}

std::string item_name(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return "P-" + digits;
}

// --- acts -----------------------------------------------------------------------------------------------------------

Result<ActAnswer> declare(Session& session, const VerifiedSafe& safe, const DeclareRequest& request) {
  wire::MakeDeclaration command;
  command.safe = safe.safe;
  command.version = request.version;
  command.epoch = safe.current().epoch;
  command.nothing_held = request.nothing_held;
  command.searched = request.searched;
  if (request.form) {
    DeclarationForm form = *request.form;
    form.searched = request.searched;
    for (const SourceWords& source : form.sources)
      command.sources.push_back({source.kind, source.state, source.reason, source.until});
    for (const MissingWords& gap : form.missing) command.gaps.push_back(gap.kind);
    TRY(command.form, stage_note(session, safe, wire::encode(form)));
  }
  return session.act(command);
}

Result<AddedItem> add_item(Session& session, const VerifiedSafe& safe, AddItemRequest request) {
  if (!request.words.description || !request.words.location)
    return Error{Errc::invalid_argument, "an item is described, and has a location"};
  wire::AddItem command;
  command.safe = safe.safe;
  command.epoch = safe.current().epoch;
  command.item = session.make_id<access::ItemId>();
  command.class_ = request.class_;
  command.subject = request.subject;
  command.pages = request.pages;
  if (request.late) command.late = true;
  request.words.item = command.item;
  TRY(command.note, stage_words(session, safe, request.words));
  TRY(const ActAnswer answer, session.act(command));
  TRY(const auto added, event_of<wire::ItemAdded>(answer.entries.front().body));
  return AddedItem{command.item, added.number};
}

Result<ActAnswer> change_custody(Session& session, const VerifiedSafe& safe, CustodyRequest request) {
  wire::ChangeCustody command;
  command.safe = safe.safe;
  command.epoch = safe.current().epoch;
  command.item = request.item;
  command.change = request.change;
  command.pages = request.pages;
  command.purpose = request.purpose;
  command.due = request.due;
  request.words.item = request.item;
  TRY(command.note, stage_words(session, safe, request.words));
  return session.act(command);
}

// --- a safe, for whoever may read it
// -----------------------------------------------------------------------------------

Result<ReadableSafe> open_for_reading(Session& session, const Directory& directory, const access::SafeId& id) {
  using access::NominationState;
  TRY(const auto view, session.get<wire::SafeView>("/v1/safes/" + id.to_string()));
  ReadableSafe readable;
  readable.safe.safe = id;
  readable.safe.case_ = view.case_;
  readable.safe.agency = view.agency;
  const auto own = std::ranges::find(view.nominations, session.person(), &wire::NominationView::person);
  const bool nominated = own != view.nominations.end() &&
                         (own->state == NominationState::active || own->state == NominationState::pending);
  const Person* self = directory.find(session.person());
  const bool of_agency =
      self != nullptr && view.agency &&
      (self->has_role(Role::agency_lead, *view.agency) || self->has_role(Role::practitioner, *view.agency) ||
       self->has_role(Role::depositor, *view.agency));
  const bool is_spoc = self != nullptr && self->has_role(Role::spoc);
  // Not asked for in vain: a refusal is an entry of the ledger.
  if (!nominated && !of_agency && !is_spoc) return readable;
  TRY(readable.safe, verify_safe(session, directory, id));
  if (readable.safe.keyholder(session.person())) {
    TRY(readable.secrets, open_safe(session, readable.safe));
  }
  return readable;
}

// --- what is held ---------------------------------------------------------------------------------------------------

Result<Holdings> trust_holdings(const Directory& directory, const VerifiedSafe& safe,
                                std::span<const VerifiedEntry> entries) {
  Trusting trusting(directory, safe);
  for (const VerifiedEntry& entry : entries) TRY_VOID(trusting.apply(entry));
  return trusting.finish();
}

Result<void> open_notes(Holdings& holdings, std::span<const wire::SealedNote> sealed, const SafeSecrets& secrets) {
  const Notes notes(sealed, secrets);
  for (Declaration& declaration : holdings.declarations) {
    if (!declaration.said.form) continue;
    TRY(DeclarationForm form, notes.open<DeclarationForm>(*declaration.said.form, declaration.by.epoch));
    if (!says_the_same(form, declaration.said))
      return tampered("a declaration says otherwise in its words than in its entry");
    declaration.form = std::move(form);
  }
  for (HeldItem& item : holdings.items) {
    for (CustodyEvent& event : item.history) {
      TRY(ItemWords words, notes.open<ItemWords>(event.note, event.by.epoch));
      if (words.item != item.added.item) return tampered("a note is of another item than the one it is shown for");
      take_over(item.words, words);
      event.words = std::move(words);
    }
  }
  return {};
}

Result<Holdings> read_holdings(Session& session, const Directory& directory, const VerifiedSafe& safe,
                               const SafeSecrets* secrets) {
  const std::string path = "/v1/safes/" + safe.safe.to_string();
  TRY(const auto entries, session.entries(path + "/holdings"));
  TRY(Holdings holdings, trust_holdings(directory, safe, entries));
  if (secrets != nullptr && !entries.empty()) {
    TRY(const auto notes, session.all<wire::SealedNote>(path + "/notes"));
    TRY_VOID(open_notes(holdings, notes, *secrets));
  }
  return holdings;
}

}  // namespace cli::client
