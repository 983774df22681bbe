#include "tests/access/world.h"

#include "access/wire/roots.h"
#include "review/calendar.h"
#include "tests/access/signed_request.h"

namespace strongroom::access::testing {
namespace {

constexpr std::string_view kUrl = "https://vault.example:8443";
constexpr std::int64_t kDayMs = 86'400'000;

vault::keyring::SealingKey new_sealing_key() {
  static_cast<void>(vault::start_secure_memory());
  return vault::keyring::SealingKey::generate();
}

std::unique_ptr<vault::engine::Engine> open_engine(On on, const std::filesystem::path& directory) {
  if (on == On::memory) return vault::engine::make_memory_engine();
  return std::move(*vault::engine::open_lmdb(directory / "db", {.initial_map_bytes = 16U << 20}));
}

Bytes with_salt(std::string_view text) {
  Bytes value(32);
  vault::fill_random(value);
  vault::append(value, vault::as_bytes(text));
  return value;
}

class SharedWrite final : public WriteTransaction {
 public:
  SharedWrite(std::unique_ptr<WriteTransaction> inner, std::shared_ptr<SharedEngine::RefusesPut> refuses)
      : inner_(std::move(inner)), refuses_(std::move(refuses)) {}
  using Table = vault::engine::Table;
  using KeyValue = vault::engine::KeyValue;
  Result<std::optional<ByteView>> get(Table table, ByteView key) const override { return inner_->get(table, key); }
  Result<std::optional<KeyValue>> seek(Table table, ByteView key) const override { return inner_->seek(table, key); }
  Result<std::optional<KeyValue>> seek_back(Table table, ByteView key) const override {
    return inner_->seek_back(table, key);
  }
  Result<std::uint64_t> count(Table table) const override { return inner_->count(table); }
  Result<void> put(Table table, ByteView key, ByteView value) override {
    if (*refuses_ && (*refuses_)(key)) return Error{Errc::full, "refused by the test"};
    return inner_->put(table, key, value);
  }
  Result<bool> erase(Table table, ByteView key) override { return inner_->erase(table, key); }
  Result<void> clear(Table table) override { return inner_->clear(table); }
  Result<void> commit() override { return inner_->commit(); }

