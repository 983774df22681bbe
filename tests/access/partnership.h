// Runs a partnership on the memory engine: it decides commands and applies their entries, without a ledger around them.
#pragma once
#include <gtest/gtest.h>

#include <map>

#include "access/acts/act.h"
#include "access/place.h"
#include "access/wire/roots.h"
#include "tests/access/signed_request.h"
#include "vault/age/keys.h"
#include "vault/base/secret.h"
#include "vault/crypto/hash.h"
#include "vault/crypto/keys.h"

namespace strongroom::access::testing {

namespace age = vault::age;

template <class Tag>
void make_id(vault::TypeId<Tag>& id) {
  id = vault::TypeId<Tag>::generate(1'790'000'000'000);
}
template <class Id>
Id new_id() {
  return Id::generate(1'790'000'000'000);
}
inline Digest random_digest() {
  Digest digest;
  vault::fill_random(digest);
  return digest;
}
inline Date date(int year, unsigned month, unsigned day) {
  return {std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
}

struct Stored {
  audit::Envelope envelope;
  wire::EntryBody body;
};

// An engine with a state, and the entries that made it.
class Tables {
 public:
  Tables()
      : engine_(vault::engine::make_memory_engine()),
        sealer_((static_cast<void>(vault::start_secure_memory()), vault::keyring::SealingKey::generate())),
        state_(std::move(*State::open(*engine_, sealer_))) {}

  State& state() { return state_; }
  std::unique_ptr<vault::engine::ReadTransaction> read() const { return std::move(*engine_->read()); }
  std::unique_ptr<vault::engine::WriteTransaction> write() { return std::move(*engine_->write()); }
  Result<void> apply_entry(const Stored& entry) {
    const auto txn = write();
    TRY_VOID(apply(state_, *txn, entry.envelope, entry.body));
    return txn->commit();
  }

  // Returns every row of the projections, unsealed.
  std::map<std::string, std::map<Bytes, Bytes>> projections() const {
    std::map<std::string, std::map<Bytes, Bytes>> all;
    const auto txn = read();
    for (const SealedTable* table : state_.tables()) {
      if (table->table_class() != TableClass::projection) continue;
      auto& rows = all[table->name()];
      EXPECT_TRUE(table->scan(*txn, {}, {}, [&](ByteView key, ByteView row) -> Result<bool> {
        rows[vault::to_bytes(key)] = vault::to_bytes(row);
        return true;
      }));
    }
    return all;
  }

 private:
  std::unique_ptr<vault::engine::Engine> engine_;
  vault::keyring::Sealer sealer_;
  State state_;
};

struct Member {
  PersonId id;
  age::Recipient recipient{};
};

using Answered = Result<std::variant<Decision, Refusal>>;

class Partnership : public ::testing::Test {
 protected:
  Partnership() {
    begin();
    for (const AgencyId& partner : {authority_, icb_, police_}) {
      custodians_.push_back(enrol(partner == authority_ ? authority_root_
                                  : partner == icb_     ? icb_root_
                                                        : police_root_,
                                  partner, {Role::custodian}));
    }
    spoc_ = enrol(authority_root_, authority_, {Role::spoc});
    reviewer_ = enrol(authority_root_, authority_, {Role::reviewer});
    make_id(school_);
    expect_done(act(authority_root_.id, wire::AddAgency{school_, AgencyKind::school, random_digest()}));
    make_id(clinic_);
    expect_done(act(icb_root_.id, wire::AddAgency{clinic_, AgencyKind::health, random_digest()}));
    lead_ = enrol(authority_root_, school_, {Role::agency_lead});
    other_lead_ = enrol(icb_root_, clinic_, {Role::agency_lead});
    first_ = enrol(lead_, school_, {Role::practitioner});
    second_ = enrol(lead_, school_, {Role::practitioner});
    third_ = enrol(lead_, school_, {Role::practitioner});
    depositor_ = enrol(lead_, school_, {Role::depositor});
    outsider_ = enrol(other_lead_, clinic_, {Role::practitioner});
  }

  // Applies the genesis entries, and enrols the three roots and the administrator.
  void begin() {
    make_id(authority_);
    make_id(icb_);
    make_id(police_);
    for (const ChainSort sort : wire::kChainsOfGenesis) append(begun_event(sort, {}), std::nullopt);
    authority_root_ = genesis(authority_, AgencyKind::local_authority, {Role::partner});
    icb_root_ = genesis(icb_, AgencyKind::icb, {Role::partner});
    police_root_ = genesis(police_, AgencyKind::police, {Role::partner});
    administrator_ = genesis(authority_, std::nullopt, {Role::administrator});
    for (const auto& [invitation, member] : waiting_) expect_done(enrol_with(invitation, member));
    tables_.state().set_log(log_);
    for (const Member* root : {&authority_root_, &icb_root_, &police_root_})
      expect_done(act(root->id, confirming(root->id)));
  }
  // The statement of the roots, from what they enrolled with.
  std::string roots_statement() {
    std::vector<wire::RootKeys> roots;
    const std::pair<AgencyId, PersonId> all[] = {
        {authority_, authority_root_.id}, {icb_, icb_root_.id}, {police_, police_root_.id}};
    for (const auto& [agency, person] : all)
      roots.push_back({agency, person, person_row(person).signing_key, person_row(person).recipient});
    return wire::roots_statement(log_, roots);
  }
  wire::ConfirmRoots confirming(const PersonId& root) { return confirming(root, roots_statement()); }
  wire::ConfirmRoots confirming(const PersonId& root, const std::string& statement) {
    return {vault::crypto::sha256(vault::as_bytes(statement)), signing_.at(root).sign(vault::as_bytes(statement))};
  }

  // --- running commands ---
  template <class Command>
  Answered act(const PersonId& actor, const Command& command) {
    return act_as(Actor{actor.to_string(), actor, std::nullopt}, std::string(Command::kKind), wire::encode(command));
  }
  Answered act_as(const Actor& actor, const std::string& kind, const std::string& body) {
    Answered outcome = Error{};
    {
      const auto txn = tables_.read();
      const auto request = verified_act(kind, body, actor.keyid, now_);
      outcome = decide(tables_.state(), *txn, actor, request, now_, {});
      expect_same_again(*txn, actor, request, outcome);
    }
    if (!outcome) return outcome;
    if (const auto* decision = std::get_if<Decision>(&*outcome)) {
      EXPECT_FALSE(decision->events.empty());
      for (const Event& event : decision->events)
        append(event, event.kind == wire::ChainBegun::kKind ? std::nullopt : std::optional(actor.keyid));
    } else {
      append(refused_event(std::get<Refusal>(*outcome)), actor.keyid);
    }
    return outcome;
  }
  void append(const Event& event, const std::optional<std::string>& actor) {
    Stored entry;
    entry.envelope.seq = {entries_.size()};
    entry.envelope.time = now_;
    // Only the number of a chain that begins is of use to the state.
    if (event.kind == wire::ChainBegun::kKind) entry.envelope.chain = {chains_++};
    entry.body.kind = event.kind;
    entry.body.policy = kPolicyVersion;
    entry.body.actor = actor;
    entry.body.ids = event.ids;
    entry.body.detail = event.detail;
    const auto applied = tables_.apply_entry(entry);
    EXPECT_TRUE(applied) << event.kind << ": " << applied.error().message;
    entries_.push_back(std::move(entry));
  }

  // --- outcomes ---
  static Given given(const Decision& decision) {
    return *given_of(decision.events.front().kind, decision.events.front().detail);
  }
  static Decision expect_done(const Answered& outcome) {
    if (!outcome) {
      ADD_FAILURE() << vault::to_string(outcome.code()) << ": " << outcome.error().message;
      return {};
    }
    if (const auto* refusal = std::get_if<Refusal>(&*outcome)) {
      ADD_FAILURE() << "refused: " << wire::enum_name(refusal->action) << " " << refusal->rule;
      return {};
    }
    return std::get<Decision>(*outcome);
  }
  static void expect_error(const Answered& outcome, Errc code) {
    if (!outcome)
      EXPECT_EQ(outcome.code(), code) << vault::to_string(outcome.code()) << ": " << outcome.error().message;
    else if (std::holds_alternative<Refusal>(*outcome))
      ADD_FAILURE() << "refused by " << std::get<Refusal>(*outcome).rule;
    else
      ADD_FAILURE() << "it was done";
  }
  static void expect_refused(const Answered& outcome, std::string_view rule, bool hidden = false) {
    if (!outcome || !std::holds_alternative<Refusal>(*outcome)) {
      ADD_FAILURE() << (outcome ? "it was done" : outcome.error().message);
      return;
    }
    EXPECT_EQ(std::get<Refusal>(*outcome).rule, rule);
    EXPECT_EQ(std::get<Refusal>(*outcome).hidden, hidden);
  }
  static void expect_hidden(const Answered& outcome, std::string_view rule) { expect_refused(outcome, rule, true); }

  // --- people ---
  wire::InvitePerson invitation_to(const AgencyId& agency, const std::vector<Role>& roles) {
    wire::InvitePerson command;
    make_id(command.invitation);
    command.agency = agency;
    command.roles = roles;
    keys_.emplace(command.invitation, vault::crypto::SigningKey::generate());
    command.key = keys_.at(command.invitation).verify_key();
    command.expires = {now_.unix_ms + 86'400'000};
    command.name = random_digest();
    return command;
  }
  Member new_member() {
    Member member;
    make_id(member.id);
    member.recipient = age::Identity::generate().recipient();
    return member;
  }
  Answered enrol_with(const InvitationId& invitation, const Member& member) {
    wire::EnrolPerson command;
    command.invitation = invitation;
    command.person = member.id;
    command.signing_key =
        signing_.try_emplace(member.id, vault::crypto::SigningKey::generate()).first->second.verify_key();
    command.recipient = member.recipient;
    return act_as(Actor{invitation.to_string(), std::nullopt, invitation}, std::string(command.kKind),
                  wire::encode(command));
  }
  Member enrol(const Member& inviter, const AgencyId& agency, const std::vector<Role>& roles) {
    const auto invitation = invitation_to(agency, roles);
    expect_done(act(inviter.id, invitation));
    const Member member = new_member();
    expect_done(enrol_with(invitation.invitation, member));
    return member;
  }
  wire::JoinAgency joining(const InvitationId& invitation, const PersonId& person) {
    const std::string statement = "strongroom/join/v1\n" + invitation.to_string() + "\n" + person.to_string() + "\n";
    return {invitation, keys_.at(invitation).sign(vault::as_bytes(statement))};
  }

  // --- cases, safes, records ---
  EpochKey key_for(const std::vector<PersonId>& keyholders) {
    EpochKey key;
    key.recipient = age::Identity::generate().recipient();
    for (const PersonId& person : keyholders) key.wraps.push_back({person, random_digest()});
    const AgencyId partners[] = {authority_, icb_, police_};
    for (std::size_t i = 0; i < std::size(partners); ++i) {
      key.commitments.push_back({partners[i], random_digest()});
      if (i < custodians_.size()) key.shares.push_back({custodians_[i].id, partners[i], random_digest()});
    }
    return key;
  }
  wire::ReferCase referral() {
    wire::ReferCase command;
    make_id(command.case_);
    command.agency = school_;
    command.incident_date = date(2026, 11, 18);
    command.aware_date = date(2026, 11, 19);
    command.received = {now_.unix_ms - 3'600'000};
    command.subjects = {"child-1", "parent-1"};
    make_id(command.review_safe);
    command.key = key_for({spoc_.id});
    return command;
  }
  // Makes a case of the school's; the SPOC takes part in its review.
  void refer() {
    const auto command = referral();
    expect_done(act(spoc_.id, command));
    case_ = command.case_;
    review_safe_ = command.review_safe;
    expect_done(act(spoc_.id, wire::ConfirmNomination{review_safe_, 0}));
  }
  wire::OpenSafe opening(const std::vector<PersonId>& representatives) {
    wire::OpenSafe command;
    command.case_ = case_;
    make_id(command.safe);
    command.agency = school_;
    command.key = key_for(representatives);
    for (const PersonId& person : representatives)
      command.representatives.push_back({person, Involvement::none, std::nullopt});
    return command;
  }
  // Opens the school's safe, with the first and the second practitioner as its representatives.
  void open_safe() {
    refer();
    const auto command = opening({first_.id, second_.id});
    expect_done(act(lead_.id, command));
    safe_ = command.safe;
    expect_done(act(first_.id, wire::ConfirmNomination{safe_, 0}));
    expect_done(act(second_.id, wire::ConfirmNomination{safe_, 0}));
  }
  static wire::NewRecord new_record() {
    wire::NewRecord record;
    make_id(record.record);
    make_id(record.upload);
    record.header = random_digest();
    record.descriptor = random_digest();
    record.length = 1000;
    record.payload = random_digest();
    record.class_ = RecordClass::case_notes;
    return record;
  }
  wire::SealRecords sealing(const SafeId& safe, std::size_t count) {
    wire::SealRecords command;
    command.safe = safe;
    const auto txn = tables_.read();
    command.epoch = (**tables_.state().safe(*txn, safe)).epoch;
    for (std::size_t i = 0; i < count; ++i) command.records.push_back(new_record());
    return command;
  }
  std::vector<RecordId> seal(std::size_t count) {
    std::vector<RecordId> records;
    while (records.size() < count) {
      const auto command = sealing(safe_, std::min(count - records.size(), kMaxRecordsPerSeal));
      expect_done(act(depositor_.id, command));
      for (const auto& record : command.records) records.push_back(record.record);
    }
    return records;
  }
  wire::IssueCopy issuing(const std::vector<RecordId>& records, const PersonId& holder) {
    wire::IssueCopy command;
    make_id(command.copy);
    command.safe = safe_;
    command.holder = holder;
    command.purpose = Purpose::case_work;
    command.due = date(2026, 12, 1);
    command.records = records;
    return command;
  }
  CopyId issue(const std::vector<RecordId>& records, const PersonId& holder) {
    const auto command = issuing(records, holder);
    expect_done(act(first_.id, command));
    return command.copy;
  }
  wire::PrepareCopy preparing(const CopyId& copy, std::size_t records) {
    wire::PrepareCopy command;
    command.copy = copy;
    for (std::size_t i = 0; i < records; ++i) command.headers.push_back(random_digest());
    command.index = random_digest();
    return command;
  }

  void set_review(LockState lock, Stage stage) {
    CaseRow row = case_row();
    row.lock = lock;
    row.stage = stage;
    const auto txn = tables_.write();
    ASSERT_TRUE(tables_.state().put(*txn, row));
    ASSERT_TRUE(txn->commit());
  }

  // --- rows ---
  CaseRow case_row() { return **tables_.state().find_case(*tables_.read(), case_); }
  SafeRow safe_row(const SafeId& id) { return **tables_.state().safe(*tables_.read(), id); }
  EpochRow epoch_row(const SafeId& id, std::uint64_t epoch) {
    return **tables_.state().epoch(*tables_.read(), id, epoch);
  }
  NominationRow nomination_row(const SafeId& id, const PersonId& person) {
    return **tables_.state().nomination(*tables_.read(), id, person);
  }
  PersonRow person_row(const PersonId& id) { return **tables_.state().person(*tables_.read(), id); }
  CopyRow copy_row(const CopyId& id) { return **tables_.state().copy(*tables_.read(), id); }

  Tables tables_;
  std::vector<Stored> entries_;
  Instant now_ = *vault::parse_rfc3339("2026-11-22T09:30:00.000Z");
  AgencyId authority_, icb_, police_, school_, clinic_;
  Member authority_root_, icb_root_, police_root_, administrator_, spoc_, reviewer_;
  Member lead_, other_lead_, first_, second_, third_, depositor_, outsider_;
  std::vector<Member> custodians_;  // one of each partner, in the order of the genesis entries
  CaseId case_;
  SafeId review_safe_, safe_;
  std::map<InvitationId, vault::crypto::SigningKey> keys_;
  std::map<PersonId, vault::crypto::SigningKey> signing_;
  audit::NoteKey log_{.name = "vault.example/fictional", .key = vault::crypto::SigningKey::generate().verify_key()};

 private:
  std::uint64_t chains_ = 0;
  Member genesis(const AgencyId& agency, std::optional<AgencyKind> partner, const std::vector<Role>& roles) {
    wire::GenesisInvited detail;
    make_id(detail.invitation);
    detail.agency = agency;
    detail.partner = partner;
    detail.roles = roles;
    detail.expires = {now_.unix_ms + 86'400'000};
    append({std::string(detail.kKind), wire::to_json(detail), {}}, std::nullopt);
    return waiting_.emplace_back(detail.invitation, new_member()).second;
  }
  // Checks that replay decides the same from the values that the stored entry gives.
  void expect_same_again(const vault::engine::ReadTransaction& txn, const Actor& actor,
                         const wire::VerifiedRequest& request, const Answered& outcome) {
    if (!outcome) return;
    Given first;
    if (const auto* decision = std::get_if<Decision>(&*outcome)) first = given(*decision);
    const Answered again = decide(tables_.state(), txn, actor, request, now_, first);
    ASSERT_TRUE(again);
    EXPECT_EQ(text_of(*again), text_of(*outcome));
  }
  static std::string text_of(const std::variant<Decision, Refusal>& outcome) {
    if (const auto* refusal = std::get_if<Refusal>(&outcome))
      return wire::json::serialize(refused_event(*refusal).detail);
    std::string text;
    for (const Event& event : std::get<Decision>(outcome).events)
      text += event.kind + wire::json::serialize(event.detail) + wire::encode(event.ids) + "\n";
    return text;
  }
  std::vector<std::pair<InvitationId, Member>> waiting_;
};

}  // namespace strongroom::access::testing
