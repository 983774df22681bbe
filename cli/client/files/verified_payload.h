// A payload that is compared, while it passes, with everything that was signed about it: its ciphertext's length and
// payload digest, and its plaintext's size and SHA-256.
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

inline constexpr std::uint64_t kWholePayload = 2U << 20;

struct PayloadFacts {
  std::uint64_t length = 0;
  Digest payload{};
  std::uint64_t size = 0;
  Digest sha256{};
};

// Not thread safe. What `plain` was given before `finish` succeeded proves nothing. Larger payloads than kWholePayload
// are hashed, opened and given to `plain` on threads of their own: `plain` is called by one at a time, and an error may
// be told by a later call than the one that brought the bytes.
class VerifiedPayload {
 public:
  VerifiedPayload(const vault::age::FileKey& key, const PayloadFacts& facts,
                  std::function<Result<void>(ByteView)> plain = {});
  ~VerifiedPayload();
  VerifiedPayload(const VerifiedPayload&) = delete;  // the decryptor writes into it
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
  std::unique_ptr<Pipeline> pipeline_;  // of a larger payload; its threads use all of the above
};

// Reads an age file on this machine, opens its header with one of `identities`, and verifies its payload.
Result<void> verify_file(const std::filesystem::path& file, std::span<const vault::age::Identity> identities,
                         const PayloadFacts& facts, const std::function<Result<void>(ByteView)>& plain,
                         std::atomic<std::uint64_t>* bytes);

}  // namespace cli::client
