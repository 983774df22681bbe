#include "access/wire/structured_fields.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace strongroom::access::wire::sf {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

constexpr std::size_t kMaxIntegerDigits = 15;
constexpr std::size_t kMaxDecimalDigits = 12;  // before the point
constexpr std::size_t kMaxFractionDigits = 3;
constexpr std::int64_t kThousand = 1000;

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_alpha(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}
constexpr bool is_printable(char c) {
  return c >= 0x20 && c <= 0x7e;
}
constexpr bool starts_key(char c) {
  return is_lower(c) || c == '*';
}
constexpr bool continues_key(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
constexpr bool starts_token(char c) {
  return is_alpha(c) || c == '*';
}
constexpr bool continues_token(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
}
// Returns the value of a lower-case hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

Error malformed(std::string_view what) {
  return {Errc::malformed, "structured field: " + std::string(what)};
}

template <class Value>
auto find_entry(std::vector<std::pair<std::string, Value>>& entries, std::string_view key) {
  return std::ranges::find(entries, key, [](const auto& entry) -> std::string_view { return entry.first; });
}

// Sets `key`. An earlier member of that name keeps its place.
template <class Value>
Result<void> set(std::vector<std::pair<std::string, Value>>& entries, std::string key, Value value, std::size_t limit) {
  if (const auto found = find_entry(entries, key); found != entries.end()) {
    found->second = std::move(value);
    return {};
  }
  if (entries.size() == limit) return Error{Errc::too_large, "structured field: too many members or parameters"};
  entries.emplace_back(std::move(key), std::move(value));
  return {};
}

// Parses by section 4.2, with one method for each of its algorithms.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  // Runs `parse` between optional spaces. It must consume all the text.
  template <class Parse>
  auto whole(Parse parse) -> decltype(parse(*this)) {
    if (rest_.size() > kMaxFieldBytes) return Error{Errc::too_large, "structured field: longer than 64 KiB"};
    skip_spaces();
    auto parsed = parse(*this);
    if (!parsed) return parsed;
    skip_spaces();
    if (!rest_.empty()) return malformed("unexpected text after the value");
    return parsed;
  }

  Result<Item> item() {
    TRY(BareItem value, bare_item());
    TRY(Parameters params, parameters());
    return Item{std::move(value), std::move(params)};
  }

  Result<List> list() {
    List members;
    while (!rest_.empty()) {
      if (members.size() == kMaxMembers) return Error{Errc::too_large, "structured field: too many members"};
      TRY(Member next, member());
      members.push_back(std::move(next));
      TRY(const bool more, comma());
      if (!more) break;
    }
    return members;
  }

  Result<Dictionary> dictionary() {
    Dictionary members;
    while (!rest_.empty()) {
      TRY(std::string name, key());
      Member value = Item{true, {}};
      if (take('=')) {
        TRY(value, member());
      } else {
        TRY(std::get<Item>(value).parameters, parameters());
      }
      TRY_VOID(set(members, std::move(name), std::move(value), kMaxMembers));
      TRY(const bool more, comma());
      if (!more) break;
    }
    return members;
  }

 private:
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }
  void skip_white_space() {
    while (take(' ') || take('\t')) {
    }
  }
  template <class Predicate>
  std::string_view take_while(Predicate holds) {
    const auto end = std::ranges::find_if_not(rest_, holds);
    const auto taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  // Returns true if another member must follow, and false at the end.
  Result<bool> comma() {
    skip_white_space();
    if (rest_.empty()) return false;
    if (!take(',')) return malformed("members are not separated by a comma");
    skip_white_space();
    if (rest_.empty()) return malformed("a comma at the end");
    return true;
  }

  Result<Member> member() {
    if (peek() != '(') {
      TRY(Item one, item());
      return Member{std::move(one)};
    }
    TRY(InnerList inner, inner_list());
    return Member{std::move(inner)};
  }

  Result<InnerList> inner_list() {
    take('(');
    InnerList list;
    while (true) {
      skip_spaces();
      if (take(')')) break;
      if (list.items.size() == kMaxInnerListItems)
        return Error{Errc::too_large, "structured field: too many items in an inner list"};
      TRY(Item next, item());
      list.items.push_back(std::move(next));
      if (peek() != ' ' && peek() != ')') return malformed("items of an inner list are not separated by a space");
    }
    TRY(list.parameters, parameters());
    return list;
  }

  Result<Parameters> parameters() {
    Parameters params;
    while (take(';')) {
      skip_spaces();
      TRY(std::string name, key());
      BareItem value = true;
      if (take('=')) {
        TRY(value, bare_item());
      }
      TRY_VOID(set(params, std::move(name), std::move(value), kMaxParameters));
    }
    return params;
  }

  Result<std::string> key() {
    if (!starts_key(peek())) return malformed("a key does not begin with a lower-case letter or *");
    return std::string(take_while(continues_key));
  }

  Result<BareItem> bare_item() {
    const char c = peek();
    if (c == '-' || is_digit(c)) return number();
    if (c == '"') return string();
    if (c == ':') return byte_sequence();
    if (c == '?') return boolean();
    if (c == '@') return date();
    if (c == '%') return display_string();
    if (starts_token(c)) return BareItem{Token{std::string(take_while(continues_token))}};
    return malformed("no item begins like this");
  }

  Result<BareItem> number() {
    const bool negative = take('-');
    const std::string_view whole = take_while(is_digit);
    if (whole.empty()) return malformed("a number without digits");
    const bool decimal = take('.');
    if (whole.size() > (decimal ? kMaxDecimalDigits : kMaxIntegerDigits))
      return malformed("a number has too many digits");
    std::int64_t value = 0;
    for (char digit : whole) value = value * 10 + (digit - '0');
    if (!decimal) return BareItem{negative ? -value : value};
    const std::string_view fraction = take_while(is_digit);
    if (fraction.empty() || fraction.size() > kMaxFractionDigits)
      return malformed("a decimal has one to three digits after its point");
    for (std::size_t i = 0; i < kMaxFractionDigits; ++i)
      value = value * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
    return BareItem{Decimal{negative ? -value : value}};
  }

  Result<BareItem> string() {
    take('"');
    std::string text;
    while (!rest_.empty()) {
      if (take('"')) return BareItem{std::move(text)};
      const bool escaped = take('\\');
      const char c = peek();
      if (rest_.empty() || !is_printable(c) || (escaped && c != '"' && c != '\\')) break;
      text += c;
      rest_.remove_prefix(1);
    }
    return malformed("a string is not ended or holds a forbidden character");
  }

  Result<BareItem> byte_sequence() {
    take(':');
    const std::size_t end = rest_.find(':');
    if (end == std::string_view::npos) return malformed("a byte sequence is not ended");
    auto bytes = vault::unbase64(rest_.substr(0, end), vault::Base64::padded);
    if (!bytes) return malformed("a byte sequence is not canonical base64");
    rest_.remove_prefix(end + 1);
    return BareItem{*std::move(bytes)};
  }

  Result<BareItem> boolean() {
    take('?');
    if (take('1')) return BareItem{true};
    if (take('0')) return BareItem{false};
    return malformed("a boolean is ?0 or ?1");
  }

  Result<BareItem> date() {
    take('@');
    TRY(const BareItem value, number());
    if (!std::holds_alternative<std::int64_t>(value)) return malformed("a date is an integer");
    return BareItem{Date{std::get<std::int64_t>(value)}};
  }

  Result<BareItem> display_string() {
    take('%');
    if (!take('"')) return malformed("a display string begins with %\"");
    std::string text;
    while (!rest_.empty()) {
      if (take('"')) {
        if (!vault::is_utf8(text)) return malformed("a display string is not UTF-8");
        return BareItem{DisplayString{std::move(text)}};
      }
      const char c = peek();
      if (!is_printable(c)) break;
      rest_.remove_prefix(1);
      if (c != '%') {
        text += c;
        continue;
      }
      const int high = rest_.size() < 2 ? -1 : hex_value(rest_[0]);
      const int low = rest_.size() < 2 ? -1 : hex_value(rest_[1]);
      if (high < 0 || low < 0) break;
      text += static_cast<char>(high << 4 | low);
      rest_.remove_prefix(2);
    }
    return malformed("a display string is not ended or holds a forbidden character");
  }

  std::string_view rest_;
};

