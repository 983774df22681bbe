// The payload digest is the RFC 6962 tree hash over the SHA-256 of each 1 MiB block of ciphertext. A leaf's data is the
// block's 32-byte SHA-256. The last block may be shorter. A payload without any bytes has the hash of the empty tree.
// Client and service both compute it with this code, so that they cannot disagree.
#pragma once
#include <cstdint>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/crypto/hash.h"

namespace vault::payload {

inline constexpr std::size_t kBlockSize = 1U << 20;

inline constexpr std::uint64_t block_count(std::uint64_t length) {
  return length / kBlockSize + (length % kBlockSize != 0 ? 1 : 0);
}

// Returns the SHA-256 of one block, for callers that hash blocks in parallel and then add them in order.
Digest block_hash(ByteView block);

// Computes the tree over block hashes. Its memory grows with the logarithm of their number. Not thread safe.
class BlockTree {
 public:
  void add(const Digest& block_hash);
  std::uint64_t size() const { return size_; }
  Digest root() const;  // of the blocks added so far

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> perfect_;  // one perfect subtree for each set bit of size_, the largest first
};

// Computes the digest of a stream of bytes. It does not matter how the stream is cut into calls. Not thread safe.
class PayloadDigest {
 public:
  void update(ByteView bytes);
  // Adds a whole block by its hash. Calls may alternate with `update`, but only at a block's border: for example, after
  // 1 MiB of updates, and not after 1 byte.
  void add_block(const Digest& block_hash);
  std::uint64_t length() const { return length_; }
  Digest finish();  // may be called once

 private:
  BlockTree tree_;
  crypto::Sha256 block_;
  std::uint64_t length_ = 0;
};

}  // namespace vault::payload
