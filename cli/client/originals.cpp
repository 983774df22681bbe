#include "cli/client/originals.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <unordered_map>

#include "vault/age/file.h"
#include "vault/base/file.h"
#include "vault/base/secret.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

constexpr std::size_t kReadBytes = 1U << 20;

FileStamp stamp_of(const struct stat& status) {
  return {status.st_dev,  status.st_ino,  static_cast<std::uint64_t>(status.st_size),
          status.st_mtim, status.st_ctim, status.st_nlink};
}

bool same_file(const FileStamp& a, const FileStamp& b) {
  const auto same = [](const std::timespec& x, const std::timespec& y) {
    return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
  };
  return a.device == b.device && a.inode == b.inode && a.size == b.size && same(a.modified, b.modified) &&
         same(a.changed, b.changed);
}

// A file's folder, reached from the root through real folders only, and its name in it.
struct Place {
  vault::FileDescriptor folder;
  std::string name;

  static Result<Place> of(std::string_view path) {
    if (!path.starts_with('/') || !is_inner_path(path.substr(1)))
      return Error{Errc::invalid_argument, "it is not an absolute path without \".\" and \"..\""};
    Place place;
    TRY(place.folder, vault::open_file("/", O_PATH | O_DIRECTORY));
    path.remove_prefix(1);
    for (std::size_t slash; (slash = path.find('/')) != std::string_view::npos; path.remove_prefix(slash + 1)) {
      const std::string part(path.substr(0, slash));
      const int fd = ::openat(place.folder.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return Error{Errc::conflict, "a folder on the way is a link or a file; nothing is removed through it"};
      if (fd < 0) return vault::system_error(errno, "cannot enter a folder");
      place.folder = vault::FileDescriptor(fd);
    }
    place.name = path;
    return place;
  }
};

struct Hashed {
  FileStamp stamp;
  Digest sha256{};
};

// Errc::not_found if there is no such file.
Result<Hashed> hash_file(const Original& original, OriginalsProgress& progress) {
  TRY(const Place place, Place::of(original.path));
  const int fd = ::openat(place.folder.get(), place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ELOOP) return Error{Errc::conflict, "it is a link by now, which is not followed"};
  if (fd < 0) return vault::system_error(errno, "cannot open it");
  const vault::FileDescriptor file(fd);
  struct stat status{};
  if (::fstat(fd, &status) != 0) return vault::system_error(errno, "cannot look at it");
  if (!S_ISREG(status.st_mode)) return Error{Errc::conflict, "it is no longer a regular file"};
  const FileStamp before = stamp_of(status);
  if (before.size != original.size) return Error{Errc::conflict, "it has changed since it was secured"};
  vault::crypto::Sha256 hash;
  vault::WipedBytes buffer(kReadBytes);
  for (;;) {
    if (progress.stop) return Error{Errc::cancelled, "stopped; nothing was removed"};
    const ssize_t got = ::read(fd, buffer.span().data(), buffer.span().size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return vault::system_error(errno, "cannot read it");
    if (got == 0) break;
    hash.update(buffer.view().first(static_cast<std::size_t>(got)));
    progress.bytes += static_cast<std::uint64_t>(got);
  }
  if (::fstat(fd, &status) != 0) return vault::system_error(errno, "cannot look at it");
  Hashed hashed{stamp_of(status), hash.finish()};
  if (!same_file(before, hashed.stamp)) return Error{Errc::conflict, "it changed while it was being read"};
  if (hashed.sha256 != original.sha256) return Error{Errc::conflict, "it has changed since it was secured"};
  return hashed;
}

// The SHA-256 of the file from which each record was made, as its descriptor or this home's journal has it.
Result<std::unordered_map<std::string, Digest>> known_contents(Session& session, const Directory& directory,
                                                               const VerifiedSafe& safe, const SafeSecrets* secrets) {
  std::unordered_map<std::string, Digest> known;
  if (secrets != nullptr) {
    TRY(const auto records, list_records(session, directory, safe, secrets));
    for (const ListedRecord& record : records)
      if (record.descriptor) known.emplace(record.view.record.to_string(), record.descriptor->sha256);
  }
  TRY(const auto lines, session.home().secured_files(safe.safe));
  for (const SecuredFile& line : lines) known.emplace(line.record.to_string(), line.sha256);
  return known;
}

Result<void> check_list(std::span<const Original> originals) {
  std::set<std::string_view> paths;
  std::set<access::RecordId> records;
  for (const Original& original : originals) {
    if (!original.path.starts_with('/'))
      return Error{Errc::invalid_argument, "an original is named by its absolute path"};
    if (!paths.insert(original.path).second || !records.insert(original.record).second)
      return Error{Errc::invalid_argument, "the manifest names a file or a record twice"};
  }
  return {};
}

Result<void> unlink_checked(const CheckedOriginal& file) {
  TRY(const Place place, Place::of(file.original.path));
  struct stat status{};
  if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return vault::system_error(errno, "it is gone");
  if (!S_ISREG(status.st_mode) || !same_file(*file.stamp, stamp_of(status)))
    return Error{Errc::conflict, "it changed after it was checked, so it was not removed"};
  if (::unlinkat(place.folder.get(), place.name.c_str(), 0) != 0) return vault::system_error(errno, "cannot remove it");
  return {};
}

}  // namespace

Result<CheckedOriginals> check_originals(Session& session, const Directory& directory, const VerifiedSafe& safe,
                                         const SafeSecrets* secrets, std::span<const Original> originals,
                                         OriginalsProgress& progress) {
  TRY_VOID(check_list(originals));
  TRY(const TrustedRecords sealed, trust_safe_records(session, directory, safe));
  TRY(const auto contents, known_contents(session, directory, safe, secrets));
  TRY(const Holdings holdings, read_holdings(session, directory, safe, nullptr));
  CheckedOriginals checked;
  for (const Original& original : originals) {
    const auto refuse = [&](Error why) { checked.refused.emplace_back(original.path, std::move(why)); };
    ++progress.files;
    const auto record = sealed.find(original.record);
    const auto content = contents.find(original.record.to_string());
    if (record == sealed.end()) {
      refuse({Errc::not_found, "its record is not in this safe"});
      continue;
    }
    if (content == contents.end()) {
      refuse({Errc::conflict, "this client did not secure it, and cannot read its record's description"});
      continue;
    }
    if (content->second != original.sha256 ||
        vault::age::ciphertext_size(original.size) != record->second.sealed.length) {
      refuse({Errc::conflict, "the manifest does not agree with its record"});
      continue;
    }
    const bool recorded = holdings.originals.contains(original.record);
    auto hashed = hash_file(original, progress);
    if (hashed)
      checked.files.push_back({original, recorded, hashed->stamp});
    else if (hashed.code() == Errc::cancelled)
      return hashed.error();
    else if (recorded && hashed.code() == Errc::not_found)
      checked.files.push_back({original, true, {}});
    else
      refuse(hashed.error());
  }
  return checked;
}

Result<std::vector<RemovedOriginal>> remove_originals(Session& session, const VerifiedSafe& safe,
                                                      std::span<const CheckedOriginal> files, std::string_view reason,
                                                      OriginalsProgress& progress) {
  std::vector<RemovedOriginal> removed;
  while (!files.empty()) {
    if (progress.stop) return Error{Errc::cancelled, "stopped; run the same command again to continue"};
    const auto some = files.first(std::min(files.size(), access::kMaxRecordsPerRemoval));
    files = files.subspan(some.size());
    wire::RemoveOriginals command{safe.safe, {}, {}};
    for (const CheckedOriginal& file : some)
      if (!file.recorded) command.records.push_back(file.original.record);
    if (!command.records.empty()) {
      if (!reason.empty()) {
        TRY(command.reason, session.stage_text(reason));
      }
      TRY_VOID(session.act(command));
    }
    for (const CheckedOriginal& file : some) {
      RemovedOriginal one{file.original.path, file.original.record, !file.stamp, {}};
      if (file.stamp) {
        if (auto gone = unlink_checked(file); !gone) one.failure = gone.error();
      }
      ++progress.files;
      removed.push_back(std::move(one));
    }
  }
  return removed;
}

}  // namespace cli::client
