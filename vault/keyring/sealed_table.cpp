#include "vault/keyring/sealed_table.h"

#include <algorithm>
#include <utility>

#include "vault/crypto/aead.h"
#include "vault/crypto/hash.h"

namespace vault::keyring {
namespace {

constexpr std::string_view kKeyIdLabel = "strongroom/v1 sealing key id";
constexpr std::size_t kHeadSize = 1 + std::tuple_size_v<SealingKeyId>;

void append_sized(Bytes& to, ByteView part) {
  append(to, big_endian32(static_cast<std::uint32_t>(part.size())));
  append(to, part);
}

// Binds a value to its table and key. `head` is the version and the key id. Sizes come before the two names, so that no
// other pair of names gives the same bytes.
Bytes associated_data(ByteView head, std::string_view table, ByteView key) {
  Bytes out;
  out.reserve(head.size() + 8 + table.size() + key.size());
  append(out, head);
  append_sized(out, as_bytes(table));
  append_sized(out, key);
  return out;
}

}  // namespace

std::string_view to_string(TableClass table_class) {
  switch (table_class) {
    case TableClass::ledger:
      return "ledger";
    case TableClass::beside:
      return "beside";
    case TableClass::projection:
      return "projection";
    case TableClass::local:
      return "local";
  }
  return "local";
}

Sealer::Key Sealer::with_id(SealingKey key) {
  SealingKeyId id;
  crypto::hkdf_sha256(key.expose(), {}, as_bytes(kKeyIdLabel), id);
  return {std::move(key), id};
}

Sealer::Sealer(SealingKey key, std::optional<SealingKey> predecessor) : current_(with_id(std::move(key))) {
  if (predecessor) predecessor_ = with_id(std::move(*predecessor));
}

Bytes Sealer::seal(std::string_view table, ByteView key, ByteView value) const {
  Bytes out{kSealVersion};
  out.reserve(kSealOverhead + value.size());
  append(out, current_.id);
  append(out, crypto::xchacha_seal(current_.key.expose(), associated_data(out, table, key), value));
  return out;
}

Result<Bytes> Sealer::open(std::string_view table, ByteView key, ByteView sealed) const {
  if (sealed.empty()) return Error{Errc::tampered, "a sealed value is empty"};
  if (sealed[0] != kSealVersion) return Error{Errc::unknown_version, "a value was sealed by a newer program"};
  if (sealed.size() < kSealOverhead) return Error{Errc::tampered, "a sealed value is shorter than its seal"};
  const ByteView head = sealed.first(kHeadSize);
  const ByteView id = head.subspan(1);
  const Key* with = nullptr;
  if (std::ranges::equal(id, current_.id)) {
    with = &current_;
  } else if (predecessor_ && std::ranges::equal(id, predecessor_->id)) {
    with = &*predecessor_;
  }
  if (with == nullptr) return Error{Errc::wrong_key, "a value was sealed under another vault key"};
  return crypto::xchacha_open(with->key.expose(), associated_data(head, table, key), sealed.subspan(kHeadSize));
}

bool Sealer::is_current(ByteView sealed) const {
  return sealed.size() >= kHeadSize && sealed[0] == kSealVersion &&
         std::ranges::equal(sealed.subspan(1, kHeadSize - 1), current_.id);
}

Result<SealedTable> SealedTable::make(engine::Engine& engine, const Sealer& sealer, std::string_view name,
                                      TableClass table_class) {
  TRY(const engine::Table table, engine.table(name));
  return SealedTable(sealer, name, table_class, table);
}

Result<std::optional<Bytes>> SealedTable::get(const engine::ReadTransaction& txn, ByteView key) const {
  TRY(const auto sealed, get_sealed(txn, key));
  if (!sealed) return std::optional<Bytes>();
  TRY(Bytes value, open(key, *sealed));
  return std::optional(std::move(value));
}

Result<std::optional<ByteView>> SealedTable::get_sealed(const engine::ReadTransaction& txn, ByteView key) const {
  return txn.get(table_, key);
}

Result<void> SealedTable::put(engine::WriteTransaction& txn, ByteView key, ByteView value) {
  if (value.size() > engine::kMaxValueSize - kSealOverhead)
    return Error{Errc::invalid_argument, "a value is too large to be sealed and stored"};
  return txn.put(table_, key, sealer_->seal(name_, key, value));
}

Result<bool> SealedTable::erase(engine::WriteTransaction& txn, ByteView key) {
  return txn.erase(table_, key);
}

Result<void> SealedTable::clear(engine::WriteTransaction& txn) {
  return txn.clear(table_);
}

Result<SealedTable::SealedAnew> SealedTable::seal_anew(engine::WriteTransaction& txn, ByteView from,
                                                       std::uint64_t max_bytes) const {
  SealedAnew done;
  Result<void> outcome;
  TRY_VOID(txn.scan(table_, {}, from, [&](engine::KeyValue pair) {
    // The limit bounds the transaction, and so the pages that it keeps in memory.
    if (done.bytes >= max_bytes) {
      done.next = to_bytes(pair.key);
      return false;
    }
    if (sealer_->is_current(pair.value)) return true;
    const Bytes key = to_bytes(pair.key);  // a copy, because writing ends the view
    const auto value = open(key, pair.value);
    const Bytes sealed = value ? sealer_->seal(name_, key, *value) : Bytes();
    outcome = value ? txn.put(table_, key, sealed) : Result<void>(value.error());
    ++done.pairs;
    done.bytes += sealed.size();
    return outcome.has_value();
  }));
  if (!outcome) return outcome.error();
  return done;
}

Result<std::uint64_t> SealedTable::count(const engine::ReadTransaction& txn) const {
  return txn.count(table_);
}

Result<void> SealedTable::scan(const engine::ReadTransaction& txn, ByteView prefix, ByteView from,
                               const std::function<Result<bool>(ByteView, ByteView)>& visit) const {
  Result<void> outcome;
  TRY_VOID(txn.scan(table_, prefix, from, [&](engine::KeyValue pair) {
    const Bytes key = to_bytes(pair.key);  // a copy, because `visit` may write, which ends the view
    const auto value = sealer_->open(name_, key, pair.value);
    if (!value) {
      outcome = value.error();
      return false;
    }
    const Result<bool> more = visit(key, *value);
    if (!more) outcome = more.error();
    return more && *more;
  }));
  return outcome;
}

Result<std::optional<SealedTable::Pair>> SealedTable::last(const engine::ReadTransaction& txn, ByteView prefix) const {
  if (prefix.size() > engine::kMaxKeySize) return Error{Errc::invalid_argument, "a prefix is longer than any key"};
  Bytes greatest = to_bytes(prefix);  // padded with 0xff below, so that no key with this prefix is greater
  greatest.resize(engine::kMaxKeySize, std::byte{0xff});
  TRY(const auto found, txn.seek_back(table_, greatest));
  if (!found || found->key.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), found->key.begin()))
    return std::optional<Pair>();
  TRY(Bytes value, sealer_->open(name_, found->key, found->value));
  return std::optional(Pair{to_bytes(found->key), std::move(value)});
}

}  // namespace vault::keyring