// Writes by section 4.1. The first value without a text is kept as the error, and the text after it is not used.
class Writer {
 public:
  void write(std::int64_t integer) {
    require(integer >= -kMaxInteger && integer <= kMaxInteger, "an integer out of range");
    text_ += std::to_string(integer);
  }
  void write(const Decimal& decimal) {
    const std::int64_t value = decimal.thousandths;
    require(value >= -kMaxInteger && value <= kMaxInteger, "a decimal out of range");
    if (!good()) return;
    const std::int64_t size = value < 0 ? -value : value;
    std::string fraction = std::to_string(kThousand + size % kThousand).substr(1);
    while (fraction.size() > 1 && fraction.back() == '0') fraction.pop_back();
    text_ += (value < 0 ? "-" : "") + std::to_string(size / kThousand) + "." + fraction;
  }
  void write(const std::string& string) {
    text_ += '"';
    for (char c : string) {
      require(is_printable(c), "a string holds a character outside printable ASCII");
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  void write(const Token& token) {
    require(!token.text.empty() && starts_token(token.text.front()) && std::ranges::all_of(token.text, continues_token),
            "not a token");
    text_ += token.text;
  }
  void write(const vault::Bytes& bytes) { text_ += ':' + vault::base64(bytes, vault::Base64::padded) + ':'; }
  void write(bool boolean) { text_ += boolean ? "?1" : "?0"; }
  void write(const Date& date) {
    text_ += '@';
    write(date.unix_seconds);
  }
  void write(const DisplayString& string) {
    constexpr std::string_view digits = "0123456789abcdef";
    require(vault::is_utf8(string.utf8), "a display string is not UTF-8");
    text_ += "%\"";
    for (char c : string.utf8) {
      if (is_printable(c) && c != '%' && c != '"') {
        text_ += c;
      } else {
        const auto byte = static_cast<unsigned char>(c);
        text_ += '%';
        text_ += digits[byte >> 4];
        text_ += digits[byte & 15];
      }
    }
    text_ += '"';
  }
  void write(const BareItem& value) {
    std::visit([this](const auto& bare) { write(bare); }, value);
  }
  void write(const Parameters& parameters) {
    for (const auto& [key, value] : parameters) {
      text_ += ';';
      write_key(key);
      if (value == BareItem{true}) continue;
      text_ += '=';
      write(value);
    }
  }
  void write(const Item& item) {
    write(item.value);
    write(item.parameters);
  }
  void write(const InnerList& list) {
    text_ += '(';
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) text_ += ' ';
      write(list.items[i]);
    }
    text_ += ')';
    write(list.parameters);
  }
  void write(const Member& member) {
    std::visit([this](const auto& one) { write(one); }, member);
  }
  void write(const List& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) text_ += ", ";
      write(list[i]);
    }
  }
  void write(const Dictionary& dictionary) {
    for (std::size_t i = 0; i < dictionary.size(); ++i) {
      if (i > 0) text_ += ", ";
      const auto& [key, member] = dictionary[i];
      write_key(key);
      if (const Item* item = std::get_if<Item>(&member); item != nullptr && item->value == BareItem{true}) {
        write(item->parameters);
      } else {
        text_ += '=';
        write(member);
      }
    }
  }
  Result<std::string> finish() && {
    if (!good()) return Error{Errc::invalid_argument, "structured field: " + std::string(*fault_)};
    return std::move(text_);
  }

 private:
  bool good() const { return !fault_; }
  void require(bool holds, std::string_view fault) {
    if (!holds && good()) fault_ = fault;
  }
  void write_key(const std::string& key) {
    require(!key.empty() && starts_key(key.front()) && std::ranges::all_of(key, continues_key), "not a key");
    text_ += key;
  }

  std::string text_;
  std::optional<std::string_view> fault_;
};

