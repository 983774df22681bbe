#include "access/store.h"

#include "access/acts/act.h"
#include "access/wire/authority.h"
#include "audit/note.h"
#include "vault/crypto/hash.h"

namespace strongroom::access {
namespace {

constexpr std::string_view kMetaTable = "vault";
constexpr std::string_view kJobsTable = "jobs";
constexpr std::string_view kFormatRow = "format";
constexpr std::string_view kLogKeyRow = "log-key";
constexpr std::int64_t kDayMs = 24LL * 3600 * vault::kMillisecondsPerSecond;

std::array<std::byte, 16> random_salt() {
  std::array<std::byte, 16> salt;
  vault::fill_random(salt);
  return salt;
}

struct GenesisPlace {
  std::optional<AgencyKind> partner;
  Role role;
};
constexpr GenesisPlace kGenesisPlaces[wire::kGenesisInvitations] = {{AgencyKind::local_authority, Role::partner},
                                                                    {AgencyKind::icb, Role::partner},
                                                                    {AgencyKind::police, Role::partner},
                                                                    {std::nullopt, Role::administrator}};

template <class T>
void add_id(std::vector<IndexTerm>& terms, std::string_view field, const std::optional<T>& id) {
  if (id) terms.push_back({field, id->to_string()});
}

}  // namespace

Result<void> Store::open_tables(const OpenPayload& open_payload) {
  TRY(meta_, SealedTable::make(*engine_, sealer_, kMetaTable, TableClass::local));
  TRY(jobs_, SealedTable::make(*engine_, sealer_, kJobsTable, TableClass::local));
  TRY(state_, State::open(*engine_, sealer_));
  TRY(ledger_, audit::Ledger::open(*engine_, sealer_));
  TRY(index_, audit::Index::open(*engine_, sealer_));
  TRY(payload_, open_payload(*engine_, sealer_));
  return {};
}

Result<Store::Created> Store::create(std::unique_ptr<engine::Engine> engine, vault::keyring::Sealer sealer,
                                     const OpenPayload& open_payload, const Genesis& genesis) {
  TRY(const wire::Authority authority, wire::parse_vault_url(genesis.url));
  if (!audit::is_key_name(genesis.origin))
    return Error{Errc::invalid_argument, "an origin is a name without white space or \"+\""};
  std::unique_ptr<Store> store(new Store(std::move(engine), std::move(sealer)));
  TRY_VOID(store->open_tables(open_payload));
  store->log_key_ = vault::crypto::SigningKey::generate();
  const audit::NoteKey note_key{.name = genesis.origin, .key = store->log_key_->verify_key()};
  store->config_ = {.origin = genesis.origin,
                    .url = authority.url(),
                    .log_key = audit::format_note_key(note_key),
                    .tls_pin = genesis.tls_pin};
  store->state_->set_log(note_key);

  TRY(const auto txn, store->engine_->write());
  TRY(const auto present, store->meta_->get(*txn, vault::as_bytes(kFormatRow)));
  if (present) return Error{Errc::conflict, "there is a vault already"};
  TRY_VOID(store->meta_->put(*txn, vault::as_bytes(kFormatRow), vault::as_bytes(std::to_string(kVaultFormat))));
  TRY_VOID(store->meta_->put(*txn, vault::as_bytes(kLogKeyRow), store->log_key_->seed().expose()));

  std::vector<wire::Invitation> invitations;
  const auto append = [&](std::optional<audit::ChainNumber> chain, const Event& event) -> Result<void> {
    wire::EntryBody body;
    body.salt = random_salt();
    body.kind = event.kind;
    body.policy = kPolicyVersion;
    body.ids = event.ids;
    body.detail = event.detail;
    const std::string text = wire::encode(body);
    TRY(const auto envelope, store->ledger_->append(*txn, chain, genesis.now, vault::as_bytes(text)));
    return store->project(*txn, envelope, body);
  };
  for (const ChainSort sort : wire::kChainsOfGenesis) TRY_VOID(append(std::nullopt, begun_event(sort, {})));
  const auto ms = static_cast<std::uint64_t>(genesis.now.unix_ms);
  AgencyId local_authority;
  for (const GenesisPlace& place : kGenesisPlaces) {
    const vault::crypto::SigningKey key = vault::crypto::SigningKey::generate();
    const AgencyId agency = place.partner ? AgencyId::generate(ms) : local_authority;
    if (place.partner == AgencyKind::local_authority) local_authority = agency;
    const wire::GenesisInvited invited{.invitation = InvitationId::generate(ms),
                                       .agency = agency,
                                       .partner = place.partner,
                                       .roles = {place.role},
                                       .key = key.verify_key(),
                                       .expires = {genesis.now.unix_ms + kMaxInvitationDays * kDayMs}};
    Event event{std::string(invited.kKind), wire::to_json(invited), {}};
    event.ids.agency = agency;
    TRY_VOID(append(wire::number_at_genesis(ChainSort::directory), event));
    wire::Invitation invitation{.url = authority.url(),
                                .origin = genesis.origin,
                                .log_key = store->config_.log_key,
                                .tls_pin = genesis.tls_pin,
                                .roots = {},
                                .invitation = invited.invitation,
                                .agency = agency,
                                .roles = invited.roles,
                                .expires = invited.expires};
    // The secret is only in the invitation that is returned. It is stored nowhere.
    std::ranges::copy(key.seed().expose(), invitation.secret.begin());
    invitations.push_back(std::move(invitation));
  }
  TRY_VOID(store->ledger_->sign(*txn, *store->log_key_, genesis.origin));
  TRY_VOID(txn->commit());
  return Created{.store = std::move(store), .invitations = std::move(invitations)};
}

Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<engine::Engine> engine, vault::keyring::Sealer sealer,
                                           const OpenPayload& open_payload, const Config& config) {
  std::unique_ptr<Store> store(new Store(std::move(engine), std::move(sealer)));
  store->config_ = config;
  TRY_VOID(store->open_tables(open_payload));
  {
    TRY(const auto txn, store->engine_->read());
    TRY(const auto format, store->meta_->get(*txn, vault::as_bytes(kFormatRow)));
    if (!format) return Error{Errc::tampered, "the database has no format: it is empty, or another's"};
    if (vault::as_text(*format) != std::to_string(kVaultFormat))
      return Error{Errc::unknown_version, "this vault was written by a newer program"};
    TRY(auto seed, store->meta_->get(*txn, vault::as_bytes(kLogKeyRow)));
    if (!seed || seed->size() != vault::crypto::SigningSeed::kSize)
      return Error{Errc::tampered, "the log's signing key is not there"};
    store->log_key_.emplace(vault::crypto::SigningSeed::copy_of(
        std::span<const std::byte, vault::crypto::SigningSeed::kSize>(seed->data(), seed->size())));
    vault::wipe(*seed);
  }
  TRY(const audit::NoteKey pinned, audit::parse_note_key(config.log_key));
  if (pinned.name != config.origin || pinned.key != store->log_key_->verify_key())
    return Error{Errc::tampered, "config.json names another log key or origin than the vault's"};
  store->state_->set_log(pinned);
  TRY_VOID(store->verify_tail());
  return store;
}

