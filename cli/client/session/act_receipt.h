// Checks an act's receipt: the entries that it proves must be what this command asked for, and nothing else.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "cli/client/session/session.h"

namespace cli::client {

// Errc::tampered, in words, unless the entries hold this person's signed request, byte for byte and to this service,
// and say what it said: `key` is the person's, `authority` the service's. The entries are in the ledger already, by the
// receipt's proof. Errc::unknown_version for a command that this program does not know.
Result<void> check_receipt(const PendingCommand& pending, std::span<const VerifiedEntry> entries,
                           const vault::crypto::VerifyKey& key, const std::string& authority);

}  // namespace cli::client
