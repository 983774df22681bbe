// Reads invitations as they are pasted. The input is used as the text, and once more as the text's content under a
// correct checksum, so that the decoder behind the checksum is reached too.
#include "access/wire/invitation.h"
#include "tests/fuzz/require.h"
#include "vault/crypto/hash.h"

using namespace strongroom::access;

namespace fuzz = vault::fuzz;

namespace {

void check(std::string_view text) {
  const auto invitation = wire::parse_invitation(text);
  if (!invitation) return;
  std::string compact(text);
  std::erase_if(compact, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  fuzz::require(text.size() <= wire::kMaxInvitationText && wire::format_invitation(*invitation) == compact);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  check(vault::as_text(input));
  constexpr std::size_t kChecksum = 8;
  vault::Bytes carried(input.begin(), input.end());
  vault::append(carried, vault::ByteView(vault::crypto::sha256(input)).first(kChecksum));
  check("strongroom-invitation-v1." + vault::base64(carried, vault::Base64::url_unpadded));
  return 0;
}
