// Whole age files, read and written through callbacks. Several threads share the work: each reads a unit of 1 MiB (16
// chunks), seals or opens it, and writes it when the units before it are written. A thread needs the memory of two
// units. The first error, in the order of the file, stops everything and is returned.
//
// A reader is called by one thread at a time, and so is a writer. But it is not always the same thread, and a reader
// and a writer may be called at the same time. They must not throw.
#pragma once
#include <cstdint>
#include <functional>
#include <span>

#include "vault/age/header.h"
#include "vault/age/stream.h"

namespace vault::age {

// Fills the beginning of `into`, which is never empty, and returns the number of bytes. Must return 0 only at the end
// of the input.
using Reader = std::function<Result<std::size_t>(std::span<std::byte> into)>;

Reader read_from(ByteView bytes);  // `bytes` must outlive the reader
Writer append_to(Bytes& to);       // `to` must outlive the writer

inline constexpr std::size_t kChunksPerUnit = 16;
inline constexpr unsigned kMaxThreads = 16;

// How many threads share the work, including the caller's. 0 means one for each core. At most kMaxThreads are used.
struct Threads {
  unsigned count = 0;
};

struct EncryptOptions {
  bool armor = false;
  Threads threads = {};
};

// Both return the size of the plaintext. Errors of the callbacks are returned unchanged.
Result<std::uint64_t> encrypt(const Reader& plain, const Writer& file, std::span<const Recipient> recipients,
                              const EncryptOptions& options = {});
Result<std::uint64_t> encrypt_with_passphrase(const Reader& plain, const Writer& file, const SecretText& passphrase,
                                              unsigned log_n = kDefaultScryptLogN, const EncryptOptions& options = {});

// Both accept binary and armored files. Before an error, a true beginning of the plaintext may have been written; only
// success means that it is complete. So a caller that writes to a file must not give it its final name before that.
// Errors are those of parse_header, open_header, Unarmorer and Decryptor.
Result<std::uint64_t> decrypt(const Reader& file, const Writer& plain, std::span<const Identity> identities,
                              Threads threads = {});
Result<std::uint64_t> decrypt_with_passphrase(const Reader& file, const Writer& plain, const SecretText& passphrase,
                                              Threads threads = {});

// The same in pieces, for callers that store headers and payloads apart.
struct OpenedFile {
  Header header;
  Reader payload;  // reads what follows the header; the reader it was made from must outlive it
};
Result<OpenedFile> read_header(const Reader& file);
Result<std::uint64_t> encrypt_payload(const FileKey& file_key, const Reader& plain, const Writer& payload,
                                      Threads threads = {});
// Encrypts under a nonce that the caller gives, so that the same plaintext gives the same payload again. Never use one
// nonce and file key for two plaintexts.
Result<std::uint64_t> encrypt_payload(const FileKey& file_key, const PayloadNonce& nonce, const Reader& plain,
                                      const Writer& payload, Threads threads = {});
Result<std::uint64_t> decrypt_payload(const FileKey& file_key, const Reader& payload, const Writer& plain,
                                      Threads threads = {});

// For files that are small enough to hold in memory: wraps, descriptors, identity files. Errc::too_large over the
// limit. A caller that decrypts a secret must wipe the result.
inline constexpr std::size_t kMaxSmallPlain = 16 * 1024 * 1024;
Result<Bytes> encrypt_small(ByteView plain, std::span<const Recipient> recipients);
Result<Bytes> encrypt_small_with_passphrase(ByteView plain, const SecretText& passphrase,
                                            unsigned log_n = kDefaultScryptLogN);
Result<Bytes> decrypt_small(ByteView file, std::span<const Identity> identities);
Result<Bytes> decrypt_small_with_passphrase(ByteView file, const SecretText& passphrase,
                                            unsigned max_log_n = crypto::kMaxScryptLogN);

}  // namespace vault::age
