// Implements the acts about agencies and people: inviting, enrolling, joining and revoking.
#include "access/acts/acts.h"
#include "access/wire/invitation.h"
#include "access/wire/roots.h"
#include "vault/crypto/hash.h"
#include "vault/crypto/keys.h"

namespace strongroom::access::acts {

namespace {

constexpr std::int64_t kMillisecondsPerDay = std::int64_t{24} * 3600 * vault::kMillisecondsPerSecond;

bool is_staff_only(const PersonRow& person) {
  return person.memberships.size() == 1 && std::ranges::all_of(person.memberships.front().roles, is_staff_role);
}
std::optional<Refusal> refusal_to_revoke(const Context& context, const PersonRow& person) {
  Place place = context.standing.in_agency(person.memberships.front().agency);
  place.ids.person = person.person;
  return refusal(action_of_revoking(is_staff_only(person)), place);
}

Result<void> check_revocable(const PersonRow& person) {
  if (person.revoked) return Error{Errc::conflict, "this person is revoked already"};
  if (person.root) return Error{Errc::conflict, "the roots are fixed at genesis"};
  return {};
}

Result<void> add_revocation(const Context& context, const PersonRow& person, const std::optional<Digest>& reason,
                            Decision& decision) {
  decision.events.push_back(
      directory_event(wire::PersonRevoked{person.person, reason}, person.memberships.front().agency, person.person));
  add_text(decision, reason);
  return end_all_nominations(context, person.person, decision);
}

// Returns how a conflict names the root of a partner: by their name, if they have enrolled, and by their agency.
Result<std::string> words_for_root(const Context& context, const PartnerRow& partner) {
  const std::string agency = "the root of " + wire::enum_name(partner.kind);
  if (!partner.root) return agency + ", who has not enrolled";
  TRY(const PersonRow person, needed(context.state.person(context.txn, *partner.root)));
  if (!person.name) return agency;
  TRY(const auto text, context.state.beside(context.txn, BesideTable::text, ByteView(*person.name)));
  if (!text || text->size() < sizeof(Digest)) return agency;
  return std::string(vault::as_text(ByteView(*text).subspan(sizeof(Digest)))) + ", " + agency;
}

// Errc::conflict unless `is_there` of every partner. The message names the roots that are missing.
template <class IsThere>
Result<void> check_all_roots(const Context& context, std::string_view what, const IsThere& is_there) {
  TRY(const DirectoryRow directory, context.state.directory(context.txn));
  std::string missing;
  for (const PartnerRow& partner : directory.partners) {
    if (is_there(partner)) continue;
    TRY(const std::string words, words_for_root(context, partner));
    missing += (missing.empty() ? "" : "; ") + words;
  }
  if (missing.empty()) return {};
  return Error{Errc::conflict, std::string(what) + ". Missing: " + missing};
}

Result<void> check_roots_confirmed(const Context& context) {
  return check_all_roots(context,
                         "nobody can be invited before all three roots have compared their fingerprints and run "
                         "strongroom trust --confirm",
                         [](const PartnerRow& partner) { return partner.confirmed.has_value(); });
}

// Returns the statement that the roots sign, from what they enrolled with. All three must have enrolled.
Result<std::string> roots_statement(const Context& context, const audit::NoteKey& log) {
  TRY(const DirectoryRow directory, context.state.directory(context.txn));
  std::vector<wire::RootKeys> roots;
  for (const PartnerRow& partner : directory.partners) {
    if (!partner.root) return Error{Errc::internal, "a statement of the roots needs all of them"};
    TRY(const PersonRow person, needed(context.state.person(context.txn, *partner.root)));
    roots.push_back({partner.agency, person.person, person.signing_key, person.recipient});
  }
  return wire::roots_statement(log, roots);
}

void add_membership(PersonRow& person, const AgencyId& agency, const std::vector<Role>& roles) {
  for (auto& membership : person.memberships) {
    if (membership.agency != agency) continue;
    for (const Role role : roles)
      if (!listed(membership.roles, role)) membership.roles.push_back(role);
    return;
  }
  person.memberships.push_back({agency, roles});
}

template <class Detail>
InvitationRow invitation_row(const Detail& detail) {
  InvitationRow row;
  row.invitation = detail.invitation;
  row.agency = detail.agency;
  row.roles = detail.roles;
  row.key = detail.key;
  row.expires = detail.expires;
  return row;
}

}  // namespace

Decided decide(const Context& context, const wire::InvitePerson& command) {
  if (auto refused = refusal(action_of(command), context.standing.in_agency(command.agency))) return *refused;
  TRY_VOID(check_roots_confirmed(context));
  if (command.roles.size() > kMaxRolesPerInvitation) return Error{Errc::too_large, "too many roles"};
  if (command.roles.empty() || has_duplicates(command.roles))
    return Error{kInvalid, "an invitation needs at least one role, and each only once"};
  if (command.expires <= context.time ||
      command.expires.unix_ms > context.time.unix_ms + kMaxInvitationDays * kMillisecondsPerDay)
    return Error{kInvalid, "an invitation must expire in the future, within 30 days"};
  TRY(const auto agency, context.state.agency(context.txn, command.agency));
  if (!agency) return Error{Errc::not_found, "there is no such agency"};
  TRY(const auto same, context.state.invitation(context.txn, command.invitation));
  if (same) return Error{Errc::conflict, "this invitation was made already"};

  Decision decision;
  decision.events.push_back(
      directory_event(wire::PersonInvited{command.invitation, command.agency, command.roles, command.key,
                                          command.expires, command.name, command.replaces},
                      command.agency, command.replaces));
  add_text(decision, command.name);
  // Replacing somebody also revokes them, so the inviter must be permitted to revoke as well.
  if (command.replaces) {
    TRY(const auto old, context.state.person(context.txn, *command.replaces));
    if (!old || !is_member(*old, command.agency))
      return Error{Errc::not_found, "there is no such person in this agency"};
    if (auto refused = refusal_to_revoke(context, *old)) return *refused;
    TRY_VOID(check_revocable(*old));
    TRY_VOID(add_revocation(context, *old, std::nullopt, decision));
  }
  return decision;
}

Result<void> apply(const Entry& entry, const wire::PersonInvited& detail) {
  TRY(const PersonId inviter, entry.actor());
  TRY_VOID(keep_text(entry, detail.name));
  InvitationRow row = invitation_row(detail);
  row.name = detail.name;
  row.inviter = inviter;
  return entry.state.put(entry.txn, row);
}

// These are the ledger's first entries: the three partners with an invitation for the root of each, and the
// administrator's invitation.
Result<void> apply(const Entry& entry, const wire::GenesisInvited& detail) {
  TRY(DirectoryRow directory, entry.state.directory(entry.txn));
  if (detail.partner) {
    directory.partners.push_back({detail.agency, *detail.partner, std::nullopt, std::nullopt});
    TRY_VOID(entry.state.put(entry.txn, AgencyRow{detail.agency, *detail.partner, std::nullopt}));
  }
  TRY_VOID(entry.state.put(entry.txn, directory));
  InvitationRow row = invitation_row(detail);
  row.root = detail.partner.has_value();
  return entry.state.put(entry.txn, row);
}

Decided decide(const Context& context, const wire::EnrolPerson& command) {
  if (auto refused = refusal(action_of(command), in_directory(context))) return *refused;
  const InvitationRow& invitation = *context.invitation;
  if (command.invitation != invitation.invitation)
    return Error{kInvalid, "the request is signed with the key of another invitation"};
  TRY(const auto same, context.state.person(context.txn, command.person));
  if (same) return Error{Errc::conflict, "this person is enrolled already"};
  Decision decision;
  decision.events.push_back(
      directory_event(wire::PersonEnrolled{command.invitation, command.person, invitation.agency, invitation.roles,
                                           command.signing_key, command.recipient, command.name},
                      invitation.agency, command.person));
  add_text(decision, command.name);
  return decision;
}

Result<void> apply(const Entry& entry, const wire::PersonEnrolled& detail) {
  TRY(InvitationRow invitation, needed(entry.state.invitation(entry.txn, detail.invitation)));
  TRY_VOID(keep_text(entry, detail.name));
  invitation.used_by = detail.person;
  TRY_VOID(entry.state.put(entry.txn, invitation));
  if (invitation.root) {
    TRY(DirectoryRow directory, entry.state.directory(entry.txn));
    for (PartnerRow& partner : directory.partners)
      if (partner.agency == detail.agency) partner.root = detail.person;
    TRY_VOID(entry.state.put(entry.txn, directory));
  }
  PersonRow person;
  person.person = detail.person;
  person.signing_key = detail.signing_key;
  person.recipient = detail.recipient;
  person.memberships = {{detail.agency, detail.roles}};
  person.name = detail.name ? detail.name : invitation.name;
  person.invitation = detail.invitation;
  person.inviter = invitation.inviter;
  person.root = invitation.root;
  person.seq = entry.seq();
  return entry.state.put(entry.txn, person);
}

Decided decide(const Context& context, const wire::JoinAgency& command) {
  TRY(const auto invitation, open_invitation(context.state, context.txn, command.invitation, context.time));
  Place place = in_directory(context);
  const std::string statement = wire::join_statement(command.invitation, context.self());
  if (invitation && vault::crypto::verify(invitation->key, vault::as_bytes(statement), command.proof))
    place.who.add(Capacity::invitee);
  if (auto refused = refusal(action_of(command), place)) return *refused;
  if (invitation->root) return Error{Errc::conflict, "the root of a partner must enrol as a new person"};
  Decision decision;
  decision.events.push_back(directory_event(
      wire::PersonJoined{command.invitation, invitation->agency, invitation->roles}, invitation->agency));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::PersonJoined& detail) {
  TRY(const PersonId self, entry.actor());
  TRY(InvitationRow invitation, needed(entry.state.invitation(entry.txn, detail.invitation)));
  TRY(PersonRow person, needed(entry.state.person(entry.txn, self)));
  invitation.used_by = self;
  TRY_VOID(entry.state.put(entry.txn, invitation));
  add_membership(person, detail.agency, detail.roles);
  return entry.state.put(entry.txn, person);
}

Decided decide(const Context& context, const wire::ConfirmRoots& command) {
  if (auto refused = refusal(action_of(command), in_directory(context))) return *refused;
  TRY_VOID(check_all_roots(context, "the roots can be confirmed once all three of them have enrolled",
                           [](const PartnerRow& partner) { return partner.root.has_value(); }));
  // Only a replay that does not know the ledger's key has nothing to compare with.
  if (const auto& log = context.state.log()) {
    TRY(const std::string statement, roots_statement(context, *log));
    if (vault::crypto::sha256(vault::as_bytes(statement)) != command.statement)
      return Error{Errc::conflict,
                   "this is not the statement of this vault's roots: update the program, and compare "
                   "the fingerprints again"};
    if (!vault::crypto::verify(context.standing.person().signing_key, vault::as_bytes(statement), command.signature))
      return Error{Errc::conflict, "the signature is not that of this root over the statement of the roots"};
  }
  TRY(const DirectoryRow directory, context.state.directory(context.txn));
  const AgencyId& agency = context.standing.person().memberships.front().agency;
  const auto own = std::ranges::find(directory.partners, agency, &PartnerRow::agency);
  if (own == directory.partners.end()) return Error{Errc::internal, "a root is of no partner"};
  if (own->confirmed == command.statement)
    return Error{Errc::conflict, "this root has confirmed the three roots already"};
  Decision decision;
  decision.events.push_back(directory_event(wire::RootsConfirmed{command.statement, command.signature}, agency));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::RootsConfirmed& detail) {
  TRY(const PersonId root, entry.actor());
  TRY(DirectoryRow directory, entry.state.directory(entry.txn));
  const auto own = std::ranges::find(directory.partners, root, &PartnerRow::root);
  if (own == directory.partners.end()) return Error{Errc::tampered, "the roots were confirmed by somebody else"};
  own->confirmed = detail.statement;
  return entry.state.put(entry.txn, directory);
}

Decided decide(const Context& context, const wire::RevokePerson& command) {
  TRY(const auto person, context.state.person(context.txn, command.person));
  if (!person) return Error{Errc::not_found, "there is no such person"};
  if (auto refused = refusal_to_revoke(context, *person)) return *refused;
  TRY_VOID(check_revocable(*person));
  Decision decision;
  TRY_VOID(add_revocation(context, *person, command.reason, decision));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::PersonRevoked& detail) {
  TRY(PersonRow person, needed(entry.state.person(entry.txn, detail.person)));
  TRY_VOID(keep_text(entry, detail.reason));
  person.revoked = true;
  return entry.state.put(entry.txn, person);
}

Decided decide(const Context& context, const wire::AddAgency& command) {
  if (auto refused = refusal(action_of(command), in_directory(context))) return *refused;
  TRY(const auto same, context.state.agency(context.txn, command.agency));
  if (same) return Error{Errc::conflict, "this agency was added already"};
  Decision decision;
  decision.events.push_back(
      directory_event(wire::AgencyAdded{command.agency, command.kind, command.name}, command.agency));
  add_text(decision, command.name);
  return decision;
}

Result<void> apply(const Entry& entry, const wire::AgencyAdded& detail) {
  TRY_VOID(keep_text(entry, detail.name));
  return entry.state.put(entry.txn, AgencyRow{detail.agency, detail.kind, detail.name});
}

}  // namespace strongroom::access::acts
