#include "service/backup.h"

#include <limits>

#include "access/replay.h"
#include "service/vault_directory.h"
#include "vault/base/file.h"
#include "vault/crypto/hash.h"
#include "vault/engine/lmdb.h"
#include "vault/payload/segment_copy.h"

namespace service {

namespace fs = std::filesystem;
namespace wire = access::wire;
using vault::Digest;
using vault::Errc;
using vault::Error;
using vault::Result;
using vault::payload::PayloadRows;
using vault::payload::RecordId;
using vault::payload::SegmentCopy;
using vault::payload::StoredPayload;

// The content of backup.json, which has only one form.
struct BackupFile {
  std::string name;  // its path in the snapshot
  Digest sha256{};
};
BOOST_DESCRIBE_STRUCT(BackupFile, (), (name, sha256))
struct BackupManifest {
  std::uint64_t v = 1;
  std::string origin;
  std::uint64_t number = 0;
  vault::Instant time;
  std::uint64_t size = 0;
  Digest root{};
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::vector<BackupFile> files;
  vault::Bytes proof;  // the digest of the manifest without this member, sealed by the vault key
};
BOOST_DESCRIBE_STRUCT(BackupManifest, (), (v, origin, number, time, size, root, records, bytes, files, proof))

// The content of unfinished.json and restoring.json: which run has not ended.
struct RunMark {
  std::uint64_t v = 1;
  std::string origin;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(RunMark, (), (v, origin, number))

namespace {

constexpr std::string_view kManifestFile = "backup.json";
constexpr std::string_view kUnfinishedFile = "unfinished.json";
constexpr std::string_view kRestoringFile = "restoring.json";
constexpr std::string_view kMakingFolder = "making";
constexpr std::string_view kSnapshotPrefix = "snapshot-";
constexpr std::string_view kLockFile = "lock";
constexpr std::string_view kDataFile = "data.mdb";
constexpr std::string_view kProofTable = "backup";  // the proof is sealed like a value of this table
constexpr std::uint64_t kManifestVersion = 1;
constexpr std::size_t kMaxManifestBytes = 64U << 10;
constexpr std::size_t kPage = 1000;
constexpr std::size_t kCopyBytes = 1U << 20;

// --- paths and small files ------------------------------------------------------------------------------------------

bool lies_in(const fs::path& inner, const fs::path& outer) {
  std::error_code failed;
  const fs::path a = fs::weakly_canonical(fs::absolute(inner), failed);
  const fs::path b = fs::weakly_canonical(fs::absolute(outer), failed);
  if (failed) return true;  // nobody can tell, so it is refused
  return std::mismatch(b.begin(), b.end(), a.begin(), a.end()).first == b.end();
}

Result<void> refuse_overlap(const fs::path& directory, const fs::path& backup) {
  if (lies_in(directory, backup) || lies_in(backup, directory))
    return Error{Errc::invalid_argument,
                 "the vault and its backup must not be in one another, because both could be lost together. Give a "
                 "directory elsewhere, if possible on another disk"};
  return {};
}

// Whether vault::write_file_atomically left this file when it was interrupted.
bool is_left_over_of(std::string_view file, const fs::path& name) {
  return vault::text_of(name).starts_with("." + std::string(file) + ".new-");
}

Result<void> remove_tree(const fs::path& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  if (failed) return vault::system_error(failed, "cannot remove " + vault::text_of(path));
  return {};
}

// The caller keeps the lock while it works in the backup.
Result<vault::File> lock_backup(const fs::path& backup, vault::Lock how) {
  // A shared lock must also be possible on a medium that cannot be written.
  const fs::path path = backup / kLockFile;
  TRY(vault::File file, how == vault::Lock::alone ? vault::File::open_or_make(path) : vault::File::open_to_read(path));
  TRY(const bool locked, file.try_lock(how));
  if (!locked)
    return Error{Errc::busy,
                 "another backup or restore is using " + vault::text_of(backup) + ": wait until it has ended"};
  return file;
}

// Gives `take` the whole file, piece by piece.
Result<void> read_through(const fs::path& path, const std::function<Result<void>(vault::ByteView)>& take) {
  TRY(vault::File file, vault::File::open_to_read(path));
  vault::Bytes buffer(kCopyBytes);
  for (;;) {
    TRY(const std::size_t got, file.read(buffer));
    if (got == 0) return {};
    TRY_VOID(take(vault::ByteView(buffer).first(got)));
  }
}

// Copies and syncs a file of any size, and returns the digest of the copied bytes.
Result<Digest> copy_synced(const fs::path& from, const fs::path& to) {
  TRY(const vault::File out, vault::File::make_empty(to));
  vault::crypto::Sha256 digest;
  std::uint64_t written = 0;
  TRY_VOID(read_through(from, [&](vault::ByteView bytes) -> Result<void> {
    digest.update(bytes);
    TRY_VOID(out.write_at(written, bytes));
    written += bytes.size();
    return {};
  }));
  TRY_VOID(out.sync());
  return digest.finish();
}

Result<Digest> digest_of(const fs::path& file) {
  vault::crypto::Sha256 digest;
  TRY_VOID(read_through(file, [&](vault::ByteView bytes) -> Result<void> {
    digest.update(bytes);
    return {};
  }));
  return digest.finish();
}

// Errc::full unless there is room for a file as large as `like` besides the reserve.
Result<void> need_room(const fs::path& target, std::uint64_t reserve, const fs::path& like) {
  std::error_code failed;
  const std::uint64_t size = fs::file_size(like, failed);
  if (failed) return vault::system_error(failed, "cannot look at " + vault::text_of(like));
  TRY(const std::uint64_t free, vault::free_space(target));
  if (free < reserve || free - reserve < size)
    return Error{Errc::full, "there is not enough room for the database in " + vault::text_of(target) +
                                 ": make room and run it again"};
  return {};
}

std::string snapshot_name(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  constexpr std::size_t kDigits = 8;
  return std::string(kSnapshotPrefix) + std::string(kDigits - std::min(kDigits, digits.size()), '0') + digits;
}

// --- the manifest ---------------------------------------------------------------------------------------------------

Digest bound_by(BackupManifest manifest) {
  manifest.proof.clear();
  return vault::crypto::sha256(vault::as_bytes(wire::encode(manifest)));
}

void prove(BackupManifest& manifest, const vault::keyring::Sealer& sealer) {
  manifest.proof = sealer.seal(kProofTable, vault::as_bytes(kManifestFile), bound_by(manifest));
}

Result<void> check_proof(const BackupManifest& manifest, const vault::keyring::Sealer& sealer) {
  const auto bound = sealer.open(kProofTable, vault::as_bytes(kManifestFile), manifest.proof);
  if (bound && vault::to_bytes(bound_by(manifest)) == *bound) return {};
  if (!bound && bound.code() == Errc::wrong_key)
    return Error{Errc::conflict, "backup.json was sealed by another vault key, so it is the backup of another vault"};
  return Error{Errc::tampered, "backup.json was altered after the vault key had sealed it"};
}

// Returns nothing if there is no manifest. The caller must check the proof.
Result<std::optional<BackupManifest>> read_manifest(const fs::path& backup) {
  const auto text = vault::read_file_limited(backup / kManifestFile, kMaxManifestBytes);
  if (!text && text.code() == Errc::not_found) return std::optional<BackupManifest>();
  if (!text) return text.error();
  auto manifest = wire::decode<BackupManifest>(vault::as_text(*text), wire::Strictness::exact);
  if (!manifest) return Error{Errc::tampered, "backup.json is damaged: " + manifest.error().message};
  if (manifest->v != kManifestVersion) return Error{Errc::unknown_version, "the backup was made by a newer program"};
  return std::optional(std::move(*manifest));
}

BackupReport report_of(const BackupManifest& manifest) {
  BackupReport report;
  report.origin = manifest.origin;
  report.number = manifest.number;
  report.size = manifest.size;
  report.root = manifest.root;
  report.time = manifest.time;
  report.records = manifest.records;
  report.bytes = manifest.bytes;
  return report;
}

// --- steps that backup and restore share ----------------------------------------------------------------------------

// Visits every sealed payload in the order of the records. Each page has a read transaction of its own.
Result<void> each_stored(const access::Store& store, const std::function<Result<void>(const StoredPayload&)>& visit) {
  TRY(const PayloadRows rows, PayloadRows::open(store.engine(), store.sealer()));
  std::optional<RecordId> after;
  for (;;) {
    std::vector<StoredPayload> page;
    {
      TRY(const auto txn, store.engine().read());
      TRY(page, rows.page(*txn, after, kPage));
    }
    if (page.empty()) return {};
    for (const StoredPayload& stored : page) TRY_VOID(visit(stored));
    after = page.back().record;
  }
}

Result<void> check_all_but_payloads(const access::Store& store, const std::function<bool()>& go_on) {
  TRY(const access::CheckReport checked, access::check(store, {.payloads = false, .go_on = go_on}));
  if (checked.is_sound()) return {};
  const audit::Finding& first =
      checked.ledger.findings.empty() ? checked.findings.front() : checked.ledger.findings.front();
  return Error{Errc::tampered, "the vault is not consistent (" + first.value + ": " + first.problem +
                                   "); strongroomd check prints everything that is wrong"};
}

// Counts bytes over many payloads and reports them to `advance`.
class Meter {
 public:
  Meter(const Advance& advance, std::string_view what, std::uint64_t total)
      : advance_(advance), what_(what), total_(total) {}
  bool operator()(std::uint64_t bytes) {
    done_ += bytes;
    return !advance_ || advance_(what_, done_, total_);
  }
  SegmentCopy::Advance each() {
    return [this](std::uint64_t bytes) { return (*this)(bytes); };
  }

