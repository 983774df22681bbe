// How much of a TLS ClientHello is there, from the bytes alone: before it is whole a handshake costs nothing, and then
// much. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <span>

namespace net {

inline constexpr std::size_t kMaxClientHelloBytes = 16U << 10;  // far above what browsers send
inline constexpr std::size_t kMaxClientHelloRecords = 16;       // that it may be split into

// The least number of bytes that must still come after `records`; 0 when the hello is whole, or when this is no
// beginning of one, which the TLS library then answers. Nothing when it is longer, or in more records, than the limits
// allow, or a record of it is empty, which the library would read past. Source: RFC 8446, 4 and 5.1.
std::optional<std::size_t> missing_of_client_hello(std::span<const std::byte> records);

}  // namespace net
