#include "cli/client/session/home.h"

#include <algorithm>
#include <cstdlib>

#include "cli/client/session/secret_writer.h"
#include "vault/age/file.h"
#include "vault/age/identity_file.h"
#include "vault/base/file.h"
#include "vault/base/terminal.h"

namespace cli::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIdentityName = "identity.age";
constexpr std::string_view kPinsName = "pins.json";
constexpr std::string_view kCheckpointName = "checkpoint";
constexpr std::string_view kDirectoryName = "directory.jsonl";
constexpr std::string_view kOutboxName = "outbox";
constexpr std::string_view kJournalName = "journal.jsonl";
constexpr std::string_view kNotesName = "notes";
constexpr std::string_view kLockName = "lock";
constexpr std::string_view kVersionComment = "strongroom identity v";
constexpr std::string_view kSigningComment = "strongroom signing key: ";
constexpr std::size_t kMaxLinesFile = 1U << 30;  // of a journal, which is read whole and has a line for each file
constexpr std::size_t kMaxNoteBytes = 64U << 10;
constexpr std::size_t kMaxPendingBytes = 4U << 20;

Error damaged(const fs::path& file) {
  return Error{Errc::tampered,
               vault::text_of(file) + " is damaged; restore it from your own backup, or ask to be invited again"};
}

// Held for one change.
class Lock {
 public:
  static Result<Lock> take(const fs::path& folder) {
    TRY(vault::File file, vault::File::open_or_make(folder / kLockName));
    TRY_VOID(file.lock(vault::Lock::alone));
    return Lock(std::move(file));
  }

 private:
  explicit Lock(vault::File file) : file_(std::move(file)) {}
  vault::File file_;
};

// The offset at which the last complete line ends.
Result<std::uint64_t> end_of_lines(const vault::File& file) {
  TRY(const vault::FileFacts facts, file.facts());
  std::uint64_t end = facts.size;
  for (std::byte last{}; end > 0; --end) {
    TRY_VOID(file.read_at(end - 1, std::span(&last, 1)));
    if (last == std::byte{'\n'}) break;
  }
  return end;
}

Result<void> append_durably(const fs::path& file, std::string_view lines) {
  TRY(const vault::File to, vault::File::open_or_make(file));
  // A line that a crash cut short would otherwise swallow the next one.
  TRY(const std::uint64_t end, end_of_lines(to));
  TRY_VOID(to.truncate(end));
  TRY_VOID(to.write_at(end, vault::as_bytes(lines)));
  TRY_VOID(to.sync());
  if (end == 0) return vault::sync_directory(file.parent_path());  // the file is new, or its name was never synced
  return {};
}

// The complete lines of a file; none if there is no file.
Result<std::vector<std::string>> read_lines(const fs::path& file) {
  auto bytes = vault::read_file_limited(file, kMaxLinesFile);
  std::vector<std::string> lines;
  if (!bytes) {
    if (bytes.code() == Errc::not_found) return lines;
    return bytes.error();
  }
  std::string_view unread = vault::as_text(*bytes);
  for (std::size_t end; (end = unread.find('\n')) != std::string_view::npos; unread.remove_prefix(end + 1))
    if (end > 0) lines.emplace_back(unread.substr(0, end));
  return lines;
}

// Whether the JSON is an object whose "v" is newer than the one that this program writes.
bool is_newer(std::string_view text) {
  const auto value = wire::parse_json(text);
  const auto* object = value ? value->if_object() : nullptr;
  const auto* version = object == nullptr ? nullptr : object->if_contains("v");
  return version != nullptr && version->is_int64() && version->get_int64() > static_cast<std::int64_t>(kHomeVersion);
}

