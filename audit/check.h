// Walks a whole ledger and names every value that is wrong. Memory is bounded, even if every value is.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "audit/ledger.h"

namespace audit {

inline constexpr std::size_t kMaxFindings = 1000;

struct Finding {
  // "envelope of entry 17", "body of entry 17", "tree node 3/2", "chain row 2/4", "chain heads 0/1", "checkpoint of
  // size 18"
  std::string value;
  Errc code = Errc::tampered;
  std::string problem;
};

struct LedgerReport {
  TreeSize size;
  Digest root{};  // recomputed from the entries; set only if the ledger is sound
  std::uint64_t checkpoints = 0;
  std::vector<Finding> findings;  // the first kMaxFindings
  std::uint64_t more_findings = 0;
  bool is_sound() const { return findings.empty(); }
};

// Checks that envelopes decode, follow each other without a gap and are linked into chains; that bodies open and match
// their envelopes; that every checkpoint verifies and has the root of its size; and that one covers the last entry. The
// tree is recomputed from the envelopes and compared row by row. Chain numbers and chain heads are derived again, and
// the rows of both compared. Damage is reported as a finding. The call itself fails only if the engine cannot be read.
Result<LedgerReport> check_ledger(const vault::engine::ReadTransaction& txn, const Ledger& ledger,
                                  std::string_view origin, const vault::crypto::VerifyKey& log_key);

}  // namespace audit
