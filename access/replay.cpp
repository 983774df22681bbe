#include "access/replay.h"

#include <algorithm>
#include <set>

#include "access/views.h"
#include "vault/crypto/hash.h"

namespace strongroom::access {
namespace {

using audit::LeafIndex;
using vault::keyring::Sealer;
using vault::keyring::SealingKey;

constexpr int kRebuildAttempts = 24;  // each attempt doubles the store, if its size is the cause

Error altered(std::string what) {
  return {Errc::tampered, std::move(what)};
}

}  // namespace

// --- projection -----------------------------------------------------------------------------------------------------

Projection::Projection() : engine_(engine::make_memory_engine()), sealer_(SealingKey::generate()) {}

Result<std::unique_ptr<Projection>> Projection::make(std::optional<audit::NoteKey> log) {
  TRY_VOID(vault::start_secure_memory());
  std::unique_ptr<Projection> made(new Projection());
  TRY(made->state_, State::open(*made->engine_, made->sealer_));
  if (log) made->state_->set_log(std::move(*log));
  TRY(made->index_, audit::Index::open(*made->engine_, made->sealer_));
  TRY(made->txn_, made->engine_->write());
  return made;
}

Result<void> Projection::add(const audit::Envelope& envelope, const wire::EntryBody& body) {
  return project(*state_, *index_, *txn_, envelope, body);
}

// --- replay ---------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<Replay>> Replay::begin(std::optional<std::string> authority, PolicyVersion newest,
                                              std::optional<audit::NoteKey> log) {
  std::unique_ptr<Replay> replay(new Replay());
  TRY(replay->projection_, Projection::make(std::move(log)));
  replay->authority_ = std::move(authority);
  replay->newest_policy_ = newest;
  return replay;
}

Result<void> Replay::next(const audit::Envelope& envelope, const std::optional<ByteView>& body) {
  const auto last = last_;
  const auto expected = expected_;
  const auto taken = take(envelope, body);
  if (taken) return {};
  last_ = last;
  expected_ = expected;
  return Error{taken.code(), "entry " + std::to_string(envelope.seq.value) + ": " + taken.error().message};
}

Result<void> Replay::take(const audit::Envelope& envelope, const std::optional<ByteView>& text) {
  if (envelope.seq.value != (last_ ? last_->seq.value + 1 : 0)) return altered("it does not follow the one before it");
  if (last_ && envelope.time < last_->time) return altered("its time is before the last one's");
  last_ = envelope;
  const std::size_t chain = envelope.chain.value;
  const bool is_mixed = envelope.chain == wire::number_at_genesis(ChainSort::cases);
  if (chain < has_bodies_.size() && has_bodies_[chain] != text.has_value() && !is_mixed)
    return altered("a body of its chain is missing");
  const auto add_to_heads = [&]() -> Result<void> {
    TRY_VOID(heads_.next(envelope, audit::leaf_hash(audit::encode_envelope(envelope))));
    if (chain == has_bodies_.size()) has_bodies_.push_back(text.has_value());
    return {};
  };
  if (!text) return add_to_heads();
  TRY_VOID(audit::verify_body(envelope, *text));
  const auto body = wire::read_entry(vault::as_text(*text));
  if (!body) return body.error();
  if (body->v != wire::EntryBody().v) return Error{Errc::unknown_version, "it was written by a newer program"};
  if (body->policy > newest_policy_)
    return Error{Errc::unknown_version, "it was decided under a policy that this program does not know"};
  // An older policy may permit what a newer one refuses, so an entry must not name an older one.
  if (body->policy < policy_) return altered("it was decided under an older policy than an entry before it");
  TRY_VOID(check_entry(envelope, *body, *text));
  TRY_VOID(add_to_heads());
  TRY_VOID(projection_->add(envelope, *body));
  policy_ = body->policy;
  return {};
}

Result<void> Replay::finish() const {
  if (!expected_.empty()) return altered("the last command's entries are not all there");
  return {};
}

