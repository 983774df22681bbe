#include "tests/cli/client/in_process.h"

#include <boost/json.hpp>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <future>
#include <map>
#include <sstream>

#include "cli/client/safes.h"
#include "net/status.h"
#include "vault/crypto/hash.h"
#include "vault/engine/engine.h"

namespace cli::client::testing {
namespace {

// Homes sync every file that they write. Nothing of a test must survive, so memory will do, and is much faster.
const bool kInMemory = std::filesystem::is_directory("/dev/shm") && ::setenv("TMPDIR", "/dev/shm", 1) == 0;

namespace json = wire::json;
using access::Refusal;
using access::Viewed;

using Query = std::map<std::string, std::string>;

Query query_of(std::string_view target) {
  Query query;
  const std::size_t mark = target.find('?');
  std::string_view rest = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    query[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
  }
  return query;
}

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    parts.emplace_back(path.substr(0, path.find('/')));
    path.remove_prefix(parts.back().size());
  }
  return parts;
}

const std::string* field(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.fields)
    if (key == name) return &value;
  return nullptr;
}

std::optional<std::string> copied(const std::string* text) {
  return text == nullptr ? std::nullopt : std::optional(*text);
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

HttpAnswer problem(const Error& error, unsigned status, std::string_view rule = {}, json::value log = {}) {
  json::object body{
      {"type", net::problem_type(error.code)}, {"title", "problem"}, {"status", status}, {"detail", error.message}};
  if (!rule.empty()) body["rule"] = rule;
  if (!log.is_null()) body["log"] = std::move(log);
  return {status, {}, vault::to_bytes(json::serialize(body))};
}

HttpAnswer problem(const Error& error) {
  // The gate refuses a signature or a key, and nothing else, with this code.
  constexpr unsigned kNotAuthenticated = 401;
  if (error.code == Errc::refused) return problem(error, kNotAuthenticated);
  return problem(error, net::status_of(error.code, net::Fault::callers));
}

struct Shown {
  json::value data;
  std::optional<audit::Receipt> receipt;
  std::optional<audit::ChainEnd> end;
};

Shown shown_of(const access::EntryPage& page) {
  json::object data{{"items", json::array()}};
  if (page.next) data["next"] = *page.next;
  return {std::move(data), page.receipt, page.end};
}
template <class T>
Shown shown_of(const T& value) {
  return {wire::to_json(value), {}, {}};
}
template <class T>
Viewed<Shown> show(Result<T> viewed) {
  if (!viewed) return viewed.error();
  return std::variant<Shown, Refusal>(shown_of(*viewed));
}
template <class T>
Viewed<Shown> show(Viewed<T> viewed) {
  if (!viewed) return viewed.error();
  if (auto* refusal = std::get_if<Refusal>(&*viewed)) return std::variant<Shown, Refusal>(*refusal);
  return std::variant<Shown, Refusal>(shown_of(std::get<T>(*viewed)));
}

Viewed<Shown> view_of(const access::View& view, const std::vector<std::string>& path, Query query) {
  const std::string& from = query["from"];
  const auto safe = path.size() > 2 ? access::SafeId::parse(path[2]) : Result<access::SafeId>(access::SafeId());
  const auto copy = path.size() > 2 ? access::CopyId::parse(path[2]) : Result<access::CopyId>(access::CopyId());
  const std::string& what = path[1];
  const std::string part = path.size() > 3 ? path[3] : "";
  if (what == "whoami") return show(view.whoami());
  if (what == "duties") return show(view.duties());
  if (what == "persons") return show(view.persons(from));
  if (what == "calendar") return show(view.calendar());
  if (what == "cases" && path.size() == 3) return show(view.find_case(path[2]));
  if (what == "cases" && part == "review") return show(view.review(path[2]));
  const std::string chain = part == "chains" && path.size() > 4 ? path[4] : "";
  if (what == "cases" && chain == "review") return show(view.review_chain(*access::CaseId::parse(path[2]), from));
  if (what == "safes" && path.size() == 3) return show(view.safe(*safe));
  if (what == "safes" && part == "keys") return show(view.safe_keys(*safe));
  if (what == "safes" && chain == "keys") return show(view.keys_chain(*safe, from));
  if (what == "safes" && chain == "recovery") return show(view.recovery_chain(*safe, from));
  if (what == "safes" && chain == "records") return show(view.records_chain(*safe, from));
  if (what == "safes" && part == "notes") return show(view.notes(*safe, from));
  if (what == "safes" && part == "records") {
    access::RecordFilter filter;
    if (query.contains("class")) filter.class_ = *wire::parse_enum<access::RecordClass>(query["class"]);
    return show(view.records(*safe, filter, from));
  }
  if (what == "records" && part == "sealing") return show(view.sealing(*access::RecordId::parse(path[2])));
  if (what == "copies" && path.size() == 2) {
    access::CopyFilter filter;
    filter.case_ = *access::CaseId::parse(query["case"]);
    return show(view.copies(filter, from));
  }
  if (what == "copies" && path.size() == 3) return show(view.copy(path[2]));
  if (what == "copies" && part == "entries") return show(view.copy_entries(*copy, from));
  if (what == "copies" && part == "headers") return show(view.copy_headers(*copy, from));
  if (what == "copies" && part == "files") return show(view.copy_files(*copy, from));
  if (what == "log" && path[2] == "directory") return show(view.directory(from));
  if (what == "log" && path[2] == "envelopes") return show(view.envelopes(from));
  if (what == "trail") {
    access::TrailFilter filter;
    if (query.contains("kind")) filter.kind = query["kind"];
    return show(view.trail(filter, from));
  }
  if (what == "log" && path[2] == "consistency") {
    auto proof = view.consistency(number(query["from"]), number(query["to"]));
    if (!proof) return proof.error();
    return std::variant<Shown, Refusal>(Shown{json::object{{"proof", wire::to_json(*proof)}}, {}, {}});
  }
  return Error{Errc::not_found, "no such route"};
}

}  // namespace

