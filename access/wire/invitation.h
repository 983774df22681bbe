// Reads and writes the invitation text, which an invited person pastes to enrol. It contains the secret half of a
// one-time key, so until it is used or expires it is as secret as the access it gives.
//
// The text is "strongroom-invitation-v1." base64url(JSON of Invitation, then the first 8 bytes of its SHA-256).
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

inline constexpr std::size_t kMaxInvitationText = 8192;
// Every invitation's text begins with this and a version.
inline constexpr std::string_view kInvitationStart = "strongroom-invitation-v";

struct RootPin {
  AgencyId agency;
  PersonId person;
  vault::crypto::VerifyKey signing_key;
};
BOOST_DESCRIBE_STRUCT(RootPin, (), (agency, person, signing_key))

struct Invitation {
  std::string url;  // a URL that parse_vault_url (authority.h) accepts
  std::string origin;
  std::string log_key;         // vkey (C2SP signed-note)
  vault::Digest tls_pin{};     // SHA-256 of the certificate's SubjectPublicKeyInfo
  std::vector<RootPin> roots;  // empty at genesis; they are pinned at the next command
  InvitationId invitation;
  AgencyId agency;
  std::vector<Role> roles;
  vault::Instant expires;
  std::array<std::byte, 32> secret{};  // the seed of the one-time key; the holder of this struct must wipe it
};
BOOST_DESCRIBE_STRUCT(Invitation, (),
                      (url, origin, log_key, tls_pin, roots, invitation, agency, roles, expires, secret))

std::string format_invitation(const Invitation& invitation);
// White space around the text and line breaks within it are forgiven. Errc::malformed (also for a URL that no vault can
// have), Errc::too_large, Errc::unknown_version.
vault::Result<Invitation> parse_invitation(std::string_view text);

// Returns the text that the invitation's key signs when a person who is enrolled already joins another agency.
std::string join_statement(const InvitationId& invitation, const PersonId& person);

}  // namespace strongroom::access::wire
