// A file that is being secured. It is read once, in order, and checked to be the same from beginning to end.
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

// The facts by which a file is recognised as unchanged.
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
  // "inode modified changed", with the times as seconds.nanoseconds. Equal states have equal texts.
  std::string to_string() const;
};

// Why a file was not secured.
struct Fault {
  Error error;
  bool of_this_file = false;  // true: other files may still be secured
};

class SourceFile {
 public:
  // Follows no link. Errc::invalid_argument if it is not a regular file.
  static Result<SourceFile> open(const std::filesystem::path& path);
  const FileState& state() const { return state_; }
  Result<std::size_t> read(std::span<std::byte> into);       // 0: the file has ended
  Result<std::size_t> read_full(std::span<std::byte> into);  // reads until the span is full or the file ends
  Result<void> rewind();
  // Errc::conflict unless the file is as it was when it was opened. If this succeeds after a read, the bytes that were
  // read are also of that file, because the system notes the time of a write before its bytes.
  Result<void> check_same() const;
  // Errc::conflict unless the file is as it was when it was opened, and has `read_bytes` bytes.
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