 private:
  const Advance& advance_;
  std::string_view what_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

// --- a run of the backup --------------------------------------------------------------------------------------------

// The rows of an earlier run, which tell which payloads the backup has already.
class Before {
 public:
  // `sealer` must outlive it. Returns nullptr if the snapshot differs from the manifest. Then the payloads are
  // recognised by their digests instead.
  static std::unique_ptr<Before> open(const fs::path& backup, const BackupManifest& manifest,
                                      const vault::keyring::Sealer& sealer) {
    const fs::path database = backup / snapshot_name(manifest.number) / kDatabaseFolder;
    const auto listed = std::ranges::find(manifest.files, std::string(kDatabaseFolder) + "/" + std::string(kDataFile),
                                          &BackupFile::name);
    const auto digest = digest_of(database / kDataFile);
    if (listed == manifest.files.end() || !digest || *digest != listed->sha256) return nullptr;
    auto engine = vault::engine::open_lmdb(database);
    if (!engine) return nullptr;
    auto rows = PayloadRows::open(**engine, sealer);
    if (!rows) return nullptr;
    return std::unique_ptr<Before>(new Before(std::move(*engine), std::move(*rows)));
  }
  Result<bool> has(const StoredPayload& stored) const {
    TRY(const auto txn, engine_->read());
    TRY(const auto found, rows_.find(*txn, stored.record));
    return found && *found == stored;
  }
  Result<std::vector<StoredPayload>> page(const std::optional<RecordId>& after) const {
    TRY(const auto txn, engine_->read());
    return rows_.page(*txn, after, kPage);
  }

