// What the service hands out about the ledger, and how a client checks it: receipts for entries, and updates from the
// checkpoint that the client kept. JSON in one exact form: digests in hexadecimal, envelopes and bodies as their text.
#pragma once
#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/entry.h"

namespace audit {

inline constexpr std::size_t kMaxReceiptEntries = 1024;
inline constexpr std::size_t kMaxReceiptBodies = 4U << 20;  // bytes of all bodies together, as a ledger hands them out
inline constexpr std::size_t kMaxReceiptBytes = 16U << 20;  // of JSON, where every quote of a body takes two
inline constexpr std::size_t kMaxLogUpdateBytes = 2U << 20;

struct ReceiptEntry {
  LeafIndex index;
  Bytes envelope;
  Bytes body;
  Proof proof;  // of the envelope, in the tree of the receipt's checkpoint
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

// Errc::malformed, Errc::too_large. The from_json forms, for parts of an answer, ignore members they do not know.
boost::json::value to_json(const Receipt& receipt);
Result<Receipt> receipt_from_json(const boost::json::value& value);
std::string encode_receipt(const Receipt& receipt);
Result<Receipt> decode_receipt(std::string_view text);  // accepts only what encode_receipt makes

// Every entry is in the tree of a checkpoint that `log_key` signed, and every body is the one that its envelope binds.
// Errc::tampered or Errc::wrong_key otherwise; an empty receipt, or one whose entries do not ascend, is
// Errc::malformed.
Result<VerifiedReceipt> verify_receipt(const Receipt& receipt, std::string_view origin,
                                       const vault::crypto::VerifyKey& log_key);
// The same for somebody who has verified the checkpoint before: many receipts may be of one. Errc::conflict when the
// receipt is of another.
Result<VerifiedReceipt> verify_receipt(const Receipt& receipt, const SignedCheckpoint& verified);

// {"checkpoint":"…","from":…,"consistency":["…"]}
struct LogUpdate {
  std::string checkpoint;  // the signed note
  TreeSize from;           // the size that the client named
  Proof consistency;       // from there to the checkpoint; empty from size 0 and where nothing was added
  bool operator==(const LogUpdate&) const = default;
};

boost::json::value to_json(const LogUpdate& update);
Result<LogUpdate> log_update_from_json(const boost::json::value& value);
std::string encode_log_update(const LogUpdate& update);
Result<LogUpdate> decode_log_update(std::string_view text);  // accepts only what encode_log_update makes

// What an update can be found to be, apart from a bad signature: messages of Errc::tampered.
inline constexpr std::string_view kLedgerWentBackwards = "the ledger went backwards";
inline constexpr std::string_view kLedgerIsSplit = "the ledger shows different entries to different readers";
inline constexpr std::string_view kLedgerWasRewritten = "the ledger was rewritten: it does not extend what was seen";

// The checkpoint to keep from now on. `kept` is the one whose size the request named (none: 0); an update from another
// size is Errc::conflict. Without a kept one, signature and origin are all there is to check.
Result<SignedCheckpoint> verify_update(const LogUpdate& update, const std::optional<Checkpoint>& kept,
                                       std::string_view origin, const vault::crypto::VerifyKey& log_key);

}  // namespace audit
