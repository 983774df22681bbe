// The header of an age v1 file: stanzas that wrap the file key, and a MAC under it. https://c2sp.org/age
//
//     "age-encryption.org/v1" LF  1*stanza  "--- " base64(MAC) LF
//     stanza = "-> " type *(" " argument) LF  *(64 columns of base64 LF)  0 to 63 columns LF
//
// Parsing is strict (canonical base64, no CR, no empty argument), and the MAC is checked over the bytes that were
// received, not over a copy that is encoded again. Everything here is pure, except that a new header is partly random.
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
inline constexpr std::size_t kMaxStanzaArguments = 64;  // without the type
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
  Bytes bytes;  // as received, including the LF of the MAC line
};

// Parses the header at the start of `prefix`. The bytes after it are payload. Errc::malformed if the header breaks a
// rule or ends early, Errc::too_large over a limit above.
Result<Header> parse_header(ByteView prefix);

// Same as `parse_header`, for bytes that are still arriving: returns an empty optional if `prefix` is well-formed so
// far but ends within the header.
Result<std::optional<Header>> parse_header_so_far(ByteView prefix);

// Writes the header with these stanzas and this MAC. It is the inverse of parse_header.
Bytes encode_header(std::span<const Stanza> stanzas, const Digest& mac);

// Makes a header that wraps `file_key` once for each recipient, in order. Errc::invalid_argument for no recipient, for
// more than kMaxStanzas, or for a recipient of low order (no secret belongs to it).
Result<Bytes> make_header(const FileKey& file_key, std::span<const Recipient> recipients);

// Makes a header that wraps `file_key` under a passphrase. Errc::invalid_argument for an empty passphrase or a work
// factor outside 1 to crypto::kMaxScryptLogN; Errc::full if there is not enough memory.
Result<Bytes> make_scrypt_header(const FileKey& file_key, const SecretText& passphrase,
                                 unsigned log_n = kDefaultScryptLogN);

// Returns the file key. Errors, in the order in which they are checked: Errc::malformed if any native stanza (X25519,
// scrypt, mlkem768x25519) is not well-formed, if a scrypt stanza is not the only stanza, or if a share is of low order;
// Errc::wrong_key if no stanza opens; Errc::tampered if the MAC does not verify. Unknown stanzas are skipped.
Result<FileKey> open_header(const Header& header, std::span<const Identity> identities);

// Same as `open_header`, with a passphrase. Errc::malformed if the file asks for more work than `max_log_n`, which is
// found before any work is done, so that a stranger's file cannot keep us busy. Errc::full if memory is lacking.
Result<FileKey> open_scrypt_header(const Header& header, const SecretText& passphrase,
                                   unsigned max_log_n = crypto::kMaxScryptLogN);

// Whether there is exactly one stanza, and it is a well-formed X25519 one. Only an identity can tell for whom it is.
bool is_single_x25519(const Header& header);

// Whether there is exactly one stanza, and it is a scrypt one, so that a passphrase opens the file.
bool is_single_scrypt(const Header& header);

}  // namespace vault::age
