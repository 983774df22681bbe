// Who is who, as proved and not as told: the directory's chain from the genesis entries on, each entry linked, included
// in the ledger, derived from its signed command, and signed by a key that an earlier entry certified, up to the roots
// that this person pinned. A key that the operator slipped in hangs on nothing and is not here.
//
// What the chain cannot show is an entry withheld at its end: a revocation that the service hides from one reader.
#pragma once
#include <map>
#include <set>

#include "access/permit.h"
#include "cli/client/session.h"

namespace cli::client {

// A place in the ledger; every question may be asked "as of" one.
using Seq = std::uint64_t;
inline constexpr Seq kNow = ~Seq{0};

struct Membership {
  access::AgencyId agency;
  std::vector<access::Role> roles;
  Seq since = 0;
};

struct Person {
  access::PersonId id;
  vault::crypto::VerifyKey signing_key;
  vault::age::Recipient recipient{};
  std::vector<Membership> memberships;
  bool root = false;
  Seq enrolled = 0;
  std::optional<Seq> revoked;
  std::optional<Digest> name;                  // of the beside value; the words themselves are not certified
  std::optional<access::PersonId> invited_by;  // absent: by genesis
  bool active(Seq at = kNow) const { return enrolled <= at && (!revoked || *revoked > at); }
  bool has_role(access::Role role, Seq at = kNow) const;
  bool has_role(access::Role role, const access::AgencyId& agency, Seq at = kNow) const;
  bool member_of(const access::AgencyId& agency, Seq at = kNow) const;
  // What `permit` asks for: none of somebody who is not active then. `capacities_in` has the general ones too.
  access::Capacities capacities(Seq at = kNow) const;
  access::Capacities capacities_in(const access::AgencyId& agency, Seq at = kNow) const;
};

struct Agency {
  access::AgencyId id;
  access::AgencyKind kind = access::AgencyKind::other;
  bool partner = false;
  std::optional<Digest> name;
};

// The projection alone: values in, values out. Each entry has been shown to be in the ledger before it comes here.
class DirectoryChain {
 public:
  // `pinned` may be empty (a genesis client): then whoever enrolled with the three genesis invitations are the roots.
  DirectoryChain(std::string authority, std::vector<wire::RootPin> pinned);
  // Errc::tampered when it does not continue the chain or is not what its signed command makes of it;
  // Errc::unknown_version for a kind of a newer program. After a failure the chain is of no more use.
  Result<void> apply(const audit::Envelope& envelope, const wire::EntryBody& body);

  std::size_t size() const { return size_; }
  const audit::ChainTag& tag() const { return tag_; }
  const std::map<access::PersonId, Person>& persons() const { return persons_; }
  const std::map<access::AgencyId, Agency>& agencies() const { return agencies_; }
  // The three safeguarding partners, in the order of genesis.
  const std::vector<access::AgencyId>& partners() const { return partners_; }
  // The digest of the calendar that the last import made, as its importer signed it; absent: the one that ships.
  const std::optional<Digest>& calendar() const { return calendar_; }
  // Those of the three that have enrolled.
  const std::vector<wire::RootPin>& roots() const { return roots_; }
  // Whether `inviter` may invite to these roles at that agency now (DESIGN 5, Certification).
  bool may_invite(const Person& inviter, const access::AgencyId& agency, const std::vector<access::Role>& roles) const;

