// Writes files below a folder that somebody named. Nothing is ever written outside the folder or over an existing file,
// and a file gets its name only after all of it was verified.
#pragma once
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client/files/folder.h"
#include "vault/base/bytes.h"
#include "vault/base/time.h"

namespace cli::client {

using vault::ByteView;

inline constexpr std::size_t kStagedFiles = 64;                // are named together at the latest
inline constexpr std::uint64_t kStagedFilesBytes = 32U << 20;  // or when they have so many bytes
inline constexpr std::uint64_t kDirectFile = 16U << 20;        // a file of this size or more bypasses the page cache

// A file that has no name yet, in the folder where it will be (O_TMPFILE, or a hidden temporary name if the file system
// does not support that). `commit` names it. If the object is dropped before, nothing is left behind. Mode 0600.
class StagedFile {
 public:
  // `inner` is the file's path below `root`, which must exist, in raw bytes (is_inner_path). Folders on the way are
  // made. Errc::tampered if one of them is a link, Errc::conflict if the name is taken. A file that will have
  // kDirectFile bytes or more, according to `size`, is written past the page cache.
  static Result<StagedFile> create(const std::filesystem::path& root, std::string_view inner, std::uint64_t size = 0);
  // Same as `create`, but under a hidden name (".NAME.part"), which stays if the object is dropped before `commit`, so
  // that a later run can resume. For ciphertext only. Errc::conflict while another program is writing the file.
  static Result<StagedFile> resume(const std::filesystem::path& root, std::string_view inner);
  StagedFile(StagedFile&& other) noexcept = default;
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();
  Result<void> write(ByteView bytes);
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const {  // reads fewer bytes at the end
    return staged_.file.read_at(offset, into);
  }
  // Replaces written bytes.
  Result<void> write_at(std::uint64_t offset, ByteView bytes) { return staged_.file.write_at(offset, bytes); }
  Result<void> truncate(std::uint64_t size);
  void discard() { keep_ = false; }  // drops the file that `resume` would have kept
  // The file has this time of modification once it is named.
  void set_modified(vault::Instant time) { modified_ = time; }
  // Asks the disk to begin writing. A large file does so by itself.
  void start_writeback();
  // Syncs the file, links it under its name, and syncs the folder. Errc::conflict if the name is taken by now.
  Result<void> commit();

 private:
  friend class StagedFiles;
  StagedFile() = default;
  static Result<StagedFile> place(const std::filesystem::path& root, std::string_view inner);
  Result<void> append(ByteView bytes);
  Result<void> write_held();
  Result<void> stop_direct();
  Result<void> sync();
  Result<void> name();
  std::filesystem::path path_;  // for messages
  Folder folder_;
  UnnamedFile staged_;
  std::string name_;
  bool keep_ = false;  // the hidden name stays if the object is dropped
  std::optional<vault::Instant> modified_;
  std::optional<vault::PageBuffer> held_;  // bytes that wait to be written, if the file bypasses the page cache
  std::size_t held_size_ = 0;
  std::uint64_t written_ = 0;  // without the held bytes
  std::uint64_t paced_ = 0;    // given to the disk already, so that syncing a large file does not take long
};

// Names small files in groups, because syncing many together costs little more than syncing one. Thread safe.
class StagedFiles {
 public:
  // Gets the outcome of one file. An error that it returns is returned by the call that named the group.
  using Named = std::function<Result<void>(Result<void> outcome)>;
  // If the group is full, it is named by this call, otherwise by a later one.
  Result<void> add(StagedFile file, std::uint64_t bytes, Named named);
  Result<void> finish();  // names the last group

 private:
  struct Waiting {
    StagedFile file;
    Named named;
  };
  static Result<void> commit(std::vector<Waiting> group);
  std::mutex mutex_;  // guards the members below
  std::vector<Waiting> waiting_;
  std::uint64_t bytes_ = 0;
};

}  // namespace cli::client
