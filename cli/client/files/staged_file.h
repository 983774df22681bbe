// Writing below a folder that somebody named: never outside it, never over what is there, and nothing under its name
// before all of it was verified.
#pragma once
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/base/file.h"
#include "vault/base/time.h"

namespace cli::client {

using vault::ByteView;
using vault::Errc;
using vault::Error;
using vault::Result;

inline constexpr std::size_t kStagedFiles = 64;                // that wait to be named together
inline constexpr std::uint64_t kDirectFile = 16U << 20;        // from here on a file is written past the page cache
inline constexpr std::uint64_t kStagedFilesBytes = 32U << 20;  // of them

// A file without a name in the folder it will stand in (O_TMPFILE; a hidden temporary name where the file system has
// none), which `commit` names. Dropped before that, it leaves nothing. Mode 0600.
class StagedFile {
 public:
  // `inner` (raw bytes, is_inner_path) below `root`, which exists; folders on the way are made, links are refused
  // (Errc::tampered). Errc::conflict when the name is taken already.
  // A file that will have `size` bytes, when that is many, is written past the page cache.
  static Result<StagedFile> create(const std::filesystem::path& root, std::string_view inner, std::uint64_t size = 0);
  // The same under a hidden name (".NAME.part"), which is kept if the object is dropped before `commit`, so that a
  // later run resumes what is there. For ciphertext only. Errc::conflict while another program is writing it.
  static Result<StagedFile> resume(const std::filesystem::path& root, std::string_view inner);
  StagedFile(StagedFile&& other) noexcept = default;
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();
  Result<void> write(ByteView bytes);
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const;  // fewer at the end of the file
  Result<void> write_at(std::uint64_t offset, ByteView bytes);                         // over what was written
  Result<void> truncate(std::uint64_t size);
  void discard() { keep_ = false; }  // what `resume` would have kept
  // The file's time of modification, from its naming on.
  void set_modified(vault::Instant time) { modified_ = time; }
  // Asks the disk to begin with what was written. A large file does by itself.
  void start_writeback();
  // fsyncs, links it under its name, and fsyncs the folder. Errc::conflict when something stands there already.
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
  Result<void> with_name(Result<void> outcome) const;  // an error says which file it is about
  std::filesystem::path path_;                         // for messages
  vault::FileDescriptor folder_;
  vault::FileDescriptor file_;
  std::string name_;
  std::string temporary_;  // empty: O_TMPFILE
  bool keep_ = false;      // the temporary name
  std::optional<vault::Instant> modified_;
  std::optional<vault::PageBuffer> held_;  // while it is written past the page cache: what waits to be written
  std::size_t held_size_ = 0;
  std::uint64_t written_ = 0;  // without what is held
  std::uint64_t paced_ = 0;  // handed to the disk already, so that the sync of a large file has little left to wait for
};

// Many small files, named a group at a time: syncing them together costs little more than syncing one. Thread safe.
class StagedFiles {
 public:
  // Told what became of one file; what it returns comes back from the call that named the group.
  using Named = std::function<Result<void>(Result<void> outcome)>;
  // When the group is full it is named here, otherwise by a later call.
  Result<void> add(StagedFile file, std::uint64_t bytes, Named named);
  Result<void> finish();  // the rest

 private:
  struct Waiting {
    StagedFile file;
    Named named;
  };
  static Result<void> commit(std::vector<Waiting> group);
  std::mutex mutex_;  // guards what follows
  std::vector<Waiting> waiting_;
  std::uint64_t bytes_ = 0;
};

}  // namespace cli::client
