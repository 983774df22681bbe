// What an agency holds and says of it at its own desk (4.3.5): its declarations, its physical items and who has them,
// and its originals once they are secured. Words for places, seals and people are sealed notes: age files for the safe,
// staged like any value and named by digest. So the service and its ledger see only enumerations, dates and counts.
// Docs: docs/formats.md, "Notes of a safe"
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// One system, share or cupboard that was searched.
struct DeclaredSource {
  SourceKind kind = SourceKind::other;
  SourceState state = SourceState::removed;
  std::optional<OpenReason> reason;  // both exactly when it is still open
  std::optional<Date> until;         // when it is expected to be closed
};
BOOST_DESCRIBE_STRUCT(DeclaredSource, (), (kind, state, reason, until))

// Signed by the agency's lead; a later version stands in place of the earlier one, which stays readable.
struct MakeDeclaration {
  static constexpr std::string_view kKind = "declaration.make";
  SafeId safe;
  std::uint64_t version = 0;          // the last one and 1
  std::uint64_t epoch = 0;            // that the form is sealed for
  bool nothing_held = false;          // a declaration of its own: the agency has nothing to secure
  std::vector<std::string> searched;  // for which of the case's subjects
  std::vector<DeclaredSource> sources;
  std::vector<GapKind> gaps;   // what is known to be missing, one for each
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
  std::uint64_t records = 0;  // what the safe held then
  std::uint64_t items = 0;
};
BOOST_DESCRIBE_STRUCT(DeclarationMade, (),
                      (safe, version, epoch, nothing_held, searched, sources, gaps, form, records, items))

// A physical item, described in a sealed note: what it is, where it stands, its seal.
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
  std::uint64_t number = 0;  // in its safe, from 1; shown as P-0001
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
  Digest note{};                       // what is new: place, borrower, seal
  std::optional<std::uint64_t> pages;  // as counted now, when it was returned or resealed
  std::optional<Purpose> purpose;      // both exactly when it is loaned
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

// Before the depositor's client deletes the files that these records were made from.
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
  std::uint64_t keyholders = 0;  // active then
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
