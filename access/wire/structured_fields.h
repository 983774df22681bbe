// Parses and writes Structured Fields for HTTP (RFC 9651, which contains RFC 8941): values, a strict parser and the
// canonical serialiser. It is pure. Every limit is the least that RFC 9651 asks implementations to support, and is
// checked before memory grows.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/base/result.h"

namespace strongroom::access::wire::sf {

inline constexpr std::size_t kMaxFieldBytes = 64U << 10;
inline constexpr std::size_t kMaxMembers = 1024;        // of a list or dictionary
inline constexpr std::size_t kMaxInnerListItems = 256;  // of one inner list
inline constexpr std::size_t kMaxParameters = 256;      // of one item or inner list
inline constexpr std::int64_t kMaxInteger = 999'999'999'999'999;

struct Decimal {  // twelve digits before the point, three after it
  std::int64_t thousandths = 0;
  bool operator==(const Decimal&) const = default;
};
struct Token {
  std::string text;
  bool operator==(const Token&) const = default;
};
struct Date {
  std::int64_t unix_seconds = 0;
  bool operator==(const Date&) const = default;
};
struct DisplayString {
  std::string utf8;
  bool operator==(const DisplayString&) const = default;
};
// The alternatives are, in this order: Integer, Decimal, String, Token, Byte Sequence, Boolean, Date, Display String.
using BareItem = std::variant<std::int64_t, Decimal, std::string, Token, vault::Bytes, bool, Date, DisplayString>;

// Parameters are kept in the order of their first appearance. A repeated key has its last value.
using Parameters = std::vector<std::pair<std::string, BareItem>>;

struct Item {
  BareItem value;
  Parameters parameters;
  bool operator==(const Item&) const = default;
};
struct InnerList {
  std::vector<Item> items;
  Parameters parameters;
  bool operator==(const InnerList&) const = default;
};
using Member = std::variant<Item, InnerList>;
using List = std::vector<Member>;
using Dictionary = std::vector<std::pair<std::string, Member>>;  // ordered like Parameters

// Parses the value of a field; join several lines with ", ". Errc::malformed, or Errc::too_large over a limit. Base64
// must be padded and canonical.
vault::Result<Item> parse_item(std::string_view field);
vault::Result<List> parse_list(std::string_view field);
vault::Result<Dictionary> parse_dictionary(std::string_view field);

// Returns the canonical text. It is empty for an empty list or dictionary, which a message must leave out.
// Errc::invalid_argument for a value that has no text: a key, token or string with a character that is not allowed, or
// a number out of range.
vault::Result<std::string> serialise(const BareItem& value);
vault::Result<std::string> serialise(const Item& item);
vault::Result<std::string> serialise(const InnerList& list);
vault::Result<std::string> serialise(const List& list);
vault::Result<std::string> serialise(const Dictionary& dictionary);
vault::Result<std::string> serialise(const Member& member);

// Rounds to three digits, half to even. Errc::invalid_argument if the value is out of range or not a number.
vault::Result<Decimal> to_decimal(double value);

// Returns the value under `key`, or nullptr.
const BareItem* find(const Parameters& parameters, std::string_view key);
const Member* find(const Dictionary& dictionary, std::string_view key);

}  // namespace strongroom::access::wire::sf
