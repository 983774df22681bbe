#include "audit/receipt.h"

#include <boost/json.hpp>

namespace audit {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 4;

Error malformed(std::string_view what) {
  return Error{Errc::malformed, std::string(what)};
}

Result<json::value> parse_json(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return Error{Errc::too_large, "the answer about the ledger is too large"};
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return malformed("not JSON");
  return value;
}

// Returns one member. Members that this version does not know are ignored, since a newer service may send them.
Result<const json::value*> member(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  const json::value* found =
      object == nullptr ? nullptr : object->if_contains(json::string_view(name.data(), name.size()));
  if (found == nullptr) return malformed("the member \"" + std::string(name) + "\" is missing");
  return found;
}

Result<std::string> text_of(const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return malformed("not a string");
  return std::string(*text);
}

Result<std::uint64_t> number_of(const json::value& value) {
  boost::system::error_code error;
  const auto number = value.to_number<std::uint64_t>(error);
  if (error || value.is_double() || number > kMaxSeq + 1) return malformed("not a number of the expected range");
  return number;
}

json::array json_of(const Proof& proof) {
  json::array hashes;
  for (const Digest& hash : proof) hashes.emplace_back(vault::hex(hash));
  return hashes;
}

Result<Proof> proof_of(const json::value& value) {
  const json::array* hashes = value.if_array();
  if (hashes == nullptr || hashes->size() > kMaxProofHashes) return malformed("not a proof");
  Proof proof;
  for (const json::value& one : *hashes) {
    TRY(const std::string text, text_of(one));
    TRY(const Digest hash, vault::parse_digest(text));
    proof.push_back(hash);
  }
  return proof;
}

json::string json_text(ByteView bytes) {
  const std::string_view text = vault::as_text(bytes);
  return json::string(text.data(), text.size());
}

Result<ReceiptEntry> entry_of(const json::value& value) {
  ReceiptEntry entry;
  TRY(const json::value* index, member(value, "index"));
  TRY(entry.index.value, number_of(*index));
  TRY(const json::value* envelope, member(value, "envelope"));
  TRY(const std::string envelope_text, text_of(*envelope));
  entry.envelope = vault::to_bytes(envelope_text);
  TRY(const json::value* body, member(value, "body"));
  TRY(const std::string body_text, text_of(*body));
  entry.body = vault::to_bytes(body_text);
  if (entry.envelope.size() > kMaxEnvelopeBytes || entry.body.size() > kMaxBodyBytes)
    return Error{Errc::too_large, "an entry of the receipt is too large"};
  TRY(const json::value* proof, member(value, "proof"));
  TRY(entry.proof, proof_of(*proof));
  return entry;
}

}  // namespace

json::value to_json(const Receipt& receipt) {
  json::array entries;
  for (const ReceiptEntry& entry : receipt.entries)
    entries.push_back(json::object{{"index", entry.index.value},
                                   {"envelope", json_text(entry.envelope)},
                                   {"body", json_text(entry.body)},
                                   {"proof", json_of(entry.proof)}});
  return json::object{{"checkpoint", receipt.checkpoint}, {"entries", std::move(entries)}};
}

Result<Receipt> receipt_from_json(const json::value& value) {
  Receipt receipt;
  TRY(const json::value* checkpoint, member(value, "checkpoint"));
  TRY(receipt.checkpoint, text_of(*checkpoint));
  TRY(const json::value* entries, member(value, "entries"));
  const json::array* list = entries->if_array();
  if (list == nullptr) return malformed("a receipt must have a list of entries");
  if (list->size() > kMaxReceiptEntries) return Error{Errc::too_large, "the receipt has too many entries"};
  for (const json::value& one : *list) {
    TRY(ReceiptEntry entry, entry_of(one));
    receipt.entries.push_back(std::move(entry));
  }
  return receipt;
}

std::string encode_receipt(const Receipt& receipt) {
  return json::serialize(to_json(receipt));
}

Result<Receipt> decode_receipt(std::string_view text) {
  TRY(const json::value value, parse_json(text, kMaxReceiptBytes));
  TRY(Receipt receipt, receipt_from_json(value));
  if (encode_receipt(receipt) != text) return malformed("the receipt is not in its exact form");
  return receipt;
}

Result<VerifiedReceipt> verify_receipt(const Receipt& receipt, std::string_view origin,
                                       const vault::crypto::VerifyKey& log_key) {
  if (receipt.entries.empty()) return malformed("the receipt has no entries");
  TRY(const SignedCheckpoint checkpoint, verify_checkpoint(receipt.checkpoint, origin, log_key));
  return verify_receipt(receipt, checkpoint);
}

