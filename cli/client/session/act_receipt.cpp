#include "cli/client/session/act_receipt.h"

#include <algorithm>

#include "access/wire/register.h"

namespace cli::client {
namespace {

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

}  // namespace

Result<void> check_receipt(const PendingCommand& pending, std::span<const VerifiedEntry> entries,
                           const vault::crypto::VerifyKey& key, const std::string& authority) {
  const auto kinds = wire::command_kinds();
  // The command was read from the home, where a newer version of this program may have left it.
  if (std::ranges::find(kinds, pending.kind) == kinds.end())
    return Error{Errc::unknown_version,
                 "a newer version of this program left the command " + pending.kind + " unfinished: use that version"};
  std::optional<wire::VerifiedRequest> request;
  std::vector<const wire::EntryBody*> bodies;
  for (const VerifiedEntry& entry : entries) {
    auto verified = wire::verify_cause(entry.body, entry.envelope.time, key, authority);
    if (!verified) return tampered("the receipt holds a request that this person did not sign for this service");
    const wire::SignatureParameters& parameters = verified->parameters();
    if (parameters.nonce != pending.nonce || parameters.keyid != pending.keyid ||
        wire::act_of(*verified) != pending.kind || verified->body() != pending.body)
      return tampered("the receipt is for another command");
    request.emplace(std::move(*verified));
    bodies.push_back(&entry.body);
  }
  if (!request) return tampered("the service says that the command is done, but gives no receipt");
  if (!wire::check_all_entered(bodies, *request))
    return tampered("the entries in the ledger are not what was asked for");
  return {};
}

}  // namespace cli::client
