#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/base/secret.h"
#include "vault/base/time.h"
#include "vault/base/type_id.h"

namespace vault {
namespace {

struct CaseTag {
  static constexpr std::string_view kPrefix = "case";
};
using CaseId = TypeId<CaseTag>;

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // the sanitizers map terabytes
TEST(GuardedMemory, WhatTheSystemDoesNotGiveIsAnExceptionAsForOtherMemory) {
  ASSERT_TRUE(start_secure_memory());
  const pid_t child = ::fork();
  if (child == 0) {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t little = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (8U << 20);
    const rlimit limit{little, little};
    ::setrlimit(RLIMIT_AS, &limit);
    try {
      const GuardedMemory large(64U << 20);
      ::_exit(1);
    } catch (const std::bad_alloc&) {
    }
    try {
      std::vector<GuardedMemory> many;
      for (int i = 0; i < 1'000'000; ++i) many.emplace_back(32);
      ::_exit(2);
    } catch (const std::bad_alloc&) {
      ::_exit(0);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "signal " << WTERMSIG(status) << ", exit " << WEXITSTATUS(status);
}
#endif

TEST(Base64, CanonicalFormsRoundTripAtEveryLength) {
  for (std::size_t size = 0; size < 70; ++size) {
    Bytes bytes(size);
    fill_random(bytes);
    for (const Base64 form : {Base64::padded, Base64::unpadded, Base64::url_unpadded}) {
      const auto back = unbase64(base64(bytes, form), form);
      ASSERT_TRUE(back) << size;
      EXPECT_EQ(*back, bytes);
    }
  }
}

TEST(Base64, TrailingBitsThatAreNotZeroAreRefused) {
  EXPECT_TRUE(unbase64("QQ==", Base64::padded));
  EXPECT_EQ(unbase64("QR==", Base64::padded).code(), Errc::malformed);
  EXPECT_EQ(unbase64("QR", Base64::unpadded).code(), Errc::malformed);
}

TEST(Base64, WrongAlphabetPaddingAndLengthAreRefused) {
  for (const char* text : {"QQ", "QQ=", "Q===", "====", "Q Q=", "QQ==\n", "-_8="})
    EXPECT_FALSE(unbase64(text, Base64::padded)) << text;
  EXPECT_FALSE(unbase64("QQ==", Base64::unpadded));
  EXPECT_FALSE(unbase64("+/8", Base64::url_unpadded));
  EXPECT_FALSE(unbase64("A", Base64::unpadded));
}

TEST(Hex, RefusesOddLengthAndOtherCharacters) {
  EXPECT_EQ(hex(as_bytes("\x01\xff")), "01ff");
  EXPECT_EQ(unhex("0").code(), Errc::malformed);
  EXPECT_EQ(unhex("0g").code(), Errc::malformed);
}

TEST(Digest, OnlySixtyFourLowerCaseDigitsAreADigest) {
  EXPECT_TRUE(parse_digest(std::string(64, 'a')));
  EXPECT_FALSE(parse_digest(std::string(64, 'A')));
  EXPECT_FALSE(parse_digest(std::string(62, 'a')));
}

// This is the worked example of the TypeID specification.
TEST(TypeId, EncodesAsTheSpecificationSays) {
  const auto uuid = unhex("0110c8531d0952d8d73e1194e95b5f19");
  ASSERT_TRUE(uuid);
  std::array<std::byte, 16> raw;
  std::copy(uuid->begin(), uuid->end(), raw.begin());
  EXPECT_EQ(encode_type_id_suffix(raw), "0123456789abcdefghjkmnpqrs");
}

TEST(TypeId, RoundTripsAndOrdersByTime) {
  const auto early = CaseId::generate(1000);
  const auto late = CaseId::generate(2000);
  EXPECT_LT(early, late);
  EXPECT_LT(early.to_string(), late.to_string());
  const auto back = CaseId::parse(early.to_string());
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, early);
}

TEST(TypeId, OtherPrefixesOverflowAndOddCharactersAreRefused) {
  const std::string good = CaseId::generate(1).to_string();
  EXPECT_FALSE(CaseId::parse("safe" + good.substr(4)));
  EXPECT_FALSE(CaseId::parse(good + "0"));
  EXPECT_FALSE(CaseId::parse("case_8zzzzzzzzzzzzzzzzzzzzzzzzz"));
  EXPECT_FALSE(CaseId::parse("case_0000000000000000000000000u"));
  EXPECT_FALSE(CaseId::parse(""));
}

TEST(Time, InstantsRoundTripAndOnlyTheOneFormIsRead) {
  const Instant instant{1'795'337'400'123};
  const auto back = parse_rfc3339(to_rfc3339(instant));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, instant);
  for (const char* text : {"2026-11-22T09:30:00Z", "2026-11-22t09:30:00.000Z", "2026-02-30T09:30:00.000Z",
                           "2026-11-22T24:00:00.000Z", "2026-11-22T09:30:00.000+", ""})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Time, DatesThatDoNotExistAreRefused) {
  EXPECT_TRUE(parse_date("2028-02-29"));
  EXPECT_FALSE(parse_date("2026-02-29"));
  EXPECT_FALSE(parse_date("2026-2-1"));
}

TEST(Time, LondonIsAnHourAheadInSummer) {
  EXPECT_EQ(to_string(london_date(*parse_rfc3339("2026-07-01T23:30:00.000Z"))), "2026-07-02");
  EXPECT_EQ(to_string(london_date(*parse_rfc3339("2026-12-01T23:30:00.000Z"))), "2026-12-01");
  EXPECT_EQ(to_string(london_date(*parse_rfc3339("2026-03-28T23:30:00.000Z"))), "2026-03-28");
  EXPECT_EQ(to_string(london_date(*parse_rfc3339("2026-10-25T23:30:00.000Z"))), "2026-10-25");
}

TEST(Utf8, OverlongSurrogateAndTruncatedFormsAreRefused) {
  EXPECT_TRUE(is_utf8("Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80"));
  for (const char* text : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\xff"})
    EXPECT_FALSE(is_utf8(text));
}

TEST(Secrets, MovedFromSecretsHoldNothing) {
  using Key = SecretBytes<struct KeyTag, 32>;
  Key key = Key::generate();
  Key other = std::move(key);
  const Key copy = other.clone();
  EXPECT_TRUE(constant_time_equal(other.expose(), copy.expose()));
  EXPECT_FALSE(constant_time_equal(other.expose(), Key::generate().expose()));
}

TEST(Secrets, BeginZeroedOfEverySizeAndApart) {
  for (const std::size_t size : {1U, 32U, 63U, 64U, 65U, 4096U}) {
    std::vector<GuardedMemory> all;
    for (int i = 0; i < 200; ++i) {
      all.emplace_back(size);
      ASSERT_EQ(all.back().span().size(), size);
      for (const std::byte byte : all.back().span()) ASSERT_EQ(byte, std::byte{0});
      std::ranges::fill(all.back().span(), static_cast<std::byte>(i));
    }
    for (int i = 0; i < 200; ++i)
      for (const std::byte byte : all[static_cast<std::size_t>(i)].span()) ASSERT_EQ(byte, static_cast<std::byte>(i));
  }
}

TEST(Secrets, LeaveNothingInThePlaceThatTheNextOneGets) {
  const std::byte* place = nullptr;
  {
    GuardedMemory memory(32);
    std::ranges::fill(memory.span(), std::byte{7});
    place = memory.span().data();
  }
  const GuardedMemory next(64);
  EXPECT_EQ(next.span().data(), place);  // the memory that was freed last is used again first
  for (const std::byte byte : next.span()) EXPECT_EQ(byte, std::byte{0});
}

TEST(Secrets, AreMadeAndDroppedByManyThreads) {
  const auto work = [](std::byte mark) {
    for (int i = 0; i < 2000; ++i) {
      std::vector<GuardedMemory> some;
      for (int j = 0; j < 5; ++j) some.emplace_back(32);
      for (GuardedMemory& one : some) std::ranges::fill(one.span(), mark);
      for (const GuardedMemory& one : some)
        for (const std::byte byte : one.span()) ASSERT_EQ(byte, mark);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i <= 4; ++i) threads.emplace_back(work, static_cast<std::byte>(i));
  for (std::thread& thread : threads) thread.join();
}

Result<int> half(int value) {
  if (value % 2 != 0) return Error{Errc::invalid_argument, "odd"};
  return value / 2;
}
Result<int> quarter(int value) {
  TRY(const int once, half(value));
  TRY(const int twice, half(once));
  return twice;
}

TEST(Result, TryPassesTheFirstFailureOn) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).code(), Errc::invalid_argument);
}

}  // namespace
}  // namespace vault
