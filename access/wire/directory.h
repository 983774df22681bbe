// Describes the directory, which lists people and agencies. It has the commands, entries and answers about people,
// their memberships and agencies. Docs: docs/formats.md
//
// A command is the body of `POST /v1/acts/<kind>` in its one exact JSON form (describe_json.h). Every member is entered
// under its own name, except those in `kNotEntered` (register.h). Clients make the ids, so that a retry names the same
// thing. A Digest that names a stored value (name, reason, wrap, share, header, descriptor) is the SHA-256 of bytes
// that were staged before with `POST /v1/beside`. The headers beside this one work in the same way.
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// ---- Invitations and people ----

// `init` makes these entries 0 to 3: local-authority, icb, police, and the administrator. Each of the first three makes
// its agency, and the person who enrols with it is that partner's root. The administrator's membership is in the local
// authority.
struct GenesisInvited {
  static constexpr std::string_view kKind = "genesis.invited";
  InvitationId invitation;
  AgencyId agency;
  std::optional<AgencyKind> partner;  // absent for the administrator
  std::vector<Role> roles;
  VerifyKey key;
  Instant expires;
};
BOOST_DESCRIBE_STRUCT(GenesisInvited, (), (invitation, agency, partner, roles, key, expires))

struct InvitePerson {
  static constexpr std::string_view kKind = "person.invite";
  InvitationId invitation;
  AgencyId agency;
  std::vector<Role> roles;
  VerifyKey key;                     // the invitation's one-time key; its secret half never reaches the server
  Instant expires;                   // kMaxInvitationDays ahead at most
  Digest name{};                     // free text: the inviter's name for the person
  std::optional<PersonId> replaces;  // a person who lost their identity and is revoked by this act
};
BOOST_DESCRIBE_STRUCT(InvitePerson, (), (invitation, agency, roles, key, expires, name, replaces))

struct PersonInvited {
  static constexpr std::string_view kKind = "person.invited";
  InvitationId invitation;
  AgencyId agency;
  std::vector<Role> roles;
  VerifyKey key;
  Instant expires;
  Digest name{};
  std::optional<PersonId> replaces;
};
BOOST_DESCRIBE_STRUCT(PersonInvited, (), (invitation, agency, roles, key, expires, name, replaces))

// The invitation's key signs this (keyid is the invitation's id), so that the new keys are certified by the inviter.
struct EnrolPerson {
  static constexpr std::string_view kKind = "person.enrol";
  InvitationId invitation;
  PersonId person;
  VerifyKey signing_key;
  Recipient recipient{};
  std::optional<Digest> name;  // absent: the inviter's words are kept
};
BOOST_DESCRIBE_STRUCT(EnrolPerson, (), (invitation, person, signing_key, recipient, name))

struct PersonEnrolled {
  static constexpr std::string_view kKind = "person.enrolled";
  static constexpr auto kComputed = std::to_array<std::string_view>({"agency", "roles"});
  InvitationId invitation;
  PersonId person;
  AgencyId agency;
  std::vector<Role> roles;
  VerifyKey signing_key;
  Recipient recipient{};
  std::optional<Digest> name;
};
BOOST_DESCRIBE_STRUCT(PersonEnrolled, (), (invitation, person, agency, roles, signing_key, recipient, name))

// A person who is enrolled already takes up a further membership. The person signs it; `proof` is the invitation key's
// Ed25519 signature over "strongroom/join/v1\n" invitation "\n" person "\n".
struct JoinAgency {
  static constexpr std::string_view kKind = "person.join";
  static constexpr auto kNotEntered = std::to_array<std::string_view>({"proof"});
  InvitationId invitation;
  vault::crypto::Signature proof{};
};
BOOST_DESCRIBE_STRUCT(JoinAgency, (), (invitation, proof))

struct PersonJoined {
  static constexpr std::string_view kKind = "person.joined";
  static constexpr auto kComputed = std::to_array<std::string_view>({"agency", "roles"});
  InvitationId invitation;
  AgencyId agency;
  std::vector<Role> roles;
};
BOOST_DESCRIBE_STRUCT(PersonJoined, (), (invitation, agency, roles))

// A root has compared the fingerprints of the other two in person. `statement` is the SHA-256 of the text that roots.h
// writes, and `signature` is the root's Ed25519 signature over that text, so that it can be checked without the
// request.
struct ConfirmRoots {
  static constexpr std::string_view kKind = "roots.confirm";
  Digest statement{};
  vault::crypto::Signature signature{};
};
BOOST_DESCRIBE_STRUCT(ConfirmRoots, (), (statement, signature))

struct RootsConfirmed {
  static constexpr std::string_view kKind = "roots.confirmed";
  Digest statement{};
  vault::crypto::Signature signature{};
};
BOOST_DESCRIBE_STRUCT(RootsConfirmed, (), (statement, signature))

struct RevokePerson {
  static constexpr std::string_view kKind = "person.revoke";
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(RevokePerson, (), (person, reason))

struct PersonRevoked {
  static constexpr std::string_view kKind = "person.revoked";
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(PersonRevoked, (), (person, reason))

// ---- Agencies ----

struct AddAgency {
  static constexpr std::string_view kKind = "agency.add";
  AgencyId agency;
  AgencyKind kind = AgencyKind::other;
  Digest name{};
};
BOOST_DESCRIBE_STRUCT(AddAgency, (), (agency, kind, name))

struct AgencyAdded {
  static constexpr std::string_view kKind = "agency.added";
  AgencyId agency;
  AgencyKind kind = AgencyKind::other;
  Digest name{};
};
BOOST_DESCRIBE_STRUCT(AgencyAdded, (), (agency, kind, name))

// ---- Answers ----

struct MembershipView {
  AgencyId agency;
  std::vector<Role> roles;
};
BOOST_DESCRIBE_STRUCT(MembershipView, (), (agency, roles))

struct PersonView {
  PersonId person;
  std::string name;  // nobody certifies it: the inviter or the person wrote it
  std::vector<MembershipView> memberships;
  VerifyKey signing_key;
  Recipient recipient{};
  bool root = false;
  bool revoked = false;
};
BOOST_DESCRIBE_STRUCT(PersonView, (), (person, name, memberships, signing_key, recipient, root, revoked))

struct AgencyView {
  AgencyId agency;
  std::string name;
  AgencyKind kind = AgencyKind::other;
};
BOOST_DESCRIBE_STRUCT(AgencyView, (), (agency, name, kind))

}  // namespace strongroom::access::wire