 private:
  std::unique_ptr<WriteTransaction> inner_;
  std::shared_ptr<SharedEngine::RefusesPut> refuses_;
};

}  // namespace

Result<std::unique_ptr<WriteTransaction>> SharedEngine::write() {
  TRY(auto txn, inner_->write());
  return std::make_unique<SharedWrite>(std::move(txn), refuses_);
}

World::World(On on)
    : on_(on),
      sealing_key_(new_sealing_key()),
      engine_(std::make_shared<vault::engine::FaultyEngine>(open_engine(on, directory_.path()))),
      now_ms_(vault::parse_rfc3339("2026-11-22T09:30:00.000Z")->unix_ms) {
  auto created =
      Store::create(std::make_unique<SharedEngine>(engine_, refuses_put_), vault::keyring::Sealer(sealing_key_.clone()),
                    open_payload(), {.origin = "vault.example/fictional", .url = std::string(kUrl), .now = now()});
  EXPECT_TRUE(created) << created.error().message;
  store_ = std::move(created->store);
  genesis_ = std::move(created->invitations);
  config_ = store_->config();
  start_gate();
}

World::~World() {
  close();
}

OpenPayload World::open_payload() {
  return [this](vault::engine::Engine& engine, const vault::keyring::Sealer& sealer) {
    vault::payload::SegmentOptions options;
    options.segment_bytes = 64U << 20;
    options.free_space_reserve = 0;
    options.clock = [this] { return now(); };
    return vault::payload::open_segments(engine, sealer, directory_.path() / "payload", options);
  };
}

void World::start_gate() {
  gate_ = std::make_unique<Gate>(
      *store_, Clocks{.wall = [this] { return now(); }, .steady_ms = [this] { return steady_ms_.load(); }},
      [this](const Error& error) { fatal_.push_back(error); });
}

void World::close() {
  gate_.reset();
  store_.reset();
}

Result<void> World::reopen() {
  close();
  if (on_ == On::lmdb) {
    engine_.reset();
    engine_ = std::make_shared<vault::engine::FaultyEngine>(open_engine(on_, directory_.path()));
  }
  TRY(store_, Store::open(std::make_unique<SharedEngine>(engine_, refuses_put_),
                          vault::keyring::Sealer(sealing_key_.clone()), open_payload(), config_));
  start_gate();
  return {};
}

// --- requests -------------------------------------------------------------------------------------------------------

std::string World::new_nonce() {
  std::string number = std::to_string(++nonces_);
  return "nonce-" + std::string(16 - std::min<std::size_t>(number.size(), 16), '0') + number;
}

Result<SignedRequest> World::sign(const std::string& keyid, const vault::crypto::SigningKey& key,
                                  const std::string& method, const std::string& target, const std::string& body,
                                  std::string nonce) {
  wire::RequestHead head;
  head.method = method;
  head.authority = std::string(kAuthority);
  const std::size_t query = target.find('?');
  head.path = target.substr(0, query);
  if (query != std::string::npos) head.query = target.substr(query);
  head.has_body = !body.empty();
  if (head.has_body) head.content_digest = wire::content_digest(vault::as_bytes(body));
  wire::SignatureParameters parameters;
  parameters.created = now_ms_ / vault::kMillisecondsPerSecond;
  parameters.expires = parameters.created + 60;
  parameters.nonce = nonce.empty() ? new_nonce() : std::move(nonce);
  parameters.keyid = keyid;
  TRY(const wire::SignatureFields fields, wire::sign_request(head, wire::Coverage::command_or_read, parameters, key));
  head.signature_input = fields.signature_input;
  head.signature = fields.signature;
  return gate_->authenticate(head, body);
}

std::future<Result<Answer>> World::submit(SignedRequest request) {
  auto promise = std::make_shared<std::promise<Result<Answer>>>();
  auto answer = promise->get_future();
  gate_->submit(std::move(request), [promise](Result<Answer> result) { promise->set_value(std::move(result)); });
  return answer;
}

Done World::expect_done(const Result<Answer>& answer) {
  if (!answer) {
    ADD_FAILURE() << vault::to_string(answer.code()) << ": " << answer.error().message;
    return {};
  }
  if (const auto* refused = std::get_if<Refused>(&*answer)) {
    ADD_FAILURE() << "refused by " << refused->rule;
    return {};
  }
  return std::get<Done>(*answer);
}

Result<std::vector<Digest>> World::stage(const Actor& owner, std::vector<Bytes> values) {
  std::promise<Result<std::vector<Digest>>> promise;
  gate_->stage_besides(owner, std::move(values), [&](auto result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

Digest World::stage(const Identity& who, const Bytes& value) {
  const auto staged = stage(Actor{who.id.to_string(), who.id, std::nullopt}, {value});
  EXPECT_TRUE(staged) << staged.error().message;
  return staged ? staged->front() : Digest{};
}

Digest World::stage_text(const Identity& who, std::string_view text) {
  return stage(who, with_salt(text));
}

// --- people ---------------------------------------------------------------------------------------------------------

Identity World::enrol(const InvitationId& invitation, const vault::crypto::SigningKey& key, std::string_view name) {
  Identity person;
  person.id = PersonId::generate(static_cast<std::uint64_t>(now_ms_));
  const auto staged = stage(Actor{invitation.to_string(), std::nullopt, invitation}, {with_salt(name)});
  EXPECT_TRUE(staged) << staged.error().message;
  const wire::EnrolPerson command{.invitation = invitation,
                                  .person = person.id,
                                  .signing_key = person.signing.verify_key(),
                                  .recipient = person.age.recipient(),
                                  .name = staged ? std::optional(staged->front()) : std::nullopt};
  auto request =
      sign(invitation.to_string(), key, "POST", "/v1/acts/" + std::string(command.kKind), wire::encode(command));
  EXPECT_TRUE(request) << request.error().message;
  if (request) expect_done(submit(std::move(*request)).get());
  return person;
}

Identity World::enrol(const wire::Invitation& invitation, std::string_view name) {
  return enrol(invitation.invitation, vault::crypto::SigningKey(vault::crypto::SigningSeed::copy_of(invitation.secret)),
               name);
}

Identity World::invite(const Identity& inviter, const AgencyId& agency, const std::vector<Role>& roles,
                       std::string_view name) {
  const auto key = vault::crypto::SigningKey::generate();
  const wire::InvitePerson command{.invitation = InvitationId::generate(static_cast<std::uint64_t>(now_ms_)),
                                   .agency = agency,
                                   .roles = roles,
                                   .key = key.verify_key(),
                                   .expires = {now_ms_ + kDayMs},
                                   .name = stage_text(inviter, name),
                                   .replaces = std::nullopt};
  done(inviter, command);
  return enrol(command.invitation, key, name);
}

void World::confirm_roots() {
  const Identity* const roots[] = {&authority_root, &icb_root, &police_root};
  std::vector<wire::RootKeys> keys;
  for (std::size_t i = 0; i < std::size(roots); ++i)
    keys.push_back({genesis_[i].agency, roots[i]->id, roots[i]->signing.verify_key(), roots[i]->age.recipient()});
  const std::string statement = wire::roots_statement(*store_->state().log(), keys);
  for (const Identity* root : roots)
    done(*root, wire::ConfirmRoots{vault::crypto::sha256(vault::as_bytes(statement)),
                                   root->signing.sign(vault::as_bytes(statement))});
}

AgencyId World::add_agency(const Identity& by, AgencyKind kind, std::string_view name) {
  const wire::AddAgency command{
      .agency = AgencyId::generate(static_cast<std::uint64_t>(now_ms_)), .kind = kind, .name = stage_text(by, name)};
  done(by, command);
  return command.agency;
}

void World::populate() {
  authority_root = enrol(genesis_[0], "Root of the fictional authority");
  icb_root = enrol(genesis_[1], "Root of the fictional ICB");
  police_root = enrol(genesis_[2], "Root of the fictional police");
  administrator = enrol(genesis_[3], "Administrator");
  authority = genesis_[0].agency;
  icb = genesis_[1].agency;
  police = genesis_[2].agency;
  confirm_roots();
  for (int i = 0; i < 2; ++i) {
    custodians.push_back(invite(authority_root, authority, {Role::custodian}, "Custodian"));
    custodians.push_back(invite(icb_root, icb, {Role::custodian}, "Custodian"));
    custodians.push_back(invite(police_root, police, {Role::custodian}, "Custodian"));
  }
  spoc = invite(authority_root, authority, {Role::spoc}, "Single point of contact");
  reviewer = invite(authority_root, authority, {Role::reviewer}, "Reviewer");
  school = add_agency(authority_root, AgencyKind::school, "Fictional School");
  clinic = add_agency(icb_root, AgencyKind::health, "Fictional Clinic");
  lead = invite(authority_root, school, {Role::agency_lead}, "Lead of the school");
  other_lead = invite(icb_root, clinic, {Role::agency_lead}, "Lead of the clinic");
  first = invite(lead, school, {Role::practitioner}, "First practitioner");
  second = invite(lead, school, {Role::practitioner}, "Second practitioner");
  depositor = invite(lead, school, {Role::depositor}, "Depositor");
  outsider = invite(other_lead, clinic, {Role::practitioner}, "Practitioner of the clinic");
}

// --- cases, safes, records ------------------------------------------------------------------------------------------

Bytes World::age_file(std::string_view plain, const vault::age::Recipient& recipient) {
  auto file = vault::age::encrypt_small(vault::as_bytes(plain), std::span(&recipient, 1));
  EXPECT_TRUE(file) << file.error().message;
  return std::move(*file);
}

EpochKey World::key_for(const Identity& who, const KnownSafe& known, const std::vector<const Identity*>& keyholders,
                        const KnownSafe* previous) {
  EpochKey key;
  key.recipient = known.key.recipient();
  const std::string secret(known.key.to_text().expose());
  for (const Identity* keyholder : keyholders)
    key.wraps.push_back({keyholder->id, stage(who, age_file(secret, keyholder->age.recipient()))});
  const AgencyId partners[] = {authority, icb, police};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string share = "share " + std::to_string(i) + " of " + known.id.to_string();
    key.commitments.push_back({partners[i], vault::crypto::sha256(vault::as_bytes(share))});
    for (std::size_t j = i; j < custodians.size(); j += 3)
      key.shares.push_back({custodians[j].id, partners[i], stage(who, age_file(share, custodians[j].age.recipient()))});
  }
  if (previous != nullptr) key.previous = stage(who, age_file(previous->key.to_text().expose(), known.key.recipient()));
  return key;
}

void World::open_case() {
  const auto ms = static_cast<std::uint64_t>(now_ms_);
  case_id = CaseId::generate(ms);
  review_safe = {.id = SafeId::generate(ms)};
  safe = {.id = SafeId::generate(ms)};
  wire::ReferCase referral;
  referral.case_ = case_id;
  referral.agency = school;
  referral.incident_date = *vault::parse_date("2026-11-18");
  referral.aware_date = *vault::parse_date("2026-11-19");
  referral.received = {now_ms_ - 3'600'000};
  referral.subjects = {"child-1", "parent-1"};
  referral.review_safe = review_safe.id;
  referral.key = key_for(spoc, review_safe, {&spoc});
  reference = std::string(done(spoc, referral).data.at("reference").as_string());
  done(spoc, wire::ConfirmNomination{review_safe.id, 0});
  done(spoc, wire::AskAgencies{case_id, {clinic}});
  done(lead, wire::OpenSafe{.case_ = case_id,
                            .safe = safe.id,
                            .agency = school,
                            .key = key_for(lead, safe, {&first, &second}),
                            .representatives = {{first.id, Involvement::none, std::nullopt},
                                                {second.id, Involvement::none, std::nullopt}},
                            .reason = std::nullopt});
  done(first, wire::ConfirmNomination{safe.id, 0});
  done(second, wire::ConfirmNomination{safe.id, 0});
}

void World::live_at_the_desk(const Identity& third) {
  const auto note = [&](const Identity& who) { return stage(who, age_file("words", safe.key.recipient())); };
  const auto item = ItemId::generate(static_cast<std::uint64_t>(now_ms_));
  done(depositor,
       wire::AddItem{safe.id, safe.epoch, item, RecordClass::case_notes, "child-1", 120, note(depositor), {}});
  done(first, wire::ChangeCustody{safe.id,
                                  safe.epoch,
                                  item,
                                  CustodyChange::loaned,
                                  note(first),
                                  {},
                                  Purpose::court,
                                  *vault::parse_date("2027-01-10")});
  done(first, wire::ChangeCustody{safe.id, safe.epoch, item, CustodyChange::returned, note(first), 119, {}, {}});
  done(lead, wire::MakeDeclaration{.safe = safe.id,
                                   .version = 1,
                                   .epoch = safe.epoch,
                                   .nothing_held = false,
                                   .searched = {"child-1"},
                                   .sources = {{SourceKind::system, SourceState::removed, {}, {}},
                                               {SourceKind::share, SourceState::still_open, OpenReason::technical,
                                                *vault::parse_date("2027-01-10")}},
                                   .gaps = {GapKind::lost},
                                   .form = note(lead)});
  done(depositor, wire::RemoveOriginals{safe.id, {records[0], records[1]}, stage_text(depositor, "The disk is old.")});
  done(lead, wire::ReassignCopies{safe.id, {copy}, third.id});
  done(lead, wire::ReassignCopies{safe.id, {copy}, first.id});
  done(lead, wire::PauseNomination{safe.id, third.id, stage_text(lead, "On leave.")});
  done(lead, wire::ResumeNomination{safe.id, third.id});
  done(first,
       wire::WrapNomination{safe.id, safe.epoch, {third.id, stage(first, age_file("x", third.age.recipient()))}});
  done(third, wire::ConfirmNomination{safe.id, safe.epoch});
}

namespace {
// Handles a review's documents and copies, as its SPOC does.
class Desk {
 public:
  Desk(World& world, const CaseId& id, const KnownSafe& safe) : world_(world), case_(id), safe_(safe) {}

  RecordId file(const Identity& who, RecordClass class_) {
    wire::SealRecords seal{
        safe_.id, safe_.epoch, {world_.new_record(who, safe_, vault::to_bytes(vault::as_bytes("form")))}, {}};
    seal.records.front().class_ = class_;
    world_.done(who, seal);
    return seal.records.front().record;
  }
  CopyId give(const std::vector<RecordId>& records, const Identity& holder) {
    wire::IssueCopy issue = world_.issuing(safe_.id, records, holder);
    issue.due = *vault::parse_date("2027-06-30");
    world_.done(world_.spoc, issue);
    wire::PrepareCopy prepare{.copy = issue.copy, .headers = {}, .index = {}};
    for (std::size_t i = 0; i < records.size(); ++i) {
      const Bytes file = world_.age_file("x", holder.age.recipient());
      prepare.headers.push_back(world_.stage(world_.spoc, vault::age::parse_header(file)->bytes));
    }
    prepare.index = world_.stage(world_.spoc, world_.age_file("{}", holder.age.recipient()));
    world_.done(world_.spoc, prepare);
    return issue.copy;
  }

 private:
  World& world_;
  CaseId case_;
  const KnownSafe& safe_;
};
}  // namespace

void World::live_through_a_review() {
  const auto ms = static_cast<std::uint64_t>(now_ms_);
  const CaseId id = CaseId::generate(ms);
  const KnownSafe documents{.id = SafeId::generate(ms)};
  const Date today = vault::london_date(now());
  wire::ReferCase referral{.case_ = id,
                           .agency = clinic,
                           .incident_date = today,
                           .aware_date = today,
                           .received = now(),
                           .subjects = {"child-1", "child-2"},
                           .review_safe = documents.id,
                           .key = key_for(spoc, documents, {&spoc}),
                           .rules = "panel",
                           .linked_to = case_id};
  done(spoc, referral);
  done(spoc, wire::ConfirmNomination{documents.id, 0});
  done(spoc, wire::AskAgencies{id, {school}});
  Desk desk(*this, id, documents);
  const RecordId form = desk.file(spoc, RecordClass::document_1);
  done(spoc, wire::AnswerDuties{id, {.died = true, .in_area = true}});
  done(icb_root, wire::RecordDuty{id, Duty::panel, today, desk.file(spoc, RecordClass::notification)});
  done(spoc, wire::RecordDuty{id, Duty::document_1, today, form});
  std::vector<wire::AgencyTemplates> templates;
  for (const auto& [agency, holder] : {std::pair(clinic, &other_lead), std::pair(school, &lead)}) {
    const RecordId document_2 = desk.file(spoc, RecordClass::document_2);
    const RecordId document_3 = desk.file(spoc, RecordClass::document_3);
    templates.push_back({agency, document_2, document_3, desk.give({document_2, document_3}, *holder)});
  }
  done(spoc, wire::SendTemplates{id, templates, stage_text(spoc, "Over a weekend.")});
  done(lead, wire::ReturnScoping{id, school, 1, desk.file(lead, RecordClass::document_2), {"child-1"}, {}});
  done(spoc, wire::ReturnScoping{id, clinic, 1, {}, {"child-1", "child-2"}, stage_text(spoc, "By telephone.")});
  done(spoc, wire::MoveClock{id, "meeting", {}, review::plus_days(today, 30), stage_text(spoc, "Agreed.")});
  const Digest why = stage_text(spoc, "Nobody can travel.");
  done(spoc, wire::ScheduleMeeting{id, 1, review::plus_days(today, 1), MeetingKind::extraordinary,
                                   MeetingMode::teleconference, why});
  done(spoc, wire::SharePack{id, PackSharing::in_advance, {{reviewer.id, desk.give({form}, reviewer)}}});
  pass(kDayMs);
  done(spoc, wire::RecordAttendance{id,
                                    1,
                                    {{authority_root.id, authority}, {icb_root.id, icb}, {police_root.id, police}},
                                    {{AttendeeBody::school, stage_text(spoc, "The head teacher")}}});
  done(spoc, wire::DecideReview{id, 1, desk.file(spoc, RecordClass::document_4), ReviewDecision::neither, 2, {}});
  done(spoc, wire::StepBack{id, Stage::meeting_set, stage_text(spoc, "The wrong form.")});
  const RecordId outcome = desk.file(spoc, RecordClass::document_4);
  done(spoc, wire::DecideReview{id, 2, outcome, ReviewDecision::practice_review, 2, {}});
  done(authority_root, wire::AnswerDecision{id, 2, outcome, authority, PartnerAnswer::agree, {}});
  done(icb_root,
       wire::AnswerDecision{id, 2, outcome, icb, PartnerAnswer::dissent, stage_text(icb_root, "Nothing is new.")});
  done(spoc, wire::AnswerDecision{id, 2, outcome, police, PartnerAnswer::agree, {}});
  const Identity chair = invite(authority_root, authority, {Role::chair}, "Independent chair");
  done(chair, wire::EndorseDecision{id, 2, outcome, stage_text(chair, "As it should be.")});
  const RecordId letter = desk.file(spoc, RecordClass::document_5);
  done(spoc, wire::SendOutcome{id, outcome, letter, vault::crypto::sha256(vault::as_bytes("manifest")), {}});
  done(spoc, wire::RecordPanelAnswer{id, PanelAnswer::agreed, vault::london_date(now()), {}});
  done(spoc, wire::InformAgencies{id, {{school, desk.give({outcome}, lead)}}});
  done(lead, wire::AcknowledgeOutcome{id, school});
  done(lead, wire::RecordInspectorate{id, school, Inspectorate::ofsted, vault::london_date(now())});
  done(spoc, wire::CloseReview{id, stage_text(spoc, "The clinic is told by letter.")});
  done(spoc, wire::CloseReview{id, stage_text(spoc, "The clinic is told by letter still.")});
  // Refers another case, which is not pursued, and adds a bank holiday.
  const KnownSafe unused{.id = SafeId::generate(ms)};
  referral.case_ = CaseId::generate(ms);
  referral.review_safe = unused.id;
  referral.key = key_for(spoc, unused, {&spoc});
  done(spoc, referral);
  done(spoc, wire::DropReview{referral.case_, stage_text(spoc, "The criteria are not met.")});
  const std::vector<review::Holiday> holidays = {{*vault::parse_date("2029-01-01"), {}}};
  done(icb_root,
       wire::ImportCalendar{{holidays.front().date}, {}, review::Calendar::shipped().merged_with(holidays)->digest()});
}

void World::live_through_everything() {
  const auto ms = static_cast<std::uint64_t>(now_ms_);
  const auto generate_copy = [&] { return CopyId::generate(ms); };
  records = seal(depositor, safe, 5, 3000);
  // A representative issues a copy for themself; it is delivered, and given back in two parts.
  wire::IssueCopy own = issuing(safe.id, {records[0], records[1]}, first);
  done(first, own);
  done(first, wire::DeliverCopy{own.copy});
  done(first, wire::ReturnCopy{own.copy, {records[1]}, CopyEnd::destroyed});
  done(first, wire::ReturnCopy{own.copy, {}, CopyEnd::returned});
  // The representative issues a copy for a colleague.
  wire::IssueCopy lent = issuing(safe.id, {records[2], records[3], records[4]}, depositor);
  copy = lent.copy = generate_copy();
  done(first, lent);
  wire::PrepareCopy prepared{.copy = copy, .headers = {}, .index = {}};
  for (std::size_t i = 0; i < lent.records.size(); ++i) {
    const Bytes file = age_file("x", depositor.age.recipient());
    prepared.headers.push_back(stage(first, vault::age::parse_header(file)->bytes));
  }
  prepared.index = stage(first, age_file("{}", depositor.age.recipient()));
  done(first, prepared);
  done(depositor, wire::CollectCopy{copy});
  done(depositor, wire::DeliverCopy{copy});
  done(depositor, wire::ReturnCopy{copy, {records[4]}, CopyEnd::lost});
  // A third representative comes, the second goes, and a new epoch begins.
  const Identity third = invite(lead, school, {Role::practitioner}, "Third practitioner");
  done(lead, wire::MakeNomination{safe.id, {third.id, Involvement::supervised, stage_text(lead, "Was on the team.")}});
  done(first, wire::WrapNomination{safe.id, 0, {third.id, stage(first, age_file("x", third.age.recipient()))}});
  done(third, wire::ConfirmNomination{safe.id, 0});
  done(lead, wire::EndNomination{safe.id, second.id, stage_text(lead, "Left.")});
  const KnownSafe next{.id = safe.id, .epoch = 1};
  const EpochKey key = key_for(first, next, {&first, &third}, &safe);
  done(first, wire::StartEpoch{safe.id, 1, key});
  safe = {.id = safe.id, .epoch = 1, .key = next.key.clone()};
  seal(first, safe, 1);
  custodians.push_back(invite(authority_root, authority, {Role::custodian}, "Custodian"));
  done(first, wire::CompleteShares{
                  safe.id, 1, {{custodians.back().id, authority, stage(first, age_file("s", first.age.recipient()))}}});
  custodians.pop_back();
  live_at_the_desk(third);
  // In another case the third practitioner is a representative too, and is revoked.
  other_case = CaseId::generate(ms);
  const KnownSafe other_review{.id = SafeId::generate(ms)};
  other_safe.id = SafeId::generate(ms);
  wire::ReferCase referral{.case_ = other_case,
                           .agency = school,
                           .incident_date = *vault::parse_date("2026-11-20"),
                           .aware_date = *vault::parse_date("2026-11-20"),
                           .received = now(),
                           .subjects = {"child-1"},
                           .review_safe = other_review.id,
                           .key = key_for(lead, other_review, {&spoc})};
  done(lead, referral);
  done(lead, wire::OpenSafe{.case_ = other_case,
                            .safe = other_safe.id,
                            .agency = school,
                            .key = key_for(lead, other_safe, {&third}),
                            .representatives = {{third.id, Involvement::none, std::nullopt}},
                            .reason = stage_text(lead, "Nobody else is there.")});
  done(lead, wire::RevokePerson{third.id, stage_text(lead, "Lost the laptop.")});
  // Somebody joins a second agency, and a lost identity is replaced.
  const auto joining = vault::crypto::SigningKey::generate();
  const wire::InvitePerson second_place{.invitation = InvitationId::generate(ms),
                                        .agency = clinic,
                                        .roles = {Role::practitioner},
                                        .key = joining.verify_key(),
                                        .expires = {now_ms_ + kDayMs},
                                        .name = stage_text(other_lead, "First practitioner"),
                                        .replaces = std::nullopt};
  done(other_lead, second_place);
  const std::string statement = wire::join_statement(second_place.invitation, first.id);
  done(first, wire::JoinAgency{second_place.invitation, joining.sign(vault::as_bytes(statement))});
  done(other_lead, wire::InvitePerson{.invitation = InvitationId::generate(ms),
                                      .agency = clinic,
                                      .roles = {Role::practitioner},
                                      .key = joining.verify_key(),
                                      .expires = {now_ms_ + kDayMs},
                                      .name = stage_text(other_lead, "Practitioner of the clinic"),
                                      .replaces = outsider.id});
  live_through_refusals_and_limits();
}

void World::live_through_refusals_and_limits() {
  const auto ms = static_cast<std::uint64_t>(now_ms_);
  // Three requests are refused: an act in the case, one that names nothing, and a read.
  EXPECT_TRUE(act(reviewer, wire::AskAgencies{case_id, {icb}}));
  EXPECT_TRUE(act(reviewer, wire::AskAgencies{CaseId::generate(ms), {icb}}));
  {
    std::promise<Result<Answer>> promise;
    const auto txn = *store_->engine().read();
    const auto view = *View::of(*store_, *txn, administrator.id, now());
    const auto read = view.records(safe.id, {}, "");
    EXPECT_TRUE(read);
    gate_->refuse(*sign(administrator, "GET", "/v1/safes/" + safe.id.to_string() + "/records", ""),
                  std::get<Refusal>(*read), [&](auto answer) { promise.set_value(std::move(answer)); });
    EXPECT_TRUE(promise.get_future().get());
  }
  // A key reaches its limit, and the clock is set.
  const Actor actor{reviewer.id.to_string(), reviewer.id, std::nullopt};
  while (gate_->admit(actor)) {
  }
  pass(limits::kLimitedIntervalMs);
  EXPECT_TRUE(gate_->collect_garbage());
  const Digest name = stage_text(icb_root, "Fictional Agency");
  set_wall({now_ms_ + limits::kClockJumpMs + 1});
  done(icb_root, wire::AddAgency{AgencyId::generate(ms), AgencyKind::voluntary, name});
}

wire::NewRecord World::new_record(const Identity& who, const KnownSafe& known, const Bytes& plain) {
  const auto ms = static_cast<std::uint64_t>(now_ms_);
  const auto recipient = known.key.recipient();
  const Bytes file = *vault::age::encrypt_small(plain, std::span(&recipient, 1));
  const auto header = *vault::age::parse_header(file);
  const ByteView payload = ByteView(file).subspan(header.bytes.size());
  wire::NewRecord record;
  record.record = RecordId::generate(ms);
  record.upload = UploadId::generate(ms);
  record.length = payload.size();
  vault::payload::PayloadDigest digest;
  digest.update(payload);
  record.payload = digest.finish();
  record.class_ = RecordClass::case_notes;
  record.subject = "child-1";
  const auto staged =
      stage(Actor{who.id.to_string(), who.id, std::nullopt}, {header.bytes, age_file("{\"v\":1}", recipient)});
  EXPECT_TRUE(staged) << staged.error().message;
  record.header = (*staged)[0];
  record.descriptor = (*staged)[1];
  const auto upload = payload_id(record.upload);
  EXPECT_TRUE(store_->payload().create(upload, who.id.to_string(), record.length));
  EXPECT_TRUE(store_->payload().write(upload, 0, payload));
  return record;
}

std::vector<RecordId> World::seal(const Identity& who, const KnownSafe& known, std::size_t count,
                                  std::size_t plain_bytes) {
  wire::SealRecords command;
  command.safe = known.id;
  command.epoch = known.epoch;
  std::vector<RecordId> made;
  for (std::size_t i = 0; i < count; ++i) {
    Bytes plain(plain_bytes);
    vault::fill_random(plain);
    command.records.push_back(new_record(who, known, plain));
    made.push_back(command.records.back().record);
  }
  done(who, command);
  return made;
}

wire::IssueCopy World::issuing(const SafeId& id, const std::vector<RecordId>& of, const Identity& holder) {
  return {.copy = CopyId::generate(static_cast<std::uint64_t>(now_ms_)),
          .safe = id,
          .holder = holder.id,
          .purpose = Purpose::case_work,
          .due = *vault::parse_date("2026-12-01"),
          .records = of};
}

}  // namespace strongroom::access::testing
