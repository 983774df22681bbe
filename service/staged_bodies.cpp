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
      return Error{Errc::too_large,
                   "the batch has more than " + std::to_string(vault::payload::kMaxBatchUploads) + " payloads"};
    if (body.size() < kLengthBytes) return Error{Errc::malformed, "the batch ends in the middle of a length"};
    const std::uint32_t length = vault::read_big_endian32(body.first<kLengthBytes>());
    body = body.subspan(kLengthBytes);
    if (length == 0) return Error{Errc::malformed, "a payload of the batch is empty"};
    if (length > body.size()) return Error{Errc::malformed, "the batch ends in the middle of a payload"};
    payloads.push_back(body.first(length));
    body = body.subspan(length);
  }
  if (payloads.empty()) return Error{Errc::malformed, "the batch contains no payload"};
  return payloads;
}

Result<std::vector<Bytes>> staged_values(std::string_view body) {
  TRY(StagingBody staging, wire::decode<StagingBody>(body, wire::Strictness::exact));
  if (staging.values.empty()) return Error{Errc::invalid_argument, "the request contains no value to stage"};
  if (staging.values.size() > access::kMaxBesideValuesPerRequest)
    return Error{Errc::too_large, "the request has too many values to stage"};
  for (const Bytes& value : staging.values)
    if (value.size() > access::kMaxBesideValueBytes) return Error{Errc::too_large, "a value to stage is too large"};
  return std::move(staging.values);
}

}  // namespace service
