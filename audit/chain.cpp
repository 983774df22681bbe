#include "audit/chain.h"

namespace audit {

ChainVerifier::ChainVerifier(const Envelope& last)
    : chain_(last.chain), last_(last), last_leaf_(leaf_hash(encode_envelope(last))) {}

Result<Envelope> ChainVerifier::next(const EntryBytes& entry) {
  TRY(const Envelope envelope, decode_envelope(entry.envelope));
  const auto broken = [&](std::string_view why) {
    return Error{Errc::tampered, "entry " + std::to_string(envelope.seq.value) + " " + std::string(why)};
  };
  if (envelope.chain != chain_) return broken("belongs to another chain");
  if (envelope.n != (last_ ? last_->n + 1 : 0)) return broken("is not the next entry of its chain: one is missing");
  if (last_ && envelope.prev != last_leaf_) return broken("does not name the entry before it");
  if (last_ && envelope.time < last_->time) return broken("is older than the entry before it");
  TRY_VOID(verify_body(envelope, entry.body));
  last_ = envelope;
  last_leaf_ = leaf_hash(entry.envelope);
  return envelope;
}

Result<void> ChainVerifier::ends_at(const ChainHead& head) const {
  if (!last_ || head != ChainHead{chain_, last_->n, last_->seq})
    return Error{Errc::tampered, "the service shows only a part of a chain: entries were withheld"};
  return {};
}

Result<std::vector<Envelope>> verify_chain(ChainNumber chain, std::span<const EntryBytes> entries) {
  ChainVerifier verifier(chain);
  std::vector<Envelope> envelopes;
  for (const EntryBytes& entry : entries) {
    TRY(Envelope envelope, verifier.next(entry));
    envelopes.push_back(std::move(envelope));
  }
  return envelopes;
}

}  // namespace audit
