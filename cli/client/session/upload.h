// An upload of one payload to the service, over tus 1.0.
#pragma once
#include "cli/client/session/session.h"

namespace cli::client {

// Written in order. Not thread safe.
class Upload {
 public:
  // Begins an upload. `first` is sent in the same request, and may be the whole payload.
  static Result<Upload> create(Session& session, std::uint64_t length, ByteView first = {});
  // Finds an upload that was created before, at the offset that the service has reached. Errc::not_found if the service
  // has dropped it.
  static Result<Upload> resume(Session& session, const access::UploadId& id, std::uint64_t length);
  // Fills the span with bytes of the payload from offset `at`, at least one of them, and may wait for them. It is
  // called for the same bytes again if they must be sent again. Its error ends the sending.
  using Source = std::function<Result<std::size_t>(std::uint64_t at, std::span<std::byte> into)>;
  // Sends the next `length` bytes as one chunk. If the connection breaks, the service is asked for its offset, and the
  // remaining bytes are sent from there. Errc::retry if that offset is before this chunk (the service restarted and
  // lost bytes that were not durable yet), or beyond the bytes that this call gave (an earlier run's connection still
  // delivered some). The caller then continues at `offset` with the same bytes.
  Result<void> write(std::uint64_t length, const Source& source);
  Result<void> write(ByteView chunk);
  Result<void> abandon();
  const access::UploadId& id() const { return id_; }
  std::uint64_t offset() const { return offset_; }

 private:
  Upload(Session& session, access::UploadId id, std::uint64_t length) : session_(&session), id_(id), length_(length) {}
  Result<void> ask_offset();
  Session* session_;
  access::UploadId id_;
  std::uint64_t length_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace cli::client
