#include "service/jobs.h"

#include <gtest/gtest.h>

#include "tests/access/world.h"

namespace service {
namespace {

namespace access = strongroom::access;
using access::testing::World;
using vault::Errc;

constexpr std::int64_t kHourMs = 3'600'000;

class BackgroundJobs : public testing::Test {
 protected:
  BackgroundJobs() {
    world_.populate();
    world_.open_case();
  }
  // Steps of one round, at most a thousand.
  int run_round() {
    int steps = 1;
    while (jobs_.step() && steps < 1000) ++steps;
    return steps;
  }
  vault::payload::UploadId begin_upload() {
    const auto id = vault::payload::UploadId::generate(static_cast<std::uint64_t>(world_.now().unix_ms));
    EXPECT_TRUE(world_.store().payload().create(id, world_.first.id.to_string(), 100));
    return id;
  }
  bool is_there(const vault::payload::UploadId& id) { return world_.store().payload().status(id).has_value(); }

  World world_;
  Log log_{Log::To::nowhere};
  Jobs jobs_{world_.gate(), world_.store().payload(), [this] { return world_.now(); }, log_};
};

TEST_F(BackgroundJobs, ADayAfterItWasStagedAValueThatNobodyClaimedIsGone) {
  const access::wire::AddAgency early{.agency = access::AgencyId::generate(1),
                                      .kind = access::AgencyKind::other,
                                      .name = world_.stage_text(world_.icb_root, "Fictional Agency")};
  const access::wire::AddAgency late{.agency = access::AgencyId::generate(2),
                                     .kind = access::AgencyKind::other,
                                     .name = world_.stage_text(world_.icb_root, "Fictional Other Agency")};
  world_.pass(23 * kHourMs);
  run_round();
  world_.done(world_.icb_root, early);
  world_.pass(2 * kHourMs);
  run_round();
  EXPECT_EQ(world_.act(world_.icb_root, late).error().code, Errc::not_found);
}

TEST_F(BackgroundJobs, AWeekAfterItsLastByteAnUploadIsGone) {
  const auto old = begin_upload();
  world_.pass(kAbandonedUploadMs - kHourMs);
  const auto young = begin_upload();
  run_round();
  EXPECT_TRUE(is_there(old));
  world_.pass(2 * kHourMs);
  run_round();
  EXPECT_FALSE(is_there(old));
  EXPECT_TRUE(is_there(young));
}

TEST_F(BackgroundJobs, ThatHaveMuchToDoTakeMoreSteps) {
  const int idle = run_round();
  for (std::size_t i = 0; i <= kUploadsPerStep; ++i) begin_upload();
  world_.pass(kAbandonedUploadMs + kHourMs);
  EXPECT_GT(run_round(), idle);
}

TEST_F(BackgroundJobs, StopWhereTheyAre) {
  jobs_.start();
  jobs_.stop();
  begin_upload();
}

}  // namespace
}  // namespace service
