// Runs entries again and compares (DESIGN 4): every stored entry must be the one that its signed request, the entries
// before it, and what is given (seq, time, chain, salt, reference, number) lead to. Used by `strongroomd check`, by
// clients who verify, and by bundles, which lack the bodies of other cases' chains.
//
// What replay trusts is the ledger that it is given: that entries are under a signed checkpoint is audit/check.h's.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/acts/act.h"
#include "access/store.h"
#include "access/wire/register.h"
#include "audit/chain.h"
#include "audit/check.h"

namespace strongroom::access {

// What entries amount to, on an engine in memory: the projections alone, no beside values. Not thread safe, and stays
// with the thread that made it.
class Projection {
 public:
  static Result<std::unique_ptr<Projection>> make();
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
  // `authority`: the host and port, in their normal form, that every request must have been signed for; absent: any.
  // `newest`: the newest version of the permission table that is known. Each entry is decided again by its own version,
  // and nobody goes back to an older one.
  static Result<std::unique_ptr<Replay>> begin(std::optional<std::string> authority = std::nullopt,
                                               PolicyVersion newest = kPolicyVersion);

  // The next entry by seq. Without a body, that of a chain that is not at hand; a chain's bodies are all there or none.
  // Errc::tampered names the entry and what is not as it should be; Errc::unknown_version: a newer program's. After a
  // failure nothing has changed: another entry may be tried.
  Result<void> next(const audit::Envelope& envelope, const std::optional<ByteView>& body);
  // After the last entry. Errc::tampered when entries of the last command are missing.
  Result<void> finish() const;

  const Projection& projection() const { return *projection_; }
  std::unique_ptr<Projection> take_projection() { return std::move(projection_); }  // at the end

 private:
  Replay() = default;
  struct Expected {
    Event event;
    std::string actor;
    wire::EntryRequest request;
    Instant time;
  };
  Result<void> take(const audit::Envelope& envelope, const std::optional<ByteView>& text);
  Result<void> check_entry(const audit::Envelope& envelope, const wire::EntryBody& body, ByteView text);
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
  std::map<audit::ChainTag, audit::ChainVerifier> chains_;
  std::vector<Expected> expected_;  // the rest of a command's entries, the next one last
};

struct CheckReport {
  audit::LedgerReport ledger;
  std::vector<audit::Finding> findings;  // everything else; the first audit::kMaxFindings
  std::uint64_t more_findings = 0;
  std::uint64_t records = 0;
  bool is_sound() const { return ledger.is_sound() && findings.empty(); }
};

struct CheckOptions {
  bool payloads = true;         // read every payload again
  std::function<bool()> go_on;  // asked now and then; Errc::cancelled once it returns false
};

// All of a vault: the ledger (audit/check.h), its replay, every projection row against the replay's, every beside value
// against the digest that an entry names (and none that no entry names), every payload, and that every sealed value
// opens. Names each value that is not what it should be. Fails only where the engine cannot be read. Holds one read
// transaction.
Result<CheckReport> check(const Store& store, const CheckOptions& options = {});

// Makes the projections again from the ledger, and puts them in place of the old ones in one commit. Takes what is in
// the ledger as it is: `check` first. Nothing else may be writing.
Result<void> rebuild(Store& store);

}  // namespace strongroom::access
