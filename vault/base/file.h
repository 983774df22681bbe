// Small files and descriptors on Linux, with the durability that DESIGN 11 asks for.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "vault/base/bytes.h"

namespace vault {

inline constexpr mode_t kPrivateFileMode = 0600;
inline constexpr mode_t kPrivateDirectoryMode = 0700;

// Closes itself.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Large files are written and read past the page cache (O_DIRECT), where the file system can: copying into it, and
// reclaiming it, costs more processor time than encrypting. Memory, place and size are multiples of this, in bytes.
inline constexpr std::size_t kDirectAlignment = 4096;
inline constexpr std::size_t kDirectLeast = 64U << 10;  // less is better off in the page cache
bool may_be_direct(std::uint64_t offset, ByteView bytes);
// To write and to read. Nothing where the file system has no such way.
Result<std::optional<FileDescriptor>> open_direct(const std::filesystem::path& path);
// False when the file system wants another alignment; then some of it may be written, and all of it is to be written
// otherwise.
Result<bool> write_direct(const FileDescriptor& file, std::uint64_t offset, ByteView bytes);

// Memory for that. Wiped when it goes, since it may hold plaintext.
class PageBuffer {
 public:
  explicit PageBuffer(std::size_t size);  // rounded up to kDirectAlignment
  PageBuffer(PageBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  PageBuffer& operator=(PageBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~PageBuffer();
  std::span<std::byte> span() { return {data_, size_}; }
  ByteView view() const { return {data_, size_}; }

 private:
  std::byte* data_;
  std::size_t size_;
};

// What a system call's errno means here: full (ENOSPC, EDQUOT, EFBIG, ENOMEM), not_found (ENOENT), conflict (EEXIST),
// io otherwise. `what` says what could not be done.
Error system_error(int error_number, std::string_view what);

// Always O_CLOEXEC.
Result<FileDescriptor> open_file(const std::filesystem::path& path, int flags, mode_t mode = kPrivateFileMode);

// Makes it with kPrivateDirectoryMode unless it is there; its parent must exist.
Result<void> make_private_directory(const std::filesystem::path& directory);
// Makes the names in it durable.
Result<void> sync_directory(const std::filesystem::path& directory);

// Writes all of it, where the file stands or at a place.
Result<void> write_all(const FileDescriptor& file, ByteView bytes);
Result<void> write_at(const FileDescriptor& file, std::uint64_t offset, ByteView bytes);
// How many bytes were read: fewer than `out` takes at the end of the file.
Result<std::size_t> read_at(const FileDescriptor& file, std::uint64_t offset, std::span<std::byte> out);

// The whole of a regular file. Errc::not_found; Errc::too_large over `max_bytes`, before anything is read.
Result<Bytes> read_file_limited(const std::filesystem::path& path, std::size_t max_bytes);

// Replaces or makes the file: a temporary name in the same folder, fsync, rename, fsync of the folder. After a crash
// the old content or the new is there, whole.
Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content, mode_t mode = kPrivateFileMode);

// Makes the file, durably; Errc::conflict if it is there.
Result<void> write_new_file(const std::filesystem::path& path, ByteView content, mode_t mode = kPrivateFileMode);

}  // namespace vault