Result<void> Replay::check_entry(const audit::Envelope& envelope, const wire::EntryBody& body, ByteView text) {
  const bool continues = !expected_.empty() && expected_.back().request == body.request;
  if (!expected_.empty() && !continues) return altered("entries of the command before it are missing");
  if (!continues) {
    if (!body.request) return check_system_entry(envelope, body);
    TRY_VOID(derive(envelope, body));
  }
  const Expected expected = std::move(expected_.back());
  expected_.pop_back();
  if (envelope.time != expected.time) return altered("the entries of one command have one time");
  TRY_VOID(check_chain(envelope, body));
  // The salt is random, so it is taken from the stored entry. Everything else is derived, and both texts must be equal.
  wire::EntryBody derived;
  derived.salt = body.salt;
  derived.kind = expected.event.kind;
  derived.policy = body.policy;
  derived.actor = expected.actor;
  derived.ids = expected.event.ids;
  derived.detail = expected.event.detail;
  derived.request = expected.request;
  if (wire::encode(derived) != vault::as_text(text))
    return altered("it is not what its signed request and the entries before it lead to");
  return {};
}

// The heads prove the entry's number and place in its chain. This checks which chain it is.
Result<void> Replay::check_chain(const audit::Envelope& envelope, const wire::EntryBody& body) const {
  TRY(const auto chain, chain_of(projection_->state(), projection_->txn(), body.kind, body.ids));
  if (chain ? *chain != envelope.chain : envelope.n != 0) return altered("it is in another chain than its kind is for");
  return {};
}

// Checks an entry that nobody signs and that follows from no other: genesis, the clock, limits.
Result<void> Replay::check_system_entry(const audit::Envelope& envelope, const wire::EntryBody& body) const {
  if (body.actor) return altered("it names an actor, and has no signed request");
  const std::uint64_t seq = envelope.seq.value;
  constexpr std::uint64_t kChains = std::size(wire::kChainsOfGenesis);
  wire::Concerned ids;
  if (seq < kChains) {
    if (body.kind != wire::ChainBegun::kKind ||
        body.detail != wire::to_json(wire::ChainBegun{wire::kChainsOfGenesis[seq]}))
      return altered("the first entries begin the chains of the directory, cases, refusals and the service");
  } else if (seq < kGenesisEntries) {
    if (body.kind != wire::GenesisInvited::kKind) return altered("it is not a genesis entry");
    TRY(const auto detail, wire::from_json<wire::GenesisInvited>(body.detail, wire::Strictness::exact));
    constexpr std::optional<AgencyKind> kPartners[wire::kGenesisInvitations] = {
        AgencyKind::local_authority, AgencyKind::icb, AgencyKind::police, std::nullopt};
    if (detail.partner != kPartners[seq - kChains])
      return altered("the genesis entries are the three partners', in order, and the administrator's");
    ids.agency = detail.agency;
  } else if (body.kind == wire::ClockStepped::kKind) {
    TRY(const auto detail, wire::from_json<wire::ClockStepped>(body.detail, wire::Strictness::exact));
    const bool back = detail.from == envelope.time && detail.to < detail.from;
    const bool jump = detail.to == envelope.time && detail.from != detail.to;
    if (!back && !jump) return altered("a step of the clock does not fit the entry's time");
  } else if (body.kind == wire::RequestsLimited::kKind) {
    TRY(const auto detail, wire::from_json<wire::RequestsLimited>(body.detail, wire::Strictness::exact));
    ids.person = detail.person;
  } else {
    return altered("it names nobody who signed it");
  }
  if (wire::encode(body.ids) != wire::encode(ids)) return altered("it concerns something else");
  return check_chain(envelope, body);
}

Result<Replay::Cause> Replay::verify_request(const audit::Envelope& envelope, const wire::EntryBody& body) const {
  if (!body.actor) return altered("it has a signed request, and names no actor");
  auto actor = actor_of(*body.actor);
  if (!actor) return altered("its actor is nobody: " + actor.error().message);
  const auto key = key_of(projection_->state(), projection_->txn(), *actor);
  if (!key && key.code() == Errc::refused) return altered("its actor could not sign then: " + key.error().message);
  if (!key) return key.error();
  TRY(wire::VerifiedRequest request, wire::verify_cause(body, envelope.time, *key, authority_));
  return Cause{std::move(request), std::move(*actor)};
}

