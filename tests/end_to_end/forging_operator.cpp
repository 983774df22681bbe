// Acts as an operator who has the vault's directory and its key, but nobody's signing key. Appends one entry whose
// stored request has a signature that a person really made (caught by withheld_request), the digest of the body that
// this person signed, and another body.
//
//   forging_operator VAULT KEYFILE CAUGHT invitation             prints an invitation to the roles of a partner
//   forging_operator VAULT KEYFILE CAUGHT copy HOLDER RECORD     a copy of RECORD for HOLDER; prints the copy's id
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "access/acts/act.h"
#include "access/permit.h"
#include "access/wire/authority.h"
#include "access/wire/invitation.h"
#include "access/wire/register.h"
#include "service/vault_directory.h"
#include "vault/base/secret.h"
#include "vault/crypto/hash.h"

namespace {

using namespace strongroom::access;
using vault::Errc;
using vault::Error;
using vault::Result;
namespace json = boost::json;

struct Caught {
  std::string target, body, signature_input, signature, actor;
};

Result<Caught> read_caught(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const json::object object = json::parse(text.str()).as_object();
  const auto member = [&](const char* name) { return std::string(object.at(name).as_string()); };
  Caught caught{member("target"), member("body"), member("Signature-Input"), member("Signature"), {}};
  const std::size_t keyid = caught.signature_input.find("keyid=\"") + 7;
  caught.actor = caught.signature_input.substr(keyid, caught.signature_input.find('"', keyid) - keyid);
  return caught;
}

// Applies the entry to the state as it says, and appends it to the ledger with the digest of the signed body beside the
// forged one.
Result<void> append(Store& store, WriteTransaction& txn, const Caught& caught, const std::string& forged,
                    wire::EntryBody body) {
  vault::fill_random(body.salt);
  body.policy = kPolicyVersion;
  body.actor = caught.actor;
  wire::EntryRequest request;
  request.method = "POST";
  TRY(const wire::Authority authority, wire::parse_vault_url(store.config().url));
  request.authority = authority.to_string();
  request.target = caught.target;
  request.content = forged;
  request.signature_input = caught.signature_input;
  request.signature = caught.signature;
  body.request = request;
  json::object text = wire::to_json(body).as_object();
  text["request"].as_object()["body_sha256"] = vault::hex(vault::crypto::sha256(vault::as_bytes(caught.body)));
  TRY(const auto chain, chain_of(store.state(), txn, body.kind, body.ids));
  TRY(const audit::Envelope envelope,
      store.ledger().append(txn, chain, vault::system_clock()(), vault::as_bytes(json::serialize(text))));
  TRY_VOID(store.project(txn, envelope, body));
  TRY_VOID(store.ledger().sign(txn, store.log_key(), store.config().origin));
  return {};
}

Result<std::string> forge_invitation(Store& store, const Caught& caught) {
  TRY(wire::InvitePerson forged, wire::decode<wire::InvitePerson>(caught.body, wire::Strictness::exact));
  const auto key = vault::crypto::SigningKey::generate();
  vault::Bytes name(32);
  vault::fill_random(name);
  vault::append(name, vault::as_bytes(std::string_view("Test stranger")));
  forged.invitation = InvitationId::generate(static_cast<std::uint64_t>(vault::system_clock()().unix_ms));
  forged.roles = {Role::partner, Role::custodian, Role::spoc, Role::agency_lead};
  forged.key = key.verify_key();
  forged.name = vault::crypto::sha256(name);
  wire::EntryBody body;
  body.kind = wire::PersonInvited::kKind;
  body.ids.agency = forged.agency;
  body.detail = wire::to_json(wire::PersonInvited{forged.invitation, forged.agency, forged.roles, forged.key,
                                                  forged.expires, forged.name, forged.replaces});
  TRY(const auto txn, store.engine().write());
  TRY(const DirectoryRow directory, store.state().directory(*txn));
  TRY_VOID(append(store, *txn, caught, wire::encode(forged), body));
  TRY_VOID(store.state().put_beside(*txn, BesideTable::text, vault::to_bytes(vault::ByteView(forged.name)), name));
  wire::Invitation invitation;
  invitation.url = store.config().url;
  invitation.origin = store.config().origin;
  invitation.log_key = store.config().log_key;
  invitation.tls_pin = store.config().tls_pin;
  for (const PartnerRow& partner : directory.partners) {
    TRY(const auto root, store.state().person(*txn, *partner.root));
    invitation.roots.push_back({partner.agency, *partner.root, root->signing_key});
  }
  invitation.invitation = forged.invitation;
  invitation.agency = forged.agency;
  invitation.roles = forged.roles;
  invitation.expires = forged.expires;
  std::ranges::copy(key.seed().expose(), invitation.secret.begin());
  TRY_VOID(txn->commit());
  return wire::format_invitation(invitation);
}

Result<std::string> forge_copy(Store& store, const Caught& caught, const PersonId& holder, const RecordId& record) {
  TRY(wire::IssueCopy forged, wire::decode<wire::IssueCopy>(caught.body, wire::Strictness::exact));
  forged.holder = holder;
  forged.records = {record};
  TRY(const auto txn, store.engine().write());
  TRY(const auto safe, store.state().safe(*txn, forged.safe));
  TRY(const std::uint64_t number, store.state().next_copy_number(*txn));
  wire::EntryBody body;
  body.kind = wire::CopyIssued::kKind;
  body.ids = {safe->case_, forged.safe, safe->agency, forged.holder, forged.copy};
  body.detail = wire::to_json(
      wire::CopyIssued{forged.copy, number, forged.safe, forged.holder, forged.purpose, forged.due, forged.records});
  TRY_VOID(append(store, *txn, caught, wire::encode(forged), body));
  TRY_VOID(txn->commit());
  return forged.copy.to_string();
}

Result<std::string> forge(std::span<char*> arguments) {
  const std::string what = arguments.size() > 4 ? arguments[4] : "";
  TRY(const auto opened, service::open_vault(arguments[1], vault::keyring::KeyFile{arguments[2]}));
  TRY(const Caught caught, read_caught(arguments[3]));
  if (what == "invitation") return forge_invitation(*opened.store, caught);
  if (what != "copy" || arguments.size() != 7) return Error{Errc::invalid_argument, "see the top of this file"};
  TRY(const PersonId holder, PersonId::parse(arguments[5]));
  TRY(const RecordId record, RecordId::parse(arguments[6]));
  return forge_copy(*opened.store, caught, holder, record);
}

}  // namespace

int main(int argc, char** argv) {
  if (!vault::start_secure_memory()) return 1;
  const auto forged = forge(std::span(argv, static_cast<std::size_t>(argc)));
  if (!forged) {
    std::cerr << forged.error().message << "\n";
    return 1;
  }
  std::cout << *forged << "\n";
  return 0;
}
