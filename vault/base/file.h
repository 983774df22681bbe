// Small files and descriptors on Linux. docs/durability.md describes what survives a crash.
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

// Owns a file descriptor and closes it.
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

// Large files are written and read without the page cache (O_DIRECT) if the file system supports it, because copying
// into the cache and reclaiming its pages costs more processor time than encrypting does. The memory's address, the
// offset in the file and the size must all be multiples of kDirectAlignment bytes.
inline constexpr std::size_t kDirectAlignment = 4096;
inline constexpr std::size_t kDirectLeast = 64U << 10;  // smaller transfers are faster through the page cache
// Whether the alignment and the size allow a direct transfer.
bool may_be_direct(std::uint64_t offset, ByteView bytes);
// Opens an existing file for direct reads and writes. Empty optional if the file system does not support them.
Result<std::optional<FileDescriptor>> open_direct(const std::filesystem::path& path);
// Returns false if the file system wants another alignment. Some of the bytes may be written by then, so the caller
// must write all of them again in the ordinary way.
Result<bool> write_direct(const FileDescriptor& file, std::uint64_t offset, ByteView bytes);

// Memory that is aligned for direct transfers. It is wiped when it is freed, since it may hold plaintext.
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

// Turns an errno into one of our errors: full (ENOSPC, EDQUOT, EFBIG, ENOMEM), not_found (ENOENT), conflict (EEXIST),
// and io for every other. `what` begins the message and names what could not be done, for example "cannot open a.txt".
Error system_error(int error_number, std::string_view what);

// Opens a file, always with O_CLOEXEC.
Result<FileDescriptor> open_file(const std::filesystem::path& path, int flags, mode_t mode = kPrivateFileMode);

// Makes the directory with kPrivateDirectoryMode, unless it exists. Its parent must exist.
Result<void> make_private_directory(const std::filesystem::path& directory);
// Makes the names in the directory durable. A new or renamed file is not durable before this.
Result<void> sync_directory(const std::filesystem::path& directory);

// Both write all the bytes: `write_all` at the file's current position, `write_at` at `offset`.
Result<void> write_all(const FileDescriptor& file, ByteView bytes);
Result<void> write_at(const FileDescriptor& file, std::uint64_t offset, ByteView bytes);
// Returns how many bytes were read. That is less than out.size() only if the file ends before.
Result<std::size_t> read_at(const FileDescriptor& file, std::uint64_t offset, std::span<std::byte> out);

// Reads a whole regular file. Errc::not_found; Errc::too_large if it is larger than `max_bytes`, which is found before
// memory is allocated.
Result<Bytes> read_file_limited(const std::filesystem::path& path, std::size_t max_bytes);

// Replaces or makes the file. Writes to a temporary name in the same folder, syncs, renames, and syncs the folder, so
// that after a crash the file has either all of the old content or all of the new.
Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content, mode_t mode = kPrivateFileMode);

// Makes a new file, which is durable when this returns. Errc::conflict if there is a file of that name.
Result<void> write_new_file(const std::filesystem::path& path, ByteView content, mode_t mode = kPrivateFileMode);

}  // namespace vault
