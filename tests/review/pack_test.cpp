#include "review/pack.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/review/documents.h"
#include "tests/support/temporary_directory.h"

namespace strongroom::review {
namespace {

using test::complete;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Manifest, NamesEveryFileInOrderWithItsDigest) {
  const std::vector<PackFile> files{{"b.txt", "abc"}, {"a.txt", ""}};
  EXPECT_EQ(manifest_of(files).value(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.txt\n"
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b.txt\n");
}

TEST(Manifest, RefusesWhatCannotStandInAFolder) {
  for (const char* name : {"", ".hidden", "..", "a/b", "a\\b", "a\nb", "\xff", "manifest.sha256"}) {
    const std::vector<PackFile> files{{name, ""}};
    EXPECT_EQ(manifest_of(files).code(), Errc::invalid_argument) << name;
  }
  const std::vector<PackFile> long_name{{std::string(kMaxPackNameBytes, 'a'), ""}};
  EXPECT_TRUE(manifest_of(long_name));
  const std::vector<PackFile> longer{{std::string(kMaxPackNameBytes + 1, 'a'), ""}};
  EXPECT_EQ(manifest_of(longer).code(), Errc::invalid_argument);
  const std::vector<PackFile> twice{{"a", "1"}, {"b", ""}, {"a", "2"}};
  EXPECT_EQ(manifest_of(twice).code(), Errc::conflict);
}

TEST(Manifest, HasAtMostAThousandFiles) {
  std::vector<PackFile> files;
  for (std::size_t number = 0; number < kMaxPackFiles; ++number) files.push_back({std::to_string(number), ""});
  EXPECT_TRUE(manifest_of(files));
  files.push_back({"one more", ""});
  EXPECT_EQ(manifest_of(files).code(), Errc::too_large);
}

TEST(PanelPack, HoldsTheRapidReviewAndItsLetterAndSha256sumChecksIt) {
  const auto files = panel_pack(complete(4), complete(5)).value();
  std::vector<std::string> names;
  const vault::test::TemporaryDirectory directory;
  for (const PackFile& file : files) {
    names.push_back(file.name);
    ASSERT_TRUE(vault::write_new_file(directory.path() / file.name, vault::as_bytes(file.content)));
  }
  EXPECT_THAT(names, ElementsAre("document-4-rapid-review.html", "document-4-rapid-review.json",
                                 "document-4-rapid-review.txt", "document-5-letter.html", "document-5-letter.json",
                                 "document-5-letter.txt", "manifest.sha256"));
  const std::string check = "cd '" + directory.path().native() + "' && sha256sum --strict --status -c manifest.sha256";
  EXPECT_EQ(std::system(check.c_str()), 0);
  ASSERT_TRUE(vault::write_file_atomically(directory.path() / names[0], vault::as_bytes("altered")));
  EXPECT_NE(std::system(check.c_str()), 0);
}

TEST(PanelPack, TakesOnlyCompleteDocumentsThatAgree) {
  const auto refused = [](const FilledForm& four, const FilledForm& five) {
    const auto pack = panel_pack(four, five);
    EXPECT_EQ(pack.code(), Errc::invalid_argument);
    return pack ? std::string() : pack.error().message;
  };
  EXPECT_THAT(refused(complete(5), complete(5)), HasSubstr("this is not Document 4"));
  EXPECT_THAT(refused(complete(4), complete(3)), HasSubstr("this is not Document 5"));
  EXPECT_THAT(refused(test::with(4, "rationale", ""), complete(5)), HasSubstr("rationale is missing"));
  EXPECT_THAT(refused(complete(4), test::with(5, "decision", "neither")), HasSubstr("Decision (decision)"));
  EXPECT_THAT(refused(complete(4), test::with(5, "reference", "RR-2026-0002")), HasSubstr("(reference)"));
  EXPECT_THAT(refused(complete(4), test::with(5, "meeting_date", "2026-03-12")), HasSubstr("(meeting_date)"));
}

TEST(MeetingPack, IsCompleteOrSaysWhatIsMissing) {
  MeetingPack pack;
  pack.has_document_1 = true;
  pack.returned = {"Example Community Health Trust"};
  EXPECT_THAT(missing_from(pack), IsEmpty());
  pack.notified = true;
  EXPECT_THAT(missing_from(pack), ElementsAre(HasSubstr("notification")));
  pack.has_notification = true;
  EXPECT_THAT(missing_from(pack), IsEmpty());
  pack.not_returned = {"Example Primary School"};
  EXPECT_THAT(missing_from(pack), ElementsAre("Document 2 of Example Primary School (4.5.1)"));
  EXPECT_THAT(missing_from({}), ElementsAre(HasSubstr("Document 1"), HasSubstr("none was asked")));
}

}  // namespace
}  // namespace strongroom::review
