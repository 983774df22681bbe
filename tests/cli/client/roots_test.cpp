// Tests how the roots compare fingerprints and sign for each other's keys.
#include "cli/client/roots.h"

#include <algorithm>

#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

// A vault whose roots have just enrolled. The constructor of Partnership would go further.
class RootsTest : public ::testing::Test {
 protected:
  RootsTest() {
    for (std::size_t i = 0; i < 3; ++i) enrol_root(i);
  }
  void enrol_root(std::size_t i) {
    roots_.push_back(enrol_client(vault_, wire::format_invitation(vault_.invitations()[i])));
  }
  Session& session(std::size_t i) { return *roots_[i].session; }
  Directory& directory(std::size_t i) { return roots_[i].directory(); }
  std::string fingerprint_of(std::size_t i) { return fingerprint(**directory(0).certified(roots_[i].id())); }
  Result<void> confirm(std::size_t i, const std::vector<std::string>& fingerprints) {
    return confirm_roots(session(i), directory(i), fingerprints);
  }
  void confirm(std::size_t i) {
    std::vector<std::string> others;
    for (std::size_t other = 0; other < 3; ++other)
      if (other != i) others.push_back(fingerprint_of(other));
    ASSERT_DONE(confirm(i, others));
  }
  bool has_confirmed(std::size_t i) { return directory(0).chain().has_confirmed(roots_[i].id()); }
  Result<NewInvitation> invite_reviewer() {
    return invite(session(0), directory(0), vault_.invitations()[0].agency, {access::Role::reviewer}, "A reviewer");
  }
  Vault vault_;
  std::vector<Client> roots_;
};

TEST_F(RootsTest, NobodyIsInvitedUntilAllThreeHaveConfirmed) {
  confirm(0);
  confirm(1);
  EXPECT_FALSE(directory(0).chain().are_roots_confirmed());
  const auto early = invite_reviewer();
  ASSERT_FALSE(early);
  EXPECT_EQ(early.code(), Errc::conflict);
  EXPECT_TRUE(early.error().message.contains("Missing: the root of police")) << early.error().message;
  confirm(2);
  EXPECT_TRUE(directory(0).chain().are_roots_confirmed());
  ASSERT_DONE(invite_reviewer());
}

TEST_F(RootsTest, FingerprintsAreTakenInAnyOrderAndSpelling) {
  std::string second = fingerprint_of(2);
  std::ranges::replace(second, ' ', ':');
  std::ranges::transform(second, second.begin(),
                         [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  std::string first = fingerprint_of(1);
  std::erase(first, ' ');
  ASSERT_DONE(confirm(0, {second, first}));
  EXPECT_TRUE(has_confirmed(0));
}

TEST_F(RootsTest, AWrongFingerprintSignsNothing) {
  const std::string good = fingerprint_of(1);
  std::string wrong = fingerprint_of(2);
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  for (const auto& given : {std::vector{good, wrong}, {good, good}, {good, fingerprint_of(0)}, {good, good.substr(1)}})
    EXPECT_TAMPERED(confirm(0, given), "Nothing was signed");
  EXPECT_FALSE(has_confirmed(0));
}

TEST_F(RootsTest, TooFewFingerprintsSignNothing) {
  for (const auto& given : {std::vector<std::string>{}, {fingerprint_of(1)}}) {
    const auto done = confirm(0, given);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.code(), Errc::invalid_argument);
  }
  EXPECT_FALSE(has_confirmed(0));
}

TEST_F(RootsTest, ConfirmingTwiceIsAConflict) {
  confirm(0);
  const auto again = confirm(0, {fingerprint_of(1), fingerprint_of(2)});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.code(), Errc::conflict);
}

TEST_F(RootsTest, SomebodyWhoIsNoRootIsRefused) {
  const Client administrator = enrol_client(vault_, wire::format_invitation(vault_.invitations()[3]));
  const auto loaded = Directory::load(*administrator.session);
  ASSERT_TRUE(loaded);
  const auto others = roots_to_compare(*administrator.session, *loaded);
  ASSERT_FALSE(others);
  EXPECT_EQ(others.code(), Errc::refused);
}

