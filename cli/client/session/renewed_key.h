// Following a service's TLS key (docs/formats.md, "TLS succession"). A client believes one key, the pinned one. When
// another answers, it asks for the statements that the log's key has signed about that, over a connection that it does
// not believe, and pins the key that they lead to. Without such a statement nothing is sent and the error says what to
// do.
#pragma once
#include <filesystem>
#include <functional>

#include "cli/client/session/home.h"
#include "cli/client/session/transport.h"

namespace cli::client {

// To the service of a home's pins. A renewed key is written to the home's pins.json before it is believed, and then
// `notice` is called, from whichever thread sent the request.
Result<Carrier> carrier_of_home(const std::filesystem::path& folder, const Pins& pins,
                                std::function<void()> notice = {});

// What the statements served at the pins' URL lead to from `pinned`. Errc::tampered, with what to do, when there is
// none or one that does not verify; Errc::unavailable.
Result<Digest> successor_of(const Pins& pins, const Digest& pinned);

}  // namespace cli::client
