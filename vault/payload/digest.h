// The payload digest (DESIGN 5): the RFC 6962 tree hash over the SHA-256 of each 1 MiB block of ciphertext. A leaf's
// data is the block's 32-byte SHA-256; the last block may be shorter; no bytes at all have the empty tree's hash.
// Client and service compute it with this code alone.
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

// The SHA-256 of one block. For those who hash blocks in parallel and add them in order.
Digest block_hash(ByteView block);

// The tree over block hashes, in memory that grows with the logarithm of their number. Not thread safe.
class BlockTree {
 public:
  void add(const Digest& block_hash);
  std::uint64_t size() const { return size_; }
  Digest root() const;  // of the blocks so far

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> perfect_;  // one perfect subtree for each set bit of size_, the largest first
};

// The digest of a stream of bytes, however they are cut. Not thread safe.
class PayloadDigest {
 public:
  void update(ByteView bytes);
  // A whole block by its hash; only where no block is begun. Mixes with `update`.
  void add_block(const Digest& block_hash);
  std::uint64_t length() const { return length_; }
  Digest finish();  // once

 private:
  BlockTree tree_;
  crypto::Sha256 block_;
  std::uint64_t length_ = 0;
};

}  // namespace vault::payload
