// Whether this machine's OpenSSL has what the other headers of this folder take for granted.
#pragma once
#include "vault/base/result.h"

namespace vault::crypto {

// Must succeed before anything else of this folder is used. Errc::internal if the configuration of OpenSSL leaves out
// an algorithm, as one for FIPS alone does.
Result<void> start_crypto();

}  // namespace vault::crypto
