// Checks an act's receipt: the entries that it proves must be those that the command asked for, and no others.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "cli/client/session/session.h"

namespace cli::client {

// Errc::tampered unless every entry contains the request that this person signed for this service, byte for byte, and
// says the same as it. `key` is the person's, `authority` is the service's. The receipt's proof has already shown that
// the entries are in the ledger. Errc::unknown_version if this program does not know the command.
Result<void> check_receipt(const PendingCommand& pending, std::span<const VerifiedEntry> entries,
                           const vault::crypto::VerifyKey& key, const std::string& authority);

}  // namespace cli::client