template <class T>
Result<T> read_json(const fs::path& file, std::size_t max) {
  TRY(const Bytes bytes, vault::read_file_limited(file, max));
  auto value = wire::decode<T>(vault::as_text(bytes), wire::Strictness::tolerant);
  if (is_newer(vault::as_text(bytes)))
    return Error{Errc::unknown_version, vault::text_of(file) + " was written by a newer version of Strongroom"};
  if (!value) return damaged(file);
  return value;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

Result<vault::crypto::SigningKey> signing_key_of(const vault::age::IdentityFile& file, const fs::path& path) {
  for (const vault::SecretText& comment : file.comments) {
    std::string_view text = comment.expose();
    if (text.starts_with(kVersionComment) && text.substr(kVersionComment.size()) != std::to_string(kHomeVersion))
      return Error{Errc::unknown_version, vault::text_of(path) + " was written by a newer version of Strongroom"};
  }
  for (const vault::SecretText& comment : file.comments) {
    std::string_view text = comment.expose();
    if (!text.starts_with(kSigningComment)) continue;
    auto seed = vault::unhex(text.substr(kSigningComment.size()));
    if (!seed || seed->size() != 32) return damaged(path);
    auto key = vault::crypto::SigningSeed::copy_of(std::span<const std::byte, 32>(seed->data(), 32));
    vault::wipe(*seed);
    return vault::crypto::SigningKey(std::move(key));
  }
  return Error{Errc::tampered, vault::text_of(path) + " contains no signing key of Strongroom"};
}

}  // namespace

Keys Keys::generate() {
  return {vault::crypto::SigningKey::generate(), vault::age::Identity::generate()};
}

fs::path Home::default_path() {
  // Read before any thread is started, because getenv is not thread safe.
  if (const char* home = std::getenv("STRONGROOM_HOME"); home != nullptr && *home != '\0')  // NOLINT
    return vault::path_of(home);
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != '\0')  // NOLINT
    return vault::path_of(config) / "strongroom";
  const char* user = std::getenv("HOME");  // NOLINT
  return vault::path_of(user == nullptr ? "." : user) / ".config" / "strongroom";
}

bool Home::has_identity(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / kIdentityName, ignored);
}

Result<Home> Home::open(fs::path folder) {
  if (!has_identity(folder))
    return Error{Errc::not_found, "there is no identity in " + vault::text_of(folder) + ": run strongroom enrol"};
  return Home(std::move(folder));
}

Result<Home> Home::create(fs::path folder, const Keys& keys, const vault::SecretText& passphrase, unsigned log_n) {
  std::error_code failed;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), failed);
  if (failed) return vault::system_error(failed, "cannot make " + vault::text_of(folder.parent_path()));
  TRY_VOID(vault::make_private_directory(folder));
  if (has_identity(folder))
    return Error{Errc::conflict, "there is an identity in " + vault::text_of(folder) + " already"};

  const vault::SecretText identity = keys.identity.to_text();
  SecretWriter text(kMaxIdentityFileBytes);
  text.text("# ").text(kVersionComment).text(std::to_string(kHomeVersion));
  text.text("\n# ").text(kSigningComment).hex(keys.signing.seed().expose());
  text.text("\n").text(identity.expose()).text("\n");
  auto file = vault::age::encrypt_small_with_passphrase(text.bytes(), passphrase, log_n);
  if (!file) return file.error();
  TRY_VOID(vault::write_new_file(folder / kIdentityName, *file));
  return Home(std::move(folder));
}

Result<Keys> Home::unlock(const PassphraseSource& passphrase) const {
  const fs::path path = folder_ / kIdentityName;
  auto file = vault::read_file_limited(path, kMaxIdentityFileBytes);
  if (!file) return file.code() == Errc::too_large ? damaged(path) : file.error();
  // Damage that can be seen without the passphrase is reported before anybody is asked for one.
  const auto header = vault::age::parse_header(*file);
  if (!header || !vault::age::is_single_scrypt(*header)) return damaged(path);
  TRY(const vault::SecretText secret, passphrase("Passphrase"));
  auto plain = vault::age::decrypt_small_with_passphrase(*file, secret);
  if (!plain) {
    if (plain.code() == Errc::wrong_key) return Error{Errc::wrong_key, "wrong passphrase"};
    if (plain.code() == Errc::full) return plain.error();
    return damaged(path);
  }
  auto parsed = vault::age::parse_identity_file(vault::as_text(*plain));
  vault::wipe(*plain);
  if (!parsed || parsed->identities.size() != 1) return damaged(path);
  TRY(vault::crypto::SigningKey signing, signing_key_of(*parsed, path));
  return Keys{std::move(signing), std::move(parsed->identities.front())};
}

