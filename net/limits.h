// How much memory and time a stranger can make the server spend. Each limit is checked before it is spent.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace net {

inline constexpr std::size_t kMaxHeaderBytes = 16U << 10;  // request line and fields; above it, the answer is 431
inline constexpr std::size_t kMaxTargetBytes = 4U << 10;   // above it, the answer is 414
inline constexpr std::size_t kMaxQueryParameters = 32;
inline constexpr std::size_t kMaxConnections = 1024;           // more are closed without an answer
inline constexpr std::size_t kMaxConnectionsPerAddress = 256;  // a whole office may share an address
inline constexpr std::size_t kMaxBufferedBytes = 256U << 20;   // all bodies held in memory; above it, 503
// A body up to this size is read for anybody. For a longer one the route may first find out who sends it
// (RouteOptions).
inline constexpr std::size_t kMaxStrangersBodyBytes = 64U << 10;
static_assert(kMaxConnections * kMaxStrangersBodyBytes <= kMaxBufferedBytes / 4);
inline constexpr std::size_t kReadBufferBytes = 64U << 10;  // for each connection
// An answer that is streamed holds two pieces: one is read while the other is sent. The first piece is small. The
// others are large, so that the disk is waited for less often, unless many answers have large pieces already.
inline constexpr std::size_t kPieceBytes = 64U << 10;
inline constexpr std::size_t kLargePieceBytes = 1U << 20;
inline constexpr std::size_t kLargePieceStreams = 32;
inline constexpr std::size_t kWriteBytes = 256U << 10;     // sent within one stall timeout
inline constexpr std::size_t kMaxDrainBytes = 256U << 10;  // read and thrown away before a connection is closed

inline constexpr std::chrono::milliseconds kHandshakeTimeout = std::chrono::seconds(10);
inline constexpr std::chrono::milliseconds kIdleTimeout = std::chrono::seconds(60);  // between requests
inline constexpr std::chrono::milliseconds kHeaderTimeout =
    std::chrono::seconds(10);  // for each header, and until the first one begins
inline constexpr std::chrono::milliseconds kBodyTimeout = std::chrono::seconds(60);  // for a body held in memory
inline constexpr std::chrono::milliseconds kStallTimeout =
    std::chrono::seconds(30);  // until the next byte comes, or the next kWriteBytes are sent
// A streamed body may take kProgressGrace, and a second more for each kMinBytesPerSecond bytes that have come.
inline constexpr std::chrono::milliseconds kProgressGrace = std::chrono::seconds(30);
inline constexpr std::uint64_t kMinBytesPerSecond = 4U << 10;
inline constexpr std::chrono::milliseconds kCloseTimeout = std::chrono::seconds(2);
inline constexpr std::chrono::milliseconds kStopGrace = std::chrono::seconds(10);
// The pause before a request that was sent without waiting for the previous answer. So a client that sends thousands at
// once leaves time for others.
inline constexpr std::chrono::milliseconds kPipelinePause{1};

// The same limits as values, so that a test can use smaller ones.
struct Limits {
  std::size_t header_bytes = kMaxHeaderBytes;
  std::size_t connections = kMaxConnections;
  std::size_t connections_per_address = kMaxConnectionsPerAddress;
  std::size_t buffered_bytes = kMaxBufferedBytes;
  std::chrono::milliseconds handshake_timeout = kHandshakeTimeout;
  std::chrono::milliseconds idle_timeout = kIdleTimeout;
  std::chrono::milliseconds header_timeout = kHeaderTimeout;
  std::chrono::milliseconds body_timeout = kBodyTimeout;
  std::chrono::milliseconds stall_timeout = kStallTimeout;
  std::chrono::milliseconds progress_grace = kProgressGrace;
  std::uint64_t min_bytes_per_second = kMinBytesPerSecond;
  std::chrono::milliseconds close_timeout = kCloseTimeout;
  std::chrono::milliseconds stop_grace = kStopGrace;
  std::chrono::milliseconds pipeline_pause = kPipelinePause;
};

}  // namespace net
