// Holds one opened vault: everything that is on its disk, and nothing that runs. The gate writes to it, views read from
// it, and replay checks it. Format: docs/formats.md ("A vault's directory")
//
// Opening checks the format's version, the log's key against the configuration, the last checkpoint under that key, and
// the tree's root against the checkpoint. It also checks the ledger's tail: envelopes against the tree, bodies against
// envelopes, and the wraps of keyholders against their digests. `check` (replay.h) compares everything.
#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "access/state/state.h"
#include "access/wire/invitation.h"
#include "access/wire/register.h"
#include "audit/index.h"
#include "audit/ledger.h"
#include "review/rules.h"
#include "vault/crypto/keys.h"
#include "vault/engine/engine.h"
#include "vault/keyring/sealed_table.h"
#include "vault/payload/store.h"

namespace strongroom::access {

inline constexpr std::uint64_t kVaultFormat = 1;
// The first entries of the four chains that genesis begins, and then the invitations.
inline constexpr std::uint64_t kGenesisEntries = wire::kChainsOfGenesis.size() + wire::kGenesisInvitations;
inline constexpr std::size_t kMaxConfigBytes = 64U << 10;
inline constexpr std::uint64_t kTailEntries = 64;  // at the ledger's end, compared when a vault is opened

// The contents of config.json: how the vault is called and where it is reached. It contains no secret.
struct Config {
  std::string origin;
  std::string url;          // https://host[:port], as Authority::url() writes it
  std::string log_key;      // vkey (C2SP signed-note)
  vault::Digest tls_pin{};  // SHA-256 of the certificate's SubjectPublicKeyInfo
};
BOOST_DESCRIBE_STRUCT(Config, (), (origin, url, log_key, tls_pin))

struct Genesis {
  std::string origin;
  std::string url;
  vault::Digest tls_pin{};
  Instant now;
};

// Payloads are known by the ids of uploads and records, since the types of vault/ know nothing of our records.
inline vault::payload::UploadId payload_id(const UploadId& id) {
  return vault::payload::UploadId::from_uuid(id.uuid());
}
inline vault::payload::RecordId payload_id(const RecordId& id) {
  return vault::payload::RecordId::from_uuid(id.uuid());
}

// The part of an answer that is about the log. All of it is under one checkpoint.
struct LogAnswer {
  audit::LogUpdate update;
  std::optional<audit::Receipt> receipt;
};

// Opens the payloads of a vault over its engine and sealer. Both must outlive what it makes.
using OpenPayload =
    std::function<Result<std::unique_ptr<vault::payload::Store>>(engine::Engine&, const vault::keyring::Sealer&)>;

// It is as thread safe as its transactions are, because nothing in it changes after it is made. It never moves, because
// its tables refer to its sealer.
class Store {
 public:
  struct Created;
  // Writes the genesis entries, the checkpoint of their size, and a log key. Errc::conflict if the engine holds a vault
  // already. Errc::invalid_argument for an origin that is no key name, or a URL that parse_vault_url refuses.
  static Result<Created> create(std::unique_ptr<engine::Engine> engine, vault::keyring::Sealer sealer,
                                const OpenPayload& open_payload, const Genesis& genesis);
  // Errc::not_found if there is no vault in this engine; Errc::unknown_version, Errc::wrong_key, Errc::tampered.
  static Result<std::unique_ptr<Store>> open(std::unique_ptr<engine::Engine> engine, vault::keyring::Sealer sealer,
                                             const OpenPayload& open_payload, const Config& config);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  engine::Engine& engine() const { return *engine_; }
  const vault::keyring::Sealer& sealer() const { return sealer_; }
  State& state() { return *state_; }
  const State& state() const { return *state_; }
  audit::Ledger& ledger() { return *ledger_; }
  const audit::Ledger& ledger() const { return *ledger_; }
  audit::Index& index() { return *index_; }
  const audit::Index& index() const { return *index_; }
  vault::payload::Store& payload() const { return *payload_; }
  // Keeps how far each background job has come. Each job writes its own row.
  SealedTable& jobs() const { return *jobs_; }
  const Config& config() const { return config_; }
  // Sets the partnership's own target for securing, in working days from being asked: 1 to
  // review::kMaxSecuringTargetDays. It is shown beside the clocks, but it is neither from the guidance nor in the
  // ledger. Set it before anybody reads.
  void set_securing_target(int working_days) { securing_target_ = working_days; }
  int securing_target() const { return securing_target_; }
  const vault::crypto::SigningKey& log_key() const { return *log_key_; }

  // Returns every sealed table of state, ledger, index and payloads. Re-sealing and `check` walk them.
  std::vector<const SealedTable*> tables() const;

  // Applies an entry that is in the ledger already to state and index.
  Result<void> project(WriteTransaction& txn, const audit::Envelope& envelope, const wire::EntryBody& body);

  // Returns the update from `known`, and a receipt of `seqs` unless there are none.
  Result<LogAnswer> log_answer(const ReadTransaction& txn, audit::TreeSize known,
                               std::span<const audit::LeafIndex> seqs) const;

 private:
  Store(std::unique_ptr<engine::Engine> engine, vault::keyring::Sealer sealer)
      : engine_(std::move(engine)), sealer_(std::move(sealer)) {}
  Result<void> open_tables(const OpenPayload& open_payload);
  Result<void> verify_tail() const;

  std::unique_ptr<engine::Engine> engine_;
  vault::keyring::Sealer sealer_;
  std::unique_ptr<vault::payload::Store> payload_;
  std::optional<SealedTable> meta_;          // local: "format", "log-key"
  mutable std::optional<SealedTable> jobs_;  // local
  std::optional<State> state_;
  std::optional<audit::Ledger> ledger_;
  std::optional<audit::Index> index_;
  Config config_;
  int securing_target_ = review::kSecuringTargetDays;
  std::optional<vault::crypto::SigningKey> log_key_;
};

struct Store::Created {
  std::unique_ptr<Store> store;
  std::vector<wire::Invitation> invitations;  // of local-authority, icb, police and administrator, in this order
};

// A term under which the index finds an entry: "case", "safe", "agency", "person" (its actor too), "copy", "record",
// "kind", and the kinds of entries within a copy.
struct IndexTerm {
  std::string_view field;
  std::string id;
  bool operator==(const IndexTerm&) const = default;
};
std::vector<IndexTerm> index_terms(const wire::EntryBody& body);
inline constexpr std::string_view kCopyKindField = "copy-kind";
// Applies an entry to state and index. It uses only what is in the ledger.
Result<void> project(State& state, audit::Index& index, WriteTransaction& txn, const audit::Envelope& envelope,
                     const wire::EntryBody& body);
std::string copy_kind_id(const CopyId& copy, std::string_view kind);

}  // namespace strongroom::access