 private:
  Before(std::unique_ptr<vault::engine::LmdbEngine> engine, PayloadRows rows)
      : engine_(std::move(engine)), rows_(std::move(rows)) {}
  std::unique_ptr<vault::engine::LmdbEngine> engine_;
  PayloadRows rows_;
};

class Run {
 public:
  Run(const BackupOptions& options, const Unlocked& unlocked, const vault::keyring::Opener& seal)
      : options_(options), unlocked_(unlocked), seal_(seal), sealer_(unlocked.sealer()) {}

  Result<BackupReport> perform() {
    TRY_VOID(prepare());
    TRY(const vault::File hold, vault::payload::hold_segments(options_.directory / kPayloadFolder));
    TRY_VOID(snapshot());
    TRY_VOID(copied_key_is_ours());
    {
      TRY(const auto store, open_store(making(), options_.directory / kPayloadFolder, unlocked_, OpenFor::check));
      TRY_VOID(compare_histories(*store));
      TRY_VOID(check_all_but_payloads(*store, [this] { return go_on("checking the ledger"); }));
      TRY_VOID(copy_payloads(*store));
      TRY_VOID(verify_payloads(*store));
    }
    TRY_VOID(commit());
    TRY_VOID(drop_disposed());
    TRY_VOID(tidy());
    return report_;
  }

