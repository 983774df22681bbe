#include "service/staged_bodies.h"

#include "access/wire/describe_json.h"
#include "access/wire/ids.h"
#include "vault/payload/store.h"

namespace service {
namespace {

namespace access = strongroom::access;
namespace wire = strongroom::access::wire;
using vault::Bytes;
using vault::Errc;
using vault::Error;
using vault::Result;

struct StagingBody {
  std::vector<Bytes> values;
};
BOOST_DESCRIBE_STRUCT(StagingBody, (), (values))

}  // namespace

Result<std::vector<vault::ByteView>> batch_payloads(vault::ByteView body) {
  constexpr std::size_t kLengthBytes = 4;
  std::vector<vault::ByteView> payloads;
  while (!body.empty()) {
    if (payloads.size() == vault::payload::kMaxBatchUploads)
      return Error{Errc::too_large, "too many payloads in one request"};
    if (body.size() < kLengthBytes) return Error{Errc::malformed, "a batch ends within a length"};
    const std::uint32_t length = vault::read_big_endian32(body.first<kLengthBytes>());
    body = body.subspan(kLengthBytes);
    if (length == 0) return Error{Errc::malformed, "a payload has at least one byte"};
    if (length > body.size()) return Error{Errc::malformed, "a batch ends within a payload"};
    payloads.push_back(body.first(length));
    body = body.subspan(length);
  }
  if (payloads.empty()) return Error{Errc::malformed, "there is no payload in the batch"};
  return payloads;
}

Result<std::vector<Bytes>> staged_values(std::string_view body) {
  TRY(StagingBody staging, wire::decode<StagingBody>(body, wire::Strictness::exact));
  if (staging.values.empty()) return Error{Errc::invalid_argument, "there is no value to stage"};
  if (staging.values.size() > access::kMaxBesideValuesPerRequest)
    return Error{Errc::too_large, "too many values in one request"};
  for (const Bytes& value : staging.values)
    if (value.size() > access::kMaxBesideValueBytes) return Error{Errc::too_large, "a staged value is too large"};
  return std::move(staging.values);
}

}  // namespace service