Result<void> Replay::derive(const audit::Envelope& envelope, const wire::EntryBody& body) {
  TRY(const Cause cause, verify_request(envelope, body));
  const wire::VerifiedRequest& request = cause.request;
  const Actor& actor = cause.actor;
  const Projection& at = *projection_;
  const auto expect = [&](Event event) {
    Expected one{.event = std::move(event), .actor = std::nullopt, .request = std::nullopt, .time = envelope.time};
    if (one.event.kind != wire::ChainBegun::kKind) {
      one.actor = actor.keyid;
      one.request = request.stored();
    }
    expected_.push_back(std::move(one));
  };
  if (!wire::act_of(request)) {
    if (body.kind != wire::AccessRefused::kKind) return altered("its request is for no act");
    TRY(const auto detail, wire::from_json<wire::AccessRefused>(body.detail, wire::Strictness::exact));
    const auto action = wire::parse_enum<Action>(detail.action);
    if (!action) return altered("it refuses an action that does not exist");
    TRY(const auto refusal, refusal_of_read(at.state(), at.txn(), actor, *action, request.target(), body.policy));
    if (!refusal) return altered("it refuses a request that was permitted, or that is not a read");
    expect(refused_event(*refusal));
    return {};
  }
  // A refusal leaves no nonce behind, so the same request may be refused more than once.
  if (body.kind != wire::AccessRefused::kKind) {
    TRY(const auto used, at.state().used_nonce(at.txn(), actor.keyid, request.parameters().nonce, envelope.time));
    if (used) return altered("its request has had its effect already");
  }
  const auto given = given_of(body.kind, body.detail);
  if (!given) return altered("a member that was given does not have its type");
  auto decided = decide(at.state(), at.txn(), actor, request, envelope.time, *given, body.policy);
  if (!decided) return altered("its request leads to no entry: " + decided.error().message);
  if (const auto* refusal = std::get_if<Refusal>(&*decided)) {
    expect(refused_event(*refusal));
    return {};
  }
  auto& events = std::get<Decision>(*decided).events;
  for (auto event = events.rbegin(); event != events.rend(); ++event) expect(std::move(*event));
  return {};
}

// --- check ----------------------------------------------------------------------------------------------------------

namespace {

std::string row_name(const SealedTable& table, ByteView key) {
  return "row " + vault::hex(key) + " of " + table.name();
}

class Check {
 public:
  Check(const Store& store, const ReadTransaction& txn, const CheckOptions& options)
      : store_(store), txn_(txn), options_(options) {}

  Result<CheckReport> run() {
    TRY(report_.ledger,
        audit::check_ledger(txn_, store_.ledger(), store_.config().origin, store_.log_key().verify_key()));
    TRY_VOID(others_open());
    TRY(const auto replayed, replay());
    if (replayed) {
      TRY_VOID(compare_projections(*replayed));
      TRY_VOID(compare_besides(replayed->state(), replayed->txn()));
      TRY_VOID(compare_payloads(replayed->state(), replayed->txn()));
    } else {
      // The entries do not tell which values must be there, so the values are compared with what the tables name.
      const auto besides = compare_besides(store_.state(), txn_);
      if (!besides) find("state tables", besides.error());
      const auto payloads = compare_payloads(store_.state(), txn_);
      if (!payloads && payloads.code() == Errc::cancelled) return payloads.error();
      if (!payloads) find("state tables", payloads.error());
    }
    return std::move(report_);
  }

 private:
  void find(std::string value, const Error& error) {
    if (report_.findings.size() == audit::kMaxFindings)
      ++report_.more_findings;
    else
      report_.findings.push_back({std::move(value), error.code, error.message});
  }
  Result<void> go_on() const {
    if (options_.go_on && !options_.go_on()) return Error{Errc::cancelled, "the check was stopped"};
    return {};
  }