 private:
  fs::path making() const { return options_.target / kMakingFolder; }
  fs::path payload() const { return options_.target / kPayloadFolder; }
  bool go_on(std::string_view what) const { return !options_.advance || options_.advance(what, 0, 0); }

  // Makes sure that the target belongs to this vault, and removes or takes note of what an interrupted run left in it.
  Result<void> prepare() {
    TRY(last_, read_manifest(options_.target));
    TRY(const auto names, vault::names_in(options_.target));
    const fs::path mark = options_.target / kUnfinishedFile;
    const auto unfinished = vault::read_file_limited(mark, kMaxManifestBytes);
    resumed_ = unfinished.has_value();
    if (last_) {
      if (last_->origin != unlocked_.config.origin)
        return Error{Errc::conflict, vault::text_of(options_.target) + " contains a backup of the vault " +
                                         last_->origin + ": give another directory for this one"};
      const auto proven = check_proof(*last_, sealer_);
      if (!proven && proven.code() != Errc::conflict) return proven.error();
      is_last_proven_ = proven.has_value();
    } else if (unfinished) {
      TRY(const RunMark run, wire::decode<RunMark>(vault::as_text(*unfinished), wire::Strictness::tolerant));
      if (run.origin != unlocked_.config.origin)
        return Error{Errc::conflict, vault::text_of(options_.target) + " contains an unfinished backup of the vault " +
                                         run.origin + ": give another directory for this one"};
    } else if (std::ranges::any_of(names, [](const fs::path& name) {
                 return name != kLockFile && !is_left_over_of(kUnfinishedFile, name);
               })) {
      return Error{Errc::conflict, vault::text_of(options_.target) + " contains other files: give an empty directory"};
    }
    report_.origin = unlocked_.config.origin;
    report_.number = last_ ? last_->number + 1 : 1;
    if (!resumed_)
      TRY_VOID(vault::write_file_atomically(mark,
                                            vault::as_bytes(wire::encode(RunMark{1, report_.origin, report_.number}))));
    TRY_VOID(vault::make_private_directory(payload()));
    TRY_VOID(remove_tree(making()));
    // Rows that an earlier vault key has sealed cannot be read. Then the history and the digest of each payload tell
    // what the backup has.
    if (is_last_proven_) {
      before_ = Before::open(options_.target, *last_, sealer_);
      TRY_VOID(drop_disposed_of_older());
    }
    return {};
  }

  // Copies everything except payloads: the database first, then the small files.
  Result<void> snapshot() {
    if (!go_on("copying the database")) return Error{Errc::cancelled, "asked to stop"};
    TRY_VOID(need_room(options_.target, options_.reserve, options_.directory / kDatabaseFolder / kDataFile));
    TRY_VOID(vault::make_private_directory(making()));
    TRY_VOID(vault::engine::copy_lmdb(options_.directory / kDatabaseFolder, making() / kDatabaseFolder));
    TRY(const vault::File lock, lock_settings(options_.directory, SettingsLock::copy));
    TRY_VOID(vault::make_private_directory(making() / kTlsFolder));
    for (const fs::path& file : settings_files(options_.directory)) {
      TRY(const Digest digest, copy_synced(options_.directory / file, making() / file));
      files_.push_back({vault::text_of(file), digest});
    }
    TRY_VOID(vault::sync_directory(making() / kTlsFolder));
    return vault::sync_directory(making());
  }

  // The vault key may have been rotated after the database was copied and before the keyring was. Then the copied
  // keyring would not open the copied database.
  Result<void> copied_key_is_ours() const {
    const auto copied = unlock_vault(making(), seal_);
    if (!copied && copied.code() != Errc::wrong_key) return copied.error();
    if (copied && copied->sealer().key_id() == sealer_.key_id() &&
        copied->previous.has_value() == unlocked_.previous.has_value())
      return {};
    return Error{Errc::conflict, "the vault key was changed while the database was copied: run the backup again"};
  }

