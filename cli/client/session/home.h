// A person's home on their own machine (STRONGROOM_HOME): their identity, the keys that they pinned, and the things
// that they have verified. Format: docs/formats.md, "A client's home". Files are 0600 in a folder of 0700. Each is
// replaced as a whole (temporary name, fsync, rename, fsync of the folder), except the journals, which are appended to
// and fsynced. Only identity.age is secret, and it is encrypted under the person's passphrase.
//
// Thread safe. Several programs may use one home: each change holds the home's lock while it is made.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/wire/copies.h"
#include "access/wire/entry.h"
#include "access/wire/invitation.h"
#include "access/wire/page.h"
#include "access/wire/safes.h"
#include "audit/checkpoint.h"
#include "vault/age/keys.h"
#include "vault/base/file.h"
#include "vault/base/secret.h"
#include "vault/crypto/keys.h"

namespace cli::client {

namespace access = strongroom::access;
namespace wire = strongroom::access::wire;
using vault::Bytes;
using vault::ByteView;
using vault::Digest;
using vault::Errc;
using vault::Error;
using vault::Result;

inline constexpr std::uint64_t kHomeVersion = 1;
inline constexpr std::size_t kMaxIdentityFileBytes = 64U << 10;
inline constexpr std::size_t kMaxPinsBytes = 64U << 10;
inline constexpr std::size_t kMaxPendingCommands = 1000;

// Asks for a passphrase. `prompt` is shown to people; a source that reads a file ignores it.
using PassphraseSource = std::function<Result<vault::SecretText>(std::string_view prompt)>;

// The keys of a person. They leave this machine only if they are encrypted.
struct Keys {
  vault::crypto::SigningKey signing;
  vault::age::Identity identity;
  static Keys generate();
  Keys clone() const { return {signing.clone(), identity.clone()}; }
};

// The addresses and keys that the person took on trust, from the invitation and at their first commands.
struct Pins {
  std::uint64_t v = kHomeVersion;
  std::string url;  // as the invitation has it
  std::string origin;
  std::string log_key;  // vkey
  Digest tls_pin{};
  std::vector<wire::RootPin> roots;  // empty between a genesis enrolment and the next command
  access::PersonId person;
};
BOOST_DESCRIBE_STRUCT(Pins, (), (v, url, origin, log_key, tls_pin, roots, person))

// A command that was sent, or may have been, and whose answer is not known. Its nonce makes it harmless to send again.
struct PendingCommand {
  std::uint64_t v = kHomeVersion;
  std::string nonce;
  std::string keyid;  // a person's id, or an invitation's for an enrolment
  std::string kind;
  std::string target;   // of the request; a retry under the same nonce must have the same one
  std::string known;    // the checkpoint that the target names by its size, as a note; empty: none
  std::string body;     // the command's exact JSON
  std::string journal;  // lines for journal.jsonl, appended when the command is known to have been done
  vault::Instant made;
};
BOOST_DESCRIBE_STRUCT(PendingCommand, (), (v, nonce, keyid, kind, target, known, body, journal, made))

// A file that was secured from this machine.
struct SecuredFile {
  access::SafeId safe;
  std::string path;  // absolute, and encoded (encode_path)
  std::uint64_t size = 0;
  Digest sha256{};
  std::string modified;  // seconds.nanoseconds, as the file system had it
  access::RecordId record;
};
BOOST_DESCRIBE_STRUCT(SecuredFile, (), (safe, path, size, sha256, modified, record))

class Home {
 public:
  // $STRONGROOM_HOME, or $XDG_CONFIG_HOME/strongroom, or ~/.config/strongroom.
  static std::filesystem::path default_path();

  // Errc::not_found "there is no identity in … : run strongroom enrol". Errc::unknown_version for a newer format.
  static Result<Home> open(std::filesystem::path folder);
  // Makes the folder and identity.age. Errc::conflict if there is an identity already. The home cannot be used before
  // pins.json is written too. `log_n` is scrypt's work factor; tests use a small one.
  static Result<Home> create(std::filesystem::path folder, const Keys& keys, const vault::SecretText& passphrase,
                             unsigned log_n = kIdentityScryptLogN);
  static bool has_identity(const std::filesystem::path& folder);
  static constexpr unsigned kIdentityScryptLogN = 18;

  const std::filesystem::path& folder() const { return folder_; }

  // Errc::wrong_key "wrong passphrase"; Errc::tampered "identity.age is damaged …" if the file was cut short or
  // altered.
  Result<Keys> unlock(const PassphraseSource& passphrase) const;

  // Errc::not_found if no enrolment was begun, Errc::tampered if the file is damaged, Errc::unknown_version.
  Result<Pins> pins() const;
  Result<void> write_pins(const Pins& pins);

  // The last checkpoint that was verified, as a signed note. It is not verified again here.
  Result<std::optional<std::string>> checkpoint_note() const;
  // Replaces `expected` by `next`. Returns false, and changes nothing, if another program has replaced it meanwhile.
  Result<bool> replace_checkpoint(const std::optional<std::string>& expected, std::string_view next);

  // Entries of the directory, which were verified when they were appended. Each line is the JSON of an EntryView. A
  // last line that a crash cut short is dropped.
  Result<std::vector<wire::EntryView>> directory_entries() const;
  // `known` is the number of entries that the caller had read. Errc::retry if another program has appended meanwhile.
  Result<void> append_directory(std::size_t known, std::span<const wire::EntryView> entries);
  Result<void> forget_directory();

  // Durable before it returns. Errc::too_large if kMaxPendingCommands are waiting already.
  Result<void> put_pending(const PendingCommand& pending);
  Result<std::vector<PendingCommand>> pending() const;  // oldest first
  Result<void> drop_pending(const std::string& nonce);  // and its journal lines
  // Appends the command's journal lines, then drops it.
  Result<void> finish_pending(const PendingCommand& pending);

  Result<std::vector<SecuredFile>> secured_files(const access::SafeId& safe) const;

  // Small notes of the client, by name. For example "copy_….delivery" says where a copy was written.
  Result<void> put_note(std::string_view name, std::string_view text);
  Result<std::optional<std::string>> note(std::string_view name) const;
  Result<void> drop_note(std::string_view name);
  // The names of all notes with that extension, for example ".upload".
  Result<std::vector<std::string>> notes(std::string_view extension) const;
  // Reserves a note for this program until the returned file is closed. Returns nothing if there is no such note, or if
  // another program has reserved it.
  Result<std::optional<vault::File>> claim_note(std::string_view name) const;

 private:
  explicit Home(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

// The name of the note that this home writes when it signs the issue of a copy for a colleague. The note contains the
// SHA-256 of the command.
std::string issue_note(const access::CopyId& copy);

// The line of journal.jsonl about a file, for a command's `journal`.
std::string journal_line(const SecuredFile& file);

}  // namespace cli::client
