// The main job from end to end, between clients and a real vault in one process.

#include "cli/client/files/large_upload.h"
#include "cli/client/open.h"
#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

using Walk = Partnership;

TEST_F(Walk, RecordsAreSecuredCheckedOutAndOpened) {
  open_case();
  const std::string big(3 * kUploadChunk / 2, 'b');
  const auto secured = secure_files(third_, {{"notes/one.txt", "first"}, {"notes/empty", ""}, {"big.bin", big}});
  ASSERT_EQ(secured.size(), 3U);

  const VerifiedSafe safe = safe_of(first_);
  const auto secrets = open_safe(*first_.session, safe);
  ASSERT_TRUE(secrets) << secrets.error().message;
  const auto listed = list_records(*first_.session, first_.directory(), safe, &*secrets);
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 3U);

  CopyRequest request{safe_, first_.id(), access::Purpose::case_work, *vault::parse_date("2026-12-01"), {}};
  for (const ListedRecord& record : *listed) request.records.push_back(record.view.record);
  const auto issued = issue_copy(*first_.session, first_.directory(), request);
  ASSERT_TRUE(issued) << issued.error().message;
  CopyProgress progress;
  vault::test::TemporaryDirectory out;
  const auto collected =
      collect_copy(*first_.session, first_.directory(), issued->copy, out.path(), CopyForm::secured, progress);
  ASSERT_TRUE(collected) << collected.error().message;
  EXPECT_EQ(collected->folder.filename(), "C-0001");

  Openers openers;
  openers.identities.push_back(first_.session->keys().identity.clone());
  const auto opened = open_copy(collected->folder, out.path() / "plain", openers, progress);
  ASSERT_TRUE(opened) << opened.error().message;
  for (const OpenedRecord& one : *opened) EXPECT_FALSE(one.failure) << one.failure->message;
  EXPECT_EQ(read_text(out.path() / "plain/folder-0/notes/one.txt"), "first");
  EXPECT_EQ(read_text(out.path() / "plain/folder-0/notes/empty"), "");
  EXPECT_EQ(read_text(out.path() / "plain/folder-0/big.bin"), big);
}

}  // namespace
}  // namespace cli::client::testing
