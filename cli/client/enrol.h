// How a person comes into the partnership: an invitation is made by an inviter's client, and accepted on the invited
// person's own machine, where their keys are made.
#pragma once
#include "cli/client/proof/directory.h"
#include "cli/client/session/session.h"

namespace cli::client {

struct EnrolOptions {
  std::string invitation;  // the text that the inviter passed on
  std::optional<std::string> name;
  // Absent: to the service that the pins name, following its TLS key when that is renewed.
  std::function<Result<Carrier>(const Pins&)> connect;
  vault::Clock clock = vault::system_clock();
  std::function<void(std::chrono::milliseconds)> pause;
  unsigned scrypt_log_n = Home::kIdentityScryptLogN;
};
struct Enrolled {
  std::unique_ptr<Session> session;
  bool joined = false;  // the person existed; the invitation gave a further membership
};
// Makes the keys and identity.age, pins what the invitation says, registers the public halves. With an identity in
// `folder` already: an enrolment that was interrupted is resumed; an enrolled person joins the further agency.
// `passphrase` is asked for the new identity (twice, by whoever implements it) or for the existing one.
Result<Enrolled> enrol(const std::filesystem::path& folder, const PassphraseSource& passphrase,
                       const EnrolOptions& options);

struct NewInvitation {
  std::string text;  // as secret as the access it gives
  access::InvitationId id;
  vault::Instant expires;
};
inline constexpr std::int64_t kInvitationDays = 7;
// Errc::refused before anything is sent when this person may not invite so.
Result<NewInvitation> invite(Session& session, const Directory& directory, const access::AgencyId& agency,
                             const std::vector<access::Role>& roles, std::string_view name,
                             const std::optional<access::PersonId>& replaces = {});

// Twelve groups of four hexadecimal digits of SHA-256 of a signing key: what people compare in person.
std::string fingerprint(const vault::crypto::VerifyKey& key);

}  // namespace cli::client
