// What a client owes the others, and does by itself at its next command (`strongroom sync` does only that): wraps for
// nominees, confirmations of its own nominations, new epochs after a nomination ended, shares for new custodians,
// copies to prepare for colleagues, deliveries to acknowledge. Each is verified before it is done; the service only
// reminds.
#pragma once
#include "cli/client/directory.h"

namespace cli::client {

struct DutyDone {
  std::string duty;  // "outbox", "wrap", "confirm", "epoch", "shares", "prepare", "deliver"
  std::string safe;  // or copy; the id's text
  bool done = false;
  std::string text;            // for people
  Errc code = Errc::internal;  // when it was not done
};
BOOST_DESCRIBE_STRUCT(DutyDone, (), (duty, safe, done, text))

// One duty that cannot be done does not stop the others, nor the command that it came before: what one lead or
// depositor made wrong (Errc::tampered) would otherwise keep its victim from every act, the remedy included.
// Errc::unavailable does, and so does a service whose ledger does not verify.
Result<std::vector<DutyDone>> sync(Session& session, Directory& directory);

}  // namespace cli::client
