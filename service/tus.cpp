#include "service/tus.h"

#include "audit/decimal.h"
#include "vault/payload/store.h"

namespace service {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

Result<std::uint64_t> number_field(const net::Request& request, std::string_view name) {
  const auto number = audit::parse_decimal(request.field(name).value_or(""), vault::payload::kMaxPayloadBytes);
  if (!number) return Error{Errc::invalid_argument, std::string(name) + " must be a number of bytes"};
  return number;
}

}  // namespace

bool speaks_tus(const net::Request& request) {
  return request.field("tus-resumable") == kTusVersion;
}

Result<std::uint64_t> new_upload_length(const net::Request& request) {
  if (request.field("upload-metadata"))
    return Error{Errc::invalid_argument, "Upload-Metadata is not accepted, because it would contain file names"};
  if (request.field("upload-defer-length"))
    return Error{Errc::invalid_argument, "send Upload-Length when the upload is created: it cannot be deferred"};
  TRY(const std::uint64_t length, number_field(request, "upload-length"));
  if (!request.body.empty() && request.field("content-type") != kChunkType)
    return Error{Errc::invalid_argument, "the Content-Type of the first bytes must be application/offset+octet-stream"};
  if (request.body.size() > length)
    return Error{Errc::too_large, "the request has more bytes than the upload's length"};
  return length;
}

Result<std::uint64_t> chunk_offset(const net::Request& request) {
  if (request.field("content-type") != kChunkType)
    return Error{Errc::invalid_argument, "the Content-Type of a chunk must be application/offset+octet-stream"};
  return number_field(request, "upload-offset");
}

}  // namespace service
