#include "vault/engine/engine.h"

#include <algorithm>
#include <cstring>

namespace vault::engine {
namespace {

bool starts_with(ByteView key, ByteView prefix) {
  return key.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), key.begin());
}

// Turns `key` into the least key that is greater. Returns false if there is none.
bool advance(Bytes& key) {
  if (key.size() < kMaxKeySize) {
    key.push_back(std::byte{0});
    return true;
  }
  while (!key.empty() && key.back() == std::byte{0xff}) key.pop_back();
  if (key.empty()) return false;
  key.back() = static_cast<std::byte>(std::to_integer<unsigned>(key.back()) + 1);
  return true;
}

}  // namespace

Result<void> ReadTransaction::scan(Table table, ByteView prefix, ByteView from,
                                   const std::function<bool(KeyValue)>& visit) const {
  Bytes at = to_bytes(key_less(from, prefix) ? prefix : from);
  // Each step seeks again instead of keeping a cursor, so that `visit` may change the table.
  do {
    TRY(const auto found, seek(table, at));
    if (!found || !starts_with(found->key, prefix)) return {};
    at.assign(found->key.begin(), found->key.end());  // a copy, because `visit` may write, which ends the view
    if (!visit(*found)) return {};
  } while (advance(at));
  return {};
}

Result<void> check_key(ByteView key) {
  if (key.empty()) return Error{Errc::invalid_argument, "a key is empty"};
  return check_seek_key(key);
}

Result<void> check_seek_key(ByteView key) {
  if (key.size() > kMaxKeySize) return Error{Errc::invalid_argument, "a key is longer than 511 bytes"};
  return {};
}

Result<void> check_pair(ByteView key, ByteView value) {
  if (value.size() > kMaxValueSize) return Error{Errc::invalid_argument, "a value is larger than 64 MiB"};
  return check_key(key);
}

Result<void> check_table_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxTableNameSize || name.find('\0') != std::string_view::npos)
    return Error{Errc::invalid_argument, "a table's name has 1 to 64 bytes"};
  return {};
}

bool key_less(ByteView a, ByteView b) {
  const std::size_t common = std::min(a.size(), b.size());
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  return order != 0 ? order < 0 : a.size() < b.size();
}

}  // namespace vault::engine