Vault::Vault(std::string_view url) {
  static_cast<void>(vault::start_secure_memory());
  const access::OpenPayload open_payload = [this](vault::engine::Engine& engine, const vault::keyring::Sealer& sealer) {
    vault::payload::SegmentOptions options;
    options.segment_bytes = 64U << 20;
    options.free_space_reserve = 0;
    options.clock = clock();
    return vault::payload::open_segments(engine, sealer, directory_.path() / "payload", options);
  };
  auto created = access::Store::create(vault::engine::make_memory_engine(),
                                       vault::keyring::Sealer(vault::keyring::SealingKey::generate()), open_payload,
                                       {.origin = "vault.example/fictional", .url = std::string(url), .now = now()});
  vault::invariant(created.has_value(), "a vault is made");
  store_ = std::move(created->store);
  // As it is written in the URL: the gate must keep the normal form of what it is given.
  authority_ = url.substr(std::string_view("https://").size());
  if (authority_.ends_with('/')) authority_.pop_back();
  invitations_ = std::move(created->invitations);
  gate_ = std::make_unique<access::Gate>(
      *store_, access::Clocks{.wall = clock(), .steady_ms = [this] { return steady_ms_.load(); }},
      [](const Error& error) { ADD_FAILURE() << error.message; });
}

Result<HttpAnswer> Vault::carry(const HttpRequest& request) {
  ++requests;
  if (lose_request && lose_request(request)) return Error{Errc::unavailable, "the connection broke"};
  HttpRequest whole = request;
  Bytes body;
  if (request.source) {
    body.resize(request.source_length);
    for (std::size_t got = 0; got < body.size();) {
      TRY(const std::size_t more, request.source(std::span(body).subspan(got)));
      got += more;
    }
    whole.body = body;
  }
  auto answer = serve(whole);
  const std::string* range = field(request, "Range");  // "bytes=FROM-TO", TO the end
  if (answer && answer->status == 200 && range != nullptr) {
    constexpr std::string_view kUnit = "bytes=";
    const auto from = number(std::string_view(*range).substr(kUnit.size(), range->find('-') - kUnit.size()));
    answer->body.erase(answer->body.begin(), answer->body.begin() + static_cast<std::ptrdiff_t>(from));
    answer->status = 206;
  }
  if (answer && alter) alter(request, *answer);
  if (lose_answer && lose_answer(request)) return Error{Errc::unavailable, "the connection broke"};
  if (answer && request.sink && (answer->status == 200 || answer->status == 206)) {
    TRY_VOID(request.sink(answer->body));
    answer->body.clear();
  }
  return answer;
}

