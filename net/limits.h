// What a stranger can make the server spend. Each is enforced before the memory or time is given.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace net {

inline constexpr std::size_t kMaxHeaderBytes = 16U << 10;  // request line and fields; more is 431
inline constexpr std::size_t kMaxTargetBytes = 4U << 10;   // more is 414
inline constexpr std::size_t kMaxQueryParameters = 32;
inline constexpr std::size_t kMaxConnections = 1024;           // more are closed unanswered
inline constexpr std::size_t kMaxConnectionsPerAddress = 256;  // a whole office may share an address
inline constexpr std::size_t kMaxBufferedBytes = 256U << 20;   // bodies held in memory, all together; more is 503
// What anybody may make the server hold for a request; for more the route may ask who it is first (RouteOptions).
inline constexpr std::size_t kMaxStrangersBodyBytes = 64U << 10;
static_assert(kMaxConnections * kMaxStrangersBodyBytes <= kMaxBufferedBytes / 4);
inline constexpr std::size_t kReadBufferBytes = 64U << 10;  // of each connection
// Of each answer being streamed two pieces are held: one is read while the other is sent. The first is small, and the
// others are large for as long as few answers have large ones, since each is a wait for the disk.
inline constexpr std::size_t kPieceBytes = 64U << 10;
inline constexpr std::size_t kLargePieceBytes = 1U << 20;
inline constexpr std::size_t kLargePieceStreams = 32;
inline constexpr std::size_t kWriteBytes = 256U << 10;     // that may take as long as the stall timeout, together
inline constexpr std::size_t kMaxDrainBytes = 256U << 10;  // of an unread body, before the connection is closed

inline constexpr std::chrono::milliseconds kHandshakeTimeout = std::chrono::seconds(10);
inline constexpr std::chrono::milliseconds kIdleTimeout = std::chrono::seconds(60);  // between requests
inline constexpr std::chrono::milliseconds kHeaderTimeout =
    std::chrono::seconds(10);                                                        // of each, and to begin the first
inline constexpr std::chrono::milliseconds kBodyTimeout = std::chrono::seconds(60);  // of a body held in memory
inline constexpr std::chrono::milliseconds kStallTimeout =
    std::chrono::seconds(30);  // without one byte coming, or kWriteBytes gone
// A streamed body may take this long, and a second more for each so many bytes that have come.
inline constexpr std::chrono::milliseconds kProgressGrace = std::chrono::seconds(30);
inline constexpr std::uint64_t kMinBytesPerSecond = 4U << 10;
inline constexpr std::chrono::milliseconds kCloseTimeout = std::chrono::seconds(2);
inline constexpr std::chrono::milliseconds kStopGrace = std::chrono::seconds(10);
// Before a request that was sent without waiting for the answer before it: whoever sends thousands at once leaves the
// processor to others in between.
inline constexpr std::chrono::milliseconds kPipelinePause{1};

// The same as values, so that a test can have smaller ones.
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