TEST(RootsThatHaveNotEnrolled, AreNamed) {
  Vault vault;
  Client root = enrol_client(vault, wire::format_invitation(vault.invitations()[0]));
  const auto others = roots_to_compare(*root.session, root.directory());
  ASSERT_FALSE(others);
  EXPECT_EQ(others.code(), Errc::conflict);
  EXPECT_TRUE(others.error().message.ends_with("the root of icb, police")) << others.error().message;
}

TEST_F(RootsTest, TheFingerprintOfARootIsTheSameForItselfAndForOthers) {
  const wire::RootKeys own{vault_.invitations()[1].agency, roots_[1].id(), session(1).keys().signing.verify_key(),
                           session(1).keys().identity.recipient()};
  EXPECT_EQ(fingerprint(own), fingerprint_of(1));
  EXPECT_EQ(fingerprint(own).size(), 10U * 4 + 9);
}

// --- a service that lies ---

// The service leaves the act out that a root would have made, or puts another in its place.
class LyingAboutRoots : public RootsTest {
 protected:
  wire::ConfirmRoots confirmation(std::size_t i, const std::string& statement) {
    return {vault::crypto::sha256(vault::as_bytes(statement)),
            session(i).keys().signing.sign(vault::as_bytes(statement))};
  }
  void forge(std::size_t i, const wire::ConfirmRoots& command) {
    const std::string keyid = roots_[i].id().to_string();
    vault_.forge(body_of(wire::RootsConfirmed{command.statement, command.signature}, keyid,
                         signed_request(command, keyid, session(i).keys().signing, vault_.now())));
  }
  std::string statement() { return *directory(0).chain().roots_statement(); }
  Result<void> update() { return roots_[0].directory_->update(session(0)); }
};

TEST_F(LyingAboutRoots, AnInvitationBeforeThreeConfirmationsIsRefused) {
  confirm(0);
  confirm(1);
  directory(0);
  wire::InvitePerson command;
  command.invitation = session(0).make_id<access::InvitationId>();
  command.agency = vault_.invitations()[0].agency;
  command.roles = {access::Role::reviewer};
  command.key = vault::crypto::SigningKey::generate().verify_key();
  command.expires = {vault_.now().unix_ms + 1000};
  const std::string keyid = roots_[0].id().to_string();
  vault_.forge(body_of(wire::PersonInvited{command.invitation, command.agency, command.roles, command.key,
                                           command.expires, command.name, command.replaces},
                       keyid, signed_request(command, keyid, session(0).keys().signing, vault_.now())));
  EXPECT_TAMPERED(update(), "before all three roots had signed");
}

TEST_F(LyingAboutRoots, AStatementThatDoesNotFitThePinsIsRefused) {
  std::string other = statement();
  other[other.find("age1") + 10] ^= 1;
  forge(1, confirmation(1, other));
  EXPECT_TAMPERED(update(), "other roots");
}

TEST_F(LyingAboutRoots, AnotherRootsSignatureIsRefused) {
  auto command = confirmation(1, statement());
  command.signature = confirmation(2, statement()).signature;
  forge(1, command);
  EXPECT_TAMPERED(update(), "does not verify");
}

TEST_F(LyingAboutRoots, OneRootCountsOnce) {
  forge(1, confirmation(1, statement()));
  forge(1, confirmation(1, statement()));
  EXPECT_TAMPERED(update(), "twice");
}

TEST(Fingerprints, OfKeysAreTwelveGroupsOfFour) {
  const std::string text = fingerprint(vault::crypto::SigningKey::generate().verify_key());
  EXPECT_EQ(text.size(), 12U * 4 + 11);
  EXPECT_EQ(std::ranges::count(text, ' '), 11);
}

}  // namespace
}  // namespace cli::client::testing