Result<VerifiedReceipt> verify_receipt(const Receipt& receipt, const SignedCheckpoint& of) {
  if (receipt.entries.empty()) return malformed("the receipt has no entries");
  if (receipt.checkpoint != of.note) return Error{Errc::conflict, "the receipt has another checkpoint"};
  VerifiedReceipt verified{.checkpoint = of, .envelopes = {}};
  const Checkpoint& checkpoint = of.checkpoint;
  for (const ReceiptEntry& entry : receipt.entries) {
    if (!verified.envelopes.empty() && entry.index <= verified.envelopes.back().seq)
      return malformed("the receipt's entries do not ascend");
    TRY_VOID(verify_inclusion(leaf_hash(entry.envelope), entry.index, checkpoint.size, entry.proof, checkpoint.root));
    TRY(const Envelope envelope, decode_envelope(entry.envelope));
    if (envelope.seq != entry.index)
      return Error{Errc::tampered, "an entry is in the place of another entry of the ledger"};
    TRY_VOID(verify_body(envelope, entry.body));
    verified.envelopes.push_back(envelope);
  }
  return verified;
}

json::value to_json(const ChainEnd& end) {
  return json::object{{"last", json_text(end.last)},        {"inclusion", json_of(end.inclusion)},
                      {"chain", end.head.head.chain.value}, {"n", end.head.head.n},
                      {"seq", end.head.head.seq.value},     {"chains", end.head.chains},
                      {"proof", json_of(end.head.proof)}};
}

Result<ChainEnd> chain_end_from_json(const json::value& value) {
  ChainEnd end;
  const auto number = [&](std::string_view name) -> Result<std::uint64_t> {
    TRY(const json::value* found, member(value, name));
    return number_of(*found);
  };
  TRY(const json::value* last, member(value, "last"));
  TRY(const std::string last_text, text_of(*last));
  end.last = vault::to_bytes(last_text);
  TRY(const json::value* inclusion, member(value, "inclusion"));
  TRY(end.inclusion, proof_of(*inclusion));
  TRY(end.head.head.chain.value, number("chain"));
  TRY(end.head.head.n, number("n"));
  TRY(end.head.head.seq.value, number("seq"));
  TRY(end.head.chains, number("chains"));
  TRY(const json::value* proof, member(value, "proof"));
  TRY(end.head.proof, proof_of(*proof));
  return end;
}

Result<ChainHead> verify_chain_end(const ChainEnd& end, const Checkpoint& verified) {
  const Error tampered{Errc::tampered, "the end of a chain is not proved by the ledger's last entry"};
  if (verified.size.value == 0) return tampered;
  const LeafIndex index{verified.size.value - 1};
  TRY_VOID(verify_inclusion(leaf_hash(end.last), index, verified.size, end.inclusion, verified.root));
  TRY(const Envelope last, decode_envelope(end.last));
  if (last.seq != index || end.head.head.seq > index) return tampered;
  TRY_VOID(verify_head(end.head, last.heads));
  return end.head.head;
}

json::value to_json(const LogUpdate& update) {
  return json::object{
      {"checkpoint", update.checkpoint}, {"from", update.from.value}, {"consistency", json_of(update.consistency)}};
}

Result<LogUpdate> log_update_from_json(const json::value& value) {
  LogUpdate update;
  TRY(const json::value* checkpoint, member(value, "checkpoint"));
  TRY(update.checkpoint, text_of(*checkpoint));
  TRY(const json::value* from, member(value, "from"));
  TRY(update.from.value, number_of(*from));
  TRY(const json::value* consistency, member(value, "consistency"));
  TRY(update.consistency, proof_of(*consistency));
  return update;
}

std::string encode_log_update(const LogUpdate& update) {
  return json::serialize(to_json(update));
}

Result<LogUpdate> decode_log_update(std::string_view text) {
  TRY(const json::value value, parse_json(text, kMaxLogUpdateBytes));
  TRY(LogUpdate update, log_update_from_json(value));
  if (encode_log_update(update) != text) return malformed("the update is not in its exact form");
  return update;
}

Result<SignedCheckpoint> verify_update(const LogUpdate& update, const std::optional<Checkpoint>& kept,
                                       std::string_view origin, const vault::crypto::VerifyKey& log_key) {
  TRY(SignedCheckpoint latest, verify_checkpoint(update.checkpoint, origin, log_key));
  const auto diverged = [](std::string_view how) { return Error{Errc::tampered, std::string(how)}; };
  const Checkpoint& now = latest.checkpoint;
  const TreeSize from = kept ? kept->size : TreeSize{0};
  // Both are checked before `update.from`: a service that has lost entries cannot prove anything from the kept size,
  // and its fault must be named, not its odd answer.
  if (now.size < from) return diverged(kLedgerWentBackwards);
  if (kept && now.size == from && now.root != kept->root) return diverged(kLedgerIsSplit);
  if (update.from != from) return Error{Errc::conflict, "the update does not begin at the checkpoint that was kept"};
  if (from.value == 0) {  // every ledger extends the empty one, so there is nothing to prove
    if (!update.consistency.empty()) return diverged(kLedgerWasRewritten);
  } else if (!verify_consistency(from, now.size, update.consistency, kept->root, now.root)) {
    return diverged(kLedgerWasRewritten);
  }
  return latest;
}

}  // namespace audit
