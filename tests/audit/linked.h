// Links envelopes into chains as a ledger would: for tests that make up entries, and for operators who rewrite some.
#pragma once
#include "audit/heads.h"

namespace audit::test {

class Linked {
 public:
  // Gives the envelope the next place in its chain, or begins the next chain with it if that is its chain's number.
  void link(Envelope& envelope) const {
    HeadRowsInMemory rows = rows_;
    const std::size_t chain = envelope.chain.value;
    const bool begins = chain >= last_.size();
    envelope.n = begins ? 0 : last_[chain].n + 1;
    envelope.prev = begins ? std::optional<Digest>() : last_[chain].leaf;
    const std::uint64_t chains = std::max(last_.size(), chain + 1);
    envelope.heads = heads_digest(chains, *put_head(rows, {envelope.chain, envelope.n, envelope.seq}, chains));
  }
  // Takes an envelope that is in the ledger.
  void add(const Envelope& envelope) {
    const std::size_t chain = envelope.chain.value;
    if (chain == last_.size()) last_.emplace_back();
    last_.at(chain) = {envelope.n, leaf_hash(encode_envelope(envelope))};
    (void)put_head(rows_, {envelope.chain, envelope.n, envelope.seq}, last_.size());
  }
  std::uint64_t chains() const { return last_.size(); }
  // Proves the head of a chain, whose last entry is that one.
  HeadProof head(ChainNumber chain, LeafIndex seq) const {
    return {{chain, last_.at(chain.value).n, seq}, last_.size(), *prove_head(rows_, chain, last_.size())};
  }

 private:
  struct Last {
    std::uint64_t n = 0;
    Digest leaf{};
  };
  std::vector<Last> last_;
  HeadRowsInMemory rows_;
};

}  // namespace audit::test
