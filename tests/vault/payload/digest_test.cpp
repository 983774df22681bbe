#include "vault/payload/digest.h"

#include <gtest/gtest.h>

#include "vault/payload/store.h"

namespace vault::payload {
namespace {

// Computes the digest slowly, straight from RFC 6962 2.1, as a model.
Digest tree_hash(std::span<const Digest> blocks) {
  if (blocks.empty()) return crypto::sha256(ByteView());
  if (blocks.size() == 1) {
    Bytes leaf{std::byte{0}};
    append(leaf, blocks[0]);
    return crypto::sha256(leaf);
  }
  std::size_t k = 1;
  while (k * 2 < blocks.size()) k *= 2;
  Bytes node{std::byte{1}};
  append(node, tree_hash(blocks.first(k)));
  append(node, tree_hash(blocks.subspan(k)));
  return crypto::sha256(node);
}

Digest model(ByteView bytes) {
  std::vector<Digest> blocks;
  for (std::size_t at = 0; at < bytes.size(); at += kBlockSize)
    blocks.push_back(crypto::sha256(bytes.subspan(at, std::min(kBlockSize, bytes.size() - at))));
  return tree_hash(blocks);
}

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 + i / 251);
  return bytes;
}

Digest digest_of(ByteView bytes, std::size_t cut) {
  PayloadDigest digest;
  for (std::size_t at = 0; at < bytes.size(); at += cut)
    digest.update(bytes.subspan(at, std::min(cut, bytes.size() - at)));
  EXPECT_EQ(digest.length(), bytes.size());
  return digest.finish();
}

TEST(PayloadDigest, AgreesWithTheModelAroundBlockBorders) {
  const Bytes bytes = pattern(5 * kBlockSize + 1);
  for (const std::size_t blocks : {0U, 1U, 2U, 3U, 4U, 5U}) {
    for (const std::ptrdiff_t off : {-1, 0, 1}) {
      const auto size = static_cast<std::ptrdiff_t>(blocks * kBlockSize) + off;
      if (size < 0) continue;
      const ByteView part = ByteView(bytes).first(static_cast<std::size_t>(size));
      EXPECT_EQ(digest_of(part, kBlockSize), model(part)) << size;
    }
  }
}

TEST(PayloadDigest, DoesNotDependOnHowTheBytesAreCut) {
  const Bytes bytes = pattern(3 * kBlockSize + 7777);
  const Digest expected = model(bytes);
  for (const std::size_t cut : {std::size_t{4093}, std::size_t{65536}, kBlockSize - 1, kBlockSize + 1, bytes.size()})
    EXPECT_EQ(digest_of(bytes, cut), expected) << cut;
}

TEST(PayloadDigest, OfNoBytesIsTheEmptyTree) {
  EXPECT_EQ(hex(PayloadDigest().finish()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// This value was computed with `sha256sum`: SHA-256(0x00 || SHA-256("strongroom")).
TEST(PayloadDigest, OfOneShortBlockIsItsLeaf) {
  EXPECT_EQ(hex(digest_of(as_bytes("strongroom"), 100)),
            "ba9a1801775e79eb60656c81ab5ec9e2001b62fafd01a7dae2fde978f120e206");
}

TEST(PayloadDigest, TakesBlocksThatWereHashedElsewhere) {
  const Bytes bytes = pattern(2 * kBlockSize + 5);
  PayloadDigest digest;
  digest.add_block(block_hash(ByteView(bytes).first(kBlockSize)));
  digest.add_block(block_hash(ByteView(bytes).subspan(kBlockSize, kBlockSize)));
  digest.update(ByteView(bytes).subspan(2 * kBlockSize));
  EXPECT_EQ(digest.finish(), model(bytes));
}

TEST(BlockTree, AgreesWithTheModelAtEverySizeTo130) {
  std::vector<Digest> blocks;
  BlockTree tree;
  for (std::uint32_t size = 0; size <= 130; ++size) {
    ASSERT_EQ(tree.root(), tree_hash(blocks)) << size;
    ASSERT_EQ(tree.size(), size);
    blocks.push_back(crypto::sha256(big_endian32(size)));
    tree.add(blocks.back());
  }
}

TEST(BlockCount, CountsABegunBlock) {
  EXPECT_EQ(block_count(0), 0U);
  EXPECT_EQ(block_count(1), 1U);
  EXPECT_EQ(block_count(kBlockSize), 1U);
  EXPECT_EQ(block_count(kBlockSize + 1), 2U);
}

}  // namespace
}  // namespace vault::payload
