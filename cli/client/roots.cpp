#include "cli/client/roots.h"

#include <algorithm>

#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

constexpr std::size_t kGroupDigits = 4;

std::string in_groups(std::string_view digits) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); i += kGroupDigits) {
    if (i > 0) text += ' ';
    text += digits.substr(i, kGroupDigits);
  }
  return text;
}

// Returns the digits of a fingerprint that a person typed, without what they put between the groups.
std::string digits_of(std::string_view typed) {
  constexpr std::string_view kBetween = " \t\r\n:-";
  std::string digits;
  for (const char c : typed)
    if (!kBetween.contains(c)) digits += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return digits;
}

}  // namespace

std::string fingerprint(const vault::crypto::VerifyKey& key) {
  constexpr std::size_t kGroups = 12;
  return in_groups(vault::hex(vault::crypto::sha256(key.bytes)).substr(0, kGroups * kGroupDigits));
}

std::string fingerprint(const wire::RootKeys& root) {
  return in_groups(wire::root_fingerprint(root));
}

std::string fingerprint(const Person& person) {
  if (!person.root) return fingerprint(person.signing_key);
  // A root is the root of the partner where it first enrolled, even if it joined others later.
  return fingerprint(
      wire::RootKeys{person.memberships.front().agency, person.id, person.signing_key, person.recipient});
}

std::vector<Root> roots_of(const DirectoryChain& chain) {
  const std::vector<wire::RootKeys> enrolled = chain.root_keys();
  std::vector<Root> roots;
  for (const access::AgencyId& partner : chain.partners()) {
    Root root{.agency = partner, .kind = chain.agencies().at(partner).kind, .keys = {}, .confirmed = false};
    const auto keys = std::ranges::find(enrolled, partner, &wire::RootKeys::agency);
    if (keys != enrolled.end()) {
      root.keys = *keys;
      root.confirmed = chain.has_confirmed(keys->person);
    }
    roots.push_back(std::move(root));
  }
  return roots;
}

Result<std::vector<Root>> roots_to_compare(const Session& session, const Directory& directory) {
  const Person* self = directory.find(session.person());
  if (self == nullptr || !self->root)
    return Error{Errc::refused, "only the root of a safeguarding partner may do this"};
  std::vector<Root> others;
  std::string missing;
  for (Root& root : roots_of(directory.chain())) {
    if (!root.keys)
      missing += (missing.empty() ? "" : ", ") + wire::enum_name(root.kind);
    else if (root.keys->person != self->id)
      others.push_back(std::move(root));
  }
  if (!missing.empty())
    return Error{
        Errc::conflict,
        "the fingerprints can be confirmed once all three roots have enrolled. Missing: the root of " + missing};
  return others;
}

Result<void> confirm_roots(Session& session, Directory& directory, const std::vector<std::string>& fingerprints) {
  TRY(const std::vector<Root> others, roots_to_compare(session, directory));
  if (fingerprints.size() != others.size())
    return Error{Errc::invalid_argument, "the fingerprints of the other two roots are needed"};
  std::vector<std::string> given;
  for (const std::string& typed : fingerprints) given.push_back(digits_of(typed));
  for (const Root& root : others)
    if (std::ranges::find(given, wire::root_fingerprint(*root.keys)) == given.end())
      return Error{Errc::tampered,
                   "none of these is the fingerprint of the root of " + wire::enum_name(root.kind) +
                       " that this client has. Nothing was signed. Compare again in person; if they still differ, "
                       "somebody has put another key between you and that root"};
  const std::string statement = *directory.chain().roots_statement();
  TRY_VOID(session.act(wire::ConfirmRoots{vault::crypto::sha256(vault::as_bytes(statement)),
                                          session.keys().signing.sign(vault::as_bytes(statement))}));
  return directory.update(session);
}

}  // namespace cli::client
