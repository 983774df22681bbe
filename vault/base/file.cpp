#include "vault/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>

#include "vault/base/secret.h"

namespace vault {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// Writes and syncs a file that was just made as `path`, and removes it on failure. Messages call it `shown`, which is
// the name that the caller knows.
Result<void> fill(const fs::path& path, const FileDescriptor& file, ByteView content, const fs::path& shown) {
  Result<void> outcome = write_all(file, content);
  if (!outcome) outcome = Error{outcome.code(), shown.string() + ": " + outcome.error().message};
  if (outcome && ::fsync(file.get()) != 0) outcome = system_error(errno, "cannot sync " + shown.string());
  if (!outcome) ::unlink(path.c_str());
  return outcome;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

bool may_be_direct(std::uint64_t offset, ByteView bytes) {
  return bytes.size() >= kDirectLeast && offset % kDirectAlignment == 0 && bytes.size() % kDirectAlignment == 0 &&
         reinterpret_cast<std::uintptr_t>(bytes.data()) % kDirectAlignment == 0;
}

Result<std::optional<FileDescriptor>> open_direct(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_DIRECT | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && (errno == EINVAL || errno == EOPNOTSUPP)) return std::optional<FileDescriptor>();
  if (fd < 0) return system_error(errno, "cannot open " + path.string());
  return std::optional(FileDescriptor(fd));
}

Result<bool> write_direct(const FileDescriptor& file, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    // A disk that is nearly full may take a part that ends off the alignment, and then refuses the next part. The
    // caller writes everything again through the page cache, which does no harm since the bytes are the same.
    if (written < 0 && errno == EINVAL) return false;
    if (written < 0) return system_error(errno, "cannot write to a file");
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

PageBuffer::PageBuffer(std::size_t size) : size_((size + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment) {
  data_ = static_cast<std::byte*>(::operator new(size_, std::align_val_t(kDirectAlignment)));
}

PageBuffer::~PageBuffer() {
  if (data_ == nullptr) return;
  wipe(span());
  ::operator delete(data_, std::align_val_t(kDirectAlignment));
}

Error system_error(int error_number, std::string_view what) {
  std::array<char, 128> buffer{};
  std::string text = std::string(what) + ": " + ::strerror_r(error_number, buffer.data(), buffer.size());
  if (error_number == EFBIG) text += ". The file system, or a limit (ulimit -f, LimitFSIZE=), allows no larger file";
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
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

Result<FileDescriptor> open_file(const fs::path& path, int flags, mode_t mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return system_error(errno, "cannot open " + path.string());
  return FileDescriptor(fd);
}

Result<void> make_private_directory(const fs::path& directory) {
  if (::mkdir(directory.c_str(), kPrivateDirectoryMode) != 0 && errno != EEXIST)
    return system_error(errno, "cannot make the directory " + directory.string());
  return {};
}

Result<void> sync_directory(const fs::path& directory) {
  TRY(const FileDescriptor fd, open_file(directory, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return system_error(errno, "cannot sync the directory " + directory.string());
  return {};
}

Result<void> write_all(const FileDescriptor& file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(errno, "cannot write a file");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_at(const FileDescriptor& file, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(errno, "cannot write a file");
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::size_t> read_at(const FileDescriptor& file, std::uint64_t offset, std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const std::span<std::byte> unread = out.subspan(filled);
    const ssize_t got = ::pread(file.get(), unread.data(), unread.size(), static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "cannot read a file");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<Bytes> read_file_limited(const fs::path& path, std::size_t max_bytes) {
  TRY(const FileDescriptor file, open_file(path, O_RDONLY));
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return system_error(errno, "cannot look at " + path.string());
  // A pipe or a device has no size that could be compared with the limit.
  if (!S_ISREG(status.st_mode)) return Error{Errc::invalid_argument, path.string() + " is not a regular file"};
  if (static_cast<std::uint64_t>(status.st_size) > max_bytes)
    return Error{Errc::too_large, path.string() + " is larger than " + std::to_string(max_bytes) + " bytes"};
  Bytes content(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + have, content.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      wipe(content);  // the file may be a key
      return system_error(errno, "cannot read " + path.string());
    }
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  content.resize(have);
  return content;
}

Result<void> write_file_atomically(const fs::path& path, ByteView content, mode_t mode) {
  std::array<std::byte, 8> random;  // keeps the temporary names of two writers, or of an earlier crash, apart
  fill_random(random);
  fs::path temporary = folder_of(path) / ("." + path.filename().string() + ".new-" + hex(random));
  TRY(const FileDescriptor file, open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode));
  TRY_VOID(fill(temporary, file, content, path));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;  // unlink may change it
    ::unlink(temporary.c_str());
    return system_error(reason, "cannot replace " + path.string());
  }
  return sync_directory(folder_of(path));
}

Result<void> write_new_file(const fs::path& path, ByteView content, mode_t mode) {
  TRY(const FileDescriptor file, open_file(path, O_WRONLY | O_CREAT | O_EXCL, mode));
  TRY_VOID(fill(path, file, content, path));
  return sync_directory(folder_of(path));
}

}  // namespace vault
