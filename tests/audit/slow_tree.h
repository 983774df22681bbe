// Computes the Merkle tree as RFC 6962 section 2.1 words it: recursive, slow, and independent of the one under test.
#pragma once
#include <span>
#include <vector>

#include "vault/crypto/hash.h"

namespace audit {

using Leaves = std::span<const vault::Bytes>;

inline std::size_t slow_split(std::size_t n) {
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

inline vault::Digest slow_root(Leaves d) {
  if (d.empty()) return vault::crypto::sha256(vault::ByteView{});
  vault::Bytes input;
  if (d.size() == 1) {
    input.push_back(std::byte{0});
    vault::append(input, d[0]);
  } else {
    const std::size_t k = slow_split(d.size());
    input.push_back(std::byte{1});
    vault::append(input, slow_root(d.first(k)));
    vault::append(input, slow_root(d.subspan(k)));
  }
  return vault::crypto::sha256(input);
}

inline std::vector<vault::Digest> slow_path(std::size_t m, Leaves d) {
  if (d.size() == 1) return {};
  const std::size_t k = slow_split(d.size());
  auto path = m < k ? slow_path(m, d.first(k)) : slow_path(m - k, d.subspan(k));
  path.push_back(m < k ? slow_root(d.subspan(k)) : slow_root(d.first(k)));
  return path;
}

inline std::vector<vault::Digest> slow_subproof(std::size_t m, Leaves d, bool whole) {
  if (m == d.size()) return whole ? std::vector<vault::Digest>{} : std::vector{slow_root(d)};
  const std::size_t k = slow_split(d.size());
  auto proof = m <= k ? slow_subproof(m, d.first(k), whole) : slow_subproof(m - k, d.subspan(k), false);
  proof.push_back(m <= k ? slow_root(d.subspan(k)) : slow_root(d.first(k)));
  return proof;
}

}  // namespace audit
