// The bodies that bring values before the command that names them: payloads in a batch, and values to stage. Pure.
#pragma once
#include <string_view>
#include <vector>

#include "vault/base/bytes.h"

namespace service {

// A batch's payloads: each with its length before it, 4 bytes, big-endian. The views are into `body`. Errc::malformed
// for none, an empty one or one cut short, Errc::too_large beyond kMaxBatchUploads of them.
vault::Result<std::vector<vault::ByteView>> batch_payloads(vault::ByteView body);

// {"values":["…",…]} in base64url. Errc::malformed, Errc::invalid_argument for none, Errc::too_large beyond
// kMaxBesideValuesPerRequest of them or kMaxBesideValueBytes of one.
vault::Result<std::vector<vault::Bytes>> staged_values(std::string_view body);

}  // namespace service
