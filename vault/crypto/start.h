// Checks once that this machine's OpenSSL has the algorithms that the other headers of this folder rely on.
#pragma once
#include "vault/base/result.h"

namespace vault::crypto {

// Must succeed before anything else of this folder is used. Errc::internal if the configuration of OpenSSL leaves out
// an algorithm, as a FIPS-only configuration does.
Result<void> start_crypto();

}  // namespace vault::crypto
