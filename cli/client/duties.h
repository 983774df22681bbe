// The work that a client owes the others, done at its next command (`strongroom sync` does nothing else) after
// verifying the chains: the service only reminds. How much it does by itself depends on what it gives away (DESIGN 6,
// "What a client does by itself"):
//
// - by itself: confirmations of its own nominations, new epochs for those who hold the key already, recovery shares for
//   certified custodians, acknowledged deliveries, and wraps for somebody who held the safe's key before (a pause);
// - by itself only if this home remembers signing the act, otherwise after asking: a copy prepared for a colleague;
// - always after asking, once for each person: a safe's key wrapped for somebody new.
#pragma once
#include <functional>

#include "cli/client/proof/directory.h"

namespace cli::client {

struct DutyDone {
  std::string duty;  // "outbox", "wrap", "confirm", "epoch", "shares", "prepare", "deliver"
  std::string safe;  // or copy; the id's text
  bool done = false;
  std::string text;            // for people
  Errc code = Errc::internal;  // when it was not done
};

// A question to the person before something is given to somebody, with everything that they need for an answer.
struct Question {
  access::PersonId person;  // who would be given it
  std::string fingerprint;  // of that person's signing key, certified

  // A safe whose key they would hold, or the one that the copy is of: as its certified entries show it.
  struct Safe {
    access::SafeId safe;
    std::optional<access::AgencyId> agency;  // absent: the review safe
    access::CaseId case_;
    access::PersonId by;  // who signed the nomination, or the copy
    vault::Instant signed_at;
  };
  std::vector<Safe> safes;

  struct Copy {
    access::CopyId copy;
    std::uint64_t number = 0;
    std::size_t records = 0;
    access::Purpose purpose = access::Purpose::case_work;
    vault::Date due{};
  };
  std::optional<Copy> copy;  // absent: it is about keys
};
// `unanswered` leaves the work for another time: there was nobody to ask.
enum class Consent { yes, no, unanswered };
using Ask = std::function<Consent(const Question&)>;
Consent ask_nobody(const Question&);

// One duty that cannot be done does not stop the others, nor the command that it came before: what one lead or
// depositor made wrong (Errc::tampered) would otherwise keep its victim from every act, the remedy included. Work that
// was not agreed to is among the answers as not done, with Errc::conflict.
// Errc::unavailable stops all of it, and so does a service whose ledger does not verify.
// `only`: wraps for that safe and no other.
Result<std::vector<DutyDone>> sync(Session& session, Directory& directory, const Ask& ask = ask_nobody,
                                   const std::optional<access::SafeId>& only = std::nullopt);

}  // namespace cli::client
