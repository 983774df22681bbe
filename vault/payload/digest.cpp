#include "vault/payload/digest.h"

#include <algorithm>

namespace vault::payload {
namespace {

// RFC 6962 2.1: "MTH({d(0)}) = SHA-256(0x00 || d(0))", "MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))".
constexpr std::array kLeafPrefix{std::byte{0}};
constexpr std::array kNodePrefix{std::byte{1}};

Digest node(const Digest& left, const Digest& right) {
  return crypto::sha256({kNodePrefix, left, right});
}

}  // namespace

Digest block_hash(ByteView block) {
  return crypto::sha256(block);
}

void BlockTree::add(const Digest& block_hash) {
  Digest joined = crypto::sha256({kLeafPrefix, block_hash});
  // As in adding 1: each set bit at the end of `size_` is a subtree that is as large as `joined` by then.
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    joined = node(perfect_.back(), joined);
    perfect_.pop_back();
  }
  perfect_.push_back(joined);
  ++size_;
}

Digest BlockTree::root() const {
  if (perfect_.empty()) return crypto::sha256(ByteView());
  Digest root = perfect_.back();
  // RFC 6962 splits at the largest power of two, so the smallest subtrees are joined first.
  for (std::size_t i = perfect_.size() - 1; i > 0; --i) root = node(perfect_[i - 1], root);
  return root;
}

void PayloadDigest::update(ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t filled = length_ % kBlockSize;
    const ByteView part = bytes.first(std::min(bytes.size(), kBlockSize - filled));
    block_.update(part);
    length_ += part.size();
    bytes = bytes.subspan(part.size());
    if (length_ % kBlockSize == 0) {
      tree_.add(block_.finish());
      block_ = crypto::Sha256();
    }
  }
}

void PayloadDigest::add_block(const Digest& block_hash) {
  invariant(length_ % kBlockSize == 0, "a whole block begins where none is begun");
  tree_.add(block_hash);
  length_ += kBlockSize;
}

Digest PayloadDigest::finish() {
  if (length_ % kBlockSize != 0) tree_.add(block_.finish());
  return tree_.root();
}

}  // namespace vault::payload
