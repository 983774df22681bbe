// An agency's holdings (4.3.5), as its entries prove them: its declarations, its physical items and who has them, and
// the originals that were removed. Places, seals and names are in sealed notes, which are age files for the safe's key.
// Every entry is signed and names its note by digest, so it is noticed if a note is altered, withheld or put to another
// item. Formats: docs/formats.md, "Notes of a safe"
#pragma once
#include "access/wire/holdings.h"
#include "cli/client/proof/safe_secrets.h"

namespace cli::client {

// --- words ----------------------------------------------------------------------------------------------------------

struct SourceWords {
  std::string name;
  access::SourceKind kind = access::SourceKind::other;
  access::SourceState state = access::SourceState::removed;
  std::optional<access::OpenReason> reason;  // with `until`, if the source is still open, and only then
  std::optional<vault::Date> until;
};
BOOST_DESCRIBE_STRUCT(SourceWords, (), (name, kind, state, reason, until))
struct MissingWords {
  access::GapKind kind = access::GapKind::other;
  std::string what;
};
BOOST_DESCRIBE_STRUCT(MissingWords, (), (kind, what))
struct DeclarationForm {
  std::string form = "declaration";
  std::uint64_t v = 1;
  std::vector<std::string> searched;
  std::vector<SourceWords> sources;
  std::vector<MissingWords> missing;
  std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(DeclarationForm, (), (form, v, searched, sources, missing, note))

// The words about one change of an item. When the item is added, these are all its words.
struct ItemWords {
  std::uint64_t v = 1;
  access::ItemId item;
  std::optional<std::string> description;
  std::optional<std::string> location;
  std::optional<std::string> seal;
  std::optional<std::string> to;  // the person to whom it is lent
  std::optional<std::string> remark;
};
BOOST_DESCRIBE_STRUCT(ItemWords, (), (v, item, description, location, seal, to, remark))

std::string item_name(std::uint64_t number);  // "P-0001"

// --- holdings, as signed ---------------------------------------------------------------------------------------------

struct Signing {
  Seq seq = 0;
  vault::Instant time;
  access::PersonId actor;
  std::uint64_t epoch = 0;  // for which its note is sealed
};
struct Declaration {
  Signing by;
  wire::DeclarationMade said;
  std::optional<DeclarationForm> form;  // for keyholders
};
struct CustodyEvent {
  Signing by;
  std::optional<access::CustodyChange> change;  // absent: the item was added
  std::optional<std::uint64_t> pages;
  std::optional<access::Purpose> purpose;
  std::optional<vault::Date> due;
  Digest note{};
  std::optional<ItemWords> words;  // for keyholders
};
struct HeldItem {
  wire::ItemAdded added;
  access::Custody custody = access::Custody::held;
  std::uint64_t pages = 0;  // at the last count
  std::vector<CustodyEvent> history;
  ItemWords words;  // the current ones; empty without a key
  // The loan, if the item is on loan.
  const CustodyEvent* loan() const { return custody == access::Custody::on_loan ? &history.back() : nullptr; }
};
struct Holdings {
  std::vector<Declaration> declarations;          // [i] is version i + 1
  std::vector<HeldItem> items;                    // [i] is number i + 1
  std::map<access::RecordId, Signing> originals;  // that were recorded as removed
};
// The projection of the entries, which are proved to be in the ledger, and ascending. Errc::tampered unless each was
// signed by somebody who may make it, and follows from those before it. Without the safe's chain any member of the
// agency's staff may have been nominated.
Result<Holdings> trust_holdings(const Directory& directory, const VerifiedSafe& safe,
                                std::span<const VerifiedEntry> entries);
// Adds the words from the notes. Errc::tampered if a note is missing, is not the one that its signer named, is about
// another item, or contradicts its entry.
Result<void> open_notes(Holdings& holdings, std::span<const wire::SealedNote> notes, const SafeSecrets& secrets);
// Fetches and proves the holdings, with their words if `secrets` are given.
Result<Holdings> read_holdings(Session& session, const Directory& directory, const VerifiedSafe& safe,
                               const SafeSecrets* secrets);

}  // namespace cli::client
