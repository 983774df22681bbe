// What happened at an agency's desk: the details of its entries. See desk_commands.h and events.h.
#pragma once
#include "access/wire/desk_commands.h"
#include "access/wire/events.h"

namespace strongroom::access::wire {

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

}  // namespace strongroom::access::wire
