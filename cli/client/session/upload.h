// An upload to the service, over tus 1.0.
#pragma once
#include "cli/client/session/session.h"

namespace cli::client {

// One tus upload, written in order. Not thread safe.
class Upload {
 public:
  // `first` is sent along with the creation (it may be all of it).
  static Result<Upload> create(Session& session, std::uint64_t length, ByteView first = {});
  // One that was created before, where the service stands with it. Errc::not_found: it has gone.
  static Result<Upload> resume(Session& session, const access::UploadId& id, std::uint64_t length);
  // Gives bytes of the upload from an offset of it on: at most the span, at least one; called again for earlier bytes
  // of the chunk when they must be sent again. It may wait for them. What it returns ends the sending.
  using Source = std::function<Result<std::size_t>(std::uint64_t at, std::span<std::byte> into)>;
  // Sends the next `length` bytes as one chunk. When the connection breaks the service is asked where it stands and the
  // rest is sent from there. Errc::retry when it stands before this chunk (it restarted and lost what was not yet
  // durable), or beyond what this call gave (an earlier run's connection still arrived): go on from `offset`, with the
  // same bytes.
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
