// Makes a whole vault for tests, in memory or on LMDB, with its gate: three partners and their roots, a SPOC,
// custodians, two agencies with leads, practitioners and a depositor; then a case, an open safe and records. Every act
// is a signed request through the gate, and every staged value is a real age file. Time does not pass unless a test
// moves it.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "access/gate/gate.h"
#include "access/replay.h"
#include "access/store.h"
#include "access/views.h"
#include "tests/support/temporary_directory.h"
#include "tests/vault/engine/faulty_engine.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"
#include "vault/engine/lmdb.h"
#include "vault/payload/segments.h"

namespace strongroom::access::testing {

struct Identity {
  PersonId id;
  vault::crypto::SigningKey signing = vault::crypto::SigningKey::generate();
  vault::age::Identity age = vault::age::Identity::generate();
};

// A safe as its keyholders know it.
struct KnownSafe {
  SafeId id;
  std::uint64_t epoch = 0;
  vault::age::Identity key = vault::age::Identity::generate();
};

// The vault's engine, shared with the test. It outlives the store, and refuses the puts that the test chooses.
class SharedEngine final : public vault::engine::Engine {
 public:
  using RefusesPut = std::function<bool(ByteView key)>;
  SharedEngine(std::shared_ptr<vault::engine::Engine> inner, std::shared_ptr<RefusesPut> refuses)
      : inner_(std::move(inner)), refuses_(std::move(refuses)) {}
  Result<vault::engine::Table> table(std::string_view name) override { return inner_->table(name); }
  Result<std::unique_ptr<ReadTransaction>> read() const override { return inner_->read(); }
  Result<std::unique_ptr<WriteTransaction>> write() override;

 private:
  std::shared_ptr<vault::engine::Engine> inner_;
  std::shared_ptr<RefusesPut> refuses_;  // shared by the test and every engine that it opens
};

enum class On { memory, lmdb };

class World {
 public:
  // Creates the vault with its genesis; nobody is enrolled yet.
  explicit World(On on = On::memory);
  ~World();

  Store& store() { return *store_; }
  Gate& gate() { return *gate_; }
  vault::engine::FaultyEngine& engine() { return *engine_; }
  std::filesystem::path payload_directory() const { return directory_.path() / "payload"; }
  // While this is set, a put of a key for which it returns true fails with Errc::full. Change it only while nothing is
  // queued.
  void refuse_puts(SharedEngine::RefusesPut refuses) { *refuses_put_ = std::move(refuses); }
  Instant now() const { return {now_ms_}; }
  void pass(std::int64_t ms) {
    now_ms_ += ms;
    steady_ms_ += ms;
  }
  void set_wall(Instant instant) { now_ms_ = instant.unix_ms; }  // the steady clock does not change
  const std::vector<Error>& fatal() const { return fatal_; }
  const std::vector<wire::Invitation>& genesis() const { return genesis_; }

  // Ends the gate and the store, and opens the vault again. On LMDB the engine is closed in between.
  Result<void> reopen();
  void close();

  // --- requests ---
  std::string new_nonce();
  Result<SignedRequest> sign(const std::string& keyid, const vault::crypto::SigningKey& key, const std::string& method,
                             const std::string& target, const std::string& body, std::string nonce = {});
  Result<SignedRequest> sign(const Identity& who, const std::string& method, const std::string& target,
                             const std::string& body, std::string nonce = {}) {
    return sign(who.id.to_string(), who.signing, method, target, body, std::move(nonce));
  }
  template <class Command>
  Result<SignedRequest> sign_act(const Identity& who, const Command& command, std::string nonce = {}) {
    return sign(who, "POST", "/v1/acts/" + std::string(Command::kKind), wire::encode(command), std::move(nonce));
  }
  std::future<Result<Answer>> submit(SignedRequest request);
  template <class Command>
  Result<Answer> act(const Identity& who, const Command& command, std::string nonce = {}) {
    TRY(SignedRequest request, sign_act(who, command, std::move(nonce)));
    return submit(std::move(request)).get();
  }
  // Submits the same, and expects that it is done.
  template <class Command>
  Done done(const Identity& who, const Command& command, std::string nonce = {}) {
    return expect_done(act(who, command, std::move(nonce)));
  }
  static Done expect_done(const Result<Answer>& answer);
  Result<std::vector<Digest>> stage(const Actor& owner, std::vector<Bytes> values);
  Digest stage(const Identity& who, const Bytes& value);
  Digest stage_text(const Identity& who, std::string_view text);

  // --- people ---
  Identity enrol(const InvitationId& invitation, const vault::crypto::SigningKey& key, std::string_view name);
  Identity enrol(const wire::Invitation& invitation, std::string_view name);
  Identity invite(const Identity& inviter, const AgencyId& agency, const std::vector<Role>& roles,
                  std::string_view name);
  // Each of the three roots signs the statement of the roots.
  void confirm_roots();
  AgencyId add_agency(const Identity& by, AgencyKind kind, std::string_view name);

  // --- cases, safes, records ---
  Bytes age_file(std::string_view plain, const vault::age::Recipient& recipient);
  // Makes a key, wraps it for these people and makes shares for all custodians; `who` stages all of it.
  EpochKey key_for(const Identity& who, const KnownSafe& safe, const std::vector<const Identity*>& keyholders,
                   const KnownSafe* previous = nullptr);
  wire::NewRecord new_record(const Identity& who, const KnownSafe& safe, const Bytes& plain);
  std::vector<RecordId> seal(const Identity& who, const KnownSafe& safe, std::size_t count,
                             std::size_t plain_bytes = 1000);
  wire::IssueCopy issuing(const SafeId& safe, const std::vector<RecordId>& records, const Identity& holder);

  // Adds the rest of the cast, a case of the school's, and its open safe with two active representatives.
  void populate();
  void open_case();
  // Makes an entry of every kind that there is: copies for oneself and a colleague, an epoch, refusals, a revocation, a
  // step of the clock, a limit, and a second case with a safe of its own.
  void live_through_everything();
  void live_at_the_desk(const Identity& third);
  // Takes a third case from referral to closed, and drops a fourth, so there is every kind of entry that a review
  // makes. Days pass.
  void live_through_a_review();

  Identity authority_root, icb_root, police_root, administrator;
  Identity spoc, reviewer, lead, first, second, depositor, other_lead, outsider;
  std::vector<Identity> custodians;  // two of each partner, in the order of the genesis entries
  AgencyId authority, icb, police, school, clinic;
  CaseId case_id;
  std::string reference;
  KnownSafe review_safe, safe, other_safe;
  CaseId other_case;
  std::vector<RecordId> records;  // of the safe
  CopyId copy;                    // delivered to a colleague

 private:
  void live_through_refusals_and_limits();
  OpenPayload open_payload();
  void start_gate();

  On on_;
  vault::test::TemporaryDirectory directory_;
  vault::keyring::SealingKey sealing_key_;
  std::shared_ptr<vault::engine::FaultyEngine> engine_;
  std::shared_ptr<SharedEngine::RefusesPut> refuses_put_ = std::make_shared<SharedEngine::RefusesPut>();
  std::unique_ptr<Store> store_;
  std::unique_ptr<Gate> gate_;
  Config config_;
  std::vector<wire::Invitation> genesis_;
  std::vector<Error> fatal_;
  std::atomic<std::int64_t> now_ms_;
  std::atomic<std::int64_t> steady_ms_ = 1000;
  std::atomic<std::uint64_t> nonces_ = 0;
};

}  // namespace strongroom::access::testing
