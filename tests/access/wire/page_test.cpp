#include "access/wire/page.h"

#include <gtest/gtest.h>

#include <array>

namespace strongroom::access::wire {
namespace {

TEST(Cursors, GoForwardAsTheirListingsDo) {
  // Each row has a listing's cursors in order: numbers, the open copies of a case before those that have ended, ids,
  // and digests of one length.
  constexpr std::array kAscending{
      std::array<std::string_view, 5>{"", "1", "9", "10", "20000"},
      std::array<std::string_view, 5>{"", "open:9", "open:10", "ended:1", "ended:20"},
      std::array<std::string_view, 5>{"", "case_01k0000000000000000000000a", "case_01k0000000000000000000000b",
                                      "case_01kz000000000000000000000a", "case_01m0000000000000000000000a"},
      std::array<std::string_view, 5>{"", "00", "0a", "a0", "ff"}};
  for (const auto& listing : kAscending)
    for (std::size_t i = 0; i < listing.size(); ++i)
      for (std::size_t j = 0; j < listing.size(); ++j)
        EXPECT_EQ(is_further(listing[i], listing[j]), i > j) << listing[i] << " after " << listing[j];
}

}  // namespace
}  // namespace strongroom::access::wire