HttpAnswer Vault::answer(unsigned status, json::value data, std::uint64_t known, std::optional<audit::Receipt> receipt,
                         std::optional<audit::ChainEnd> end) {
  const auto txn = store_->engine().read();
  const auto log = store_->log_answer(**txn, audit::TreeSize{known}, {});
  if (!log) return problem(log.error(), 500);
  json::object body{{"data", std::move(data)}, {"log", audit::to_json(log->update)}};
  if (receipt) body["receipt"] = audit::to_json(*receipt);
  if (end) body["chain"] = audit::to_json(*end);
  return {status, {}, vault::to_bytes(json::serialize(body))};
}

HttpAnswer Vault::refused(const access::Refused& refusal, std::uint64_t known) {
  const auto txn = store_->engine().read();
  const auto log = store_->log_answer(**txn, audit::TreeSize{known}, {});
  const Error error{refusal.hidden ? Errc::not_found : Errc::refused, "refused"};
  return problem(error, refusal.hidden ? 404 : 403, refusal.rule, audit::to_json(log->update));
}

HttpAnswer Vault::refused(access::SignedRequest request, Refusal refusal, std::uint64_t known) {
  std::promise<Result<access::Answer>> promise;
  gate_->refuse(std::move(request), std::move(refusal), [&](auto result) { promise.set_value(std::move(result)); });
  const auto answer = promise.get_future().get();
  if (!answer) return problem(answer.error());
  return refused(std::get<access::Refused>(*answer), known);
}

Result<HttpAnswer> Vault::act(access::SignedRequest request, std::uint64_t known) {
  std::promise<Result<access::Answer>> promise;
  gate_->submit(std::move(request), [&](auto result) { promise.set_value(std::move(result)); });
  const auto answered = promise.get_future().get();
  if (!answered) return problem(answered.error());
  if (const auto* refusal = std::get_if<access::Refused>(&*answered)) return refused(*refusal, known);
  const auto& done = std::get<access::Done>(*answered);
  json::array entries;
  for (const audit::LeafIndex seq : done.seqs) entries.push_back(seq.value);
  json::object data{{"entries", std::move(entries)}};
  for (const auto& [name, value] : done.data) data[name] = value;
  TRY(const auto txn, store_->engine().read());
  TRY(auto receipt, store_->ledger().receipt(*txn, done.seqs));
  return answer(201, std::move(data), known, std::move(receipt));
}

Result<HttpAnswer> Vault::read(const access::SignedRequest& request, std::string_view path, std::uint64_t known) {
  const std::vector<std::string> parts = parts_of(path);
  TRY(const auto txn, store_->engine().read());
  auto view = access::View::of(*store_, *txn, *request.actor.person, now());
  if (!view) return problem(view.error());
  if (parts[1] == "copies" && parts.size() == 4 && parts[3] == "index") {
    auto index = view->copy_index(*access::CopyId::parse(parts[2]));
    if (!index) return problem(index.error());
    if (auto* refusal = std::get_if<Refusal>(&*index)) return refused(request, *refusal, known);
    return HttpAnswer{200, {}, std::get<Bytes>(*index)};
  }
  if (parts[1] == "copies" && parts.size() == 6 && parts[5] == "payload") {
    auto permit = view->payload(*access::CopyId::parse(parts[2]), *access::RecordId::parse(parts[4]));
    if (!permit) return problem(permit.error());
    if (auto* refusal = std::get_if<Refusal>(&*permit)) return refused(request, *refusal, known);
    const auto& permitted = std::get<access::PayloadPermit>(*permit);
    TRY(const auto reader, store_->payload().open(access::payload_id(permitted.record)));
    Bytes all(permitted.length);
    TRY_VOID(reader->read(0, all));
    return HttpAnswer{200, {}, std::move(all)};
  }
  auto shown = view_of(*view, parts, query_of(request.request.target()));
  if (!shown) return problem(shown.error());
  if (auto* refusal = std::get_if<Refusal>(&*shown)) return refused(request, *refusal, known);
  auto& good = std::get<Shown>(*shown);
  return answer(200, std::move(good.data), known, std::move(good.receipt), std::move(good.end));
}

