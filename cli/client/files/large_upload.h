// A large file on its way in: read, encrypted, hashed and sent at once, by a pipeline that takes all cores.
//
// An interrupted upload is resumed, either later in this run or by a later run: the file's key, wrapped for the
// person's own identity, and the payload's nonce are stored in a note of the home, so that the same file gives the same
// bytes. They are made again from the file's beginning, which gives both digests, and sent from where the service
// stands. A file that is not exactly as it was (size, inode, times of modification and of change) is begun anew under
// another key, because a key and a nonce must never seal two different texts.
// Format: docs/formats.md, "A client's home"
#pragma once
#include <atomic>

#include "cli/client/files/source_file.h"
#include "cli/client/session/upload.h"

namespace cli::client {

inline constexpr std::size_t kUploadChunk = 16U << 20;  // per request; sent as it comes, and kept until it is there
// In which the service may lose, by restarting, what was not yet durable; each that brought it further counts anew.
inline constexpr int kMaxRestarts = 3;

// A payload that is encrypted for a safe.
struct EncryptedPayload {
  std::optional<access::UploadId> upload;  // complete and not sealed yet; absent: it is not sent yet
  Bytes header;                            // the file key for the safe
  std::uint64_t length = 0;                // of the ciphertext
  Digest payload{};
  std::uint64_t size = 0;  // of the plaintext
  Digest sha256{};         // of the plaintext
};

// A file that is sent to a safe. `local` names it on this machine, wherever the program is started.
class LargeUpload {
 public:
  LargeUpload(Session& session, const access::SafeId& safe, std::string_view local);
  // `recipient` is the safe's. `bytes` goes up with the plaintext that was read. What is of this file alone: it cannot
  // be read, or changes meanwhile. When the service cannot be reached the upload stays for the next run.
  std::expected<EncryptedPayload, Fault> send(SourceFile& source, const vault::age::Recipient& recipient,
                                              std::atomic<std::uint64_t>& bytes);
  // Its record is sealed, or never will be from this upload: the next run begins anew.
  Result<void> forget();

 private:
  struct Begun;
  Result<bool> claim();
  Result<Begun> begin(const SourceFile& source);
  Result<std::optional<Begun>> resume(const SourceFile& source);
  std::expected<EncryptedPayload, Fault> send_once(SourceFile& source, const vault::age::Recipient& recipient,
                                                   std::atomic<std::uint64_t>& bytes);
  Session* session_;
  std::string note_;
  vault::FileDescriptor claim_;  // of the note: one program at a time resumes an upload
  std::uint64_t furthest_ = 0;   // that the service was known to stand at
};

// Drops the notes of uploads that the service knows no more, whose files nobody came back to: part of each sync. What
// another program is sending stays, and so does what the service cannot be asked about. Errc::unavailable.
Result<void> forget_gone_uploads(Session& session);

}  // namespace cli::client
