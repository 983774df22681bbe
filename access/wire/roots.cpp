#include "access/wire/roots.h"

#include "vault/base/bytes.h"

namespace strongroom::access::wire {

std::string root_line(const RootKeys& root) {
  return root.agency.to_string() + " " + root.person.to_string() + " " +
         vault::base64(root.signing_key.bytes, vault::Base64::url_unpadded) + " " + root.recipient.to_string() + "\n";
}

std::string roots_statement(const audit::NoteKey& log, std::span<const RootKeys> roots) {
  std::string text = "strongroom/roots/v1\n" + log.name + "\n" + audit::format_note_key(log) + "\n";
  for (const RootKeys& root : roots) text += root_line(root);
  return text;
}

std::string root_fingerprint(const RootKeys& root) {
  return vault::hex(vault::crypto::sha256(vault::as_bytes(root_line(root)))).substr(0, 2 * kRootFingerprintBytes);
}

}  // namespace strongroom::access::wire