Result<HttpAnswer> Vault::upload(const access::SignedRequest& caller, const HttpRequest& request,
                                 std::string_view path) {
  vault::payload::Store& payload = store_->payload();
  if (request.method == "POST") {
    const auto id = vault::payload::UploadId::generate(static_cast<std::uint64_t>(now().unix_ms));
    if (auto made = payload.create(id, caller.actor.keyid, number(*field(request, "Upload-Length"))); !made)
      return problem(made.error());
    std::uint64_t offset = 0;
    if (!request.body.empty()) {
      TRY(offset, payload.write(id, 0, request.body));
    }
    return HttpAnswer{
        201, {{"location", "/v1/uploads/" + id.to_string()}, {"upload-offset", std::to_string(offset)}}, {}};
  }
  TRY(const auto id, vault::payload::UploadId::parse(path.substr(path.rfind('/') + 1)));
  if (request.method == "DELETE") {
    auto gone = payload.discard(id);
    return gone ? HttpAnswer{204, {}, {}} : problem(gone.error());
  }
  if (request.method == "PATCH") {
    auto offset = payload.write(id, number(*field(request, "Upload-Offset")), request.body);
    if (!offset) return problem(offset.error());
    return HttpAnswer{204, {{"upload-offset", std::to_string(*offset)}}, {}};
  }
  auto status = payload.status(id);
  if (!status) return problem(status.error());
  return HttpAnswer{200, {{"upload-offset", std::to_string(status->offset)}}, {}};
}

Result<HttpAnswer> Vault::upload_batch(const access::SignedRequest& caller, const HttpRequest& request) {
  std::vector<vault::payload::WholeUpload> uploads;
  wire::json::array ids;
  for (ByteView rest = request.body; !rest.empty();) {
    const std::size_t length = vault::read_big_endian32(rest.first<4>());
    const auto id = vault::payload::UploadId::generate(static_cast<std::uint64_t>(now().unix_ms));
    uploads.push_back({id, rest.subspan(4, length)});
    ids.emplace_back(id.to_string());
    rest = rest.subspan(4 + length);
  }
  if (auto kept = store_->payload().receive(uploads, caller.actor.keyid); !kept) return problem(kept.error());
  const std::string body = wire::json::serialize(wire::json::object{{"data", {{"uploads", std::move(ids)}}}});
  return HttpAnswer{201, {}, vault::to_bytes(body)};
}

