#include "access/wire/invitation.h"

#include <algorithm>

#include "access/wire/authority.h"
#include "vault/crypto/hash.h"

namespace strongroom::access::wire {
namespace {

using vault::Errc;
using vault::Error;

constexpr std::string_view kVersion = "1.";
constexpr std::size_t kChecksumSize = 8;

// Wipes a buffer on every way out of a function.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::span<std::byte> bytes) : bytes_(bytes) {}
  ~WipeAtEnd() { vault::wipe(bytes_); }
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;

 private:
  std::span<std::byte> bytes_;
};

}  // namespace

std::string format_invitation(const Invitation& invitation) {
  vault::Bytes bytes = vault::to_bytes(encode(invitation));
  const vault::Digest digest = vault::crypto::sha256(bytes);
  vault::append(bytes, vault::ByteView(digest).first(kChecksumSize));
  std::string text =
      std::string(kInvitationStart) + std::string(kVersion) + vault::base64(bytes, vault::Base64::url_unpadded);
  vault::wipe(bytes);
  return text;
}

vault::Result<Invitation> parse_invitation(std::string_view text) {
  if (text.size() > kMaxInvitationText) return Error{Errc::too_large, "an invitation is at most 8192 characters"};
  std::string compact;
  std::copy_if(text.begin(), text.end(), std::back_inserter(compact),
               [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
  // The text and its bytes contain the secret half of the one-time key.
  const WipeAtEnd wipe_compact(std::as_writable_bytes(std::span(compact)));
  std::string_view rest = compact;
  if (!rest.starts_with(kInvitationStart))
    return Error{Errc::malformed, "this is not an invitation; it begins with \"strongroom-invitation-v1.\""};
  rest.remove_prefix(kInvitationStart.size());
  if (!rest.starts_with(kVersion))
    return Error{Errc::unknown_version, "this invitation is for a newer version of Strongroom"};
  rest.remove_prefix(kVersion.size());
  auto bytes = vault::unbase64(rest, vault::Base64::url_unpadded);
  if (!bytes) return Error{Errc::malformed, "the invitation is damaged; copy the whole of it"};
  const WipeAtEnd wipe_bytes(*bytes);
  if (bytes->size() <= kChecksumSize) return Error{Errc::malformed, "the invitation is damaged; copy the whole of it"};
  const vault::ByteView json_part = vault::ByteView(*bytes).first(bytes->size() - kChecksumSize);
  const vault::Digest digest = vault::crypto::sha256(json_part);
  if (!std::equal(digest.begin(), digest.begin() + kChecksumSize, bytes->end() - kChecksumSize))
    return Error{Errc::malformed, "the invitation is damaged; copy the whole of it"};
  auto invitation = decode<Invitation>(vault::as_text(json_part), Strictness::exact);
  if (!invitation) return invitation;
  if (const auto url = parse_vault_url(invitation->url); !url) {
    vault::wipe(invitation->secret);
    return Error{Errc::malformed, "this invitation cannot be used: " + url.error().message};
  }
  return invitation;
}

std::string join_statement(const InvitationId& invitation, const PersonId& person) {
  return "strongroom/join/v1\n" + invitation.to_string() + "\n" + person.to_string() + "\n";
}

}  // namespace strongroom::access::wire
