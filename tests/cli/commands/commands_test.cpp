#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "cli/commands/context.h"
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

// Every command that does something has an action, an example, and a parent that groups it.
void check_command(const CLI::App& command, std::set<std::string>& seen) {
  const auto below = command.get_subcommands([](const CLI::App*) { return true; });
  if (below.empty()) {
    EXPECT_NE(action_of(&command), nullptr) << command.get_name();
    EXPECT_NE(command.get_footer().find("Example:"), std::string::npos) << command.get_name();
    EXPECT_FALSE(command.get_description().empty()) << command.get_name();
  }
  seen.insert(command.get_name());
  for (const CLI::App* sub : below) check_command(*sub, seen);
}

TEST(Commands, EachHasAnActionAndAnExample) {
  CLI::App app("test");
  Context context;
  context.bind(app);
  add_people_commands(app);
  add_case_commands(app);
  add_nominate_commands(app);
  add_secure_commands(app);
  add_record_commands(app);
  add_physical_commands(app);
  add_declare_command(app);
  add_originals_commands(app);
  add_trail_commands(app);
  add_document_commands(app);
  add_review_commands(app);
  add_completion_command(app);
  std::set<std::string> seen;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    check_command(*command, seen);
  for (const char* name :
       {"enrol",    "whoami",  "trust",    "agency",    "person",   "sync",   "case",    "safe",  "nominate",
        "secure",   "records", "checkout", "collect",   "open",     "copies", "return",  "audit", "completion",
        "physical", "label",   "declare",  "originals", "document", "fill",   "calendar"})
    EXPECT_TRUE(seen.contains(name)) << name;
}

}  // namespace
}  // namespace cli
