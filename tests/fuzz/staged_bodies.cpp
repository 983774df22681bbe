// Reads the bodies that bring many values at once. Requires that accepted values are within the limits, and that they
// are the same bytes when written again.
#include "service/staged_bodies.h"

#include <boost/json.hpp>

#include "access/wire/ids.h"
#include "tests/fuzz/require.h"
#include "vault/payload/store.h"

namespace fuzz = vault::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  if (const auto payloads = service::batch_payloads(input)) {
    fuzz::require(!payloads->empty() && payloads->size() <= vault::payload::kMaxBatchUploads);
    vault::Bytes again;
    for (const vault::ByteView payload : *payloads) {
      fuzz::require(!payload.empty());
      vault::append(again, vault::big_endian32(static_cast<std::uint32_t>(payload.size())));
      vault::append(again, payload);
    }
    fuzz::require(std::ranges::equal(again, input));
  }
  if (const auto values = service::staged_values(vault::as_text(input))) {
    fuzz::require(!values->empty() && values->size() <= strongroom::access::kMaxBesideValuesPerRequest);
    boost::json::array list;
    for (const vault::Bytes& value : *values) {
      fuzz::require(value.size() <= strongroom::access::kMaxBesideValueBytes);
      list.emplace_back(vault::base64(value, vault::Base64::url_unpadded));
    }
    const auto again = service::staged_values(boost::json::serialize(boost::json::object{{"values", std::move(list)}}));
    fuzz::require(again && *again == *values);
  }
  return 0;
}