Result<Pins> Home::pins() const {
  auto pins = read_json<Pins>(folder_ / kPinsName, kMaxPinsBytes);
  if (!pins && pins.code() == Errc::not_found)
    return Error{Errc::not_found,
                 "the enrolment in " + vault::text_of(folder_) + " was not begun: run strongroom enrol"};
  return pins;
}

Result<void> Home::write_pins(const Pins& pins) {
  TRY(const Lock lock, Lock::take(folder_));
  return vault::write_file_atomically(folder_ / kPinsName, vault::as_bytes(wire::encode(pins) + "\n"));
}

Result<std::optional<std::string>> Home::checkpoint_note() const {
  auto bytes = vault::read_file_limited(folder_ / kCheckpointName, audit::kMaxNoteBytes);
  if (bytes) return std::optional(vault::to_text(*bytes));
  if (bytes.code() == Errc::not_found) return std::optional<std::string>();
  return bytes.error();
}

Result<bool> Home::replace_checkpoint(const std::optional<std::string>& expected, std::string_view next) {
  TRY(const Lock lock, Lock::take(folder_));
  TRY(const auto current, checkpoint_note());
  if (current != expected) return false;
  TRY_VOID(vault::write_file_atomically(folder_ / kCheckpointName, vault::as_bytes(next)));
  return true;
}

Result<std::vector<wire::EntryView>> Home::directory_entries() const {
  const fs::path path = folder_ / kDirectoryName;
  TRY(const std::vector<std::string> lines, read_lines(path));
  std::vector<wire::EntryView> entries;
  entries.reserve(lines.size());
  for (const std::string& line : lines) {
    auto entry = wire::decode<wire::EntryView>(line, wire::Strictness::exact);
    if (!entry) return damaged(path);
    entries.push_back(std::move(*entry));
  }
  return entries;
}

Result<void> Home::append_directory(std::size_t known, std::span<const wire::EntryView> entries) {
  TRY(const Lock lock, Lock::take(folder_));
  TRY(const std::vector<std::string> lines, read_lines(folder_ / kDirectoryName));
  if (lines.size() != known) return Error{Errc::retry, "another program is updating the directory of this home"};
  std::string text;
  for (const wire::EntryView& entry : entries) text += wire::encode(entry) + "\n";
  return append_durably(folder_ / kDirectoryName, text);
}

Result<void> Home::forget_directory() {
  TRY(const Lock lock, Lock::take(folder_));
  TRY_VOID(vault::remove_file(folder_ / kDirectoryName));
  return {};
}

Result<void> Home::put_pending(const PendingCommand& pending) {
  if (!is_plain_name(pending.nonce)) return Error{Errc::invalid_argument, "not a nonce"};
  TRY(const Lock lock, Lock::take(folder_));
  const fs::path outbox = folder_ / kOutboxName;
  TRY_VOID(vault::make_private_directory(outbox));
  TRY(const std::vector<fs::path> waiting, vault::names_in(outbox));
  if (waiting.size() >= kMaxPendingCommands)
    return Error{Errc::too_large, "too many commands wait for an answer: run strongroom sync"};
  if (waiting.empty()) TRY_VOID(vault::sync_directory(folder_));  // the outbox is new, or its name was never synced
  return vault::write_file_atomically(outbox / (pending.nonce + ".json"), vault::as_bytes(wire::encode(pending)));
}