Result<HttpAnswer> Vault::serve(const HttpRequest& request) {
  wire::RequestHead head;
  head.method = request.method;
  head.authority = authority_;
  const std::size_t mark = request.target.find('?');
  head.path = request.target.substr(0, mark);
  if (mark != std::string::npos) head.query = request.target.substr(mark);
  head.content_digest = copied(field(request, "Content-Digest"));
  head.range = copied(field(request, "Range"));
  head.upload_length = copied(field(request, "Upload-Length"));
  const bool chunk = request.method == "PATCH" || request.target == "/v1/upload-batches";
  if (chunk) {
    head.upload_offset = copied(field(request, "Upload-Offset"));
    head.content_length = std::to_string(request.body.size());
  }
  head.signature_input = copied(field(request, "Signature-Input"));
  head.signature = copied(field(request, "Signature"));
  head.has_body = !request.body.empty();
  auto accepted = gate_->authenticate(head, vault::as_text(request.body),
                                      chunk ? wire::Coverage::upload_chunk : wire::Coverage::command_or_read);
  if (!accepted) return problem(accepted.error());
  Query query = query_of(request.target);
  const std::uint64_t known = number(query["known"]);
  const std::string& path = head.path;
  if (path == "/v1/upload-batches") return upload_batch(*accepted, request);
  if (path.starts_with("/v1/uploads")) return upload(*accepted, request, path);
  if (path.starts_with("/v1/acts/")) return act(std::move(*accepted), known);
  if (path.starts_with("/v1/beside")) {
    std::vector<Bytes> values;
    if (request.method == "PUT") {
      values.push_back(vault::to_bytes(request.body));
    } else {
      TRY(const json::value body, wire::parse_json(vault::as_text(request.body)));
      TRY(values, wire::from_json<std::vector<Bytes>>(body.at("values")));
    }
    std::promise<Result<std::vector<Digest>>> promise;
    gate_->stage_besides(accepted->actor, std::move(values),
                         [&](auto result) { promise.set_value(std::move(result)); });
    const auto staged = promise.get_future().get();
    if (!staged) return problem(staged.error());
    return answer(201, json::object{{"digests", wire::to_json(*staged)}}, known);
  }
  return read(*accepted, path, known);
}

void Vault::forge(const wire::EntryBody& body) {
  const auto txn = store_->engine().write();
  ASSERT_TRUE(txn);
  const auto chain = access::chain_of(store_->state(), **txn, body.kind, body.ids);
  ASSERT_TRUE(chain) << chain.error().message;
  const auto envelope = store_->ledger().append(**txn, *chain, now(), vault::as_bytes(wire::encode(body)));
  ASSERT_TRUE(envelope) << envelope.error().message;
  const auto projected = store_->project(**txn, *envelope, body);
  ASSERT_TRUE(projected) << projected.error().message;
  ASSERT_TRUE(store_->ledger().sign(**txn, store_->log_key(), store_->config().origin));
  ASSERT_TRUE((*txn)->commit());
}

// --- people ---------------------------------------------------------------------------------------------------------

Directory& Client::directory() {
  if (directory_ == nullptr) {
    auto loaded = Directory::load(*session);
    EXPECT_TRUE(loaded) << loaded.error().message;
    directory_ = std::make_unique<Directory>(std::move(*loaded));
  } else {
    const auto updated = directory_->update(*session);
    EXPECT_TRUE(updated) << updated.error().message;
  }
  return *directory_;
}

std::vector<DutyDone> Client::sync(const Ask& ask) {
  auto done = client::sync(*session, directory(), ask);
  EXPECT_TRUE(done) << done.error().message;
  if (!done) return {};
  for (const DutyDone& one : *done) EXPECT_TRUE(one.done) << one.text;
  return std::move(*done);
}

Client enrol_client(Vault& vault, const std::string& invitation, std::string_view name) {
  Client client;
  client.folder = std::make_unique<vault::test::TemporaryDirectory>();
  EnrolOptions options;
  options.invitation = invitation;
  if (!name.empty()) options.name = std::string(name);
  options.connect = [&vault](const Pins&) -> Result<Carrier> { return vault.carrier(); };
  options.clock = vault.clock();
  options.pause = [](std::chrono::milliseconds) {};
  options.scrypt_log_n = kCheapScrypt;
  auto enrolled = enrol(client.home(), passphrase(), options);
  EXPECT_TRUE(enrolled) << enrolled.error().message;
  if (enrolled) client.session = std::move(enrolled->session);
  return client;
}