  // Makes sure that the vault has everything that its last backup has.
  Result<void> compare_histories(const access::Store& store) {
    TRY(const auto txn, store.engine().read());
    TRY(const audit::TreeSize size, store.ledger().size(*txn));
    report_.size = size.value;
    TRY(report_.root, store.ledger().root(*txn, size));
    if (!last_) return {};
    const bool ahead = last_->size > size.value;
    if (!ahead && last_->size > 0) {
      TRY(const Digest then, store.ledger().root(*txn, audit::TreeSize{last_->size}));
      if (then == last_->root) return {};
    }
    if (!is_last_proven_)  // so it is not this vault's backup from before a rotation
      return Error{Errc::conflict,
                   "backup.json was sealed by another vault key, and this vault does not have its history: it is a "
                   "backup of another vault, or has more entries than this one. Back up into another directory"};
    if (ahead)
      return Error{Errc::conflict,
                   "the backup has " + std::to_string(last_->size) + " entries and the vault only " +
                       std::to_string(size.value) +
                       ": the vault went backwards. Keep that backup, and back up into another directory"};
    return Error{Errc::conflict,
                 "the backup and the vault have different histories. Keep that backup, and back up into another "
                 "directory"};
  }

  // Whether the rows of the last run say that the backup has this payload.
  Result<bool> is_there(const StoredPayload& stored) const {
    if (!before_) return false;
    return before_->has(stored);
  }

  Result<void> copy_payloads(const access::Store& store) {
    std::uint64_t wanted = 0;
    TRY_VOID(each_stored(store, [&](const StoredPayload& stored) -> Result<void> {
      ++report_.records;
      report_.bytes += stored.payload.length;
      TRY(const bool there, is_there(stored));
      if (!there) wanted += stored.payload.length;
      return {};
    }));
    SegmentCopy copy(options_.directory / kPayloadFolder, payload(), options_.reserve);
    Meter meter(options_.advance, "copying payloads", wanted);
    // Payloads that an earlier run left without rows are recognised by their digests.
    const bool may_be_there = resumed_ || (last_ && !before_);
    TRY_VOID(each_stored(store, [&](const StoredPayload& stored) -> Result<void> {
      TRY(const bool there, is_there(stored));
      if (there) return {};
      if (may_be_there) {
        const auto same = copy.verify(stored, meter.each());
        if (same || same.code() == Errc::cancelled) return same;
      }
      ++report_.copied_records;
      report_.copied_bytes += stored.payload.length;
      return copy.copy(stored, meter.each());
    }));
    return copy.sync();
  }

  Result<void> verify_payloads(const access::Store& store) {
    SegmentCopy copy(options_.directory / kPayloadFolder, payload(), options_.reserve);
    Meter meter(options_.advance, "reading them again",
                options_.verify_all || !before_ ? report_.bytes : report_.copied_bytes);
    return each_stored(store, [&](const StoredPayload& stored) -> Result<void> {
      TRY(const bool there, is_there(stored));
      if (there && !options_.verify_all) return {};
      ++report_.verified_records;
      return copy.verify(stored, meter.each());
    });
  }

  Result<void> commit() {
    // Removes the files that opening the copy has made.
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(making() / kDatabaseFolder, ignored))
      if (entry.path().filename() != kDataFile) fs::remove(entry.path(), ignored);
    const std::string data = std::string(kDatabaseFolder) + "/" + std::string(kDataFile);
    TRY(const Digest digest, digest_of(making() / data));
    files_.push_back({data, digest});
    report_.time = options_.clock();
    BackupManifest manifest{.origin = report_.origin,
                            .number = report_.number,
                            .time = report_.time,
                            .size = report_.size,
                            .root = report_.root,
                            .records = report_.records,
                            .bytes = report_.bytes,
                            .files = files_,
                            .proof = {}};
    prove(manifest, sealer_);
    const fs::path snapshot = options_.target / snapshot_name(report_.number);
    TRY_VOID(remove_tree(snapshot));  // of a run that ended before it wrote the manifest
    TRY_VOID(vault::sync_directory(making() / kDatabaseFolder));
    TRY_VOID(vault::rename_over(making(), snapshot));
    TRY_VOID(vault::sync_directory(options_.target));
    return vault::write_file_atomically(options_.target / kManifestFile, vault::as_bytes(wire::encode(manifest)));
  }

