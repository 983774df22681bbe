// Follows a service to its next TLS key (docs/formats.md, "TLS succession"). A client believes one key, the pinned one.
// If another key answers, the client asks for the statements that the log's key has signed about it, over a connection
// that it does not believe, and pins the key that they lead to. Without such a statement it sends nothing, and the
// error tells the person what to do.
#pragma once
#include <filesystem>
#include <functional>

#include "cli/client/session/home.h"
#include "cli/client/session/transport.h"

namespace cli::client {

// A carrier to the service that the home has pinned. A renewed key is written to the home's pins.json before it is
// believed. Then `notice` is called, on the thread that sent the request.
Result<Carrier> carrier_of_home(const std::filesystem::path& folder, const Pins& pins,
                                std::function<void()> notice = {});

// The key that the statements served at the pins' URL lead to from `pinned`. Errc::tampered, with advice, if there is
// no statement or one that does not verify; Errc::unavailable.
Result<Digest> successor_of(const Pins& pins, const Digest& pinned);

}  // namespace cli::client
