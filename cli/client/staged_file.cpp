#include "cli/client/staged_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "vault/base/secret.h"

namespace cli::client {
namespace {

constexpr std::size_t kTemporaryBytes = 8;

// Descends into (and makes) one folder, never through a link.
Result<vault::FileDescriptor> enter(const vault::FileDescriptor& folder, const std::string& part) {
  if (::mkdirat(folder.get(), part.c_str(), vault::kPrivateDirectoryMode) != 0 && errno != EEXIST)
    return vault::system_error(errno, "cannot make a folder");
  const int fd = ::openat(folder.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
    return Error{Errc::tampered, "a folder on the way is a link or a file; nothing is written through it"};
  if (fd < 0) return vault::system_error(errno, "cannot open a folder");
  return vault::FileDescriptor(fd);
}

bool lacks_tmpfile(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL;
}

}  // namespace

bool is_inner_path(std::string_view raw) {
  if (raw.empty() || raw.find('\0') != std::string_view::npos) return false;
  for (;;) {
    const std::size_t slash = raw.find('/');
    const std::string_view part = raw.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    raw.remove_prefix(slash + 1);
  }
}

Result<StagedFile> StagedFile::create(const std::filesystem::path& root, std::string_view inner) {
  if (!is_inner_path(inner)) return Error{Errc::tampered, "a path that leads out of the folder is refused"};
  StagedFile staged;
  TRY(staged.folder_, vault::open_file(root, O_RDONLY | O_DIRECTORY));
  for (std::size_t slash; (slash = inner.find('/')) != std::string_view::npos; inner.remove_prefix(slash + 1)) {
    TRY(staged.folder_, enter(staged.folder_, std::string(inner.substr(0, slash))));
  }
  staged.name_ = inner;
  struct stat there{};
  if (::fstatat(staged.folder_.get(), staged.name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0)
    return Error{Errc::conflict, "there is such a file already; nothing is overwritten"};
  int fd = ::openat(staged.folder_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, vault::kPrivateFileMode);
  if (fd < 0 && lacks_tmpfile(errno)) {
    std::array<std::byte, kTemporaryBytes> random;
    vault::fill_random(random);
    staged.temporary_ = ".strongroom-" + vault::hex(random);
    fd = ::openat(staged.folder_.get(), staged.temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                  vault::kPrivateFileMode);
  }
  if (fd < 0) return vault::system_error(errno, "cannot make a file");
  staged.file_ = vault::FileDescriptor(fd);
  return staged;
}

StagedFile::~StagedFile() {
  if (folder_.is_open() && !temporary_.empty()) ::unlinkat(folder_.get(), temporary_.c_str(), 0);
}

Result<void> StagedFile::write(ByteView bytes) {
  return vault::write_all(file_, bytes);
}

Result<void> StagedFile::commit(std::optional<vault::Instant> modified) {
  if (modified) {
    const timespec time{modified->unix_ms / vault::kMillisecondsPerSecond,
                        modified->unix_ms % vault::kMillisecondsPerSecond * 1'000'000};
    const std::array<timespec, 2> times{time, time};
    if (::futimens(file_.get(), times.data()) != 0) return vault::system_error(errno, "cannot set a file's time");
  }
  if (::fsync(file_.get()) != 0) return vault::system_error(errno, "cannot sync a file");
  const std::string self = "/proc/self/fd/" + std::to_string(file_.get());
  const int linked =
      temporary_.empty()
          ? ::linkat(AT_FDCWD, self.c_str(), folder_.get(), name_.c_str(), AT_SYMLINK_FOLLOW)
          : ::renameat2(folder_.get(), temporary_.c_str(), folder_.get(), name_.c_str(), RENAME_NOREPLACE);
  if (linked != 0 && errno == EEXIST)
    return Error{Errc::conflict, "there is such a file already; nothing is overwritten"};
  if (linked != 0) return vault::system_error(errno, "cannot name a file");
  temporary_.clear();
  if (::fsync(folder_.get()) != 0) return vault::system_error(errno, "cannot sync a folder");
  return {};
}

}  // namespace cli::client