  // Frees the space of payloads that the previous run had and this one has not, because the vault has disposed of them.
  Result<void> drop_disposed() {
    if (!before_) return {};
    TRY(const auto now, rows_of(report_.number));
    return drop(*before_, *now);
  }
  // Does the same for an earlier run that ended after it wrote the manifest.
  Result<void> drop_disposed_of_older() {
    if (!before_ || last_->number < 2) return {};
    auto older = rows_of(last_->number - 1);
    if (!older) return {};  // the snapshot is gone, so the earlier run did it
    return drop(**older, *before_);
  }

  Result<std::unique_ptr<Before>> rows_of(std::uint64_t number) const {
    BackupManifest named;
    named.number = number;
    const std::string data = std::string(kDatabaseFolder) + "/" + std::string(kDataFile);
    TRY(const Digest digest, digest_of(options_.target / snapshot_name(number) / data));
    named.files.push_back({data, digest});
    auto rows = Before::open(options_.target, named, sealer_);
    if (!rows) return Error{Errc::tampered, "the database of a snapshot in the backup cannot be read"};
    return rows;
  }

  Result<void> drop(const Before& older, const Before& newer) {
    SegmentCopy copy(options_.directory / kPayloadFolder, payload(), options_.reserve);
    std::optional<RecordId> after;
    for (;;) {
      TRY(const auto page, older.page(after));
      if (page.empty()) return copy.sync();
      for (const StoredPayload& stored : page) {
        TRY(const bool stays, newer.has(stored));
        if (stays) continue;
        TRY_VOID(copy.punch(stored));
        ++report_.dropped_records;
      }
      after = page.back().record;
    }
  }

  Result<void> tidy() {
    before_.reset();
    TRY(const auto names, vault::names_in(options_.target));
    for (const fs::path& name : names)
      if ((vault::text_of(name).starts_with(kSnapshotPrefix) && name != snapshot_name(report_.number)) ||
          is_left_over_of(kManifestFile, name) || is_left_over_of(kUnfinishedFile, name))
        TRY_VOID(remove_tree(options_.target / name));
    std::error_code ignored;
    for (const auto& entry :
         fs::directory_iterator(options_.target / snapshot_name(report_.number) / kDatabaseFolder, ignored))
      if (entry.path().filename() != kDataFile) fs::remove(entry.path(), ignored);
    TRY_VOID(remove_tree(options_.target / kUnfinishedFile));
    return vault::sync_directory(options_.target);
  }