Result<void> Store::verify_tail() const {
  TRY(const auto txn, engine_->read());
  TRY(const auto latest, ledger_->latest_checkpoint(*txn));
  TRY(const audit::TreeSize size, ledger_->size(*txn));
  if (!latest || latest->checkpoint.size != size || size.value < kGenesisEntries)
    return Error{Errc::tampered, "the last checkpoint is not of the ledger's size"};
  TRY(const auto verified, audit::verify_checkpoint(latest->note, config_.origin, log_key_->verify_key()));
  TRY(const Digest root, ledger_->root(*txn, size));
  if (root != verified.checkpoint.root)
    return Error{Errc::tampered, "the ledger's tree is not the one that the last checkpoint signs"};
  for (std::uint64_t seq = size.value - std::min(size.value, kTailEntries); seq < size.value; ++seq)
    TRY_VOID(ledger_->body(*txn, audit::LeafIndex{seq}));
  return state_->expected_besides(*txn, [&](BesideTable table, ByteView key, const Digest& digest) -> Result<bool> {
    if (table != BesideTable::wrap && table != BesideTable::header) return true;
    TRY(const auto value, state_->beside(*txn, table, key));
    if (!value || vault::crypto::sha256(*value) != digest)
      return Error{Errc::tampered, "a stored " + wire::enum_name(table) + " is not the one that its entry names"};
    return true;
  });
}

