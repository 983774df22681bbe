#include "cli/client/session/upload.h"

#include <algorithm>

namespace cli::client {
namespace {

constexpr std::string_view kTusVersion = "1.0.0";
constexpr std::string_view kOffsetType = "application/offset+octet-stream";

}  // namespace

Result<Upload> Upload::create(Session& session, std::uint64_t length, ByteView first) {
  Session::Signed request;
  request.fields = {{"Tus-Resumable", std::string(kTusVersion)}, {"Upload-Length", std::to_string(length)}};
  if (!first.empty()) {
    request.body = first;
    request.has_body = true;
    request.fields.emplace_back("Content-Type", std::string(kOffsetType));
  }
  TRY(const HttpAnswer answer, session.send("POST", "/v1/uploads", request));
  if (answer.status != 201) return error_of(answer);
  const std::string* location = answer.field("location");
  const std::size_t slash = location == nullptr ? std::string::npos : location->rfind('/');
  if (slash == std::string::npos) return misspoken("the service did not say where the upload is");
  TRY(const access::UploadId id,
      session.understood(access::UploadId::parse(std::string_view(*location).substr(slash + 1))));
  Upload upload(session, id, length);
  const std::string* offset = answer.field("upload-offset");
  if (offset != nullptr) {
    TRY(upload.offset_, parse_number(*offset));
  }
  if (upload.offset_ > first.size()) return misspoken("the service counts more than it was sent");
  if (upload.offset_ < first.size()) TRY_VOID(upload.write(first.subspan(upload.offset_)));
  return upload;
}

Result<Upload> Upload::resume(Session& session, const access::UploadId& id, std::uint64_t length) {
  Upload upload(session, id, length);
  TRY_VOID(upload.ask_offset());
  if (upload.offset_ > length) return misspoken("the service counts more than it was sent");
  return upload;
}

Result<void> Upload::ask_offset() {
  Session::Signed ask;
  ask.fields = {{"Tus-Resumable", std::string(kTusVersion)}};
  TRY(const HttpAnswer where, session_->send("HEAD", "/v1/uploads/" + id_.to_string(), ask));
  if (where.status != 200 && where.status != 204) return error_of(where);
  const std::string* offset = where.field("upload-offset");
  if (offset == nullptr) return misspoken("the service did not say how far the upload is");
  TRY(offset_, parse_number(*offset));
  return {};
}

Result<void> Upload::write(ByteView chunk) {
  return write(chunk.size(), [chunk, start = offset_](std::uint64_t at, std::span<std::byte> into) {
    const ByteView unsent = chunk.subspan(static_cast<std::size_t>(at - start));
    const std::size_t size = std::min(unsent.size(), into.size());
    std::ranges::copy(unsent.first(size), into.begin());
    return Result<std::size_t>(size);
  });
}

Result<void> Upload::write(std::uint64_t length, const Source& source) {
  const std::uint64_t start = offset_;
  const std::uint64_t end = start + length;
  if (end > length_) return Error{Errc::invalid_argument, "more than the upload's length"};
  const std::string target = "/v1/uploads/" + id_.to_string();
  std::uint64_t given = start;  // the end of the bytes that the transport has got, so that the service may have them
  int attempt = 1;
  while (offset_ < end) {
    Session::Signed request;
    request.chunk = true;
    request.has_body = true;
    request.source_length = end - offset_;
    request.source = [&source, &given, at = offset_](std::span<std::byte> into) mutable -> Result<std::size_t> {
      TRY(const std::size_t got, source(at, into));
      at += got;
      given = std::max(given, at);
      return got;
    };
    request.fields = {{"Tus-Resumable", std::string(kTusVersion)},
                      {"Upload-Offset", std::to_string(offset_)},
                      {"Content-Type", std::string(kOffsetType)}};
    auto answer = session_->send_once("PATCH", target, request);
    const std::uint64_t before = offset_;
    if (answer && answer->status == 204) {
      const std::string* offset = answer->field("upload-offset");
      if (offset == nullptr) return misspoken("the service did not say how far the upload is");
      TRY(offset_, parse_number(*offset));
      if (offset_ > given) return misspoken("the service counts more than it was sent");
    } else if (answer && !is_transient(*answer) && answer->status != 409) {
      return error_of(*answer);
    } else if (!answer && answer.code() != Errc::unavailable) {
      return answer.error();
    }
    if (offset_ <= before) {
      if (attempt == kMaxAttempts && answer && answer->status == 204) return misspoken("the service takes no bytes");
      if (attempt == kMaxAttempts) return answer ? error_of(*answer) : answer.error();
      TRY_VOID(session_->pause_before(attempt++));
      TRY_VOID(ask_offset());
    }
    if (offset_ > length_) return misspoken("the service counts more than the upload has");
    // A connection that is dead to us may still have delivered bytes, for example if an earlier run was killed.
    if (offset_ > given) return Error{Errc::retry, "the service has more by now than this program sent"};
    if (offset_ < start) return Error{Errc::retry, "the service restarted and had not kept all that it was sent"};
    if (offset_ > before) attempt = 1;
  }
  return {};
}

Result<void> Upload::abandon() {
  Session::Signed request;
  request.fields = {{"Tus-Resumable", std::string(kTusVersion)}};
  TRY(const HttpAnswer answer, session_->send("DELETE", "/v1/uploads/" + id_.to_string(), request));
  if (answer.status >= 300 && answer.status != 404 && answer.status != 410) return error_of(answer);
  return {};
}

}  // namespace cli::client
