// The header of an age v1 file: stanzas that wrap the file key, and a MAC under it. https://c2sp.org/age
//
//     "age-encryption.org/v1" LF  1*stanza  "--- " base64(MAC) LF
//     stanza = "-> " type *(" " argument) LF  *(64 columns of base64 LF)  0 to 63 columns LF
//
// Parsing is strict (canonical base64, no CR, no empty argument), and the MAC is checked over the bytes as they came.
// Everything here is pure but for the random numbers that making a header takes.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vault/age/keys.h"
#include "vault/base/secret.h"
#include "vault/crypto/passphrase.h"

namespace vault::age {

inline constexpr std::size_t kMaxHeaderSize = 512 * 1024;
inline constexpr std::size_t kMaxStanzas = 1024;
inline constexpr std::size_t kMaxStanzaArguments = 64;  // the type not counted
inline constexpr unsigned kDefaultScryptLogN = 18;      // 256 MiB, about a second

using FileKey = SecretBytes<struct FileKeyTag, 16>;  // one per file, never reused

struct Stanza {
  std::string type;
  std::vector<std::string> arguments;
  Bytes body;
  bool operator==(const Stanza&) const = default;
};

struct Header {
  std::vector<Stanza> stanzas;
  Digest mac{};
  Bytes bytes;  // as they came, the MAC line's LF included
};

// The header at the start of `prefix`; what follows it is payload. Errc::malformed if it breaks a rule or ends early,
// Errc::too_large over a limit above.
Result<Header> parse_header(ByteView prefix);

// The same while bytes are still arriving: nothing if `prefix` is well-formed so far but ends within the header.
Result<std::optional<Header>> parse_header_so_far(ByteView prefix);

// The bytes of a header with these stanzas and that MAC. parse_header's inverse.
Bytes encode_header(std::span<const Stanza> stanzas, const Digest& mac);

// A header that wraps `file_key` once for each recipient, in order. Errc::invalid_argument for no recipient, more than
// kMaxStanzas, or a recipient of low order (nobody could be its owner).
Result<Bytes> make_header(const FileKey& file_key, std::span<const Recipient> recipients);

// A header that wraps `file_key` under a passphrase. Errc::invalid_argument for an empty passphrase or a work factor
// outside 1 to crypto::kMaxScryptLogN, Errc::full without memory.
Result<Bytes> make_scrypt_header(const FileKey& file_key, const SecretText& passphrase,
                                 unsigned log_n = kDefaultScryptLogN);

// The file key. In this order: Errc::malformed if any native stanza (X25519, scrypt, mlkem768x25519) is not
// well-formed, a scrypt one is not alone, or a share is of low order; Errc::wrong_key if no stanza opens;
// Errc::tampered if the MAC does not verify. Unknown stanzas are skipped.
Result<FileKey> open_header(const Header& header, std::span<const Identity> identities);

// The same with a passphrase. A file that asks for more work than `max_log_n` is Errc::malformed, found before any is
// done; Errc::full without memory.
Result<FileKey> open_scrypt_header(const Header& header, const SecretText& passphrase,
                                   unsigned max_log_n = crypto::kMaxScryptLogN);

// Whether there is exactly one stanza, and it is a well-formed X25519 one. For whom, only an identity can tell.
bool is_single_x25519(const Header& header);

// Whether there is exactly one stanza, and it is a scrypt one: what opens the file is a passphrase.
bool is_single_scrypt(const Header& header);

}  // namespace vault::age