Result<std::vector<PendingCommand>> Home::pending() const {
  std::vector<PendingCommand> all;
  const fs::path outbox = folder_ / kOutboxName;
  TRY(const std::vector<fs::path> names, vault::names_in(outbox));
  for (const fs::path& name : names) {
    if (name.extension() != ".json") continue;  // a temporary file that a crash left behind
    auto pending = read_json<PendingCommand>(outbox / name, kMaxPendingBytes);
    if (pending)
      all.push_back(std::move(*pending));
    else if (pending.code() != Errc::not_found)  // another program has just finished it
      return pending.error();
  }
  std::ranges::sort(all, {}, [](const PendingCommand& one) { return std::pair(one.made, one.nonce); });
  return all;
}

Result<void> Home::drop_pending(const std::string& nonce) {
  TRY(const Lock lock, Lock::take(folder_));
  TRY_VOID(vault::remove_file(folder_ / kOutboxName / (nonce + ".json")));
  return vault::sync_directory(folder_ / kOutboxName);
}

Result<void> Home::finish_pending(const PendingCommand& pending) {
  if (!pending.journal.empty()) {
    TRY(const Lock lock, Lock::take(folder_));
    TRY_VOID(append_durably(folder_ / kJournalName, pending.journal));
  }
  return drop_pending(pending.nonce);
}

Result<std::vector<SecuredFile>> Home::secured_files(const access::SafeId& safe) const {
  TRY(const std::vector<std::string> lines, read_lines(folder_ / kJournalName));
  std::vector<SecuredFile> files;
  for (const std::string& line : lines) {
    // A line that a crash cut short is ignored, so that file is secured again.
    auto file = wire::decode<SecuredFile>(line, wire::Strictness::tolerant);
    if (file && file->safe == safe) files.push_back(std::move(*file));
  }
  return files;
}

Result<void> Home::put_note(std::string_view name, std::string_view text) {
  vault::invariant(is_plain_name(name), "a note's name is plain");
  TRY(const Lock lock, Lock::take(folder_));
  TRY_VOID(vault::make_private_directory(folder_ / kNotesName));
  TRY_VOID(vault::sync_directory(folder_));
  return vault::write_file_atomically(folder_ / kNotesName / name, vault::as_bytes(text));
}

Result<std::optional<std::string>> Home::note(std::string_view name) const {
  auto bytes = vault::read_file_limited(folder_ / kNotesName / name, kMaxNoteBytes);
  if (bytes) return std::optional(vault::to_text(*bytes));
  if (bytes.code() == Errc::not_found) return std::optional<std::string>();
  return bytes.error();
}

Result<void> Home::drop_note(std::string_view name) {
  TRY(const Lock lock, Lock::take(folder_));
  TRY_VOID(vault::remove_file(folder_ / kNotesName / name));
  return {};
}

Result<std::vector<std::string>> Home::notes(std::string_view extension) const {
  std::vector<std::string> names;
  TRY(const std::vector<fs::path> notes, vault::names_in(folder_ / kNotesName));
  for (const fs::path& note : notes)
    if (note.extension() == extension) names.push_back(vault::text_of(note));
  return names;
}

Result<std::optional<vault::File>> Home::claim_note(std::string_view name) const {
  const fs::path path = folder_ / kNotesName / name;
  auto file = vault::File::open_to_read(path, vault::Links::not_followed);
  if (!file && file.code() == Errc::not_found) return std::optional<vault::File>();
  if (!file) return file.error();
  TRY(const bool locked, file->try_lock(vault::Lock::alone));
  if (!locked) return std::optional<vault::File>();
  // The program that had it before may have dropped it, or put another note in its place.
  const auto claimed = file->facts();
  const auto named = vault::look_at(path);
  if (!claimed || !named || claimed->id != named->id) return std::optional<vault::File>();
  return std::optional(std::move(*file));
}

std::string issue_note(const access::CopyId& copy) {
  return copy.to_string() + ".issue";
}

std::string journal_line(const SecuredFile& file) {
  return wire::encode(file) + "\n";
}

}  // namespace cli::client
