// Whole age files, read and written through callbacks. Big payloads go through a pipeline: units of 1 MiB (16 chunks),
// each read, sealed or opened, and written by one of several threads, in order; memory is two units a thread. The first
// error, in the order of the file, stops everything and is what comes back.
//
// A reader and a writer are each called by one thread at a time, but not always the same one, and each may be called
// while the other is. They must not throw.
#pragma once
#include <cstdint>
#include <functional>
#include <span>

#include "vault/age/header.h"
#include "vault/age/stream.h"

namespace vault::age {

// Fills the beginning of `into`, which is never empty; gives how many bytes, 0 only at the end of the input.
using Reader = std::function<Result<std::size_t>(std::span<std::byte> into)>;

Reader read_from(ByteView bytes);  // `bytes` must outlive the reader
Writer append_to(Bytes& to);       // `to` must outlive the writer

inline constexpr std::size_t kChunksPerUnit = 16;
inline constexpr unsigned kMaxThreads = 16;

// How many threads the pipeline takes, the caller's among them; 0: one per core. At most kMaxThreads.
struct Threads {
  unsigned count = 0;
};

struct EncryptOptions {
  bool armor = false;
  Threads threads = {};
};

// Each gives the size of the plaintext. Errors of the callbacks come back as they are.
Result<std::uint64_t> encrypt(const Reader& plain, const Writer& file, std::span<const Recipient> recipients,
                              const EncryptOptions& options = {});
Result<std::uint64_t> encrypt_with_passphrase(const Reader& plain, const Writer& file, const SecretText& passphrase,
                                              unsigned log_n = kDefaultScryptLogN, const EncryptOptions& options = {});

// Armored files are recognised. What was written before an error is a true beginning of the plaintext, no more: only
// success tells that it is all. Errors are those of parse_header, open_header, Unarmorer and Decryptor.
Result<std::uint64_t> decrypt(const Reader& file, const Writer& plain, std::span<const Identity> identities,
                              Threads threads = {});
Result<std::uint64_t> decrypt_with_passphrase(const Reader& file, const Writer& plain, const SecretText& passphrase,
                                              Threads threads = {});

// The pieces, for those who keep headers and payloads apart.
struct OpenedFile {
  Header header;
  Reader payload;  // reads on after the header; the reader it was made from must outlive it
};
Result<OpenedFile> read_header(const Reader& file);
Result<std::uint64_t> encrypt_payload(const FileKey& file_key, const Reader& plain, const Writer& payload,
                                      Threads threads = {});
// Under a nonce of the caller's: makes again what was made of the same plaintext. Never for another one.
Result<std::uint64_t> encrypt_payload(const FileKey& file_key, const PayloadNonce& nonce, const Reader& plain,
                                      const Writer& payload, Threads threads = {});
Result<std::uint64_t> decrypt_payload(const FileKey& file_key, const Reader& payload, const Writer& plain,
                                      Threads threads = {});

// Files small enough to hold: wraps, descriptors, identity files. Errc::too_large over the limit. Whoever decrypts a
// secret wipes the result.
inline constexpr std::size_t kMaxSmallPlain = 16 * 1024 * 1024;
Result<Bytes> encrypt_small(ByteView plain, std::span<const Recipient> recipients);
Result<Bytes> encrypt_small_with_passphrase(ByteView plain, const SecretText& passphrase,
                                            unsigned log_n = kDefaultScryptLogN);
Result<Bytes> decrypt_small(ByteView file, std::span<const Identity> identities);
Result<Bytes> decrypt_small_with_passphrase(ByteView file, const SecretText& passphrase,
                                            unsigned max_log_n = crypto::kMaxScryptLogN);

}  // namespace vault::age
