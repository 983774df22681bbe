// What an agency holds and says of it (4.3.5): its declarations, its physical items and who has them, and which
// originals are gone. The words (places, seals, people) are sealed notes, age files for the safe's key; every entry
// names its note by digest and is signed, so a note that is altered, withheld or put to another item shows.
// Formats: docs/formats.md, "Notes of a safe"
#pragma once
#include "access/wire/holdings.h"
#include "cli/client/proof/safe_secrets.h"

namespace cli::client {

// --- words ----------------------------------------------------------------------------------------------------------

struct SourceWords {
  std::string name;
  access::SourceKind kind = access::SourceKind::other;
  access::SourceState state = access::SourceState::removed;
  std::optional<access::OpenReason> reason;  // both exactly when it is still open
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

// What is new at one change of an item; everything, when it is added.
struct ItemWords {
  std::uint64_t v = 1;
  access::ItemId item;
  std::optional<std::string> description;
  std::optional<std::string> location;
  std::optional<std::string> seal;
  std::optional<std::string> to;  // whom it is lent to
  std::optional<std::string> remark;
};
BOOST_DESCRIBE_STRUCT(ItemWords, (), (v, item, description, location, seal, to, remark))

std::string item_name(std::uint64_t number);  // "P-0001"

// --- what is held, as signed ----------------------------------------------------------------------------------------

struct Signing {
  Seq seq = 0;
  vault::Instant time;
  access::PersonId actor;
  std::uint64_t epoch = 0;  // that its note is sealed for
};
struct Declaration {
  Signing by;
  wire::DeclarationMade said;
  std::optional<DeclarationForm> form;  // for keyholders
};
struct CustodyEvent {
  Signing by;
  std::optional<access::CustodyChange> change;  // absent: it was added
  std::optional<std::uint64_t> pages;
  std::optional<access::Purpose> purpose;
  std::optional<vault::Date> due;
  Digest note{};
  std::optional<ItemWords> words;  // for keyholders
};
struct HeldItem {
  wire::ItemAdded added;
  access::Custody custody = access::Custody::held;
  std::uint64_t pages = 0;  // as counted last
  std::vector<CustodyEvent> history;
  ItemWords words;  // as they stand now; empty for whoever holds no key
  // The loan, while it is on loan.
  const CustodyEvent* loan() const { return custody == access::Custody::on_loan ? &history.back() : nullptr; }
};
struct Holdings {
  std::vector<Declaration> declarations;          // [i] is version i + 1
  std::vector<HeldItem> items;                    // [i] is number i + 1
  std::map<access::RecordId, Signing> originals;  // recorded as removed
};
// The projection alone: entries that are in the ledger, ascending. Errc::tampered unless each is signed by somebody who
// could, and they follow each other. Without the safe's chain every member of its staff could have been nominated.
Result<Holdings> trust_holdings(const Directory& directory, const VerifiedSafe& safe,
                                std::span<const VerifiedEntry> entries);
// Puts the words to it. Errc::tampered for a note that is missing, is not the one its signer named, is of another item,
// or says otherwise than its entry.
Result<void> open_notes(Holdings& holdings, std::span<const wire::SealedNote> notes, const SafeSecrets& secrets);
// Both, from the service; with words where `secrets` are given.
Result<Holdings> read_holdings(Session& session, const Directory& directory, const VerifiedSafe& safe,
                               const SafeSecrets* secrets);

}  // namespace cli::client
