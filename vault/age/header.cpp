#include "vault/age/header.h"

#include <algorithm>
#include <charconv>

#include "vault/crypto/aead.h"
#include "vault/crypto/hash.h"

namespace vault::age {
namespace {

constexpr std::string_view kIntro = "age-encryption.org/v1\n";
constexpr std::string_view kStanzaStart = "-> ";
constexpr std::string_view kMacStart = "---";
constexpr std::size_t kBodyColumns = 64;

constexpr std::string_view kX25519 = "X25519";
constexpr std::string_view kScrypt = "scrypt";
constexpr std::string_view kHybrid = "mlkem768x25519";
constexpr std::string_view kX25519Info = "age-encryption.org/v1/X25519";
constexpr std::string_view kScryptSaltLabel = "age-encryption.org/v1/scrypt";
constexpr std::size_t kScryptSaltSize = 16;
constexpr std::size_t kHybridEncSize = 1120;
constexpr std::size_t kWrappedKeySize = FileKey::kSize + crypto::kTagSize;

using WrapKey = SecretBytes<struct WrapKeyTag, 32>;
constexpr std::array<std::byte, crypto::kChaChaNonceSize> kZeroNonce{};  // safe, because a wrap key seals one value

Error malformed(std::string message) {
  return {Errc::malformed, "not a valid age file: " + std::move(message)};
}

// Returns the complete lines of a header whose end may not have arrived yet.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  std::optional<std::string_view> next() {
    const std::size_t end = text_.find('\n', position_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text_.substr(position_, end - position_);
    position_ = end + 1;
    return line;
  }
  std::size_t position() const { return position_; }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

Result<Stanza> parse_stanza_line(std::string_view line) {
  if (!line.starts_with(kStanzaStart)) return malformed("a header line is neither a stanza nor the MAC");
  line.remove_prefix(kStanzaStart.size());
  Stanza stanza;
  for (bool first = true;; first = false) {
    const std::size_t space = line.find(' ');
    const std::string_view argument = line.substr(0, space);
    if (argument.empty() || std::ranges::any_of(argument, [](char c) { return c < 0x21 || c > 0x7e; }))
      return malformed("a stanza argument is empty or not printable");
    if (first) {
      stanza.type = argument;
    } else {
      if (stanza.arguments.size() == kMaxStanzaArguments)
        return Error{Errc::too_large, "a stanza of an age header has over 64 arguments"};
      stanza.arguments.emplace_back(argument);
    }
    if (space == std::string_view::npos) return stanza;
    line.remove_prefix(space + 1);
  }
}

Result<Digest> parse_mac_line(std::string_view line) {
  line.remove_prefix(kMacStart.size());
  if (!line.starts_with(' ')) return malformed("the header's MAC is missing");
  auto mac = unbase64(line.substr(1), Base64::unpadded);
  Digest digest;
  if (!mac || mac->size() != digest.size()) return malformed("the header's MAC is not 32 bytes of base64");
  std::ranges::copy(*mac, digest.begin());
  return digest;
}

std::array<std::byte, 32> mac_of(const FileKey& file_key, ByteView through_dashes) {
  SecretBytes<struct MacKeyTag, 32> key;
  crypto::hkdf_sha256(file_key.expose(), {}, as_bytes("header"), key.writable());
  return crypto::hmac_sha256(key.expose(), through_dashes);
}

// Writes the part of a header that its MAC covers, which ends with "---".
Bytes encode_through_dashes(std::span<const Stanza> stanzas) {
  std::string text(kIntro);
  for (const Stanza& stanza : stanzas) {
    text.append(kStanzaStart).append(stanza.type);
    for (const std::string& argument : stanza.arguments) text.append(" ").append(argument);
    text += '\n';
    const std::string body = base64(stanza.body, Base64::unpadded);
    // The last line is always short, so it is empty when the body fills its lines exactly.
    for (std::size_t at = 0; at <= body.size(); at += kBodyColumns) text.append(body, at, kBodyColumns).append("\n");
  }
  text.append(kMacStart);
  return to_bytes(text);
}

Bytes finish_header(Bytes through_dashes, const Digest& mac) {
  append(through_dashes, as_bytes(" " + base64(mac, Base64::unpadded) + "\n"));
  return through_dashes;
}

Bytes make_header_of(const FileKey& file_key, std::span<const Stanza> stanzas) {
  Bytes covered = encode_through_dashes(stanzas);
  const Digest mac = mac_of(file_key, covered);
  return finish_header(std::move(covered), mac);
}

WrapKey x25519_wrap_key(const crypto::SharedSecret& shared, const crypto::AgreementKey& share,
                        const Recipient& recipient) {
  Bytes salt;
  append(salt, share.bytes);
  append(salt, recipient.key.bytes);
  WrapKey key;
  crypto::hkdf_sha256(shared.expose(), salt, as_bytes(kX25519Info), key.writable());
  return key;
}

Bytes scrypt_salt(ByteView salt16) {
  Bytes salt = to_bytes(kScryptSaltLabel);
  append(salt, salt16);
  return salt;
}

Bytes wrap(std::span<const std::byte, 32> key, const FileKey& file_key) {
  Bytes body(kWrappedKeySize);
  crypto::ChaCha20Poly1305(key).seal(kZeroNonce, {}, file_key.expose(), body);
  return body;
}

std::optional<FileKey> unwrap(std::span<const std::byte, 32> key, ByteView body) {
  FileKey file_key;
  if (!crypto::ChaCha20Poly1305(key).open(kZeroNonce, {}, body, file_key.writable())) return std::nullopt;
  return file_key;
}

bool is_base64_of(std::string_view text, std::size_t size) {
  const auto bytes = unbase64(text, Base64::unpadded);
  return bytes && bytes->size() == size;
}

// Reads "1" to "99" without sign or leading zero. Returns 0 for anything else; a longer number is over every limit.
unsigned parse_log_n(std::string_view text) {
  if (text.empty() || text.size() > 2 || text[0] == '0' ||
      std::ranges::any_of(text, [](char c) { return c < '0' || c > '9'; }))
    return 0;
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The age specification counts "arg count wrong, arg not canonical base64 or wrong length, body length" as failures of
// the header, even for a stanza that no identity of ours would open.
Result<void> check_native_stanza(const Stanza& stanza, unsigned max_log_n) {
  const auto& arguments = stanza.arguments;
  const bool wraps_a_key = stanza.body.size() == kWrappedKeySize;
  if (stanza.type == kX25519) {
    if (arguments.size() != 1 || !is_base64_of(arguments[0], sizeof(crypto::AgreementKey::bytes)) || !wraps_a_key)
      return malformed("an X25519 stanza is not well-formed");
  } else if (stanza.type == kScrypt) {
    if (arguments.size() != 2 || !is_base64_of(arguments[0], kScryptSaltSize) || !wraps_a_key)
      return malformed("the scrypt stanza is not well-formed");
    const unsigned log_n = parse_log_n(arguments[1]);
    if (log_n == 0 || log_n > max_log_n)
      return malformed("the scrypt work factor is not a number from 1 to " + std::to_string(max_log_n));
  } else if (stanza.type == kHybrid) {
    if (arguments.size() != 1 || !is_base64_of(arguments[0], kHybridEncSize) || !wraps_a_key)
      return malformed("an mlkem768x25519 stanza is not well-formed");
  }
  return {};
}

Result<void> check_native_stanzas(const Header& header, unsigned max_log_n) {
  for (const Stanza& stanza : header.stanzas) {
    if (stanza.type == kScrypt && header.stanzas.size() != 1) return malformed("a scrypt stanza must be the only one");
    TRY_VOID(check_native_stanza(stanza, max_log_n));
  }
  return {};
}

Result<FileKey> check_mac(const Header& header, FileKey file_key) {
  constexpr std::size_t after_dashes = 1 + 43 + 1;  // space, base64 of the MAC, LF
  const Digest mac = mac_of(file_key, ByteView(header.bytes).first(header.bytes.size() - after_dashes));
  if (!constant_time_equal(mac, header.mac))
    return Error{Errc::tampered, "the age file's header was altered: its MAC does not verify"};
  return file_key;
}

}  // namespace

Result<std::optional<Header>> parse_header_so_far(ByteView prefix) {
  constexpr std::optional<Header> more;
  const std::string_view text = as_text(prefix).substr(0, kMaxHeaderSize);
  if (!text.starts_with(kIntro)) {
    if (kIntro.starts_with(text)) return more;
    return malformed("it does not begin with \"age-encryption.org/v1\"");
  }
  const auto incomplete = [&]() -> Result<std::optional<Header>> {
    if (prefix.size() >= kMaxHeaderSize) return Error{Errc::too_large, "an age header is over 512 KiB"};
    return more;
  };

  Lines lines(text);
  lines.next();  // the intro, which was compared above
  Header header;
  for (;;) {
    auto line = lines.next();
    if (!line) return incomplete();
    if (line->starts_with(kMacStart)) {
      if (header.stanzas.empty()) return malformed("the header has no stanza");
      TRY(header.mac, parse_mac_line(*line));
      header.bytes = to_bytes(text.substr(0, lines.position()));
      return header;
    }
    if (header.stanzas.size() == kMaxStanzas) return Error{Errc::too_large, "an age header has over 1024 stanzas"};
    TRY(Stanza stanza, parse_stanza_line(*line));
    // A short line ends the body. A body that fills its lines exactly ends with an empty line.
    do {
      line = lines.next();
      if (!line) return incomplete();
      if (line->size() > kBodyColumns) return malformed("a stanza's body has a line over 64 columns");
      const auto bytes = unbase64(*line, Base64::unpadded);
      if (!bytes) return malformed("a stanza's body is not canonical base64");
      append(stanza.body, *bytes);
    } while (line->size() == kBodyColumns);
    header.stanzas.push_back(std::move(stanza));
  }
}

Result<Header> parse_header(ByteView prefix) {
  TRY(std::optional<Header> header, parse_header_so_far(prefix));
  if (!header) return malformed("it ends within its header");
  return *std::move(header);
}

Bytes encode_header(std::span<const Stanza> stanzas, const Digest& mac) {
  return finish_header(encode_through_dashes(stanzas), mac);
}

Result<Bytes> make_header(const FileKey& file_key, std::span<const Recipient> recipients) {
  if (recipients.empty()) return Error{Errc::invalid_argument, "an age file needs at least one recipient"};
  if (recipients.size() > kMaxStanzas) return Error{Errc::invalid_argument, "an age file has at most 1024 recipients"};
  std::vector<Stanza> stanzas;
  stanzas.reserve(recipients.size());
  for (const Recipient& recipient : recipients) {
    const auto ephemeral = crypto::AgreementSecret::generate();
    const crypto::AgreementKey share = crypto::agreement_key(ephemeral);
    const auto shared = crypto::agree(ephemeral, recipient.key);
    if (!shared) return Error{Errc::invalid_argument, "an age recipient cannot be used: it is a key of low order"};
    stanzas.push_back({std::string(kX25519),
                       {base64(share.bytes, Base64::unpadded)},
                       wrap(x25519_wrap_key(*shared, share, recipient).expose(), file_key)});
  }
  return make_header_of(file_key, stanzas);
}

Result<Bytes> make_scrypt_header(const FileKey& file_key, const SecretText& passphrase, unsigned log_n) {
  if (passphrase.empty()) return Error{Errc::invalid_argument, "the passphrase is empty"};
  std::array<std::byte, kScryptSaltSize> salt;
  fill_random(salt);
  TRY(const auto key, crypto::scrypt(passphrase, scrypt_salt(salt), log_n));
  const Stanza stanza{
      std::string(kScrypt), {base64(salt, Base64::unpadded), std::to_string(log_n)}, wrap(key.expose(), file_key)};
  return make_header_of(file_key, std::span(&stanza, 1));
}

Result<FileKey> open_header(const Header& header, std::span<const Identity> identities) {
  // All stanzas are checked first, so that whether a file is well-formed does not depend on who opens it.
  TRY_VOID(check_native_stanzas(header, crypto::kMaxScryptLogN));
  for (const Stanza& stanza : header.stanzas) {
    if (stanza.type != kX25519) continue;
    TRY(const Bytes share_bytes, unbase64(stanza.arguments[0], Base64::unpadded));
    crypto::AgreementKey share;
    std::ranges::copy(share_bytes, share.bytes.begin());
    for (const Identity& identity : identities) {
      const auto shared = crypto::agree(identity.secret(), share);
      if (!shared) return malformed("an X25519 share is of low order");
      const WrapKey key = x25519_wrap_key(*shared, share, identity.recipient());
      if (auto file_key = unwrap(key.expose(), stanza.body)) return check_mac(header, *std::move(file_key));
    }
  }
  if (is_single_scrypt(header))
    return Error{Errc::wrong_key, "this age file is opened by a passphrase, not by an identity"};
  return Error{Errc::wrong_key, "no identity given opens this age file"};
}

Result<FileKey> open_scrypt_header(const Header& header, const SecretText& passphrase, unsigned max_log_n) {
  TRY_VOID(check_native_stanzas(header, std::min(max_log_n, crypto::kMaxScryptLogN)));
  if (!is_single_scrypt(header))
    return Error{Errc::wrong_key, "this age file is opened by an identity, not by a passphrase"};
  const Stanza& stanza = header.stanzas[0];
  TRY(const Bytes salt, unbase64(stanza.arguments[0], Base64::unpadded));
  TRY(const auto key, crypto::scrypt(passphrase, scrypt_salt(salt), parse_log_n(stanza.arguments[1])));
  auto file_key = unwrap(key.expose(), stanza.body);
  if (!file_key) return Error{Errc::wrong_key, "the passphrase is wrong"};
  return check_mac(header, *std::move(file_key));
}

bool is_single_x25519(const Header& header) {
  return header.stanzas.size() == 1 && header.stanzas[0].type == kX25519 &&
         check_native_stanza(header.stanzas[0], crypto::kMaxScryptLogN).has_value();
}

bool is_single_scrypt(const Header& header) {
  return header.stanzas.size() == 1 && header.stanzas[0].type == kScrypt;
}

}  // namespace vault::age
