#include "cli/client/session/renewed_key.h"

#include "access/wire/tls_succession.h"
#include "audit/note.h"

namespace cli::client {
namespace {

constexpr unsigned kOk = 200;
constexpr std::string_view kTarget = "/v1/log/tls-successions";

Error unexplained(std::string_view why) {
  return {
      Errc::tampered,
      "the service's TLS key is not the one pinned here, and " + std::string(why) +
          ". Somebody may be between you and the service. Nothing was sent. Ask its operator by another way whether "
          "the key was exchanged. If it was, they run `strongroomd cert renew`, and this client then accepts the new "
          "key by itself. If it was not, tell them at once"};
}

}  // namespace

Result<Digest> successor_of(const Pins& pins, const Digest& pinned) {
  TRY(const audit::NoteKey log_key, audit::parse_note_key(pins.log_key));
  const HttpRequest request{.method = "GET",
                            .target = std::string(kTarget),
                            .fields = {},
                            .body = {},
                            .sink = {},
                            .source = {},
                            .progress = {}};
  TRY(const HttpAnswer answer, ask_anybody(pins.url, request));
  if (answer.status != kOk || answer.body.size() > wire::kMaxTlsSuccessionsBytes)
    return unexplained("the server has no statement about it that the log's key has signed");
  const auto said = wire::decode<wire::TlsSuccessions>(vault::as_text(answer.body), wire::Strictness::tolerant);
  if (!said) return unexplained("the server has no statement about it that the log's key has signed");
  const auto reached = wire::follow_tls_successions(*said, pinned, pins.origin, log_key.key);
  if (!reached) return unexplained("the server's statement about it was not signed by the log's key");
  if (*reached == pinned) return unexplained("the log's key has not signed a statement that replaces it");
  return *reached;
}

Result<Carrier> carrier_of_home(const std::filesystem::path& folder, const Pins& pins, std::function<void()> notice) {
  return carrier_to(pins.url, pins.tls_pin, kDefaultConnections,
                    [folder, pins, notice = std::move(notice)](const Digest& pinned) -> Result<Digest> {
                      TRY(const Digest next, successor_of(pins, pinned));
                      TRY(Home home, Home::open(folder));
                      TRY(Pins now, home.pins());
                      now.tls_pin = next;
                      TRY_VOID(home.write_pins(now));
                      if (notice) notice();
                      return next;
                    });
}

}  // namespace cli::client
