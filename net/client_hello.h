// Tells from the bytes how much of a TLS ClientHello has come. Until it is complete a handshake costs nothing, and then
// it costs much. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <span>

namespace net {

inline constexpr std::size_t kMaxClientHelloBytes = 16U << 10;  // far above what browsers send
inline constexpr std::size_t kMaxClientHelloRecords = 16;       // it may be split into as many

// Returns the least number of bytes that must still come after `records`. It is 0 if the hello is complete, and also if
// the bytes are not the beginning of one, which the TLS library then answers. Returns nothing if the hello is over a
// limit, or if one of its records is empty, because the library would read past that. Source: RFC 8446, 4 and 5.1.
std::optional<std::size_t> missing_of_client_hello(std::span<const std::byte> records);

}  // namespace net
