// Writing below a folder that somebody named: never outside it, never over what is there, and nothing under its name
// before all of it was verified.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "vault/base/bytes.h"
#include "vault/base/file.h"
#include "vault/base/time.h"

namespace cli::client {

using vault::ByteView;
using vault::Errc;
using vault::Error;
using vault::Result;

// A file without a name in the folder it will stand in (O_TMPFILE; a hidden temporary name where the file system has
// none), which `commit` names. Dropped before that, it leaves nothing. Mode 0600.
class StagedFile {
 public:
  // `inner` (raw bytes, is_inner_path) below `root`, which exists; folders on the way are made, links are refused
  // (Errc::tampered). Errc::conflict when the name is taken already.
  static Result<StagedFile> create(const std::filesystem::path& root, std::string_view inner);
  StagedFile(StagedFile&& other) noexcept = default;
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();
  Result<void> write(ByteView bytes);
  // fsyncs, and links it under its name. Errc::conflict when something stands there already.
  Result<void> commit(std::optional<vault::Instant> modified = {});

 private:
  StagedFile() = default;
  vault::FileDescriptor folder_;
  vault::FileDescriptor file_;
  std::string name_;
  std::string temporary_;  // empty: O_TMPFILE
};

// Relative, "/"-separated, no empty, "." or ".." part, no NUL: safe to make below a folder.
bool is_inner_path(std::string_view raw);

}  // namespace cli::client
