#include "cli/client/originals.h"

#include <algorithm>

#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

namespace fs = std::filesystem;

class OriginalsTest : public Partnership {
 protected:
  void SetUp() override { open_case(); }

  std::vector<Original> secured(const std::vector<std::pair<std::string, std::string>>& files) {
    const auto results = secure_files(third_, files);
    const fs::path top = fs::canonical(files_.path());
    std::vector<Original> originals;
    for (const SecuredResult& one : results)
      originals.push_back({(top / one.path).native(), *one.record, one.size, one.sha256});
    return originals;
  }
  Result<CheckedOriginals> check(const std::vector<Original>& originals) {
    return check_originals(*third_.session, third_.directory(), safe_of(third_), nullptr, originals, progress_);
  }
  Result<std::vector<RemovedOriginal>> remove(const std::vector<CheckedOriginal>& files) {
    return remove_originals(*third_.session, safe_of(third_), files, "", progress_);
  }
  std::size_t entries() {
    const auto all = fetch_records_chain(*third_.session, safe_of(third_));
    EXPECT_TRUE(all);
    return static_cast<std::size_t>(std::ranges::count_if(
        *all, [](const VerifiedEntry& entry) { return entry.body.kind == wire::OriginalsRemoved::kKind; }));
  }
  OriginalsProgress progress_;
};

TEST_F(OriginalsTest, AFileThatChangesAfterItWasCheckedStays) {
  const auto originals = secured({{"a", "a"}, {"b", "b"}});
  const auto checked = check(originals);
  ASSERT_TRUE(checked) << checked.error().message;
  ASSERT_EQ(checked->files.size(), 2U);
  write_text(originals[0].path, "A");
  const auto removed = remove(checked->files);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(removed->at(0).failure->code, Errc::conflict);
  EXPECT_FALSE(removed->at(1).failure);
  EXPECT_EQ(read_text(originals[0].path), "A");
  EXPECT_FALSE(fs::exists(originals[1].path));
}

TEST_F(OriginalsTest, NothingIsRemovedWhoseEntryIsRefused) {
  const auto originals = secured({{"a", "a"}});
  const auto checked = check(originals);
  ASSERT_TRUE(checked) << checked.error().message;
  ASSERT_DONE(lead_.session->act(wire::PauseNomination{safe_, second_.id(), std::nullopt}));
  EXPECT_EQ(remove(checked->files).code(), Errc::conflict);  // now only one person holds the key
  EXPECT_TRUE(fs::exists(originals[0].path));
}

TEST_F(OriginalsTest, NothingIsRemovedWhoseEntryIsNotKnownToBeDurable) {
  const auto originals = secured({{"a", "a"}});
  const auto checked = check(originals);
  ASSERT_TRUE(checked) << checked.error().message;
  vault_.lose_answer = [](const HttpRequest& request) { return request.target.starts_with("/v1/acts/"); };
  EXPECT_EQ(remove(checked->files).code(), Errc::unavailable);
  EXPECT_TRUE(fs::exists(originals[0].path));
  vault_.lose_answer = {};
  ASSERT_DONE(third_.session->finish_outbox());
  const auto again = check(originals);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->files[0].recorded);
  ASSERT_DONE(remove(again->files));
  EXPECT_FALSE(fs::exists(originals[0].path));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(OriginalsTest, MoreThanOneEntryNamesTakesSeveral) {
  std::vector<std::pair<std::string, std::string>> files;
  for (std::size_t i = 0; i < access::kMaxRecordsPerRemoval + 1; ++i)
    files.emplace_back(std::to_string(i), std::to_string(i));
  const auto originals = secured(files);
  const auto checked = check(originals);
  ASSERT_TRUE(checked) << checked.error().message;
  const auto removed = remove(checked->files);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_TRUE(std::ranges::none_of(originals, [](const Original& one) { return fs::exists(one.path); }));
  EXPECT_EQ(entries(), 2U);
}

TEST_F(OriginalsTest, AStopLeavesWhatIsNotBegun) {
  const auto originals = secured({{"a", "a"}});
  const auto checked = check(originals);
  ASSERT_TRUE(checked) << checked.error().message;
  progress_.stop = true;
  EXPECT_EQ(remove(checked->files).code(), Errc::cancelled);
  EXPECT_EQ(check(originals).code(), Errc::cancelled);
  EXPECT_TRUE(fs::exists(originals[0].path));
  EXPECT_EQ(entries(), 0U);
}

TEST_F(OriginalsTest, AServiceThatMakesUpARemovalRemovesNothing) {
  const auto originals = secured({{"a", "a"}});
  const wire::RemoveOriginals command{safe_, {originals[0].record}, {}};
  const wire::OriginalsRemoved event{safe_, {originals[0].record}, {}, 2, true};
  const std::string actor = third_.id().to_string();
  auto body =
      body_of(event, actor, signed_request(command, actor, vault::crypto::SigningKey::generate(), vault_.now()));
  body.ids.case_ = case_;
  body.ids.safe = safe_;
  vault_.forge(body);
  EXPECT_TAMPERED(check(originals), "not signed by the person");
  EXPECT_TRUE(fs::exists(originals[0].path));
}

}  // namespace
}  // namespace cli::client::testing
