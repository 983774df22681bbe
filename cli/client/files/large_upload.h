// Sends one large file to a safe. A pipeline that uses all cores reads, encrypts, hashes and sends it at the same time.
//
// An interrupted upload is resumed, either later in this run or by a later run. The file's key, wrapped for the
// person's own identity, and the payload's nonce are stored in a note of the home, so that the same file gives the same
// bytes. They are made again from the file's beginning, which gives both digests, but only the bytes that the service
// lacks are sent. If the file is not exactly as it was (size, inode, times of modification and of change), the upload
// begins anew under another key, because a key and a nonce must never seal two different texts. Format:
// docs/formats.md, "A client's home"
#pragma once
#include <atomic>

#include "cli/client/files/source_file.h"
#include "cli/client/session/upload.h"

namespace cli::client {

inline constexpr std::size_t kUploadChunk = 16U << 20;  // of one request; kept in memory until the service has it
// How often a restart of the service may lose bytes that were not durable yet, without any progress in between.
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

// `local` is the file's absolute name on this machine, under which a later run finds the upload again.
class LargeUpload {
 public:
  LargeUpload(Session& session, const access::SafeId& safe, std::string_view local);
  // `recipient` is the safe's. `bytes` is increased by the number of bytes that were read. The fault is of this file
  // only if the file cannot be read, or changes meanwhile. If the service cannot be reached, the next run resumes the
  // upload.
  std::expected<EncryptedPayload, Fault> send(SourceFile& source, const vault::age::Recipient& recipient,
                                              std::atomic<std::uint64_t>& bytes);
  // Called once the record is sealed, or if it never will be from this upload. The next run then begins anew.
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
  vault::File claim_;           // of the note, because only one program at a time may resume an upload
  std::uint64_t furthest_ = 0;  // the highest offset that the service has reported
};

// Drops the notes of uploads that the service no longer has, because nobody came back to the file. Each sync does this.
// A note stays if another program is sending its file, or if the service cannot be asked about it. Errc::unavailable.
Result<void> forget_gone_uploads(Session& session);

}  // namespace cli::client
