// A whole vault behind a Carrier, in this process and without a network. Store, gate, views and payloads are the real
// ones. Its operator can do all that an operator with the log key can: forge entries, sign other histories, alter
// answers.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/gate/gate.h"
#include "access/store.h"
#include "access/views.h"
#include "cli/client/copies.h"
#include "cli/client/duties.h"
#include "cli/client/enrol.h"
#include "cli/client/review.h"
#include "cli/client/roots.h"
#include "tests/access/signed_request.h"
#include "tests/support/temporary_directory.h"
#include "vault/payload/segments.h"

namespace cli::client::testing {

inline constexpr std::string_view kPassphrase = "a passphrase for tests";
inline constexpr unsigned kCheapScrypt = 4;
inline constexpr std::string_view kUrl = "https://vault.example:8443";

inline PassphraseSource passphrase() {
  return [](std::string_view) -> Result<vault::SecretText> { return vault::SecretText(kPassphrase); };
}

class Vault {
 public:
  // `url` is the address that its clients know; nothing listens there.
  explicit Vault(std::string_view url = kUrl);

  Result<HttpAnswer> carry(const HttpRequest& request);
  Carrier carrier() {
    return [this](const HttpRequest& request) { return carry(request); };
  }
  vault::Instant now() const { return {now_ms_}; }
  vault::Clock clock() const {
    return [this] { return now(); };
  }
  void pass(std::int64_t ms) {
    now_ms_ += ms;
    steady_ms_ += ms;
  }
  access::Store& store() { return *store_; }
  // local-authority, icb, police, administrator
  const std::vector<wire::Invitation>& invitations() const { return invitations_; }

  // --- the network ---
  // Called before a request is carried out, and after it. If they return true, the request or its answer is lost.
  std::function<bool(const HttpRequest&)> lose_request;
  std::function<bool(const HttpRequest&)> lose_answer;
  std::atomic<int> requests = 0;

  // --- the operator ---
  // May change each answer before it is sent.
  std::function<void(const HttpRequest&, HttpAnswer&)> alter;
  // Appends an entry that nobody asked for, projects it, and signs the ledger with it.
  void forge(const wire::EntryBody& body);

 private:
  Result<HttpAnswer> serve(const HttpRequest& request);
  Result<HttpAnswer> act(access::SignedRequest request, std::uint64_t known);
  Result<HttpAnswer> read(const access::SignedRequest& request, std::string_view path, std::uint64_t known);
  Result<HttpAnswer> upload(const access::SignedRequest& caller, const HttpRequest& request, std::string_view path);
  Result<HttpAnswer> upload_batch(const access::SignedRequest& caller, const HttpRequest& request);
  HttpAnswer answer(unsigned status, wire::json::value data, std::uint64_t known,
                    std::optional<audit::Receipt> receipt = {}, std::optional<audit::ChainEnd> end = {});
  HttpAnswer refused(access::SignedRequest request, access::Refusal refusal, std::uint64_t known);
  HttpAnswer refused(const access::Refused& refusal, std::uint64_t known);

  vault::test::TemporaryDirectory directory_;
  std::atomic<std::int64_t> now_ms_ = vault::parse_rfc3339("2026-11-23T09:30:00.000Z")->unix_ms;
  std::atomic<std::int64_t> steady_ms_ = 1000;
  std::unique_ptr<access::Store> store_;
  std::string authority_;
  std::vector<wire::Invitation> invitations_;
  std::unique_ptr<access::Gate> gate_;
};

// Somebody with a home and a session.
struct Client {
  std::unique_ptr<vault::test::TemporaryDirectory> folder;
  std::unique_ptr<Session> session;
  std::unique_ptr<Directory> directory_;
  access::PersonId id() const { return session->person(); }
  std::filesystem::path home() const { return folder->path() / "home"; }
  // Loads the directory, or brings it up to date.
  Directory& directory();
  // Does everything that is owed, and fails the test if it cannot. Answers every question with yes unless the test
  // gives another answer.
  std::vector<DutyDone> sync(const Ask& ask = [](const Question&) { return Consent::yes; });
};

Client enrol_client(Vault& vault, const std::string& invitation, std::string_view name = {});

// Three roots, custodians of each partner, a SPOC, and an agency with a lead and three practitioners.
class Partnership : public ::testing::Test {
 protected:
  Partnership();
  // Each root compares the fingerprints of the other two, and signs.
  void confirm_roots();
  Client invite_client(Client& inviter, const access::AgencyId& agency, const std::vector<access::Role>& roles,
                       std::string_view name);
  // Opens a case in which the school is asked to secure, and the school's safe with two confirmed representatives.
  void open_case();
  VerifiedSafe safe_of(Client& client) {
    auto safe = verify_safe(*client.session, client.directory(), safe_);
    EXPECT_TRUE(safe) << safe.error().message;
    return std::move(*safe);
  }
  // Secures files below a fresh folder, and returns their results in order of path.
  std::vector<SecuredResult> secure_files(Client& client,
                                          const std::vector<std::pair<std::string, std::string>>& files);
  access::AgencyId partner(std::size_t i) const { return vault_.invitations()[i].agency; }

