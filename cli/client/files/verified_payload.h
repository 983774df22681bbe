// Compares a payload, as it passes, with everything that was signed about it: the length and payload digest of its
// ciphertext, and the size and SHA-256 of its plaintext.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "vault/age/keys.h"
#include "vault/age/stream.h"
#include "vault/crypto/hash.h"
#include "vault/payload/digest.h"

namespace cli::client {

using vault::ByteView;
using vault::Digest;
using vault::Errc;
using vault::Error;
using vault::Result;

inline constexpr std::uint64_t kWholePayload = 2U << 20;  // up to here a payload is verified on the caller's thread

struct PayloadFacts {
  std::uint64_t length = 0;
  Digest payload{};
  std::uint64_t size = 0;
  Digest sha256{};
};

// Not thread safe. The bytes that `plain` got prove nothing before `finish` has succeeded. A payload larger than
// kWholePayload is hashed, opened and passed to `plain` on threads of their own. They call `plain` one at a time, and
// an error may be returned by a later call than the one that brought the bytes.
class VerifiedPayload {
 public:
  VerifiedPayload(const vault::age::FileKey& key, const PayloadFacts& facts,
                  std::function<Result<void>(ByteView)> plain = {});
  ~VerifiedPayload();
  VerifiedPayload(const VerifiedPayload&) = delete;  // the decryptor refers to this object
  VerifiedPayload& operator=(const VerifiedPayload&) = delete;
  Result<void> push(ByteView ciphertext);
  Result<void> finish();  // Errc::tampered

 private:
  PayloadFacts facts_;
  std::function<Result<void>(ByteView)> plain_;
  vault::payload::PayloadDigest digest_;
  vault::crypto::Sha256 hash_;
  std::uint64_t length_ = 0;
  std::uint64_t size_ = 0;
  vault::age::Decryptor decryptor_;
  struct Pipeline;
  std::unique_ptr<Pipeline> pipeline_;  // of a larger payload. Its threads use all members above
};

// Reads an age file on this machine, opens its header with one of `identities`, and verifies its payload.
Result<void> verify_file(const std::filesystem::path& file, std::span<const vault::age::Identity> identities,
                         const PayloadFacts& facts, const std::function<Result<void>(ByteView)>& plain,
                         std::atomic<std::uint64_t>* bytes);

}  // namespace cli::client
