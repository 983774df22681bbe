#include "vault/base/file.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>

#include "vault/base/posix/system.h"

namespace vault {
namespace {

namespace fs = std::filesystem;
using posix::descriptor_of;
using posix::error_of;
using posix::uninterrupted;

Error failure(std::string_view verb, const fs::path& path) {
  const int reason = errno;  // making the text may change it
  return error_of(reason, "cannot " + std::string(verb) + " " + text_of(path));
}

Result<File> open_with(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, posix::kPrivateFileMode);
  if (fd < 0) return failure("open", path);
  return File(fd, path);
}

int flock_of(Lock how) {
  return how == Lock::alone ? LOCK_EX : LOCK_SH;
}

// Returns 0, or the errno of the write that failed.
int write_all(int fd, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        uninterrupted([&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (written < 0) return errno;
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

std::uint64_t free_bytes(const struct statvfs& disk) {
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

}  // namespace

fs::path path_of(std::string_view utf8) {
  return utf8;
}

std::string text_of(const fs::path& path) {
  return path.native();
}

bool name_matches(std::string_view name, const std::string& pattern) {
  return ::fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0;
}

Result<FileFacts> look_at(const fs::path& path, Links links) {
  struct stat status;
  const int outcome = links == Links::followed ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status);
  if (outcome != 0) return failure("look at", path);
  return posix::facts_of(status);
}

Result<File> File::open_to_read(const fs::path& path, Links links) {
  return open_with(path, links == Links::followed ? O_RDONLY : O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
}

Result<File> File::open_or_make(const fs::path& path) {
  return open_with(path, O_RDWR | O_CREAT);
}

Result<File> File::make_empty(const fs::path& path) {
  return open_with(path, O_RDWR | O_CREAT | O_TRUNC);
}

Result<File> File::make_new(const fs::path& path) {
  return open_with(path, O_RDWR | O_CREAT | O_EXCL);
}

Result<std::optional<File>> File::open_direct(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_DIRECT | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && (errno == EINVAL || errno == EOPNOTSUPP)) return std::optional<File>();
  if (fd < 0) return failure("open", path);
  return std::optional(File(fd, path));
}

File::~File() {
  if (is_open()) ::close(descriptor_of(*this));
}

Result<std::size_t> File::read(std::span<std::byte> out) {
  const ssize_t got = uninterrupted([&] { return ::read(descriptor_of(*this), out.data(), out.size()); });
  if (got < 0) return failure("read", shown_);
  return static_cast<std::size_t>(got);
}

Result<std::size_t> File::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const std::span<std::byte> unread = out.subspan(filled);
    const ssize_t got = uninterrupted([&] {
      return ::pread(descriptor_of(*this), unread.data(), unread.size(), static_cast<off_t>(offset + filled));
    });
    if (got < 0) return failure("read", shown_);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<void> File::write_at(std::uint64_t offset, ByteView bytes) const {
  if (const int reason = write_all(descriptor_of(*this), offset, bytes); reason != 0)
    return error_of(reason, "cannot write " + text_of(shown_));
  return {};
}

Result<bool> File::write_direct(std::uint64_t offset, ByteView bytes) const {
  const int reason = write_all(descriptor_of(*this), offset, bytes);
  // A disk that is nearly full may take a part that ends off the alignment, and then refuses the next part. The
  // caller writes everything again through the page cache, which does no harm since the bytes are the same.
  if (reason == EINVAL) return false;
  if (reason != 0) return error_of(reason, "cannot write " + text_of(shown_));
  return true;
}

Result<void> File::set_direct(bool direct) const {
  if (::fcntl(descriptor_of(*this), F_SETFL, direct ? O_DIRECT : 0) != 0) return failure("write", shown_);
  return {};
}

Result<void> File::truncate(std::uint64_t size) const {
  if (::ftruncate(descriptor_of(*this), static_cast<off_t>(size)) != 0) return failure("shorten", shown_);
  return {};
}

Result<void> File::sync() const {
  if (::fsync(descriptor_of(*this)) != 0) return failure("sync", shown_);
  return {};
}

Result<void> File::sync_data() const {
  if (::fdatasync(descriptor_of(*this)) != 0) return failure("sync", shown_);
  return {};
}

Result<FileFacts> File::facts() const {
  struct stat status;
  if (::fstat(descriptor_of(*this), &status) != 0) return failure("look at", shown_);
  return posix::facts_of(status);
}

Result<void> File::set_modified(Instant time) const {
  constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;
  const timespec to{time.unix_ms / kMillisecondsPerSecond,
                    time.unix_ms % kMillisecondsPerSecond * kNanosecondsPerMillisecond};
  const std::array<timespec, 2> times{to, to};  // of the last access too
  if (::futimens(descriptor_of(*this), times.data()) != 0) return failure("set the time of", shown_);
  return {};
}

Result<void> File::lock(Lock how) const {
  if (uninterrupted([&] { return ::flock(descriptor_of(*this), flock_of(how)); }) != 0) return failure("lock", shown_);
  return {};
}

Result<bool> File::try_lock(Lock how) const {
  if (uninterrupted([&] { return ::flock(descriptor_of(*this), flock_of(how) | LOCK_NB); }) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return failure("lock", shown_);
}

Result<bool> File::allocate(std::uint64_t offset, std::uint64_t size) const {
  if (::fallocate(descriptor_of(*this), 0, static_cast<off_t>(offset), static_cast<off_t>(size)) == 0) return true;
  if (errno == EOPNOTSUPP && ::ftruncate(descriptor_of(*this), static_cast<off_t>(offset + size)) == 0) return false;
  return failure("make room in", shown_);
}

Result<bool> File::punch(std::uint64_t offset, std::uint64_t size) const {
  if (::fallocate(descriptor_of(*this), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                  static_cast<off_t>(size)) == 0)
    return true;
  if (errno == EOPNOTSUPP) return false;
  return failure("free space in", shown_);
}

Result<std::uint64_t> File::free_space() const {
  struct statvfs disk;
  if (::fstatvfs(descriptor_of(*this), &disk) != 0) return failure("read the free space of the disk of", shown_);
  return free_bytes(disk);
}

void File::start_writeback(std::uint64_t offset, std::uint64_t size) const {
  // Only starts the writing. A call that waited for it could be given the error that the next fdatasync must report.
  ::sync_file_range(descriptor_of(*this), static_cast<off_t>(offset), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE);
}

void File::drop_cached(std::uint64_t offset, std::uint64_t size) const {
  ::posix_fadvise(descriptor_of(*this), static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED);
}

Result<void> make_private_directory(const fs::path& directory) {
  if (::mkdir(directory.c_str(), posix::kPrivateFolderMode) != 0 && errno != EEXIST)
    return failure("make the directory", directory);
  return {};
}

Result<void> sync_directory(const fs::path& directory) {
  TRY(const File folder, open_with(directory, O_RDONLY | O_DIRECTORY));
  if (::fsync(descriptor_of(folder)) != 0) return failure("sync the directory", directory);
  return {};
}

Result<void> rename_over(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failure("replace", to);
  return {};
}

Result<void> exchange_names(const fs::path& a, const fs::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) != 0) return failure("replace", b);
  return {};
}

Result<bool> remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return failure("remove", path);
}

Result<std::uint64_t> free_space(const fs::path& directory) {
  struct statvfs disk;
  if (::statvfs(directory.c_str(), &disk) != 0) return failure("read the free space of the disk of", directory);
  return free_bytes(disk);
}

std::uint64_t file_size_limit() {
  rlimit limit;
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;  // the largest number
}

Error system_error(const std::error_code& error, std::string_view what) {
  const std::string text = std::string(what) + ": " + error.message();
  switch (error.value()) {
    case EFBIG:
      return {Errc::full, text + ". The file system, or a limit (ulimit -f, LimitFSIZE=), allows no larger file"};
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
      return {Errc::full, text};
    case ENOENT:
      return {Errc::not_found, text};
    case EEXIST:
      return {Errc::conflict, text};
    default:  // foreign: the system's error numbers
      return {Errc::io, text};
  }
}

}  // namespace vault
