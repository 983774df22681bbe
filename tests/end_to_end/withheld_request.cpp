// Runs an honest client against a service that keeps a signed command for itself and answers "conflict". It writes the
// caught request to a file, as JSON, for a lying operator to use.
//
//   withheld_request OUT invite AGENCY          a root invites a practitioner
//   withheld_request OUT copy SAFE RECORD       a representative issues a copy of one record for themself
//
// Uses STRONGROOM_HOME and STRONGROOM_PASSPHRASE_FILE, as every client does.
#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "cli/client/copies.h"
#include "cli/client/desk.h"
#include "cli/client/enrol.h"
#include "vault/base/secret.h"

namespace {

using namespace cli::client;

constexpr std::string_view kConflict =
    R"({"type":"urn:strongroom:problem:conflict","title":"conflict","status":409,"detail":"another command came first"})";

// Carries everything but acts, which it writes to `out`.
Carrier withholding(Carrier real, std::string out) {
  return [real = std::move(real), out = std::move(out)](const HttpRequest& request) -> Result<HttpAnswer> {
    if (!request.target.starts_with("/v1/acts/")) return real(request);
    boost::json::object caught{{"target", request.target}, {"body", std::string(vault::as_text(request.body))}};
    for (const auto& [name, value] : request.fields) caught[name] = value;
    std::ofstream(out) << boost::json::serialize(caught);
    HttpAnswer answer;
    answer.status = 409;
    answer.body = vault::to_bytes(vault::as_bytes(kConflict));
    return answer;
  };
}

Result<void> sign_command(std::span<char*> arguments) {
  const std::string what = arguments.size() > 2 ? arguments[2] : "";
  TRY(Home home, Home::open(Home::default_path()));
  TRY(const Pins pins, home.pins());
  TRY(Carrier real, carrier_to(pins.url, pins.tls_pin));
  const char* passphrase = std::getenv("STRONGROOM_PASSPHRASE_FILE");  // NOLINT
  TRY(const auto session, Session::start(std::move(home), passphrase_from_file(passphrase),
                                         {.carry = withholding(std::move(real), arguments[1]), .pause = {}}));
  TRY(const Directory directory, Directory::load(*session));
  Result<void> refused;
  if (what == "invite" && arguments.size() == 4) {
    TRY(const access::AgencyId agency, access::AgencyId::parse(arguments[3]));
    const auto invited = invite(*session, directory, agency, {access::Role::practitioner}, "Test practitioner");
    if (!invited) refused = invited.error();
  } else if (what == "copy" && arguments.size() == 5) {
    CopyRequest request;
    TRY(request.safe, access::SafeId::parse(arguments[3]));
    TRY(const access::RecordId record, access::RecordId::parse(arguments[4]));
    request.holder = session->person();
    request.purpose = access::Purpose::case_work;
    request.due = vault::london_date(vault::Instant{vault::system_clock()().unix_ms + 7LL * 86'400'000});
    request.records = {record};
    const auto issued = issue_copy(*session, directory, request);
    if (!issued) refused = issued.error();
  } else {
    return Error{Errc::invalid_argument, "usage: withheld_request OUT invite AGENCY | OUT copy SAFE RECORD"};
  }
  if (refused.has_value() || refused.code() != Errc::conflict)
    return Error{Errc::internal, "the command was not answered with a conflict"};
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (!vault::start_secure_memory()) return 1;
  const auto done = sign_command(std::span(argv, static_cast<std::size_t>(argc)));
  if (done) return 0;
  std::cerr << done.error().message << "\n";
  return 1;
}
