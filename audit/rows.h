// Encodes and decodes keys and values of the ledger's tables. Numbers are big-endian, so rows are in numeric order.
#pragma once
#include <algorithm>

#include "audit/entry.h"

namespace audit {

inline constexpr std::size_t kNumberBytes = 8;
inline constexpr std::size_t kNodeKeyBytes = 1 + kNumberBytes;
inline constexpr std::size_t kChainKeyBytes = 16 + kNumberBytes;

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
  ChainTag chain;
  std::uint64_t n = 0;
};
inline Bytes chain_row(const ChainTag& chain, std::uint64_t n) {
  Bytes row = vault::to_bytes(ByteView(chain.bytes));
  vault::append(row, vault::big_endian64(n));
  return row;
}
inline Result<ChainRow> read_chain_row(ByteView row) {
  if (row.size() != kChainKeyBytes) return Error{Errc::tampered, "the key of a chain row has the wrong length"};
  ChainRow read;
  std::copy_n(row.begin(), read.chain.bytes.size(), read.chain.bytes.begin());
  read.n = vault::read_big_endian64(row.last<kNumberBytes>());
  return read;
}

}  // namespace audit
