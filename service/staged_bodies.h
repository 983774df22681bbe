// Parses bodies whose values a later command names: batches of payloads, and values to stage. Pure.
#pragma once
#include <string_view>
#include <vector>

#include "vault/base/bytes.h"

namespace service {

// The payloads of a batch. Each has its length before it, in 4 bytes, big-endian. The views point into `body`.
// Errc::malformed if there is no payload, or if one is empty or cut short. Errc::too_large for more than
// kMaxBatchUploads.
vault::Result<std::vector<vault::ByteView>> batch_payloads(vault::ByteView body);

// Parses {"values":["…",…]}, in base64url. Errc::malformed. Errc::invalid_argument if there is no value.
// Errc::too_large for more than kMaxBesideValuesPerRequest values, or a value of more than kMaxBesideValueBytes.
vault::Result<std::vector<vault::Bytes>> staged_values(std::string_view body);

}  // namespace service
