#include "cli/client/enrol.h"

#include <algorithm>
#include <boost/json.hpp>

#include "cli/client/roots.h"
#include "cli/client/session/renewed_key.h"

namespace cli::client {

Result<std::unique_ptr<Session>> enrol_session(Home home, Keys keys, World world, std::string keyid,
                                               vault::crypto::SigningKey key);

namespace {

constexpr std::int64_t kMillisecondsPerDay = std::int64_t{24} * 3600 * 1000;

struct OneTimeKey {
  wire::Invitation invitation;  // without its secret, which is wiped
  vault::crypto::SigningKey key;
};

Result<OneTimeKey> take_apart(std::string_view text) {
  TRY(wire::Invitation invitation, wire::parse_invitation(text));
  auto seed = vault::crypto::SigningSeed::copy_of(invitation.secret);
  vault::wipe(invitation.secret);
  return OneTimeKey{std::move(invitation), vault::crypto::SigningKey(std::move(seed))};
}

Pins pins_of(const wire::Invitation& invitation, const access::PersonId& person) {
  Pins pins;
  pins.url = invitation.url;
  pins.origin = invitation.origin;
  pins.log_key = invitation.log_key;
  pins.tls_pin = invitation.tls_pin;
  pins.roots = invitation.roots;
  pins.person = person;
  return pins;
}

Result<World> world_of(const EnrolOptions& options, const std::filesystem::path& folder, const Pins& pins) {
  TRY(Carrier carry, options.connect ? options.connect(pins) : carrier_of_home(folder, pins));
  return World{std::move(carry), options.clock, options.pause};
}

// The directory is not read yet, so it cannot tell whether this person is a root.
std::string own_fingerprint(const Session& session, const wire::Invitation& invitation) {
  const vault::crypto::VerifyKey key = session.keys().signing.verify_key();
  const auto as_root = [&](const access::AgencyId& agency) {
    return fingerprint(wire::RootKeys{agency, session.person(), key, session.keys().identity.recipient()});
  };
  const std::vector<wire::RootPin>& roots = session.pins().roots;
  const auto own = std::ranges::find(roots, session.person(), &wire::RootPin::person);
  if (own != roots.end()) return as_root(own->agency);
  // Only the invitations of genesis pin no roots.
  const bool is_root = invitation.roots.empty() && invitation.roles == std::vector{access::Role::partner};
  return is_root ? as_root(invitation.agency) : fingerprint(key);
}

Enrolled enrolled_as(std::unique_ptr<Session> session, const wire::Invitation& invitation, bool joined) {
  std::string own = own_fingerprint(*session, invitation);
  return {std::move(session), joined, std::move(own)};
}

Result<Enrolled> join(std::unique_ptr<Session> session, const OneTimeKey& one) {
  const std::string statement = wire::join_statement(one.invitation.invitation, session->person());
  TRY_VOID(session->act(wire::JoinAgency{one.invitation.invitation, one.key.sign(vault::as_bytes(statement))}));
  return enrolled_as(std::move(session), one.invitation, true);
}

}  // namespace

Result<Enrolled> enrol(const std::filesystem::path& folder, const PassphraseSource& passphrase,
                       const EnrolOptions& options) {
  TRY(OneTimeKey one, take_apart(options.invitation));
  const vault::Instant now = options.clock();
  if (one.invitation.expires < now)
    return Error{Errc::conflict, "the invitation has expired; ask the person who invited you for another"};

  std::optional<Keys> keys;
  std::optional<Home> home;
  if (Home::has_identity(folder)) {
    TRY(home, Home::open(folder));
    TRY(keys, home->unlock(passphrase));
    TRY(const auto pending, home->pending());
    const auto is_enrolment = [](const PendingCommand& command) { return command.kind == wire::EnrolPerson::kKind; };
    if (const auto pins = home->pins()) {
      if (pins->origin != one.invitation.origin || pins->log_key != one.invitation.log_key)
        return Error{Errc::conflict, "this home belongs to the vault of origin " + pins->origin +
                                         ", and the invitation is for " + one.invitation.origin +
                                         "; enrol with another STRONGROOM_HOME"};
      TRY(World world, world_of(options, folder, *pins));
      TRY(auto session, Session::start(*home, keys->clone(), std::move(world)));
      // Only the service knows whether an interrupted enrolment was completed.
      const auto self = session->get<wire::PersonView>("/v1/whoami");
      if (!self && self.code() != Errc::refused) return self.error();
      if (self && std::ranges::none_of(pending, is_enrolment)) return join(std::move(session), one);
      for (const PendingCommand& command : pending)
        if (is_enrolment(command)) TRY_VOID(home->drop_pending(command.nonce));
      if (self) return enrolled_as(std::move(session), one.invitation, false);
    }
  } else {
    keys = Keys::generate();
    TRY(const vault::SecretText secret, passphrase("Choose a passphrase for this identity"));
    TRY(home, Home::create(folder, *keys, secret, options.scrypt_log_n));
  }

  wire::EnrolPerson command;
  command.invitation = one.invitation.invitation;
  command.person = access::PersonId::generate(static_cast<std::uint64_t>(now.unix_ms));
  command.signing_key = keys->signing.verify_key();
  command.recipient = keys->identity.recipient();
  const Pins pins = pins_of(one.invitation, command.person);
  TRY_VOID(home->write_pins(pins));
  TRY(World world, world_of(options, folder, pins));
  const World later = world;
  {
    const std::string keyid = one.invitation.invitation.to_string();
    TRY(auto session, enrol_session(*home, keys->clone(), std::move(world), keyid, one.key.clone()));
    // The service does not tell strangers why it refuses a key.
    const auto explained = [](Error error) {
      if (error.code == Errc::refused)
        error.message =
            "the invitation is not accepted: it was used or withdrawn, or this machine's clock is wrong. Ask for "
            "another";
      return error;
    };
    if (options.name) {
      auto staged = session->stage_text(*options.name, access::kMaxNameBytes);
      if (!staged) return explained(staged.error());
      command.name = *staged;
    }
    if (auto done = session->act(command); !done) return explained(done.error());
  }
  TRY(auto session, Session::start(std::move(*home), std::move(*keys), later));
  return enrolled_as(std::move(session), one.invitation, false);
}

Result<NewInvitation> invite(Session& session, const Directory& directory, const access::AgencyId& agency,
                             const std::vector<access::Role>& roles, std::string_view name,
                             const std::optional<access::PersonId>& replaces) {
  const auto key = vault::crypto::SigningKey::generate();
  wire::InvitePerson command;
  command.invitation = session.make_id<access::InvitationId>();
  command.agency = agency;
  command.roles = roles;
  command.key = key.verify_key();
  command.expires = {session.now().unix_ms + kInvitationDays * kMillisecondsPerDay};
  TRY(command.name, session.stage_text(name, access::kMaxNameBytes));
  command.replaces = replaces;
  TRY_VOID(session.act(command));

  TRY(const Pins pins, session.home().pins());  // read again, because the TLS key may have been renewed
  wire::Invitation invitation;
  invitation.url = pins.url;
  invitation.origin = pins.origin;
  invitation.log_key = pins.log_key;
  invitation.tls_pin = pins.tls_pin;
  invitation.roots = directory.chain().roots();
  invitation.invitation = command.invitation;
  invitation.agency = agency;
  invitation.roles = roles;
  invitation.expires = command.expires;
  std::ranges::copy(key.seed().expose(), invitation.secret.begin());
  NewInvitation made{wire::format_invitation(invitation), command.invitation, command.expires};
  vault::wipe(invitation.secret);
  return made;
}

}  // namespace cli::client
