// A file that is being secured. It is read in order, and checked to be the same from beginning to end.
#pragma once
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

// "NUMBER MODIFIED CHANGED", the facts besides the size by which a file is recognised as unchanged. The times are
// seconds.nanoseconds. It is stored in the notes of unfinished uploads.
std::string state_of(const vault::FileFacts& facts);

// Why a file was not secured.
struct Fault {
  Error error;
  bool of_this_file = false;  // true: other files may still be secured
};

class SourceFile {
 public:
  // Follows no link. Errc::invalid_argument if it is not a regular file.
  static Result<SourceFile> open(const std::filesystem::path& path);
  const vault::FileFacts& state() const { return state_; }  // when it was opened
  Result<std::size_t> read(std::span<std::byte> into);      // reads until the span is full or the file ends
  void rewind() { offset_ = 0; }
  // Errc::conflict unless the file is as it was when it was opened. If this succeeds after a read, the bytes that were
  // read are also of that file, because the system notes the time of a write before its bytes.
  Result<void> check_same() const;
  // Errc::conflict unless the file is as it was when it was opened, and has `read_bytes` bytes.
  Result<void> check_unchanged(std::uint64_t read_bytes) const;

 private:
  SourceFile(vault::File file, const vault::FileFacts& state) : file_(std::move(file)), state_(state) {}
  vault::File file_;
  vault::FileFacts state_;
  std::uint64_t offset_ = 0;  // of the next read
};

}  // namespace cli::client
