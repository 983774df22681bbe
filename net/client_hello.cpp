#include "net/client_hello.h"

#include <array>

namespace net {
namespace {

constexpr std::size_t kRecordHeader = 5;     // type, two bytes of version, two of length
constexpr std::size_t kHandshakeHeader = 4;  // type, three bytes of length
constexpr std::size_t kMaxRecord = 1U << 14;
constexpr std::byte kHandshake{22};
constexpr std::byte kClientHello{1};

std::size_t number(std::span<const std::byte> big_endian) {
  std::size_t value = 0;
  for (const std::byte b : big_endian) value = value << 8 | std::to_integer<std::size_t>(b);
  return value;
}

}  // namespace

std::optional<std::size_t> missing_of_client_hello(std::span<const std::byte> records) {
  std::array<std::byte, kHandshakeHeader> header{};
  std::size_t gathered = 0;  // bytes of the handshake message
  for (std::size_t record = 0; record < kMaxClientHelloRecords; ++record) {
    if (records.size() < kRecordHeader) return kRecordHeader - records.size();
    const std::size_t length = number(records.subspan(3, 2));
    if (records.front() != kHandshake || length > kMaxRecord) return 0;
    if (length == 0) return std::nullopt;
    records = records.subspan(kRecordHeader);
    if (records.size() < length) return length - records.size();
    for (std::size_t i = 0; i < length && gathered + i < header.size(); ++i) header[gathered + i] = records[i];
    gathered += length;
    if (gathered >= kHandshakeHeader) {
      if (header.front() != kClientHello) return 0;
      const std::size_t whole = kHandshakeHeader + number(std::span(header).subspan(1));
      if (whole > kMaxClientHelloBytes) return std::nullopt;
      if (gathered >= whole) return 0;
    }
    records = records.subspan(length);
  }
  return std::nullopt;
}

}  // namespace net