std::vector<const SealedTable*> Store::tables() const {
  std::vector<const SealedTable*> all = state_->tables();
  all.push_back(&*meta_);
  all.push_back(&*jobs_);
  all.push_back(&index_->table());
  for (const SealedTable* table :
       {&ledger_->tables().bodies, &ledger_->tables().checkpoints, &ledger_->tables().chains})
    all.push_back(table);
  for (const SealedTable* table : payload_->tables()) all.push_back(table);
  return all;
}

Result<void> Store::project(WriteTransaction& txn, const audit::Envelope& envelope, const wire::EntryBody& body) {
  return access::project(*state_, *index_, txn, envelope, body);
}

Result<void> project(State& state, audit::Index& index, WriteTransaction& txn, const audit::Envelope& envelope,
                     const wire::EntryBody& body) {
  TRY_VOID(apply(state, txn, envelope, body));
  for (const IndexTerm& term : index_terms(body)) TRY_VOID(index.put(txn, term.field, term.id, envelope.seq));
  return {};
}

Result<LogAnswer> Store::log_answer(const ReadTransaction& txn, audit::TreeSize known,
                                    std::span<const audit::LeafIndex> seqs) const {
  LogAnswer answer;
  TRY(answer.update, ledger_->update(txn, known));
  if (!seqs.empty()) {
    TRY(answer.receipt, ledger_->receipt_page(txn, seqs));
  }
  return answer;
}

std::string copy_kind_id(const CopyId& copy, std::string_view kind) {
  return copy.to_string() + "/" + std::string(kind);
}

std::vector<IndexTerm> index_terms(const wire::EntryBody& body) {
  std::vector<IndexTerm> terms{{"kind", body.kind}};
  if (body.actor) terms.push_back({"person", *body.actor});
  add_id(terms, "case", body.ids.case_);
  add_id(terms, "safe", body.ids.safe);
  add_id(terms, "agency", body.ids.agency);
  if (body.ids.person && body.ids.person->to_string() != body.actor.value_or(""))
    terms.push_back({"person", body.ids.person->to_string()});
  add_id(terms, "copy", body.ids.copy);
  if (body.ids.copy) terms.push_back({kCopyKindField, copy_kind_id(*body.ids.copy, body.kind)});
  // records.sealed has a list of objects, and copies have a list of ids.
  const wire::json::object* detail = body.detail.if_object();
  const wire::json::value* records = detail != nullptr ? detail->if_contains("records") : nullptr;
  if (records != nullptr && records->is_array()) {
    for (const wire::json::value& record : records->get_array()) {
      const wire::json::object* object = record.if_object();
      const wire::json::value* id = object != nullptr ? object->if_contains("record") : &record;
      if (id != nullptr && id->is_string()) terms.push_back({"record", std::string(id->get_string())});
    }
  }
  // The review's entries name each document in a member of its own.
  if (detail != nullptr)
    for (const std::string_view name : {"record", "document_2", "document_3", "document_4", "document_5"})
      if (const wire::json::value* id = detail->if_contains(name); id != nullptr && id->is_string())
        terms.push_back({"record", std::string(id->get_string())});
  return terms;
}

}  // namespace strongroom::access