  Vault vault_;
  Client authority_root_, icb_root_, police_root_;
  std::vector<Client> custodians_;
  Client spoc_, lead_, first_, second_, third_;
  access::AgencyId school_;
  access::CaseId case_;
  access::SafeId review_safe_, safe_;
  vault::test::TemporaryDirectory files_;
  int folders_ = 0;
};

// An agency's safe, into which a folder of files is secured.
class SecuringTest : public Partnership {
 protected:
  void SetUp() override { open_case(); }
  std::filesystem::path folder() {
    const std::filesystem::path path = files_.path() / "case";
    std::filesystem::create_directories(path);
    return path;
  }
  Result<std::vector<SecuredResult>> secure_folder() {
    const std::array paths{folder()};
    const auto found = find_files(paths);
    EXPECT_TRUE(found);
    SecureProgress progress;
    return secure(*third_.session, safe_of(third_), found->files, options_, progress);
  }
  std::uint64_t records() { return third_.session->get<wire::SafeView>("/v1/safes/" + safe_.to_string())->records; }
  Result<std::vector<ListedRecord>> list(Client& client, std::string_view query = {}) {
    const VerifiedSafe safe = safe_of(client);
    TRY(const SafeSecrets secrets, open_safe(*client.session, safe));
    return list_records(*client.session, client.directory(), safe, &secrets, query);
  }
  SecureOptions options_;
};

// A review safe, into which documents are sealed.
class ReviewSafe : public Partnership {
 protected:
  void SetUp() override {
    open_case();
    spoc_.sync();
  }
  VerifiedSafe review_safe(Client& client) {
    auto safe = verify_safe(*client.session, client.directory(), review_safe_);
    EXPECT_TRUE(safe) << safe.error().message;
    return std::move(*safe);
  }
  access::RecordId seal(Client& client, const std::string& text,
                        access::RecordClass class_ = access::RecordClass::document_1) {
    const NewDocument document{class_, wire::enum_name(class_) + ".json", text};
    const auto sealed = seal_documents(*client.session, review_safe(client), std::span(&document, 1));
    EXPECT_TRUE(sealed) << sealed.error().message;
    return sealed->front();
  }
};

// --- forging --------------------------------------------------------------------------------------------------------

using access::testing::signed_request;

// An entry as the operator would make it, with the ids that its detail names.
template <class Event>
wire::EntryBody body_of(const Event& event, const std::optional<std::string>& actor,
                        std::optional<wire::EntryRequest> request) {
  wire::EntryBody body;
  vault::fill_random(body.salt);
  body.kind = Event::kKind;
  body.actor = actor;
  body.detail = wire::to_json(event);
  body.request = std::move(request);
  using namespace boost::describe;
  boost::mp11::mp_for_each<describe_members<wire::Concerned, mod_public>>([&](auto id) {
    boost::mp11::mp_for_each<describe_members<Event, mod_public>>([&](auto member) {
      if constexpr (std::string_view(id.name) == std::string_view(member.name))
        body.ids.*id.pointer = event.*member.pointer;
    });
  });
  return body;
}

void write_text(const std::filesystem::path& file, std::string_view text);
std::string read_text(const std::filesystem::path& file);

// EXPECT_TAMPERED(f(), "words"): the result is Errc::tampered, and its message contains the words.
#define EXPECT_TAMPERED(expression, words)                                                                        \
  do {                                                                                                            \
    const auto& tampered_result = (expression);                                                                   \
    ASSERT_FALSE(tampered_result);                                                                                \
    EXPECT_EQ(tampered_result.error().code, vault::Errc::tampered) << tampered_result.error().message;            \
    EXPECT_NE(tampered_result.error().message.find(words), std::string::npos) << tampered_result.error().message; \
  } while (false)

#define ASSERT_DONE(expression)                              \
  do {                                                       \
    const auto& done_result = (expression);                  \
    ASSERT_TRUE(done_result) << done_result.error().message; \
  } while (false)

}  // namespace cli::client::testing
