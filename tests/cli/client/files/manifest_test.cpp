#include "cli/client/files/manifest.h"

#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

namespace fs = std::filesystem;

class Manifests : public ::testing::Test {
 protected:
  fs::path file() const { return folder_.path() / "manifest.csv"; }
  Result<std::vector<ManifestLine>> read(std::string_view text) {
    write_text(file(), text);
    return read_manifest(file());
  }
  vault::test::TemporaryDirectory folder_;
};

TEST_F(Manifests, ComeBackWhateverTheirPathsAre) {
  std::vector<ManifestLine> lines;
  for (const char* path :
       {"/plain.txt", "/two\r\nlines", "/a \"quoted\", name", "/\xff\xfe", "/=sum(1)", "/ spaces "}) {
    ManifestLine line;
    line.path = path;
    line.source = "Drive, \"S:\"";
    line.record = access::RecordId::generate(lines.size() + 1);
    line.size = lines.size();
    line.sha256.fill(std::byte{7});
    lines.push_back(line);
  }
  lines.push_back({});
  lines.back().path = "not secured";
  ASSERT_DONE(write_manifest(file(), lines));
  const auto again = read_manifest(file());
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->size(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ((*again)[i].path, lines[i].path);
    EXPECT_EQ((*again)[i].source, lines[i].source);
    EXPECT_EQ((*again)[i].record, lines[i].record);
    EXPECT_EQ((*again)[i].sha256, lines[i].sha256);
  }
}

TEST_F(Manifests, AWrongOneNamesItsLine) {
  EXPECT_TRUE(read("path\n"));
  EXPECT_TRUE(read("\xef\xbb\xbfpath,class\r\nx,image\r\n"));
  for (const char* text : {"", "class\nx\n", "path,path\nx,y\n", "path,colour\nx,y\n", "path\n\"x"})
    EXPECT_EQ(read(text).code(), Errc::malformed) << text;
  for (const char* text : {"path,class\na,b\nx\n", "path,class\na,b\n,image\n", "path,record\na,\nx,rec_x\n"}) {
    const auto lines = read(text);
    ASSERT_EQ(lines.code(), Errc::malformed) << text;
    EXPECT_NE(lines.error().message.find("line 3"), std::string::npos) << lines.error().message;
  }
  EXPECT_EQ(read_manifest(folder_.path() / "absent").code(), Errc::not_found);
}

TEST_F(Manifests, KeepToTheirLimit) {
  write_text(file(), "path\n\"");
  fs::resize_file(file(), kMaxManifestBytes + 1);
  EXPECT_EQ(read_manifest(file()).code(), Errc::too_large);
}

}  // namespace
}  // namespace cli::client::testing
