// Reads the small values of every request, entry and file: ids, times, digests, numbers, base64 and hexadecimal.
// Requires that each value has only one text that is accepted.
#include "access/wire/ids.h"
#include "audit/decimal.h"
#include "tests/fuzz/require.h"
#include "vault/base/time.h"

using namespace strongroom::access;
using namespace vault;

namespace {

template <class Id>
void check_id(std::string_view text) {
  if (const auto id = Id::parse(text)) {
    fuzz::require(id->to_string() == text && Id::from_uuid(id->uuid()) == *id);
    fuzz::require(text.starts_with(std::string(Id::kPrefix) + "_"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_id<AgencyId>(text);
  check_id<PersonId>(text);
  check_id<InvitationId>(text);
  check_id<CaseId>(text);
  check_id<SafeId>(text);
  check_id<RecordId>(text);
  check_id<CopyId>(text);
  check_id<UploadId>(text);
  check_id<ItemId>(text);
  if (const auto uuid = decode_type_id_suffix(text)) fuzz::require(encode_type_id_suffix(*uuid) == text);
  if (const auto instant = parse_rfc3339(text)) {
    const auto again = parse_rfc3339(to_rfc3339(*instant));
    fuzz::require(again && *again == *instant);
  }
  if (const auto date = parse_date(text)) fuzz::require(to_string(*date) == text);
  if (const auto digest = parse_digest(text)) fuzz::require(hex(*digest) == text);
  if (const auto number = audit::parse_decimal(text, ~std::uint64_t{0})) {
    fuzz::require(std::to_string(*number) == text && audit::parse_decimal(text, *number));
    if (*number > 0) fuzz::require(!audit::parse_decimal(text, *number - 1));
  }
  for (const auto form : {Base64::padded, Base64::unpadded, Base64::url_unpadded})
    if (const auto bytes = unbase64(text, form)) fuzz::require(base64(*bytes, form) == text);
  if (const auto bytes = unhex(text)) fuzz::require(*unhex(hex(*bytes)) == *bytes && bytes->size() * 2 == size);
  if (is_utf8(text)) fuzz::require(is_utf8(std::string(text) + "\xc3\xa9") && !is_utf8(std::string(text) + "\xc3"));
  return 0;
}
