// Encodes and decodes keys and values of the ledger's tables. Numbers are big-endian, so rows are in numeric order.
#pragma once
#include "audit/heads.h"

namespace audit {

inline constexpr std::size_t kNumberBytes = 8;
inline constexpr std::size_t kNodeKeyBytes = 1 + kNumberBytes;
inline constexpr std::size_t kChainKeyBytes = 2 * kNumberBytes;

inline Bytes number_row(std::uint64_t value) {
  return vault::to_bytes(ByteView(vault::big_endian64(value)));
}
inline Result<std::uint64_t> read_number(ByteView row) {
  if (row.size() != kNumberBytes) return Error{Errc::tampered, "a number in the ledger has the wrong length"};
  return vault::read_big_endian64(row.first<kNumberBytes>());
}

inline Bytes node_row(NodeId id) {
  Bytes row{static_cast<std::byte>(id.level)};
  vault::append(row, vault::big_endian64(id.index));
  return row;
}
inline Result<NodeId> read_node(ByteView row) {
  if (row.size() != kNodeKeyBytes) return Error{Errc::tampered, "the key of a tree node has the wrong length"};
  return NodeId{std::to_integer<std::uint8_t>(row[0]), vault::read_big_endian64(row.last<kNumberBytes>())};
}

struct ChainRow {
  ChainNumber chain;
  std::uint64_t n = 0;
};
inline Bytes chain_row(ChainNumber chain, std::uint64_t n) {
  Bytes row = number_row(chain.value);
  vault::append(row, vault::big_endian64(n));
  return row;
}
inline Result<ChainRow> read_chain_row(ByteView row) {
  if (row.size() != kChainKeyBytes) return Error{Errc::tampered, "the key of a chain row has the wrong length"};
  return ChainRow{{vault::read_big_endian64(row.first<kNumberBytes>())},
                  vault::read_big_endian64(row.last<kNumberBytes>())};
}

// A row of the heads' tree begins with its level of rows, as a node's key begins with its level.
inline Bytes heads_row(HeadRowId id) {
  return node_row(NodeId{id.level, id.index});
}

}  // namespace audit
