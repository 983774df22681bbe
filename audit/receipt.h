// The service gives clients receipts for entries, and updates from the checkpoint that the client kept. The functions
// here verify both. They are JSON in one exact form: digests in hexadecimal, envelopes and bodies as their text.
#pragma once
#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/heads.h"

namespace audit {

inline constexpr std::size_t kMaxReceiptEntries = 1024;
inline constexpr std::size_t kMaxReceiptBodies = 4U << 20;  // bytes of all bodies together in a receipt that we make
inline constexpr std::size_t kMaxReceiptBytes = 16U << 20;  // of JSON, where every quote of a body takes two bytes
inline constexpr std::size_t kMaxLogUpdateBytes = 2U << 20;

struct ReceiptEntry {
  LeafIndex index;
  Bytes envelope;
  Bytes body;
  Proof proof;  // shows that the envelope is in the tree of the receipt's checkpoint
  bool operator==(const ReceiptEntry&) const = default;
};
// {"checkpoint":"…","entries":[{"index":…,"envelope":"…","body":"…","proof":["…"]}]}
struct Receipt {
  std::string checkpoint;  // the signed note
  std::vector<ReceiptEntry> entries;
  bool operator==(const Receipt&) const = default;
};
struct VerifiedReceipt {
  SignedCheckpoint checkpoint;
  std::vector<Envelope> envelopes;  // of the receipt's entries, in their order
};

// Errc::malformed, Errc::too_large. The from_json functions read a part of a larger answer and ignore unknown members.
boost::json::value to_json(const Receipt& receipt);
Result<Receipt> receipt_from_json(const boost::json::value& value);
std::string encode_receipt(const Receipt& receipt);
Result<Receipt> decode_receipt(std::string_view text);  // accepts only what encode_receipt writes

// Verifies that every entry is in the tree of a checkpoint that `log_key` signed, and that every body is the one that
// its envelope binds. Errc::tampered or Errc::wrong_key otherwise; Errc::malformed for a receipt that is empty or whose
// entries do not ascend. A caller must use only the envelopes that are returned.
Result<VerifiedReceipt> verify_receipt(const Receipt& receipt, std::string_view origin,
                                       const vault::crypto::VerifyKey& log_key);
// Same, for a caller that has verified the checkpoint already, since many receipts may have the same one.
// Errc::conflict if the receipt has another checkpoint.
Result<VerifiedReceipt> verify_receipt(const Receipt& receipt, const SignedCheckpoint& verified);

// Proves which entry is the last of a chain: the ledger's last envelope, which commits to the heads of all chains, is
// in the tree of the checkpoint that comes with it, and the chain's head is among them.
// {"last":"<envelope>","inclusion":["…"],"chain":…,"n":…,"seq":…,"chains":…,"proof":["…"]}
struct ChainEnd {
  Bytes last;  // the envelope of the last entry that the checkpoint covers
  Proof inclusion;
  HeadProof head;
  bool operator==(const ChainEnd&) const = default;
};
boost::json::value to_json(const ChainEnd& end);
Result<ChainEnd> chain_end_from_json(const boost::json::value& value);
// Returns the chain's last entry. Errc::tampered unless it is proved under this checkpoint, which must be verified.
Result<ChainHead> verify_chain_end(const ChainEnd& end, const Checkpoint& verified);

// {"checkpoint":"…","from":…,"consistency":["…"]}
struct LogUpdate {
  std::string checkpoint;  // the signed note
  TreeSize from;           // the size that the client named
  Proof consistency;       // from there to the checkpoint; empty if `from` is 0 or nothing was added
  bool operator==(const LogUpdate&) const = default;
};

boost::json::value to_json(const LogUpdate& update);
Result<LogUpdate> log_update_from_json(const boost::json::value& value);
std::string encode_log_update(const LogUpdate& update);
Result<LogUpdate> decode_log_update(std::string_view text);  // accepts only what encode_log_update writes

// The messages of Errc::tampered for an update whose signature verifies.
inline constexpr std::string_view kLedgerWentBackwards = "the ledger went backwards";
inline constexpr std::string_view kLedgerIsSplit = "the ledger shows different entries to different readers";
inline constexpr std::string_view kLedgerWasRewritten = "the ledger was rewritten: it does not extend what was seen";

// Verifies an update and returns the checkpoint that the client must keep from now on. `kept` is the checkpoint whose
// size the request named; it is empty if the request named 0. Errc::conflict for an update from another size. A client
// that has kept no checkpoint can check only the signature and the origin, so pass `kept` if there is one.
Result<SignedCheckpoint> verify_update(const LogUpdate& update, const std::optional<Checkpoint>& kept,
                                       std::string_view origin, const vault::crypto::VerifyKey& log_key);

}  // namespace audit