  const BackupOptions& options_;
  const Unlocked& unlocked_;
  const vault::keyring::Opener& seal_;
  const vault::keyring::Sealer sealer_;  // rows refer to it
  std::optional<BackupManifest> last_;
  bool is_last_proven_ = false;  // false also if there is no last one
  std::unique_ptr<Before> before_;
  bool resumed_ = false;
  std::vector<BackupFile> files_;
  BackupReport report_;
};

}  // namespace

Result<BackupReport> back_up(const BackupOptions& options, const vault::keyring::Opener& seal) {
  TRY_VOID(check_format(options.directory));
  TRY_VOID(refuse_overlap(options.directory, options.target));
  TRY(const Unlocked unlocked, unlock_vault(options.directory, seal));
  TRY_VOID(vault::make_private_directory(options.target));
  TRY(const vault::File lock, lock_backup(options.target, vault::Lock::alone));
  return Run(options, unlocked, seal).perform();
}

// --- restore --------------------------------------------------------------------------------------------------------

namespace {

// Makes sure that the directory may be filled. Returns whether it contains an interrupted restore of this same backup.
Result<bool> claim(const fs::path& directory, const RunMark& run) {
  TRY(const auto names, vault::names_in(directory));
  const std::string mark = wire::encode(run);
  // If there is nothing but the mark, an earlier restore copied nothing yet.
  const auto is_mark = [](const fs::path& name) {
    return name == kRestoringFile || is_left_over_of(kRestoringFile, name);
  };
  if (std::ranges::all_of(names, is_mark)) {
    TRY_VOID(vault::make_private_directory(directory));
    std::error_code failed;
    fs::permissions(directory, fs::perms::owner_all, failed);
    if (failed) return vault::system_error(failed, "cannot forbid others to read " + vault::text_of(directory));
    TRY_VOID(vault::write_file_atomically(directory / kRestoringFile, vault::as_bytes(mark)));
    return false;
  }
  const auto found = vault::read_file_limited(directory / kRestoringFile, kMaxManifestBytes);
  if (!found)
    return Error{Errc::conflict,
                 vault::text_of(directory) + " is not empty: give an empty directory, or one that does not exist"};
  if (vault::as_text(*found) != mark)
    return Error{Errc::conflict,
                 vault::text_of(directory) +
                     " contains an unfinished restore of another backup: empty it, or restore that backup"};
  return true;
}

Result<void> restore_files(const fs::path& snapshot, const BackupManifest& manifest, const fs::path& directory) {
  for (const std::string_view folder : {kDatabaseFolder, kTlsFolder, kPayloadFolder})
    TRY_VOID(vault::make_private_directory(directory / folder));
  for (const BackupFile& file : manifest.files) {
    const auto copied = copy_synced(snapshot / vault::path_of(file.name), directory / vault::path_of(file.name));
    if (!copied && copied.code() == Errc::not_found)
      return Error{Errc::tampered, file.name + " is missing from the backup"};
    if (!copied) return copied.error();
    if (*copied != file.sha256) return Error{Errc::tampered, file.name + " in the backup was altered"};
  }
  TRY_VOID(vault::sync_directory(directory / kDatabaseFolder));
  TRY_VOID(vault::sync_directory(directory / kTlsFolder));
  return vault::sync_directory(directory);
}

// Deletes the rows of unfinished uploads, whose bytes are not in a backup.
Result<void> drop_uploads(access::Store& store) {
  constexpr vault::Instant kEver{std::numeric_limits<std::int64_t>::max()};
  for (;;) {
    TRY(const std::size_t dropped, store.payload().discard_orphans(kEver, kPage));
    if (dropped == 0) return {};
  }
}

}  // namespace

Result<BackupReport> restore(const RestoreOptions& options, const vault::keyring::Opener& seal) {
  TRY_VOID(refuse_overlap(options.directory, options.backup));
  TRY(const auto manifest, read_manifest(options.backup));
  if (!manifest) return Error{Errc::not_found, "there is no complete backup in " + vault::text_of(options.backup)};
  TRY(const vault::File lock, lock_backup(options.backup, vault::Lock::shared));
  const fs::path snapshot = options.backup / snapshot_name(manifest->number);
  TRY(const Unlocked unlocked, unlock_vault(snapshot, seal));
  TRY_VOID(check_proof(*manifest, unlocked.sealer()));
  TRY(const bool resumed, claim(options.directory, {1, manifest->origin, manifest->number}));
  TRY_VOID(need_room(options.directory, options.reserve, snapshot / kDatabaseFolder / kDataFile));
  TRY_VOID(restore_files(snapshot, *manifest, options.directory));

  BackupReport report = report_of(*manifest);
  {
    TRY(const auto store, open_store(options.directory, options.directory / kPayloadFolder, unlocked, OpenFor::check));
    SegmentCopy copy(options.backup / kPayloadFolder, options.directory / kPayloadFolder, options.reserve);
    Meter copying(options.advance, "copying payloads", manifest->bytes);
    TRY_VOID(each_stored(*store, [&](const StoredPayload& stored) -> Result<void> {
      if (resumed && copy.verify(stored)) return {};
      ++report.copied_records;
      report.copied_bytes += stored.payload.length;
      return copy.copy(stored, copying.each());
    }));
    TRY_VOID(copy.sync());
    TRY_VOID(drop_uploads(*store));
    TRY_VOID(check_all_but_payloads(*store,
                                    [&] { return !options.advance || options.advance("checking the ledger", 0, 0); }));
    Meter reading(options.advance, "reading them again", manifest->bytes);
    TRY_VOID(each_stored(*store, [&](const StoredPayload& stored) -> Result<void> {
      ++report.verified_records;
      return copy.verify(stored, reading.each());
    }));
  }
  // This file is written last, because a directory without it is not a vault.
  TRY_VOID(vault::write_new_file(options.directory / kFormatFile, vault::as_bytes(kFormat)));
  TRY(const auto names, vault::names_in(options.directory));
  for (const fs::path& name : names)
    if (name == kRestoringFile || is_left_over_of(kRestoringFile, name))
      TRY_VOID(remove_tree(options.directory / name));
  TRY_VOID(vault::sync_directory(options.directory));
  return report;
}

}  // namespace service