template <class Value>
Result<std::string> written(const Value& value) {
  Writer writer;
  writer.write(value);
  return std::move(writer).finish();
}

}  // namespace

Result<Item> parse_item(std::string_view field) {
  return Parser(field).whole([](Parser& parser) { return parser.item(); });
}
Result<List> parse_list(std::string_view field) {
  return Parser(field).whole([](Parser& parser) { return parser.list(); });
}
Result<Dictionary> parse_dictionary(std::string_view field) {
  return Parser(field).whole([](Parser& parser) { return parser.dictionary(); });
}

Result<std::string> serialise(const BareItem& value) {
  return written(value);
}
Result<std::string> serialise(const Item& item) {
  return written(item);
}
Result<std::string> serialise(const InnerList& list) {
  return written(list);
}
Result<std::string> serialise(const List& list) {
  return written(list);
}
Result<std::string> serialise(const Dictionary& dictionary) {
  return written(dictionary);
}
Result<std::string> serialise(const Member& member) {
  return written(member);
}

Result<Decimal> to_decimal(double value) {
  const double thousandths = std::nearbyint(value * static_cast<double>(kThousand));  // rounds half to even by default
  if (!(std::abs(thousandths) <= static_cast<double>(kMaxInteger)))
    return Error{Errc::invalid_argument, "structured field: a decimal out of range"};
  return Decimal{static_cast<std::int64_t>(thousandths)};
}

const BareItem* find(const Parameters& parameters, std::string_view key) {
  const auto found = std::ranges::find(parameters, key, [](const auto& p) -> std::string_view { return p.first; });
  return found == parameters.end() ? nullptr : &found->second;
}
const Member* find(const Dictionary& dictionary, std::string_view key) {
  const auto found = std::ranges::find(dictionary, key, [](const auto& m) -> std::string_view { return m.first; });
  return found == dictionary.end() ? nullptr : &found->second;
}

}  // namespace strongroom::access::wire::sf
