// What an act's receipt must show: that the entries it proves are what this command asked for, and nothing else.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "cli/client/session.h"

namespace cli::client {

// Errc::tampered, in words, unless the entries hold this person's signed request, byte for byte and to this service,
// and say what it said: `key` is the person's, `authority` the service's. The entries are in the ledger already, by the
// receipt's proof.
Result<void> check_receipt(const PendingCommand& pending, std::span<const VerifiedEntry> entries,
                           const vault::crypto::VerifyKey& key, const std::string& authority);

// The kind of entry that the act makes; empty for one that this program does not know.
std::string_view event_of_act(std::string_view command);

}  // namespace cli::client
