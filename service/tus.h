// What the fields of an upload's requests say (tus 1.0, https://tus.io): creation, creation-with-upload, termination.
// Pure; whether it is allowed is for the routes.
#pragma once
#include <cstdint>
#include <string_view>

#include "net/message.h"

namespace service {

inline constexpr std::string_view kTusVersion = "1.0.0";
inline constexpr std::string_view kTusExtensions = "creation,creation-with-upload,termination";
inline constexpr std::string_view kChunkType = "application/offset+octet-stream";

// The version that tus asks of every request but OPTIONS.
bool speaks_tus(const net::Request& request);
// Of a creation, with the first bytes that came along. Errc::invalid_argument for metadata (it would name files), a
// deferred length, a length that is no number of bytes up to kMaxPayloadBytes, first bytes of another type;
// Errc::too_large for more of them than the length.
vault::Result<std::uint64_t> new_upload_length(const net::Request& request);
// Where a chunk begins. Errc::invalid_argument for another type or no number.
vault::Result<std::uint64_t> chunk_offset(const net::Request& request);

}  // namespace service
