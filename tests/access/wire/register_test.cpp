#include "access/wire/register.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/access/signed_request.h"

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

TEST(Register, OnlyAReferralAndASafesOpeningBeginChains) {
  std::vector<std::string_view> begin;
  boost::mp11::mp_for_each<Acts>([&](auto act) {
    if (!chains_begun_by(EventOf<decltype(act)>::kKind).empty()) begin.push_back(EventOf<decltype(act)>::kKind);
  });
  EXPECT_EQ(begin, (std::vector{CaseReferred::kKind, SafeOpened::kKind}));
  EXPECT_TRUE(chains_begun_by("no.such-kind").empty());
}

TEST(Register, NamesTheChainOfEveryKindButTheBeginnings) {
  boost::mp11::mp_for_each<Acts>(
      [&](auto act) { EXPECT_TRUE(chain_sort_of(EventOf<decltype(act)>::kKind)) << EventOf<decltype(act)>::kKind; });
  EXPECT_EQ(chain_sort_of(PersonInvited::kKind), ChainSort::directory);
  EXPECT_EQ(chain_sort_of(CaseReferred::kKind), ChainSort::cases);
  EXPECT_EQ(chain_sort_of(SafeOpened::kKind), ChainSort::review);
  EXPECT_EQ(chain_sort_of(EpochStarted::kKind), ChainSort::keys);
  EXPECT_EQ(chain_sort_of(SharesCompleted::kKind), ChainSort::recovery);
  EXPECT_EQ(chain_sort_of(RecordsSealed::kKind), ChainSort::records);
  EXPECT_EQ(chain_sort_of(CopyIssued::kKind), ChainSort::copies);
  EXPECT_EQ(chain_sort_of(AccessRefused::kKind), ChainSort::refusals);
  EXPECT_EQ(chain_sort_of(ClockStepped::kKind), ChainSort::service);
  EXPECT_EQ(chain_sort_of(ChainBegun::kKind), std::nullopt);
  EXPECT_EQ(chain_sort_of("no.such-kind"), std::nullopt);
}

TEST(Register, GivenMembersAreThoseThatTheKindDeclares) {
  CopyIssued issued;
  issued.number = 42;
  EXPECT_EQ(json::serialize(given_of(CopyIssued::kKind, to_json(issued))), R"({"number":42})");
  EXPECT_EQ(json::serialize(given_of(CaseReferred::kKind, json::parse(R"({"reference":7,"agency":"x"})"))),
            R"({"reference":7})");
  EXPECT_TRUE(given_of(CopyReturned::kKind, to_json(issued)).empty());
  EXPECT_TRUE(given_of("no.such-kind", to_json(issued)).empty());
  EXPECT_TRUE(given_of(CopyIssued::kKind, "no object").empty());
}

VerifiedRequest request_of(std::string_view act, const std::string& body) {
  return access::testing::verified_act(act, body, "key", {1'795'000'000'000});
}

TEST(Register, UploadsAreFoundInTheRecordsOfASealing) {
  SealRecords command;
  for (std::size_t i = 0; i < 3; ++i) command.records.emplace_back().upload = UploadId::generate(1);
  const auto request = request_of(SealRecords::kKind, encode(command));
  EXPECT_TRUE(names_uploads(request));
  const auto uploads = uploads_of(request);
  ASSERT_TRUE(uploads) << uploads.error().message;
  EXPECT_EQ(*uploads, (std::vector{command.records[0].upload, command.records[1].upload, command.records[2].upload}));
}

TEST(Register, AnActWithoutUploadsNamesNone) {
  const auto request = request_of(CollectCopy::kKind, encode(CollectCopy{CopyId::generate(1)}));
  EXPECT_FALSE(names_uploads(request));
  EXPECT_TRUE(uploads_of(request)->empty());
  EXPECT_FALSE(names_uploads(request_of("no.such-act", "{}")));
}

TEST(Register, ABodyThatIsNoSealingHasNoUploads) {
  const auto request = request_of(SealRecords::kKind, "{}");
  EXPECT_TRUE(names_uploads(request));
  EXPECT_EQ(uploads_of(request).code(), vault::Errc::tampered);
}

struct Counted {
  std::uint64_t number = 0;
  std::optional<std::string> words;
  std::array<std::byte, 4> bytes{};
  std::vector<Digest> list;
};

// This check fails the build: a struct of four members that described three would not compile.
TEST(DescribedStructs, AreCountedAsTheCompilerCountsTheirMembers) {
  static_assert(detail::member_count<Counted>() == 4);
  static_assert(detail::member_count<Concerned>() == 5);
  static_assert(detail::member_count<EntryBody>() == 8);
}

}  // namespace
}  // namespace strongroom::access::wire