  // Calls back with each row's key, and with its value or the error if it does not open.
  static Result<void> walk(const ReadTransaction& txn, const SealedTable& table,
                           const std::function<Result<void>(ByteView key, const Result<Bytes>& value)>& visit) {
    TRY(auto row, txn.seek(table.table(), {}));
    while (row) {
      const Bytes key = vault::to_bytes(row->key);
      const auto value = table.get(txn, key);
      if (value && !*value) return Error{Errc::internal, "a row is gone while it is read"};
      TRY_VOID(visit(key, value ? Result<Bytes>(**value) : Result<Bytes>(value.error())));
      Bytes next = key;
      next.push_back(std::byte{0});
      if (next.size() > engine::kMaxKeySize) return Error{Errc::internal, "a row's key is too long"};
      TRY(row, txn.seek(table.table(), next));
    }
    return {};
  }

  // Checks the local tables: no entry determines their contents, but every value must open. check_ledger checks the
  // ledger's own tables.
  Result<void> others_open() {
    for (const SealedTable* table : store_.tables()) {
      if (table->table_class() != TableClass::local) continue;
      TRY_VOID(go_on());
      TRY_VOID(walk(txn_, *table, [&](ByteView key, const Result<Bytes>& value) -> Result<void> {
        if (!value) find(row_name(*table, key), value.error());
        return {};
      }));
    }
    return {};
  }

  // Returns nothing if it fails, and a finding names the entry.
  Result<std::unique_ptr<Projection>> replay() {
    TRY(const auto replay, Replay::begin(std::nullopt, kPolicyVersion, store_.state().log()));
    TRY(const audit::TreeSize size, store_.ledger().size(txn_));
    for (std::uint64_t seq = 0; seq < size.value; ++seq) {
      if (seq % 256 == 0) TRY_VOID(go_on());
      const auto envelope = store_.ledger().envelope(txn_, LeafIndex{seq});
      const auto body = store_.ledger().body(txn_, LeafIndex{seq});
      const std::string name = "entry " + std::to_string(seq);
      if (!envelope || !body) {
        find(name, envelope ? body.error() : envelope.error());
        return std::unique_ptr<Projection>();
      }
      if (const auto right = replay->next(*envelope, *body); !right) {
        find(name, right.error());
        return std::unique_ptr<Projection>();
      }
    }
    if (const auto right = replay->finish(); !right) {
      find("entry " + std::to_string(size.value - 1), right.error());
      return std::unique_ptr<Projection>();
    }
    return replay->take_projection();
  }

  Result<void> compare_projections(const Projection& replayed) {
    const auto expected = replayed.state().tables();
    const auto stored = store_.state().tables();
    for (std::size_t i = 0; i < stored.size(); ++i)
      if (stored[i]->table_class() == TableClass::projection)
        TRY_VOID(compare_table(*stored[i], *expected[i], replayed.txn()));
    return compare_table(store_.index().table(), replayed.index().table(), replayed.txn());
  }

  Result<void> compare_table(const SealedTable& stored, const SealedTable& expected, const ReadTransaction& made) {
    TRY_VOID(go_on());
    TRY_VOID(walk(txn_, stored, [&](ByteView key, const Result<Bytes>& value) -> Result<void> {
      TRY(const auto right, expected.get(made, key));
      if (!value)
        find(row_name(stored, key), value.error());
      else if (!right)
        find(row_name(stored, key), altered("no entry leads to it"));
      else if (*value != *right)
        find(row_name(stored, key), altered("the entries lead to another value"));
      return {};
    }));
    return walk(made, expected, [&](ByteView key, const Result<Bytes>& value) -> Result<void> {
      TRY_VOID(value);
      TRY(const auto there, txn_.get(stored.table(), key));
      if (!there) find(row_name(stored, key), altered("it is missing"));
      return {};
    });
  }

