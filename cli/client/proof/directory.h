// Who is who, as the directory's chain proves it. Each entry from genesis on is linked to the one before, included in
// the ledger, derived from its signed command, and signed by a key that an earlier entry certified, up to the roots
// that this person pinned. A key that the operator slipped in is certified by nothing, so it is not here.
//
// The chain is always read to its proved end, so that nothing can be left out of it, for example a revocation that the
// service would hide from one reader.
#pragma once
#include <map>
#include <set>

#include "access/actions.h"
#include "access/wire/register.h"
#include "access/wire/roots.h"
#include "cli/client/session/session.h"

namespace cli::client {

// A place in the ledger. Every question can be asked as of such a place.
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
  std::optional<Digest> name;                  // of the beside value. Nobody certifies the name itself
  std::optional<access::PersonId> invited_by;  // absent: by genesis
  bool active(Seq at = kNow) const { return enrolled <= at && (!revoked || *revoked > at); }
  bool has_role(access::Role role, Seq at = kNow) const;
  bool has_role(access::Role role, const access::AgencyId& agency, Seq at = kNow) const;
  bool member_of(const access::AgencyId& agency, Seq at = kNow) const;
  // The capacities that `permit` takes; none if the person is not active at that place. `capacities_in` includes the
  // general ones.
  access::Capacities capacities(Seq at = kNow) const;
  access::Capacities capacities_in(const access::AgencyId& agency, Seq at = kNow) const;
  // In all their agencies together: for a reader who does not know which agency an entry is about.
  access::Capacities capacities_anywhere(Seq at = kNow) const;
};

struct Agency {
  access::AgencyId id;
  access::AgencyKind kind = access::AgencyKind::other;
  bool partner = false;
  std::optional<Digest> name;
};

// An entry's verified request, and the certified person who signed it.
struct CausedBy {
  const Person* actor;
  wire::VerifiedRequest request;
};

// The projection of the chain: it takes values and returns values. Each entry must have been proved to be in the
// ledger.
class DirectoryChain {
 public:
  // `log` is the pinned log key with the ledger's origin. `pinned` may be empty (a genesis client). Then the roots are
  // those who enrolled with the three genesis invitations.
  DirectoryChain(std::string authority, audit::NoteKey log, std::vector<wire::RootPin> pinned);
  // Errc::tampered if the entry does not continue the chain, or is not the one that follows from its signed command.
  // Errc::unknown_version if its kind is of a newer program. After a failure the object must not be used any more.
  Result<void> apply(const audit::Envelope& envelope, const wire::EntryBody& body);

