// A review as its own entries tell it: what the service shows of it is held against them, so that nobody prints, hands
// on or signs what the service made up. Each entry is in the ledger, signed by somebody who could make it, and names
// the words that go with it by digest; stage, documents, answers and clocks follow from them.
//
// What this cannot show is an entry withheld: an older state of the same review. An answer to Document 4 names its
// record all the same (AnswerDecision), so an older state cannot be signed in place of a newer one; `verify_trail`
// shows the whole.
#pragma once
#include "cli/client/review.h"

namespace cli::client {

// `course`: the entries of `GET /v1/cases/{case}/course`, each proved to be in the ledger. `it` is seen whole.
// Errc::tampered says what is shown otherwise than it was signed.
Result<void> prove_review(const Directory& directory, const ReviewCase& it, std::span<const VerifiedEntry> course,
                          const review::Calendar& calendar, vault::Instant now);

}  // namespace cli::client
