// The work that a client owes to others. It does this work at its next command, and `strongroom sync` does nothing
// else. The service only reminds the client, which verifies the chains first. Which work it does by itself depends on
// what the work gives away:
//
// - by itself: confirming its own nominations, new epochs for those who hold the key already, recovery shares for
//   certified custodians, acknowledging deliveries, and wraps for somebody who held the safe's key before (for example
//   before a pause);
// - by itself if this home has a note that it signed the act, otherwise after asking: preparing a copy for a colleague;
// - always after asking, once for each person: wrapping a safe's key for somebody new.
#pragma once
#include <functional>

#include "cli/client/proof/directory.h"

namespace cli::client {

struct DutyDone {
  std::string duty;  // "outbox", "wrap", "confirm", "epoch", "shares", "prepare", "deliver"
  std::string safe;  // the id of the safe, or of the copy
  bool done = false;
  std::string text;            // for people
  Errc code = Errc::internal;  // why it was not done
};

// A question to the person before something is given to somebody, with all that they need for an answer.
struct Question {
  access::PersonId person;  // who would get it
  std::string fingerprint;  // of that person's signing key, certified

  // A safe whose key they would get, or from which the copy is, as its certified entries show it.
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
// `unanswered`: there was nobody to ask, and the work is left for another time.
enum class Consent { yes, no, unanswered };
using Ask = std::function<Consent(const Question&)>;
Consent ask_nobody(const Question&);

// Does the work that this client owes. A duty that cannot be done does not stop the others, or the command that comes
// next. Otherwise a mistake of one lead or depositor (Errc::tampered) would keep its victim from every act, including
// the remedy. Work to which the person did not agree is returned as not done, with Errc::conflict. Errc::unavailable
// stops all work, and so does a ledger that does not verify. `only`: wraps keys for that safe only.
Result<std::vector<DutyDone>> sync(Session& session, Directory& directory, const Ask& ask = ask_nobody,
                                   const std::optional<access::SafeId>& only = std::nullopt);

}  // namespace cli::client