 private:
  struct Open {  // an invitation
    access::AgencyId agency;
    std::vector<access::Role> roles;
    vault::crypto::VerifyKey key;
    vault::Instant expires;
    Digest name{};
    bool root = false;
    bool used = false;
    std::optional<access::PersonId> by;
    std::optional<access::PersonId> replaces;
  };
  Result<void> apply_genesis(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<void> apply_invited(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<void> apply_enrolled(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<void> apply_joined(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<void> apply_revoked(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<void> apply_agency(const audit::Envelope& envelope, const wire::EntryBody& body);
  // The active person whose key signed the entry's request.
  Result<void> check_revocation(const Person& actor, const Person& person) const;
  Result<void> apply_calendar(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<const Person*> signer(const audit::Envelope& envelope, const wire::EntryBody& body, bool must_be_active) const;
  Result<Open*> open_invitation(const access::InvitationId& id, const audit::Envelope& envelope);
  void revoke(const access::PersonId& person, Seq at);

  std::string authority_;
  std::vector<wire::RootPin> pinned_;
  std::size_t size_ = 0;
  audit::ChainTag tag_;
  std::uint64_t last_seq_ = 0;
  std::map<access::PersonId, Person> persons_;
  std::map<access::AgencyId, Agency> agencies_;
  std::map<access::InvitationId, Open> invitations_;
  std::vector<access::AgencyId> partners_;
  std::vector<wire::RootPin> roots_;
  std::optional<Digest> calendar_;
};

// Verifies the request kept in an entry: its signature under `key`, its key id, that it was made within a minute of the
// entry, and that it is a `POST` of that act to `authority`. Errc::tampered.
Result<void> verify_entry_request(const audit::Envelope& envelope, const wire::EntryBody& body,
                                  const vault::crypto::VerifyKey& key, std::string_view keyid,
                                  std::string_view authority, std::string_view act);

// The command that an entry's request carries. Errc::tampered when it is not exactly one.
template <class Command>
Result<Command> command_of(const wire::EntryBody& body) {
  if (!body.request) return Error{Errc::tampered, "an entry of the ledger has no signed request"};
  auto command = wire::decode<Command>(body.request->body, wire::Strictness::exact);
  if (!command) return Error{Errc::tampered, "an entry's signed request is not the command that its kind asks for"};
  return command;
}
template <class Event>
Result<Event> event_of(const wire::EntryBody& body) {
  if (body.kind != Event::kKind) return Error{Errc::tampered, "an entry of the ledger is not of the expected kind"};
  auto event = wire::from_json<Event>(body.detail, wire::Strictness::exact);
  if (!event) return Error{Errc::tampered, "an entry of the ledger is not what its kind asks for"};
  return event;
}
// That every member of `command` stands in `detail` with the same value, those named in `except` apart.
bool carries(const wire::json::value& detail, const wire::json::value& command,
             std::initializer_list<std::string_view> except = {});

template <class Command, class Event>
struct SignedEvent {
  const Person* actor;
  Command command;
  Event event;
};

class Directory {
 public:
  // The mirror in the home, verified again, then extended by what the service has since. A genesis client whose home
  // has no roots yet pins them when all three have enrolled. Errc::tampered when anything does not verify, a pinned
  // root that is not among the enrolled ones included.
  static Result<Directory> load(Session& session);
  // Fetches and verifies what was added since.
  Result<void> update(Session& session);

  const DirectoryChain& chain() const { return chain_; }
  const std::string& authority() const { return authority_; }
  // Errc::tampered "… is not certified" when the chain does not know this person (or they are revoked at that time).
  // Before encrypting to anybody, and before believing anybody's signature.
  Result<const Person*> certified(const access::PersonId& person, Seq at = kNow) const;
  const Person* find(const access::PersonId& person) const;
  std::vector<const Person*> custodians(const access::AgencyId& partner) const;
  std::vector<const Person*> spocs() const;
  const std::vector<access::AgencyId>& partners() const { return chain_.partners(); }

  // That `entry` was caused by its actor's signed `act`, the actor certified and active at that entry; gives the actor.
  Result<const Person*> verify_signed(const VerifiedEntry& entry, std::string_view act) const;
  // The same for any request, a refused read included: that its actor signed it, not what it asked for.
  Result<const Person*> verify_caused(const VerifiedEntry& entry) const;
  // An entry read as what it is: signed as above, and its detail everything that the command said (`except` apart).
  template <class Command, class Event>
  Result<SignedEvent<Command, Event>> read(const VerifiedEntry& entry,
                                           std::initializer_list<std::string_view> except = {}) const {
    TRY(const Person* actor, verify_signed(entry, Command::kKind));
    TRY(Event event, event_of<Event>(entry.body));
    TRY(Command command, command_of<Command>(entry.body));
    if (!carries(entry.body.detail, wire::to_json(command), except))
      return Error{Errc::tampered, "an entry of the ledger is not what its signer asked for"};
    return SignedEvent<Command, Event>{actor, std::move(command), std::move(event)};
  }

 private:
  explicit Directory(DirectoryChain chain, std::string authority)
      : chain_(std::move(chain)), authority_(std::move(authority)) {}
  DirectoryChain chain_;
  std::string authority_;
};

}  // namespace cli::client
