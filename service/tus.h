// Reads the fields of upload requests (tus 1.0, https://tus.io): creation, creation-with-upload, termination. Pure. The
// routes decide what is allowed.
#pragma once
#include <cstdint>
#include <string_view>

#include "net/message.h"

namespace service {

inline constexpr std::string_view kTusVersion = "1.0.0";
inline constexpr std::string_view kTusExtensions = "creation,creation-with-upload,termination";
inline constexpr std::string_view kChunkType = "application/offset+octet-stream";

// Whether the request names our version of tus, as every request except OPTIONS must.
bool speaks_tus(const net::Request& request);
// The length of the upload that a request creates. Errc::invalid_argument for metadata (it would contain file names),
// for a deferred length, for a length that is not a number up to kMaxPayloadBytes, and for first bytes of another
// content type. Errc::too_large for more first bytes than the length.
vault::Result<std::uint64_t> new_upload_length(const net::Request& request);
// The offset at which a chunk begins. Errc::invalid_argument for another content type, or if it is not a number.
vault::Result<std::uint64_t> chunk_offset(const net::Request& request);

}  // namespace service