Partnership::Partnership() {
  const auto text = [this](std::size_t i) { return wire::format_invitation(vault_.invitations()[i]); };
  authority_root_ = enrol_client(vault_, text(0));
  icb_root_ = enrol_client(vault_, text(1));
  police_root_ = enrol_client(vault_, text(2));
  confirm_roots();
  for (std::size_t i = 0; i < 3; ++i) {
    Client& root = i == 0 ? authority_root_ : i == 1 ? icb_root_ : police_root_;
    custodians_.push_back(invite_client(root, partner(i), {access::Role::custodian}, "Custodian"));
    custodians_.push_back(invite_client(root, partner(i), {access::Role::custodian}, "Second custodian"));
  }
  spoc_ = invite_client(authority_root_, partner(0), {access::Role::spoc}, "Single point of contact");
  school_ = authority_root_.session->make_id<access::AgencyId>();
  wire::AddAgency agency;
  agency.agency = school_;
  agency.kind = access::AgencyKind::school;
  agency.name = *authority_root_.session->stage_text("Fictional Primary School", access::kMaxNameBytes);
  EXPECT_TRUE(authority_root_.session->act(agency));
  lead_ = invite_client(authority_root_, school_, {access::Role::agency_lead}, "Lead of the school");
  first_ = invite_client(lead_, school_, {access::Role::practitioner}, "First practitioner");
  second_ = invite_client(lead_, school_, {access::Role::practitioner}, "Second practitioner");
  third_ = invite_client(lead_, school_, {access::Role::practitioner}, "Third practitioner");
}

void Partnership::confirm_roots() {
  for (Client* root : {&authority_root_, &icb_root_, &police_root_}) {
    const auto others = roots_to_compare(*root->session, root->directory());
    ASSERT_TRUE(others) << others.error().message;
    std::vector<std::string> fingerprints;
    for (const Root& other : *others) fingerprints.push_back(fingerprint(*other.keys));
    ASSERT_DONE(client::confirm_roots(*root->session, *root->directory_, fingerprints));
  }
}

Client Partnership::invite_client(Client& inviter, const access::AgencyId& agency,
                                  const std::vector<access::Role>& roles, std::string_view name) {
  auto invitation = invite(*inviter.session, inviter.directory(), agency, roles, name);
  EXPECT_TRUE(invitation) << invitation.error().message;
  return enrol_client(vault_, invitation->text, name);
}

void Partnership::open_case() {
  ReferralWords referral;
  referral.agency = school_;
  referral.incident_date = *vault::parse_date("2026-11-20");
  referral.aware_date = *vault::parse_date("2026-11-21");
  referral.received = vault_.now();
  referral.subjects = {"child-1"};
  auto referred = refer_case(*spoc_.session, spoc_.directory(), referral);
  ASSERT_TRUE(referred) << referred.error().message;
  case_ = referred->case_;
  review_safe_ = referred->review_safe;
  const std::vector<NomineeWords> nominees{{first_.id(), access::Involvement::none, ""},
                                           {second_.id(), access::Involvement::supervised, "Supervised the class."}};
  auto opened = open_new_safe(*lead_.session, lead_.directory(), case_, school_, nominees, "");
  ASSERT_TRUE(opened) << opened.error().message;
  safe_ = opened->safe;
  first_.sync();
  second_.sync();
}

std::vector<SecuredResult> Partnership::secure_files(Client& client,
                                                     const std::vector<std::pair<std::string, std::string>>& files) {
  const std::filesystem::path folder = files_.path() / ("folder-" + std::to_string(folders_++));
  std::filesystem::create_directories(folder);
  for (const auto& [name, text] : files) {
    std::filesystem::create_directories((folder / name).parent_path());
    write_text(folder / name, text);
  }
  auto found = find_files(std::span(&folder, 1));
  EXPECT_TRUE(found);
  SecureProgress progress;
  auto secured = secure(*client.session, safe_of(client), found->files, {}, progress);
  EXPECT_TRUE(secured) << secured.error().message;
  if (!secured) return {};
  for (const SecuredResult& one : *secured) EXPECT_FALSE(one.failure) << one.failure->message;
  return std::move(*secured);
}

void write_text(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}
std::string read_text(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace cli::client::testing
