// A file that is being secured: read once, in order, and known to be the same from beginning to end.
#pragma once
#include <sys/stat.h>

#include <expected>
#include <filesystem>
#include <span>
#include <string>

#include "vault/base/file.h"

namespace cli::client {

using vault::ByteView;
using vault::Errc;
using vault::Error;
using vault::Result;

// What tells whether a file is still the one that was begun.
struct FileState {
  std::uint64_t size = 0;
  timespec modified{};
  timespec changed{};
  ino_t inode = 0;
  bool operator==(const FileState& other) const {
    const auto same = [](const timespec& a, const timespec& b) {
      return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    };
    return size == other.size && inode == other.inode && same(modified, other.modified) && same(changed, other.changed);
  }
  // Of one spelling: "inode modified changed", times as seconds.nanoseconds.
  std::string to_string() const;
};

// Why a file was not secured.
struct Fault {
  Error error;
  bool of_this_file = false;  // the others may go on
};

class SourceFile {
 public:
  // Never through a link. Errc::invalid_argument for what is not a regular file.
  static Result<SourceFile> open(const std::filesystem::path& path);
  const FileState& state() const { return state_; }
  Result<std::size_t> read(std::span<std::byte> into);       // 0: the end
  Result<std::size_t> read_full(std::span<std::byte> into);  // until it is full or the file ends
  Result<void> rewind();
  // Errc::conflict unless the file is as it was when it was opened. After a read: what was read is of that file too,
  // since the system notes the time of a write before its bytes.
  Result<void> check_same() const;
  // Errc::conflict unless the file is as it was when it was opened, and `read_bytes` was all of it.
  Result<void> check_unchanged(std::uint64_t read_bytes) const;

 private:
  explicit SourceFile(vault::FileDescriptor file) : file_(std::move(file)) {}
  Result<FileState> look() const;
  vault::FileDescriptor file_;
  FileState state_;
};

// "seconds.nanoseconds".
std::string to_string(const timespec& time);

}  // namespace cli::client
