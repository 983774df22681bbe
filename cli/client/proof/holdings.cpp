#include "cli/client/proof/holdings.h"

#include <algorithm>

#include "vault/age/file.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

// --- trusting -------------------------------------------------------------------------------------------------------

// Projects a safe's holdings from entries that are proved to be in the ledger.
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
    TRY_VOID(check_permitted_in(*safe_, read));
    Signing by{entry.envelope.seq.value, entry.envelope.time, read.actor->id, 0};
    if constexpr (requires { read.event.epoch; }) {
      if (safe_->has_chain() && read.event.epoch >= safe_->epochs.size())
        return tampered("an entry names an epoch that its safe does not have");
      by.epoch = read.event.epoch;
    }
    return add(by, std::move(read.event));
  }

  Result<void> add(const Signing& by, wire::DeclarationMade event) {
    if (event.version != holdings_.declarations.size() + 1 || event.items != holdings_.items.size())
      return tampered("the versions of the safe's declaration do not follow each other");
    holdings_.declarations.push_back({by, std::move(event), {}});
    return {};
  }

  Result<void> add(const Signing& by, wire::ItemAdded event) {
    if (event.number != holdings_.items.size() + 1) return tampered("the safe's items are not numbered in order");
    if (!places_.emplace(event.item, holdings_.items.size()).second) return tampered("an item was added twice");
    HeldItem item;
    item.pages = event.pages;
    item.history.push_back({by, {}, event.pages, {}, {}, event.note, {}});
    item.added = std::move(event);
    holdings_.items.push_back(std::move(item));
    return {};
  }

  Result<void> add(const Signing& by, const wire::ItemChanged& event) {
    const auto place = places_.find(event.item);
    if (place == places_.end()) return tampered("the custody of an item changed that was never added");
    HeldItem& item = holdings_.items[place->second];
    using access::Custody;
    using access::CustodyChange;
    if ((event.change == CustodyChange::returned) != (item.custody == Custody::on_loan))
      return tampered("the changes of an item's custody do not follow each other");
    if (event.change == CustodyChange::loaned) item.custody = Custody::on_loan;
    if (event.change == CustodyChange::returned) item.custody = Custody::held;
    if (event.pages) item.pages = *event.pages;
    item.history.push_back({by, event.change, event.pages, event.purpose, event.due, event.note, {}});
    return {};
  }

  Result<void> add(const Signing& by, const wire::OriginalsRemoved& event) {
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
    if (!words) return tampered("a note does not have its form: " + words.error().message);
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

std::string item_name(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return "P-" + digits;
}

// --- holdings -------------------------------------------------------------------------------------------------------

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
    if (!says_the_same(form, declaration.said)) return tampered("the words of a declaration contradict its entry");
    declaration.form = std::move(form);
  }
  for (HeldItem& item : holdings.items) {
    for (CustodyEvent& event : item.history) {
      TRY(ItemWords words, notes.open<ItemWords>(event.note, event.by.epoch));
      if (words.item != item.added.item) return tampered("a note is about another item than the one it is shown for");
      take_over(item.words, words);
      event.words = std::move(words);
    }
  }
  return {};
}

Result<Holdings> read_holdings(Session& session, const Directory& directory, const VerifiedSafe& safe,
                               const SafeSecrets* secrets) {
  const std::string path = "/v1/safes/" + safe.safe.to_string();
  TRY(const auto entries, fetch_records_chain(session, safe));
  auto trusted = trust_holdings(directory, safe, entries);
  // Somebody may have been nominated, and have acted, since the safe's chain was read.
  if (!trusted && safe.has_chain()) {
    TRY(const VerifiedSafe now, verify_safe(session, directory, safe.safe));
    trusted = trust_holdings(directory, now, entries);
  }
  TRY(Holdings holdings, std::move(trusted));
  if (secrets != nullptr && !(holdings.declarations.empty() && holdings.items.empty())) {
    TRY(const auto notes, session.all<wire::SealedNote>(path + "/notes"));
    TRY_VOID(open_notes(holdings, notes, *secrets));
  }
  return holdings;
}

}  // namespace cli::client