  std::size_t size() const { return size_; }
  const std::optional<audit::Envelope>& last() const { return last_; }
  const std::map<access::PersonId, Person>& persons() const { return persons_; }
  const std::map<access::AgencyId, Agency>& agencies() const { return agencies_; }
  // The three safeguarding partners, in the order of genesis.
  const std::vector<access::AgencyId>& partners() const { return partners_; }
  // The digest of the calendar after the last import, as its importer signed it. Absent: the calendar that ships.
  const std::optional<Digest>& calendar() const { return calendar_; }
  // Those of the three roots that have enrolled.
  const std::vector<wire::RootPin>& roots() const { return roots_; }
  // The same with their recipients, in the order of `partners`.
  std::vector<wire::RootKeys> root_keys() const;
  // The text that each root signs. Absent until all three have enrolled.
  std::optional<std::string> roots_statement() const;
  // Whether this root has signed the statement, and whether all three have. Nobody is invited before.
  bool has_confirmed(const access::PersonId& root) const { return confirmed_.contains(root); }
  bool are_roots_confirmed() const { return confirmed_.size() == wire::kRoots; }
  // Whether `inviter` may invite to these roles at that agency now (DESIGN 5, Certification).
  bool may_invite(const Person& inviter, const access::AgencyId& agency, const std::vector<access::Role>& roles,
                  access::PolicyVersion policy = access::kPolicyVersion) const;

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
  Result<void> apply_confirmed(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<void> apply_revoked(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<void> apply_agency(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<void> check_revocation(const Person& actor, const Person& person, access::PolicyVersion policy) const;
  Result<void> apply_calendar(const audit::Envelope& envelope, const wire::EntryBody& body);
  Result<CausedBy> caused(const audit::Envelope& envelope, const wire::EntryBody& body, bool must_be_active) const;
  Result<Open*> open_invitation(const access::InvitationId& id, const audit::Envelope& envelope);
  void revoke(const access::PersonId& person, Seq at);

  std::string authority_;
  audit::NoteKey log_;
  std::vector<wire::RootPin> pinned_;
  std::size_t size_ = 0;
  std::optional<audit::Envelope> last_;
  access::PolicyVersion policy_ = access::kFirstPolicyVersion;  // of the last entry
  std::map<access::PersonId, Person> persons_;
  std::map<access::AgencyId, Agency> agencies_;
  std::map<access::InvitationId, Open> invitations_;
  std::vector<access::AgencyId> partners_;
  std::vector<wire::RootPin> roots_;
  std::set<access::PersonId> confirmed_;  // the roots that signed the statement
  std::optional<Digest> calendar_;
  std::optional<wire::EntryRequest> invited_by_;  // the request of the last entry, if that is an invitation
};

template <class Event>
Result<Event> event_of(const wire::EntryBody& body) {
  if (body.kind != Event::kKind) return Error{Errc::tampered, "an entry of the ledger is not of the expected kind"};
  auto event = wire::from_json<Event>(body.detail, wire::Strictness::exact);
  if (!event) return Error{Errc::tampered, "an entry of the ledger is not what its kind asks for"};
  return event;
}
template <class Command, class Event>
struct SignedEvent {
  const Person* actor;
  Command command;
  Event event;
  Seq seq = 0;
  access::PolicyVersion policy = access::kPolicyVersion;  // that the entry was decided by

  // Errc::tampered unless the permission table lets somebody with these capacities do the act, in a safe that is, or is
  // not, a review safe. For a reader who does not know the lock and the stage at that entry.
  Result<void> check_capacity(access::Capacities who, bool is_review_safe = false) const {
    return access::has_capacity_for(access::action_of(command, is_review_safe), who, policy) ? Result<void>()
                                                                                             : not_permitted();
  }
  // The same for a reader who knows them.
  Result<void> check_permitted(access::Capacities who, access::LockState lock, access::Stage stage) const {
    return access::permit(access::action_of(command), who, lock, stage, policy).permitted() ? Result<void>()
                                                                                            : not_permitted();
  }

 private:
  static Error not_permitted() {
    return {Errc::tampered, "an entry of the ledger (" + std::string(Event::kKind) +
                                ") was signed by somebody who was not permitted to do this"};
  }
};

class Directory {
 public:
  // For a chain that was verified already. `authority` is the service to which its requests were sent.
  Directory(DirectoryChain chain, std::string authority) : chain_(std::move(chain)), authority_(std::move(authority)) {}
  // Verifies the mirror in the home again, and extends it by the entries that the service has added. A genesis client
  // whose home has no roots yet pins them once all three have enrolled. Errc::tampered if anything does not verify, for
  // example if a pinned root is not among the enrolled ones.
  static Result<Directory> load(Session& session);
  // Fetches and verifies the entries that were added since.
  Result<void> update(Session& session);

  const DirectoryChain& chain() const { return chain_; }
  const std::string& authority() const { return authority_; }
  // Errc::tampered "… is not certified" if the chain does not have this person, or they were revoked at that place.
  // Call this before encrypting to somebody, and before believing their signature.
  Result<const Person*> certified(const access::PersonId& person, Seq at = kNow) const;
  const Person* find(const access::PersonId& person) const;
  std::vector<const Person*> custodians(const access::AgencyId& partner) const;
  std::vector<const Person*> spocs() const;
  const std::vector<access::AgencyId>& partners() const { return chain_.partners(); }

  // Verifies the request that caused `entry`: the actor was certified and active at that entry and signed the request,
  // and the entry says what the request asked for (access/wire/register.h). For a refusal it only shows that the actor
  // made the request. Errc::tampered.
  Result<CausedBy> verify_caused(const VerifiedEntry& entry) const;
  // Verifies an entry as `verify_caused` does, and reads it as one of exactly this kind.
  template <class Command, class Event>
  Result<SignedEvent<Command, Event>> read(const VerifiedEntry& entry) const {
    TRY(const CausedBy caused, verify_caused(entry));
    TRY(Event event, event_of<Event>(entry.body));
    TRY(Command command, wire::command_of<Command>(caused.request));
    return SignedEvent<Command, Event>{caused.actor, std::move(command), std::move(event), entry.envelope.seq.value,
                                       entry.body.policy};
  }

 private:
  DirectoryChain chain_;
  std::string authority_;
};

}  // namespace cli::client
