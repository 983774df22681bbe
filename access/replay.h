// Runs entries again and compares. Every stored entry must be the one that follows from its signed request, from the
// entries before it, and from the values that it was given (seq, time, salt, reference, number). `strongroomd
// check` uses it, and so do clients who verify, and bundles, which lack the bodies of other cases' chains. Format:
// docs/formats.md ("The ledger")
//
// Replay trusts the ledger that it is given. audit/check.h proves that its entries are under a signed checkpoint.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/acts/act.h"
#include "access/store.h"
#include "access/wire/register.h"
#include "audit/check.h"
#include "audit/heads.h"

namespace strongroom::access {

// Holds the state that the entries lead to, on an engine in memory. It has only the projections, and no beside values.
// It is not thread safe, and must stay on the thread that made it.
class Projection {
 public:
  static Result<std::unique_ptr<Projection>> make(std::optional<audit::NoteKey> log = std::nullopt);
  Result<void> add(const audit::Envelope& envelope, const wire::EntryBody& body);
  const State& state() const { return *state_; }
  const audit::Index& index() const { return *index_; }
  const ReadTransaction& txn() const { return *txn_; }

 private:
  Projection();
  std::unique_ptr<engine::Engine> engine_;
  vault::keyring::Sealer sealer_;
  std::optional<State> state_;
  std::optional<audit::Index> index_;
  std::unique_ptr<WriteTransaction> txn_;
};

class Replay {
 public:
  // `authority` is the host and port, in their normal form, for which every request must have been signed; without it,
  // any authority is accepted. `log` is the ledger's origin with its key; without it, a statement of the roots is
  // accepted unseen. `newest` is the newest version of the permission table that is known. Each entry is decided again
  // by its own version, and an entry may not name an older version than the entry before it.
  static Result<std::unique_ptr<Replay>> begin(std::optional<std::string> authority = std::nullopt,
                                               PolicyVersion newest = kPolicyVersion,
                                               std::optional<audit::NoteKey> log = std::nullopt);

  // Runs the next entry by seq. Leave the body out if it is not at hand. The bodies of a chain are either all there or
  // all absent, except in the chain of cases, where each entry is about another case. Errc::tampered names the entry
  // and what is wrong with it. Errc::unknown_version if a newer program wrote it. After a failure nothing has changed,
  // so another entry may be tried.
  Result<void> next(const audit::Envelope& envelope, const std::optional<ByteView>& body);
  // Call it after the last entry. Errc::tampered if entries of the last command are missing.
  Result<void> finish() const;

  const Projection& projection() const { return *projection_; }
  std::unique_ptr<Projection> take_projection() { return std::move(projection_); }  // call it at the end

 private:
  Replay() = default;
  struct Expected {
    Event event;
    std::optional<std::string> actor;  // absent, as the request is, for the beginning of a chain
    std::optional<wire::EntryRequest> request;
    Instant time;
  };
  Result<void> take(const audit::Envelope& envelope, const std::optional<ByteView>& text);
  Result<void> check_entry(const audit::Envelope& envelope, const wire::EntryBody& body, ByteView text);
  Result<void> check_chain(const audit::Envelope& envelope, const wire::EntryBody& body) const;
  Result<void> check_system_entry(const audit::Envelope& envelope, const wire::EntryBody& body) const;
  Result<void> derive(const audit::Envelope& envelope, const wire::EntryBody& body);
  struct Cause {
    wire::VerifiedRequest request;
    Actor actor;
  };
  Result<Cause> verify_request(const audit::Envelope& envelope, const wire::EntryBody& body) const;

  std::unique_ptr<Projection> projection_;
  std::optional<std::string> authority_;
  std::optional<audit::Envelope> last_;
  PolicyVersion newest_policy_ = kPolicyVersion;
  PolicyVersion policy_ = kFirstPolicyVersion;  // of the last entry
  audit::HeadsVerifier heads_;
  std::vector<bool> has_bodies_;    // of each chain
  std::vector<Expected> expected_;  // the rest of a command's entries; the next one is the last of the list
};

struct CheckReport {
  audit::LedgerReport ledger;
  std::vector<audit::Finding> findings;  // all other faults; the first audit::kMaxFindings of them
  std::uint64_t more_findings = 0;
  std::uint64_t records = 0;
  bool is_sound() const { return ledger.is_sound() && findings.empty(); }
};

struct CheckOptions {
  bool payloads = true;         // whether every payload is read again
  std::function<bool()> go_on;  // called now and then; once it returns false, the check ends with Errc::cancelled
};

// Checks all of a vault: the ledger (audit/check.h), its replay, every row of the projections against the replay's,
// every beside value against the digest that an entry names, every payload, and that every sealed value opens. A beside
// value that no entry names is a fault too. The report names each value that is wrong. The call fails only if the
// engine cannot be read. It holds one read transaction.
Result<CheckReport> check(const Store& store, const CheckOptions& options = {});

// Makes the projections again from the ledger, and replaces the old ones in one commit. It does not verify the ledger,
// so run `check` first. Nothing else may be writing.
Result<void> rebuild(Store& store);

}  // namespace strongroom::access
