#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "cli/commands/command.h"
#include "cli/commands/exit_code.h"

namespace cli {
namespace {

TEST(Printable, ControlCharactersAndBytesThatAreNotTextAreShownAndNotSent) {
  EXPECT_EQ(printable("note left\nat the door"), "note left\\nat the door");
  EXPECT_EQ(printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\x9b2J");
  EXPECT_EQ(printable("a\xff"), "a\\xff");
  EXPECT_EQ(printable("Relevé – été"), "Relevé – été");
  EXPECT_EQ(printable("\x7f\t"), "\\x7f\\t");
  // "annexe" U+202E "fdp.exe" looks like "annexeexe.pdf".
  EXPECT_EQ(printable("annexe\u202efdp.exe"), "annexe\\xe2\\x80\\xaefdp.exe");
  EXPECT_EQ(printable("\u2066a\u2069"), "\\xe2\\x81\\xa6a\\xe2\\x81\\xa9");
}

TEST(Note, IsOneLineInWhichControlCharactersAreShown) {
  testing::internal::CaptureStderr();
  note("a name\nstrongroom: \x1b[2Jand more");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "a name\\nstrongroom: \\x1b[2Jand more\n");
}

TEST(Sizes, AreShownInTheLargestUnitThatFits) {
  EXPECT_EQ(size_for_people(0), "0 B");
  EXPECT_EQ(size_for_people(1023), "1023 B");
  EXPECT_EQ(size_for_people(1536), "1.5 KiB");
  EXPECT_EQ(size_for_people(std::uint64_t{5} << 30), "5.0 GiB");
}

TEST(ExitCodes, DifferentAnswersEndDifferently) {
  EXPECT_EQ(exit_code(Errc::refused), ExitCode::refused);
  EXPECT_EQ(exit_code(Errc::not_found), ExitCode::not_found);
  EXPECT_EQ(exit_code(Errc::tampered), ExitCode::integrity);
  EXPECT_EQ(exit_code(Errc::unknown_version), ExitCode::integrity);
  EXPECT_EQ(exit_code(Errc::busy), ExitCode::conflict);
  EXPECT_EQ(exit_code(Errc::unavailable), ExitCode::failure);
  EXPECT_EQ(exit_code(Errc::malformed), ExitCode::usage);
}

TEST(Moments, AreReadAsPeopleTypeThem) {
  for (const char* text : {"2026-11-22T09:30:00.000Z", "2026-11-22T09:30:00Z", "2026-11-22T09:30Z", "2026-11-22T09:30"})
    EXPECT_EQ(vault::to_rfc3339(parse_moment(text).value()), "2026-11-22T09:30:00.000Z") << text;
  EXPECT_EQ(vault::to_rfc3339(parse_moment("2026-11-22").value()), "2026-11-22T00:00:00.000Z");
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-11-22T25:00", "2026-11-22T09:30+01:00"})
    EXPECT_EQ(parse_moment(text).code(), Errc::invalid_argument) << text;
}

class FreeTextFromFile : public testing::Test {
 protected:
  std::filesystem::path write(std::string_view text) {
    const auto path = std::filesystem::temp_directory_path() / ("free-text-" + std::to_string(getpid()));
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
};

TEST_F(FreeTextFromFile, IsTakenUpToItsLimitAndNotBeyond) {
  const std::string most(access::kMaxFreeTextBytes, 'a');
  EXPECT_EQ(free_text("reason", {}, write(most)).value(), most);
  EXPECT_EQ(free_text("reason", {}, write(most + "a")).code(), Errc::too_large);
}

TEST_F(FreeTextFromFile, LosesItsLastLineEndAndMustSaySomething) {
  EXPECT_EQ(free_text("reason", {}, write("because\n")).value(), "because");
  EXPECT_EQ(free_text("reason", {}, write(" \n")).code(), Errc::invalid_argument);
  EXPECT_EQ(free_text("reason", {}, write("\xff")).code(), Errc::invalid_argument);
  EXPECT_EQ(free_text("reason", {}, "/nowhere/at/all").code(), Errc::not_found);
}

class Commands : public testing::Test {
 protected:
  Commands() {
    context.add_flags(app);
    add_commands(app);
    collect(app, "");
  }
  // Commands by what people type: "case", "case refer", …
  void collect(const CLI::App& above, const std::string& path) {
    for (const CLI::App* command : above.get_subcommands([](const CLI::App*) { return true; })) {
      const std::string own = path + (path.empty() ? "" : " ") + command->get_name();
      all[own] = command;
      collect(*command, own);
    }
  }

  CLI::App app{"test"};
  Context context;
  std::map<std::string, const CLI::App*> all;
};

TEST_F(Commands, EachHasAnActionAndAnExample) {
  for (const auto& [path, command] : all) {
    EXPECT_FALSE(command->get_description().empty()) << path;
    const bool only_groups = command->get_require_subcommand_min() > 0;
    EXPECT_EQ(action_of(command) == nullptr, only_groups) << path;
    EXPECT_EQ(command->get_footer().find("Example:") == std::string::npos, only_groups) << path;
  }
}

TEST_F(Commands, AreTheOnesThatTheGuidesTell) {
  for (const char* path : {"enrol",          "whoami",          "trust",
                           "agency add",     "person invite",   "person revoke",
                           "sync",           "case refer",      "safe open",
                           "nominate",       "nominate end",    "secure",
                           "records",        "checkout",        "collect",
                           "open",           "copies",          "return",
                           "physical label", "declare",         "originals remove",
                           "audit trail",    "document fill",   "document print",
                           "calendar",       "calendar import", "review status",
                           "review close",   "lock show",       "completion"})
    EXPECT_TRUE(all.contains(path)) << path;
}

TEST_F(Commands, AreAllInTheCompletion) {
  testing::internal::CaptureStdout();
  const auto printed = (*action_of(all.at("completion")))(context);
  const std::string script = testing::internal::GetCapturedStdout();
  ASSERT_TRUE(printed);
  for (const auto& [path, command] : all) EXPECT_NE(script.find("'" + path + "') words="), std::string::npos) << path;
  EXPECT_NE(script.find("--subjects"), std::string::npos);  // an option of one command
}

}  // namespace
}  // namespace cli
