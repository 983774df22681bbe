#include "audit/index.h"

namespace audit {
namespace {

using vault::engine::ReadTransaction;
using vault::engine::WriteTransaction;

constexpr std::size_t kSeqBytes = 8;

Result<Bytes> prefix_of(std::string_view field, std::string_view id) {
  const auto fits = [](std::string_view text, std::size_t max) {
    return !text.empty() && text.size() <= max && !text.contains('\0');
  };
  if (!fits(field, kMaxFieldBytes) || !fits(id, kMaxIndexedIdBytes))
    return Error{Errc::invalid_argument, "a field or an id of the index is empty, too long or contains a zero byte"};
  // The zero bytes end the two texts, so that "case-1" does not find the entries of "case-12".
  Bytes prefix = vault::to_bytes(field);
  prefix.push_back(std::byte{0});
  vault::append(prefix, vault::as_bytes(id));
  prefix.push_back(std::byte{0});
  return prefix;
}

Bytes with_seq(Bytes prefix, LeafIndex seq) {
  vault::append(prefix, vault::big_endian64(seq.value));
  return prefix;
}

}  // namespace

Result<Index> Index::open(vault::engine::Engine& engine, const vault::keyring::Sealer& sealer) {
  TRY(auto table,
      vault::keyring::SealedTable::make(engine, sealer, "audit.index", vault::keyring::TableClass::projection));
  return Index(std::move(table));
}

Result<void> Index::put(WriteTransaction& txn, std::string_view field, std::string_view id, LeafIndex seq) {
  TRY(Bytes prefix, prefix_of(field, id));
  return table_.put(txn, with_seq(std::move(prefix), seq), {});
}

Result<void> Index::scan(const ReadTransaction& txn, std::string_view field, std::string_view id, LeafIndex from,
                         const std::function<bool(LeafIndex)>& visit) const {
  TRY(const Bytes prefix, prefix_of(field, id));
  return table_.scan(txn, prefix, with_seq(prefix, from), [&](ByteView key, ByteView) -> Result<bool> {
    if (key.size() != prefix.size() + kSeqBytes)
      return Error{Errc::tampered, "a key of the index has the wrong length"};
    return visit(LeafIndex{vault::read_big_endian64(key.last<kSeqBytes>())});
  });
}

Result<void> Index::clear(WriteTransaction& txn) {
  return table_.clear(txn);
}

}  // namespace audit
