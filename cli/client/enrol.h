// How a person joins the partnership. An inviter's client makes an invitation. The invited person accepts it on their
// own machine, which makes their keys.
#pragma once
#include "cli/client/proof/directory.h"
#include "cli/client/session/session.h"

namespace cli::client {

struct EnrolOptions {
  std::string invitation;  // the text that the inviter passed on
  std::optional<std::string> name;
  // Absent: connects to the service that the pins name, and follows its TLS key if that is renewed.
  std::function<Result<Carrier>(const Pins&)> connect;
  vault::Clock clock = vault::system_clock();
  std::function<void(std::chrono::milliseconds)> pause;
  unsigned scrypt_log_n = Home::kIdentityScryptLogN;
};
struct Enrolled {
  std::unique_ptr<Session> session;
  bool joined = false;      // the person was enrolled before, and has got a further membership
  std::string fingerprint;  // of the person (roots.h)
};
// Makes the keys and identity.age, pins the keys in the invitation, and registers the public keys. If `folder` has an
// identity already, an interrupted enrolment is resumed, or an enrolled person joins another agency. `passphrase` is
// asked for the existing identity or for the new one; for a new one the source should ask twice.
Result<Enrolled> enrol(const std::filesystem::path& folder, const PassphraseSource& passphrase,
                       const EnrolOptions& options);

struct NewInvitation {
  std::string text;  // as secret as the access it gives
  access::InvitationId id;
  vault::Instant expires;
};
inline constexpr std::int64_t kInvitationDays = 7;
// Errc::refused, before anything is sent, if this person may not give such an invitation.
Result<NewInvitation> invite(Session& session, const Directory& directory, const access::AgencyId& agency,
                             const std::vector<access::Role>& roles, std::string_view name,
                             const std::optional<access::PersonId>& replaces = {});

}  // namespace cli::client
