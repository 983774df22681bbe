#include "net/client_hello.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace net {
namespace {

using Bytes = std::vector<std::byte>;

Bytes record(const Bytes& payload, int type = 22) {
  Bytes out{std::byte(type), std::byte{3}, std::byte{1}, std::byte(payload.size() >> 8), std::byte(payload.size())};
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}
Bytes hello(std::size_t length, int type = 1) {
  Bytes out{std::byte(type), std::byte(length >> 16), std::byte(length >> 8), std::byte(length)};
  out.resize(out.size() + length);
  return out;
}
// The message in records of `size` bytes.
Bytes split(const Bytes& message, std::size_t size) {
  Bytes out;
  for (std::size_t at = 0; at < message.size(); at += size) {
    const auto end = message.begin() + static_cast<std::ptrdiff_t>(std::min(message.size(), at + size));
    const Bytes part = record(Bytes(message.begin() + static_cast<std::ptrdiff_t>(at), end));
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}
// Reads a hello as a connection does: until it is complete, exactly its bytes are asked for.
void expect_whole(const Bytes& all) {
  std::size_t have = 0;
  while (true) {
    const auto missing = missing_of_client_hello(std::span(all).first(have));
    ASSERT_TRUE(missing);
    if (*missing == 0) break;
    have += *missing;
    ASSERT_LE(have, all.size());
  }
  EXPECT_EQ(have, all.size());
  for (std::size_t size = 0; size < all.size(); ++size)
    EXPECT_NE(missing_of_client_hello(std::span(all).first(size)), 0U);
}

TEST(ClientHello, IsWholeInOneRecordOrSeveral) {
  const Bytes message = hello(513);
  expect_whole(record(message));
  expect_whole(split(message, 300));
  expect_whole(split(message, (message.size() + kMaxClientHelloRecords - 1) / kMaxClientHelloRecords));
  expect_whole(split(hello(4), 2));
  expect_whole(record(hello(0)));
}

TEST(ClientHello, WhatIsNoneIsLeftToTheLibrary) {
  EXPECT_EQ(missing_of_client_hello(Bytes(5, std::byte{'G'})), 0U);
  EXPECT_EQ(missing_of_client_hello(record(hello(10, 2))), 0U) << "a ServerHello";
  EXPECT_EQ(missing_of_client_hello(record({}, 20)), 0U) << "of another type";
  Bytes oversize = record({});
  oversize[3] = std::byte{0x40};
  oversize[4] = std::byte{1};
  EXPECT_EQ(missing_of_client_hello(oversize), 0U) << "a record above 2^14 bytes";
}

TEST(ClientHello, HasALimitOfBytesAndOfRecords) {
  expect_whole(record(hello(kMaxClientHelloBytes - 4)));
  Bytes longer = hello(kMaxClientHelloBytes - 3);
  longer.resize(4);
  EXPECT_EQ(missing_of_client_hello(record(longer)), std::nullopt) << "known from its header";
  EXPECT_EQ(missing_of_client_hello(record({})), std::nullopt) << "an empty record";
  const Bytes message = hello(100);
  EXPECT_EQ(missing_of_client_hello(split(message, message.size() / kMaxClientHelloRecords - 1)), std::nullopt);
  EXPECT_EQ(missing_of_client_hello(split(message, 1)), std::nullopt);
}

}  // namespace
}  // namespace net
