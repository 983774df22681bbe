// Describes what an agency holds and records at its own desk (4.3.5): its declarations, its physical items and who has
// them, and its originals once they are secured. Words about places, seals and people are sealed notes: age files for
// the safe, staged like any value and named by digest. So the service and its ledger see only enumerations, dates and
// counts. Docs: docs/formats.md, "Notes of a safe"
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// One system, share or cupboard that was searched.
struct DeclaredSource {
  SourceKind kind = SourceKind::other;
  SourceState state = SourceState::removed;
  std::optional<OpenReason> reason;  // present with `until`, exactly when the source is still open
  std::optional<Date> until;         // when it is expected to be closed
};
BOOST_DESCRIBE_STRUCT(DeclaredSource, (), (kind, state, reason, until))

// The agency's lead signs this. A later version replaces the earlier one, which stays readable.
struct MakeDeclaration {
  static constexpr std::string_view kKind = "declaration.make";
  SafeId safe;
  std::uint64_t version = 0;          // the last version + 1
  std::uint64_t epoch = 0;            // the epoch for which the form is sealed
  bool nothing_held = false;          // declares that the agency has nothing to secure
  std::vector<std::string> searched;  // for which of the case's subjects the agency searched
  std::vector<DeclaredSource> sources;
  std::vector<GapKind> gaps;   // what is known to be missing, each kind once
  std::optional<Digest> form;  // a sealed note: the declaration in words; absent only when nothing is held
};
BOOST_DESCRIBE_STRUCT(MakeDeclaration, (), (safe, version, epoch, nothing_held, searched, sources, gaps, form))

struct DeclarationMade {
  static constexpr std::string_view kKind = "declaration.made";
  static constexpr auto kComputed = std::to_array<std::string_view>({"records", "items"});
  SafeId safe;
  std::uint64_t version = 0;
  std::uint64_t epoch = 0;
  bool nothing_held = false;
  std::vector<std::string> searched;
  std::vector<DeclaredSource> sources;
  std::vector<GapKind> gaps;
  std::optional<Digest> form;
  std::uint64_t records = 0;  // the number of records in the safe at that time
  std::uint64_t items = 0;
};
BOOST_DESCRIBE_STRUCT(DeclarationMade, (),
                      (safe, version, epoch, nothing_held, searched, sources, gaps, form, records, items))

// A physical item. A sealed note describes it: what it is, where it is kept, its seal.
struct AddItem {
  static constexpr std::string_view kKind = "item.add";
  SafeId safe;
  std::uint64_t epoch = 0;
  ItemId item;
  RecordClass class_ = RecordClass::other;
  std::optional<std::string> subject;
  std::uint64_t pages = 0;
  Digest note{};
  std::optional<bool> late;  // true when secured after the agency declared
};
BOOST_DESCRIBE_STRUCT(AddItem, (), (safe, epoch, item, class_, subject, pages, note, late))

struct ItemAdded {
  static constexpr std::string_view kKind = "item.added";
  static constexpr auto kComputed = std::to_array<std::string_view>({"number"});
  SafeId safe;
  std::uint64_t epoch = 0;
  ItemId item;
  std::uint64_t number = 0;  // in its safe, counted from 1; shown as P-0001
  RecordClass class_ = RecordClass::other;
  std::optional<std::string> subject;
  std::uint64_t pages = 0;
  Digest note{};
  std::optional<bool> late;
};
BOOST_DESCRIBE_STRUCT(ItemAdded, (), (safe, epoch, item, number, class_, subject, pages, note, late))

struct ChangeCustody {
  static constexpr std::string_view kKind = "item.change";
  SafeId safe;
  std::uint64_t epoch = 0;
  ItemId item;
  CustodyChange change = CustodyChange::moved;
  Digest note{};                       // of the change: place, borrower, seal
  std::optional<std::uint64_t> pages;  // counted when the item was returned or resealed
  std::optional<Purpose> purpose;      // present exactly when the item is loaned, as `due` is
  std::optional<Date> due;
};
BOOST_DESCRIBE_STRUCT(ChangeCustody, (), (safe, epoch, item, change, note, pages, purpose, due))

struct ItemChanged {
  static constexpr std::string_view kKind = "item.changed";
  SafeId safe;
  std::uint64_t epoch = 0;
  ItemId item;
  CustodyChange change = CustodyChange::moved;
  Digest note{};
  std::optional<std::uint64_t> pages;
  std::optional<Purpose> purpose;
  std::optional<Date> due;
};
BOOST_DESCRIBE_STRUCT(ItemChanged, (), (safe, epoch, item, change, note, pages, purpose, due))

// The depositor's client signs this before it deletes the files from which these records were made.
struct RemoveOriginals {
  static constexpr std::string_view kKind = "originals.remove";
  SafeId safe;
  std::vector<RecordId> records;
  std::optional<Digest> reason;  // needed while recovery is incomplete or there are fewer than two keyholders
};
BOOST_DESCRIBE_STRUCT(RemoveOriginals, (), (safe, records, reason))

struct OriginalsRemoved {
  static constexpr std::string_view kKind = "originals.removed";
  static constexpr auto kComputed = std::to_array<std::string_view>({"keyholders", "recovery_complete"});
  SafeId safe;
  std::vector<RecordId> records;
  std::optional<Digest> reason;
  std::uint64_t keyholders = 0;  // those that were active at that time
  bool recovery_complete = false;
};
BOOST_DESCRIBE_STRUCT(OriginalsRemoved, (), (safe, records, reason, keyholders, recovery_complete))

// ---- Answers ----

// A sealed note of a safe, for its keyholders: an age file (docs/formats.md, "Notes of a safe").
struct SealedNote {
  Digest digest{};
  vault::Bytes note;
};
BOOST_DESCRIBE_STRUCT(SealedNote, (), (digest, note))

}  // namespace strongroom::access::wire