  Result<void> compare_besides(const State& state, const ReadTransaction& made) {
    std::set<std::pair<BesideTable, Bytes>> expected;
    TRY_VOID(state.expected_besides(made, [&](BesideTable table, ByteView key, const Digest& digest) -> Result<bool> {
      const SealedTable& besides = store_.state().beside_table(table);
      expected.emplace(table, vault::to_bytes(key));
      const auto value = besides.get(txn_, key);
      if (!value)
        find(row_name(besides, key), value.error());
      else if (!*value)
        find(row_name(besides, key), altered("it is missing"));
      else if (vault::crypto::sha256(**value) != digest)
        find(row_name(besides, key), altered("it is not the one that its entry names"));
      TRY_VOID(go_on());
      return true;
    }));
    for (const BesideTable table : wire::kEnumValues<BesideTable>) {
      const SealedTable& besides = store_.state().beside_table(table);
      TRY_VOID(txn_.scan(besides.table(), {}, {}, [&](engine::KeyValue row) {
        if (!expected.contains({table, vault::to_bytes(row.key)}))
          find(row_name(besides, row.key), altered("no entry names it"));
        return true;
      }));
    }
    return {};
  }

  Result<void> compare_payloads(const State& state, const ReadTransaction& made) {
    return each_record(state, made, [&](const RecordRow& row) -> Result<void> {
      TRY_VOID(go_on());
      ++report_.records;
      const std::string name = "payload of " + row.record.to_string();
      const auto found = store_.payload().find(txn_, payload_id(row.record));
      if (!found) {
        find(name, found.error());
      } else if (!*found) {
        find(name, altered("it is missing"));
      } else if (**found != vault::payload::Payload{.length = row.length, .digest = row.payload}) {
        find(name, altered("its length or digest is not the one that its entry names"));
      } else if (options_.payloads) {
        const auto verified = store_.payload().verify(payload_id(row.record), row.payload, options_.go_on);
        if (!verified && verified.code() == Errc::cancelled) return verified.error();
        if (!verified) find(name, verified.error());
      }
      return {};
    });
  }

  static Result<void> each_record(const State& state, const ReadTransaction& made,
                                  const std::function<Result<void>(const RecordRow&)>& visit) {
    return state.cases(made, {}, [&](const CaseRow& row) -> Result<bool> {
      TRY(const auto safes, state.safes_of(made, row.case_));
      for (const SafeId& safe : safes)
        TRY_VOID(state.records_of(made, safe, 0, [&](const RecordRow& record) -> Result<bool> {
          TRY_VOID(visit(record));
          return true;
        }));
      return true;
    });
  }

  const Store& store_;
  const ReadTransaction& txn_;
  const CheckOptions& options_;
  CheckReport report_;
};

Result<void> copy_rows(const SealedTable& from, const ReadTransaction& made, SealedTable to, WriteTransaction& txn) {
  TRY_VOID(to.clear(txn));
  return from.scan(made, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
    TRY_VOID(to.put(txn, key, value));
    return true;
  });
}

Result<void> swap_projections(Store& store, const Projection& made) {
  TRY(const auto txn, store.engine().write());
  const auto from = made.state().tables();
  const auto to = store.state().tables();
  for (std::size_t i = 0; i < to.size(); ++i)
    if (to[i]->table_class() == TableClass::projection) TRY_VOID(copy_rows(*from[i], made.txn(), *to[i], *txn));
  TRY_VOID(copy_rows(made.index().table(), made.txn(), store.index().table(), *txn));
  TRY_VOID(store.ledger().rebuild_chains(*txn));
  return txn->commit();
}

}  // namespace

Result<CheckReport> check(const Store& store, const CheckOptions& options) {
  TRY(const auto txn, store.engine().read());
  return Check(store, *txn, options).run();
}

Result<void> rebuild(Store& store) {
  TRY(const auto made, Projection::make());
  {
    TRY(const auto txn, store.engine().read());
    TRY(const audit::TreeSize size, store.ledger().size(*txn));
    for (std::uint64_t seq = 0; seq < size.value; ++seq) {
      TRY(const audit::Envelope envelope, store.ledger().envelope(*txn, LeafIndex{seq}));
      TRY(const Bytes text, store.ledger().body(*txn, LeafIndex{seq}));
      TRY(const auto body, wire::read_entry(vault::as_text(text)));
      TRY_VOID(made->add(envelope, body));
    }
  }
  Result<void> swapped = Error{Errc::retry, "not tried"};
  for (int i = 0; !swapped && swapped.code() == Errc::retry && i < kRebuildAttempts; ++i)
    swapped = swap_projections(store, *made);
  return swapped;
}

}  // namespace strongroom::access
