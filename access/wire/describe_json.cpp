#include "access/wire/describe_json.h"

#include "access/wire/json_limits.h"

namespace strongroom::access::wire {

using vault::Errc;
using vault::Error;
using vault::Result;

namespace {

// Returns the most values that `text` can have if it is JSON: each value but the first follows a comma, or the bracket
// or colon that opens its place.
std::size_t count_values(std::string_view text) {
  std::size_t values = 1;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\') ++i;
    if (!quoted && (c == ',' || c == '[' || c == '{')) ++values;
  }
  return values;
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  if (text.size() > kMaxJsonValues && count_values(text) > kMaxJsonValues)
    return Error{Errc::too_large, "the JSON has too many values"};
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  boost::system::error_code failed;
  json::value value = json::parse(json::string_view(text.data(), text.size()), failed, {}, options);
  if (failed) return Error{Errc::malformed, "not JSON: " + failed.message()};
  return value;
}

std::string member_name(std::string_view cpp_name) {
  if (cpp_name.ends_with('_')) cpp_name.remove_suffix(1);
  return std::string(cpp_name);
}

std::string enumerator_name(std::string_view cpp_name) {
  std::string name(cpp_name);
  for (char& c : name)
    if (c == '_') c = '-';
  return name;
}

Error wrong_member(std::string_view name, std::string_view why) {
  return {Errc::malformed, "\"" + std::string(name) + "\": " + std::string(why)};
}

namespace detail {
Result<std::string_view> text_of(const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return Error{Errc::malformed, "not a string"};
  if (text->size() > kMaxStringLength) return Error{Errc::too_large, "a string is too long"};
  return std::string_view(text->data(), text->size());
}

std::string name_of(std::span<const Enumerator> enumerators, std::int64_t value) {
  const auto found = std::ranges::find(enumerators, value, &Enumerator::value);
  return found == enumerators.end() ? "unknown" : enumerator_name(found->cpp_name);
}
Result<std::int64_t> value_of(std::span<const Enumerator> enumerators, std::string_view text) {
  const auto found =
      std::ranges::find_if(enumerators, [&](const Enumerator& e) { return enumerator_name(e.cpp_name) == text; });
  if (found == enumerators.end())
    return Error{Errc::malformed, "unknown word \"" + std::string(text.substr(0, 40)) + "\""};
  return found->value;
}

const json::value* MemberReader::find(std::string_view cpp_name) {
  if (failed_) return nullptr;
  const json::value* found = object_.if_contains(member_name(cpp_name));
  if (found != nullptr) ++known_;
  return found;
}
const json::value* MemberReader::find_required(std::string_view cpp_name) {
  const json::value* found = find(cpp_name);
  if (found == nullptr && !failed_) fail(cpp_name, "it is missing");
  return found;
}
void MemberReader::fail(std::string_view cpp_name, std::string_view why) {
  failed_ = wrong_member(member_name(cpp_name), why);
}
Result<void> MemberReader::finish() const {
  if (failed_) return *failed_;
  if (strictness_ == Strictness::exact && known_ != object_.size())
    return Error{Errc::malformed, "an object has a member that is not of its kind"};
  return {};
}
}  // namespace detail

Result<std::string> JsonOf<std::string>::from(const json::value& value, Strictness) {
  TRY(const std::string_view text, detail::text_of(value));
  return std::string(text);
}

Result<bool> JsonOf<bool>::from(const json::value& value, Strictness) {
  if (!value.is_bool()) return Error{Errc::malformed, "neither true nor false"};
  return value.get_bool();
}

Result<std::uint64_t> JsonOf<std::uint64_t>::from(const json::value& value, Strictness) {
  std::uint64_t number = 0;
  if (value.is_int64() && value.get_int64() >= 0)
    number = static_cast<std::uint64_t>(value.get_int64());
  else if (value.is_uint64())
    number = value.get_uint64();
  else
    return Error{Errc::malformed, "not a whole number of zero or more"};
  if (number > kMaxJsonInteger) return Error{Errc::malformed, "a number is above 2^53 - 1"};
  return number;
}

Result<vault::Bytes> JsonOf<vault::Bytes>::from(const json::value& value, Strictness) {
  TRY(const std::string_view text, detail::text_of(value));
  return vault::unbase64(text, vault::Base64::url_unpadded);
}

Result<vault::age::Recipient> JsonOf<vault::age::Recipient>::from(const json::value& value, Strictness) {
  TRY(const std::string_view text, detail::text_of(value));
  return vault::age::Recipient::parse(text);
}

Result<vault::Instant> JsonOf<vault::Instant>::from(const json::value& value, Strictness) {
  TRY(const std::string_view text, detail::text_of(value));
  return vault::parse_rfc3339(text);
}

Result<vault::Date> JsonOf<vault::Date>::from(const json::value& value, Strictness) {
  TRY(const std::string_view text, detail::text_of(value));
  return vault::parse_date(text);
}

}  // namespace strongroom::access::wire
