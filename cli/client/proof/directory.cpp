#include "cli/client/proof/directory.h"

#include <algorithm>

#include "access/role_capacities.h"
#include "audit/entry.h"

namespace cli::client {
namespace {

using access::Action;
using access::Capacities;
using access::Capacity;
using access::Role;

constexpr std::size_t kGenesisEntries = 1 + wire::kGenesisInvitations;  // of the directory's chain
using wire::kRoots;

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

template <class Range, class Value>
bool contains(const Range& range, const Value& value) {
  return std::ranges::find(range, value) != std::ranges::end(range);
}

// Checks that the entry says what its request asked for. A refusal can be of any request, so its action and its rule
// must be those of the policy.
Result<void> check_says(const wire::EntryBody& body, const wire::VerifiedRequest& request) {
  if (body.policy > access::kPolicyVersion)
    return Error{Errc::unknown_version, "an entry was decided by a newer policy than this program knows; update it"};
  TRY_VOID(wire::check_entered(body, request));
  if (body.kind != wire::AccessRefused::kKind) return {};
  TRY(const auto refused, event_of<wire::AccessRefused>(body));
  if (!access::is_refusal(refused.action, refused.rule, body.policy))
    return tampered("a refusal in the ledger names a rule that the policy does not have");
  return {};
}

}  // namespace

// --- persons --------------------------------------------------------------------------------------------------------

bool Person::has_role(Role role, Seq at) const {
  return active(at) && std::ranges::any_of(memberships, [&](const Membership& membership) {
           return membership.since <= at && contains(membership.roles, role);
         });
}

bool Person::has_role(Role role, const access::AgencyId& agency, Seq at) const {
  return active(at) && std::ranges::any_of(memberships, [&](const Membership& membership) {
           return membership.agency == agency && membership.since <= at && contains(membership.roles, role);
         });
}

bool Person::member_of(const access::AgencyId& agency, Seq at) const {
  return active(at) && std::ranges::any_of(memberships, [&](const Membership& membership) {
           return membership.agency == agency && membership.since <= at;
         });
}

access::Capacities Person::capacities(Seq at) const {
  Capacities who;
  if (!active(at)) return who;
  who.add(Capacity::enrolled);
  if (root) who.add(Capacity::root);
  for (const Membership& membership : memberships)
    if (membership.since <= at) who.add(access::general_capacities(membership.roles));
  return who;
}

access::Capacities Person::capacities_in(const access::AgencyId& agency, Seq at) const {
  Capacities who = capacities(at);
  if (!active(at)) return who;
  for (const Membership& membership : memberships)
    if (membership.agency == agency && membership.since <= at) who.add(access::capacities_in_agency(membership.roles));
  // A root is the root of the partner where it first enrolled, even if it joined others later.
  if (root && memberships.front().agency == agency) who.add(Capacity::own_root);
  return who;
}

access::Capacities Person::capacities_anywhere(Seq at) const {
  Capacities who = capacities(at);
  for (const Membership& membership : memberships) who.add(capacities_in(membership.agency, at));
  return who;
}

// --- the chain ------------------------------------------------------------------------------------------------------

DirectoryChain::DirectoryChain(std::string authority, audit::NoteKey log, std::vector<wire::RootPin> pinned)
    : authority_(std::move(authority)), log_(std::move(log)), pinned_(std::move(pinned)) {}

std::vector<wire::RootKeys> DirectoryChain::root_keys() const {
  std::vector<wire::RootKeys> keys;
  for (const access::AgencyId& partner : partners_) {
    const auto root = std::ranges::find(roots_, partner, &wire::RootPin::agency);
    if (root == roots_.end()) continue;
    keys.push_back({partner, root->person, root->signing_key, persons_.at(root->person).recipient});
  }
  return keys;
}

std::optional<std::string> DirectoryChain::roots_statement() const {
  const std::vector<wire::RootKeys> keys = root_keys();
  if (keys.size() != kRoots) return std::nullopt;
  return wire::roots_statement(log_, keys);
}

bool DirectoryChain::may_invite(const Person& inviter, const access::AgencyId& agency, const std::vector<Role>& roles,
                                access::PolicyVersion policy) const {
  if (!inviter.active() || roots_.size() != kRoots || roles.empty()) return false;
  wire::InvitePerson command;
  command.roles = roles;
  return access::has_capacity_for(access::action_of(command), inviter.capacities_in(agency), policy);
}

// As the service decides it: roots revoke anybody but each other, leads the staff of their own agency alone.
Result<void> DirectoryChain::check_revocation(const Person& actor, const Person& person,
                                              access::PolicyVersion policy) const {
  const access::AgencyId& agency = person.memberships.front().agency;
  const bool staff_only = std::ranges::all_of(person.memberships, [&](const Membership& membership) {
    return membership.agency == agency && std::ranges::all_of(membership.roles, access::is_staff_role);
  });
  const Capacities who = actor.capacities_in(agency);
  if (person.root || !access::has_capacity_for(access::action_of_revoking(staff_only), who, policy))
    return tampered("somebody was revoked by a person who may not do so");
  return {};
}

Result<CausedBy> DirectoryChain::caused(const audit::Envelope& envelope, const wire::EntryBody& body,
                                        bool must_be_active) const {
  const auto id = access::PersonId::parse(body.actor.value_or(""));
  const auto found = id ? persons_.find(*id) : persons_.end();
  if (found == persons_.end()) return tampered("an entry of the directory is by somebody who is not certified");
  const Person& person = found->second;
  if (must_be_active && !person.active()) return tampered("an entry of the directory is by a person who was revoked");
  TRY(wire::VerifiedRequest request, wire::verify_cause(body, envelope.time, person.signing_key, authority_));
  TRY_VOID(check_says(body, request));
  return CausedBy{&person, std::move(request)};
}

Result<DirectoryChain::Open*> DirectoryChain::open_invitation(const access::InvitationId& id,
                                                              const audit::Envelope& envelope) {
  const auto found = invitations_.find(id);
  if (found == invitations_.end()) return tampered("somebody was enrolled without an invitation");
  Open& invitation = found->second;
  if (invitation.used) return tampered("an invitation was used twice");
  if (envelope.time > invitation.expires) return tampered("an invitation was used after it had expired");
  if (invitation.by && !persons_.at(*invitation.by).active())
    return tampered("an invitation was used after its inviter had been revoked");
  return &invitation;
}

void DirectoryChain::revoke(const access::PersonId& person, Seq at) {
  const auto found = persons_.find(person);
  if (found != persons_.end() && !found->second.revoked) found->second.revoked = at;
}

Result<void> DirectoryChain::apply(const audit::Envelope& envelope, const wire::EntryBody& body) {
  const bool first = size_ == 0;
  if (envelope.chain != wire::number_at_genesis(access::ChainSort::directory) || envelope.n != size_ ||
      (!first && (envelope.prev != audit::leaf_hash(audit::encode_envelope(*last_)) || envelope.seq <= last_->seq)))
    return tampered("the directory's chain has a gap");
  if (body.policy < policy_) return tampered("an entry was decided under an older policy than an entry before it");
  if (size_ < kGenesisEntries)
    TRY_VOID(apply_genesis(envelope, body));
  else if (body.kind == wire::PersonInvited::kKind)
    TRY_VOID(apply_invited(envelope, body));
  else if (body.kind == wire::PersonEnrolled::kKind)
    TRY_VOID(apply_enrolled(envelope, body));
  else if (body.kind == wire::PersonJoined::kKind)
    TRY_VOID(apply_joined(envelope, body));
  else if (body.kind == wire::RootsConfirmed::kKind)
    TRY_VOID(apply_confirmed(envelope, body));
  else if (body.kind == wire::PersonRevoked::kKind)
    TRY_VOID(apply_revoked(envelope, body));
  else if (body.kind == wire::AgencyAdded::kKind)
    TRY_VOID(apply_agency(envelope, body));
  else if (body.kind == wire::CalendarImported::kKind)
    TRY_VOID(apply_calendar(envelope, body));
  else
    return Error{Errc::unknown_version, "the directory has an entry of a newer version of Strongroom (" +
                                            body.kind.substr(0, 40) + "); update this program"};
  if (body.kind != wire::PersonInvited::kKind) invited_by_.reset();
  last_ = envelope;
  policy_ = body.policy;
  ++size_;
  return {};
}

// These are among the first leaves of the tree. Only the holder of the log's key can vouch for them.
Result<void> DirectoryChain::apply_genesis(const audit::Envelope& envelope, const wire::EntryBody& body) {
  // The chains of cases, refusals and the service begin between the directory's first entry and its second.
  const std::uint64_t place = size_ == 0 ? 0 : size_ + wire::kChainsOfGenesis.size() - 1;
  if (envelope.seq.value != place) return tampered("the directory does not begin where the ledger does");
  if (body.actor || body.request) return tampered("a genesis entry is signed by somebody");
  if (size_ == 0) {
    TRY(const auto begun, event_of<wire::ChainBegun>(body));
    if (begun.sort != access::ChainSort::directory) return tampered("the ledger does not begin with the directory");
    return {};
  }
  TRY(const auto event, event_of<wire::GenesisInvited>(body));
  const bool administrator = size_ == 1 + kRoots;
  if (administrator != !event.partner || invitations_.contains(event.invitation))
    return tampered("the genesis entries are not three partners and an administrator");
  if (administrator) {
    if (event.roles != std::vector{Role::administrator} || !agencies_.contains(event.agency))
      return tampered("the administrator's genesis entry gives other roles");
  } else {
    constexpr auto kKinds =
        std::to_array({access::AgencyKind::local_authority, access::AgencyKind::icb, access::AgencyKind::police});
    if (*event.partner != kKinds[size_ - 1] || agencies_.contains(event.agency))
      return tampered("the genesis entries are not those of a local authority, an ICB and the police");
    agencies_[event.agency] = {event.agency, *event.partner, true, {}};
    partners_.push_back(event.agency);
  }
  Open invitation;
  invitation.agency = event.agency;
  invitation.roles = event.roles;
  invitation.key = event.key;
  invitation.expires = event.expires;
  invitation.root = !administrator;
  invitations_.emplace(event.invitation, std::move(invitation));
  return {};
}

Result<void> DirectoryChain::apply_invited(const audit::Envelope& envelope, const wire::EntryBody& body) {
  TRY(const CausedBy by, caused(envelope, body, true));
  const Person* inviter = by.actor;
  TRY(const auto event, event_of<wire::PersonInvited>(body));
  if (!agencies_.contains(event.agency) || invitations_.contains(event.invitation))
    return tampered("an invitation of the directory is for an unknown agency, or has the id of another one");
  if (!are_roots_confirmed())
    return tampered("somebody was invited before all three roots had signed for each other's keys");
  if (!may_invite(*inviter, event.agency, event.roles, body.policy))
    return tampered("somebody was invited by a person who may not give those roles");
  if (event.replaces) {
    const auto old = persons_.find(*event.replaces);
    if (old == persons_.end() || !old->second.member_of(event.agency))
      return tampered("an invitation replaces somebody who is not of its agency");
    TRY_VOID(check_revocation(*inviter, old->second, body.policy));
  }
  Open invitation;
  invitation.agency = event.agency;
  invitation.roles = event.roles;
  invitation.key = event.key;
  invitation.expires = event.expires;
  invitation.name = event.name;
  invitation.by = inviter->id;
  invitation.replaces = event.replaces;
  invitations_.emplace(event.invitation, std::move(invitation));
  if (event.replaces) revoke(*event.replaces, envelope.seq.value);
  invited_by_ = by.request.stored();
  return {};
}

Result<void> DirectoryChain::apply_enrolled(const audit::Envelope& envelope, const wire::EntryBody& body) {
  TRY(const auto event, event_of<wire::PersonEnrolled>(body));
  TRY(Open * invitation, open_invitation(event.invitation, envelope));
  if (body.actor != event.invitation.to_string()) return tampered("an enrolment is by another invitation than it says");
  TRY(const wire::VerifiedRequest request, wire::verify_cause(body, envelope.time, invitation->key, authority_));
  TRY_VOID(check_says(body, request));
  if (event.agency != invitation->agency || event.roles != invitation->roles || persons_.contains(event.person))
    return tampered("an enrolment is not what the invited person signed");
  if (invitation->root) {
    const auto pin = std::ranges::find(pinned_, event.agency, &wire::RootPin::agency);
    if (pin != pinned_.end() && (pin->person != event.person || pin->signing_key != event.signing_key))
      return tampered("a safeguarding partner's root is not the one that was pinned: the directory is another one");
    roots_.push_back({event.agency, event.person, event.signing_key});
  }
  Person person;
  person.id = event.person;
  person.signing_key = event.signing_key;
  person.recipient = event.recipient;
  person.memberships = {{event.agency, event.roles, envelope.seq.value}};
  person.root = invitation->root;
  person.enrolled = envelope.seq.value;
  person.name = event.name ? event.name : (invitation->by ? std::optional(invitation->name) : std::nullopt);
  person.invited_by = invitation->by;
  invitation->used = true;
  persons_.emplace(event.person, std::move(person));
  return {};
}

Result<void> DirectoryChain::apply_joined(const audit::Envelope& envelope, const wire::EntryBody& body) {
  TRY(const CausedBy by, caused(envelope, body, true));
  const Person* joiner = by.actor;
  TRY(const auto event, event_of<wire::PersonJoined>(body));
  TRY(const auto command, wire::command_of<wire::JoinAgency>(by.request));
  TRY(Open * invitation, open_invitation(event.invitation, envelope));
  const std::string statement = wire::join_statement(event.invitation, joiner->id);
  if (event.agency != invitation->agency || event.roles != invitation->roles || invitation->root ||
      !vault::crypto::verify(invitation->key, vault::as_bytes(statement), command.proof))
    return tampered("somebody joined an agency without an invitation of theirs");
  invitation->used = true;
  persons_.at(joiner->id).memberships.push_back({event.agency, event.roles, envelope.seq.value});
  return {};
}

// The statement is made again from what was enrolled and pinned. So three signatures over it mean that no two roots
// were shown different ones.
Result<void> DirectoryChain::apply_confirmed(const audit::Envelope& envelope, const wire::EntryBody& body) {
  TRY(const CausedBy by, caused(envelope, body, true));
  TRY(const auto event, event_of<wire::RootsConfirmed>(body));
  if (!access::has_capacity_for(Action::confirm_roots, by.actor->capacities(), body.policy))
    return tampered("the roots were confirmed by a person who may not do so");
  const auto statement = roots_statement();
  if (!statement) return tampered("the roots were confirmed before all three of them had enrolled");
  if (vault::crypto::sha256(vault::as_bytes(*statement)) != event.statement)
    return tampered("a root has signed for other roots, another origin or another log key than this client knows");
  if (!vault::crypto::verify(by.actor->signing_key, vault::as_bytes(*statement), event.signature))
    return tampered("the signature of a root over the statement of the roots does not verify");
  if (!confirmed_.insert(by.actor->id).second) return tampered("a root has confirmed the same statement twice");
  return {};
}

Result<void> DirectoryChain::apply_revoked(const audit::Envelope& envelope, const wire::EntryBody& body) {
  // The cause is an act of its own, or the act that invited a lost identity again.
  TRY(const CausedBy by, caused(envelope, body, true));
  TRY(const auto event, event_of<wire::PersonRevoked>(body));
  // An invitation that the service refused was signed too. So an invitation revokes only directly after its own entry.
  if (wire::act_of(by.request) == wire::InvitePerson::kKind && invited_by_ != by.request.stored())
    return tampered("somebody was revoked by an invitation that the directory does not have");
  const auto found = persons_.find(event.person);
  if (found == persons_.end()) return tampered("somebody was revoked who was never enrolled");
  TRY_VOID(check_revocation(*by.actor, found->second, body.policy));
  revoke(event.person, envelope.seq.value);
  return {};
}

Result<void> DirectoryChain::apply_agency(const audit::Envelope& envelope, const wire::EntryBody& body) {
  TRY(const CausedBy by, caused(envelope, body, true));
  TRY(const auto event, event_of<wire::AgencyAdded>(body));
  if (agencies_.contains(event.agency)) return tampered("an agency of the directory was added twice");
  if (!access::has_capacity_for(Action::add_agency, by.actor->capacities(), body.policy))
    return tampered("an agency was added by a person who may not do so");
  agencies_[event.agency] = {event.agency, event.kind, false, event.name};
  return {};
}

// Checks that the person who signed for the bank holidays may import them. The days themselves are checked elsewhere
// (read_calendar).
Result<void> DirectoryChain::apply_calendar(const audit::Envelope& envelope, const wire::EntryBody& body) {
  TRY(const CausedBy by, caused(envelope, body, true));
  TRY(const auto event, event_of<wire::CalendarImported>(body));
  if (!access::has_capacity_for(Action::import_calendar, by.actor->capacities(), body.policy))
    return tampered("bank holidays were imported by a person who may not do so");
  calendar_ = event.calendar;
  return {};
}

// --- the directory --------------------------------------------------------------------------------------------------

Result<Directory> Directory::load(Session& session) {
  Directory directory(DirectoryChain(session.authority(), session.log_key(), session.pins().roots),
                      session.authority());
  const auto read_mirror = [&]() -> Result<void> {
    TRY(const auto entries, session.home().directory_entries());
    for (const wire::EntryView& entry : entries) {
      const ByteView envelope_bytes = vault::as_bytes(entry.envelope);
      TRY(const audit::Envelope envelope, audit::decode_envelope(envelope_bytes));
      TRY_VOID(audit::verify_body(envelope, vault::as_bytes(entry.body.value_or(""))));
      TRY(const auto body, wire::read_entry(*entry.body));
      TRY_VOID(directory.chain_.apply(envelope, body));
    }
    return {};
  };
  if (!read_mirror()) {
    // The mirror only saves time. The entries are fetched from the service again, and verified again.
    TRY_VOID(session.home().forget_directory());
    directory =
        Directory(DirectoryChain(session.authority(), session.log_key(), session.pins().roots), session.authority());
  }
  TRY_VOID(directory.update(session));
  return directory;
}

Result<void> Directory::update(Session& session) {
  TRY_VOID(session.each_page_of_chain("/v1/log/directory", chain_.last(),
                                      [&](std::vector<VerifiedEntry> entries) -> Result<void> {
                                        const std::size_t before = chain_.size();
                                        std::vector<wire::EntryView> texts;
                                        for (VerifiedEntry& entry : entries) {
                                          TRY_VOID(chain_.apply(entry.envelope, entry.body));
                                          texts.push_back(std::move(entry.text));
                                        }
                                        // If another program of this home was faster, its lines are the same.
                                        auto kept = session.home().append_directory(before, texts);
                                        if (!kept && kept.code() != Errc::retry) return kept;
                                        return {};
                                      }));
  const std::vector<wire::RootPin>& pinned = session.pins().roots;
  for (const wire::RootPin& pin : pinned)
    if (!std::ranges::any_of(chain_.roots(), [&](const wire::RootPin& root) {
          return root.agency == pin.agency && root.person == pin.person && root.signing_key == pin.signing_key;
        }))
      return tampered("a pinned root is not in the directory: this is not the partnership that invited this person");
  const Person* self = find(session.person());
  if (self != nullptr && (self->signing_key != session.keys().signing.verify_key() ||
                          self->recipient != session.keys().identity.recipient()))
    return tampered("the directory has other keys for this person than this home");
  if (pinned.empty() && chain_.roots().size() == kRoots) return session.pin_roots(chain_.roots());
  return {};
}

const Person* Directory::find(const access::PersonId& person) const {
  const auto found = chain_.persons().find(person);
  return found == chain_.persons().end() ? nullptr : &found->second;
}

Result<const Person*> Directory::certified(const access::PersonId& person, Seq at) const {
  const Person* found = find(person);
  if (found == nullptr)
    return tampered(person.to_string() + " is not certified: nothing in the directory vouches for this person");
  if (!found->active(at)) return tampered(person.to_string() + " is not certified any more: this person was revoked");
  return found;
}

std::vector<const Person*> Directory::custodians(const access::AgencyId& partner) const {
  std::vector<const Person*> found;
  for (const auto& [id, person] : chain_.persons())
    if (person.has_role(Role::custodian, partner)) found.push_back(&person);
  return found;
}

std::vector<const Person*> Directory::spocs() const {
  std::vector<const Person*> found;
  for (const auto& [id, person] : chain_.persons())
    if (person.has_role(Role::spoc)) found.push_back(&person);
  return found;
}

Result<CausedBy> Directory::verify_caused(const VerifiedEntry& entry) const {
  const auto id = access::PersonId::parse(entry.body.actor.value_or(""));
  if (!id) return tampered("an entry of the ledger does not name the person who caused it");
  TRY(const Person* person, certified(*id, entry.envelope.seq.value));
  TRY(wire::VerifiedRequest request,
      wire::verify_cause(entry.body, entry.envelope.time, person->signing_key, authority_));
  TRY_VOID(check_says(entry.body, request));
  return CausedBy{person, std::move(request)};
}

}  // namespace cli::client
