#include "cli/client/enrol.h"

#include <algorithm>

#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

using access::Role;

class EnrolTest : public Partnership {
 protected:
  void SetUp() override { lead_.directory(); }
};

TEST_F(EnrolTest, APersonJoinsAFurtherAgencyWithoutNewKeys) {
  wire::AddAgency clinic;
  clinic.agency = lead_.session->make_id<access::AgencyId>();
  clinic.kind = access::AgencyKind::health;
  clinic.name = *authority_root_.session->stage_text("Fictional Clinic", access::kMaxNameBytes);
  ASSERT_DONE(authority_root_.session->act(clinic));
  const auto made =
      invite(*authority_root_.session, authority_root_.directory(), clinic.agency, {Role::agency_lead}, "Lead of both");
  ASSERT_TRUE(made);
  EnrolOptions options;
  options.invitation = made->text;
  options.connect = [this](const Pins&) -> Result<Carrier> { return vault_.carrier(); };
  options.clock = vault_.clock();
  const auto joined = enrol(lead_.home(), passphrase(), options);
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_TRUE(joined->joined);
  const Person* lead = *lead_.directory().certified(lead_.id());
  EXPECT_TRUE(lead->has_role(Role::agency_lead, clinic.agency));
  EXPECT_TRUE(lead->has_role(Role::agency_lead, school_));
}

TEST_F(EnrolTest, AnEnrolmentWhoseAnswerWasLostIsGoneOnWith) {
  const auto made = invite(*lead_.session, lead_.directory(), school_, {Role::depositor}, "A depositor");
  ASSERT_TRUE(made);
  vault::test::TemporaryDirectory folder;
  EnrolOptions options;
  options.invitation = made->text;
  options.connect = [this](const Pins&) -> Result<Carrier> { return vault_.carrier(); };
  options.clock = vault_.clock();
  options.pause = [](std::chrono::milliseconds) {};
  options.scrypt_log_n = kCheapScrypt;
  vault_.lose_answer = [](const HttpRequest& request) { return request.target.starts_with("/v1/acts/person.enrol"); };
  EXPECT_FALSE(enrol(folder.path() / "home", passphrase(), options));
  vault_.lose_answer = {};
  const auto enrolled = enrol(folder.path() / "home", passphrase(), options);
  ASSERT_TRUE(enrolled) << enrolled.error().message;
  EXPECT_FALSE(enrolled->joined);
  EXPECT_TRUE(enrolled->session->home().pending()->empty());
  EXPECT_TRUE(lead_.directory().certified(enrolled->session->person()));
}

// The service refuses, and not the client, so that the attempt is in the trail.
TEST_F(EnrolTest, AnInvitationThatIsNotPermittedIsRefusedAndRecorded) {
  third_.directory();
  const auto made = invite(*third_.session, *third_.directory_, school_, {Role::practitioner}, "A friend");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.code(), Errc::refused);
  const auto entries = lead_.session->all<wire::EntryView>("/v1/trail?kind=access.refused");
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 1U);
  EXPECT_EQ(wire::read_entry(*entries->front().body)->actor, third_.id().to_string());
}

}  // namespace
}  // namespace cli::client::testing
