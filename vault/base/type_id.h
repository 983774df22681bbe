// Ids that carry their type: TypeID v0.3, for example rec_01jz8y2c3h4k5m6n7p8q9r0s1t (a prefix, "_" and 26 base32
// characters of a UUIDv7). Clients make and sign them. Nobody else may rely on what an id encodes.
// https://github.com/jetify-com/typeid/tree/main/spec
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "vault/base/bytes.h"

namespace vault {

inline constexpr std::size_t kTypeIdSuffixLength = 26;

// These work on the suffix without its prefix. `unix_ms` is the time part (48 bits); the other bits are random.
std::array<std::byte, 16> make_uuid_v7(std::uint64_t unix_ms);
std::string encode_type_id_suffix(const std::array<std::byte, 16>& uuid);
Result<std::array<std::byte, 16>> decode_type_id_suffix(std::string_view suffix);  // Errc::malformed

// A value type of 16 bytes. `Tag::kPrefix` is the prefix. Ids sort by the time at which they were made; those of the
// same millisecond sort at random.
template <class Tag>
class TypeId {
 public:
  static constexpr std::string_view kPrefix = Tag::kPrefix;
  TypeId() = default;  // all zero, which `generate` never makes
  static TypeId generate(std::uint64_t unix_ms) { return TypeId(make_uuid_v7(unix_ms)); }
  static Result<TypeId> parse(std::string_view text) {
    if (text.size() != kPrefix.size() + 1 + kTypeIdSuffixLength || !text.starts_with(kPrefix) ||
        text[kPrefix.size()] != '_')
      return Error{Errc::malformed, "not an id of the form " + std::string(kPrefix) + "_…"};
    TRY(const auto uuid, decode_type_id_suffix(text.substr(kPrefix.size() + 1)));
    return TypeId(uuid);
  }
  static TypeId from_uuid(const std::array<std::byte, 16>& uuid) { return TypeId(uuid); }
  std::string to_string() const { return std::string(kPrefix) + "_" + encode_type_id_suffix(uuid_); }
  const std::array<std::byte, 16>& uuid() const { return uuid_; }
  bool is_nil() const { return uuid_ == std::array<std::byte, 16>{}; }
  auto operator<=>(const TypeId&) const = default;

 private:
  explicit TypeId(const std::array<std::byte, 16>& uuid) : uuid_(uuid) {}
  std::array<std::byte, 16> uuid_{};
};

}  // namespace vault

template <class Tag>
struct std::hash<vault::TypeId<Tag>> {
  std::size_t operator()(const vault::TypeId<Tag>& id) const {
    return std::hash<std::string_view>{}(vault::as_text(id.uuid()));
  }
};
