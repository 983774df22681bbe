#include "access/wire/register.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace strongroom::access::wire {
namespace {

TEST(RegisterText, IsTheTableOfTheFormatsPage) {
  const char* source = std::getenv("STRONGROOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "set by CTest";
  std::ifstream file(std::string(source) + "/docs/formats.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str().contains(print_register())) << "the table of acts in docs/formats.md must be:\n"
                                                     << print_register();
}

TEST(Register, NamesEachActAndEachKindOnce) {
  std::set<std::string_view> names;
  boost::mp11::mp_for_each<Acts>([&](auto act) {
    EXPECT_TRUE(names.insert(CommandOf<decltype(act)>::kKind).second);
    EXPECT_TRUE(names.insert(EventOf<decltype(act)>::kKind).second);
  });
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, OtherEvents>>(
      [&](auto type) { EXPECT_TRUE(names.insert(decltype(type)::type::kKind).second); });
}

TEST(Register, ListsKindsInTheListingsThatTheirActsName) {
  EXPECT_TRUE(is_in(Listing::case_wide, CaseReferred::kKind));
  EXPECT_TRUE(is_in(Listing::course, RecordsSealed::kKind));
  EXPECT_TRUE(is_in(Listing::sealings, RecordsSealed::kKind));
  EXPECT_FALSE(is_in(Listing::case_wide, CopyIssued::kKind));
  EXPECT_FALSE(is_in(Listing::course, "no.such-kind"));
  for (const Listing listing : kEnumValues<Listing>) EXPECT_FALSE(kinds_in(listing).empty());
}

struct Counted {
  std::uint64_t number = 0;
  std::optional<std::string> words;
  std::array<std::byte, 4> bytes{};
  std::vector<Digest> list;
};

// The check that fails the build: a struct of four members that described three would not compile.
TEST(DescribedStructs, AreCountedAsTheCompilerCountsTheirMembers) {
  static_assert(detail::member_count<Counted>() == 4);
  static_assert(detail::member_count<Concerned>() == 5);
  static_assert(detail::member_count<EntryBody>() == 8);
}

}  // namespace
}  // namespace strongroom::access::wire
