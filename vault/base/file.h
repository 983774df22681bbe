// Files, folders and paths. This header says what the product asks of the operating system about them, and
// posix/file.cpp does it. Errors are full, not_found, conflict or io; each message names the path and the system's
// reason. docs/durability.md describes what survives a crash.
#pragma once
#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/base/time.h"

namespace vault {

// --- Paths and names

// Text becomes a path, and a path becomes text, only here. The standard conversions read and write another encoding on
// some systems, so that a file called "é" would not be found. On POSIX any bytes are kept as they are.
std::filesystem::path path_of(std::string_view utf8);
std::string text_of(const std::filesystem::path& path);
// Whether a whole name fits a pattern with *, ?, [a-z] and \, as in a shell.
bool name_matches(std::string_view name, const std::string& pattern);

// --- Facts

// Which file it is on this machine, for as long as it exists.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t number = 0;
  auto operator<=>(const FileId&) const = default;
};

struct FileTime {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  bool operator==(const FileTime&) const = default;
};
std::string to_string(const FileTime& time);  // "seconds.nanoseconds", without leading zeros

enum class FileKind { regular, folder, other };

struct FileFacts {
  FileKind kind = FileKind::other;
  FileId id;
  std::uint64_t size = 0;
  FileTime modified;
  FileTime changed;         // set by the system with each change of content, names or facts, and by nobody else
  std::uint64_t names = 0;  // hard links
  bool operator==(const FileFacts&) const = default;
};

// What a path that ends in a link means: the file that the link names, or the link itself, which is never opened.
enum class Links { followed, not_followed };
Result<FileFacts> look_at(const std::filesystem::path& path, Links links = Links::followed);

// --- Files

enum class Lock { shared, alone };

// An open file, closed on destruction. Files that are made can be used only by their owner. Thread safe, except for
// moving, `read` and `set_shown`.
class File {
 public:
  // Opening a pipe waits for its other end only if links are followed.
  static Result<File> open_to_read(const std::filesystem::path& path, Links links = Links::followed);
  // These three open to read and write. The first makes the file if there is none, the second empties a file that is
  // there, and the third is Errc::conflict if there is one.
  static Result<File> open_or_make(const std::filesystem::path& path);
  static Result<File> make_empty(const std::filesystem::path& path);
  static Result<File> make_new(const std::filesystem::path& path);
  // Opens an existing file for direct reads and writes (kDirectAlignment). Empty optional if the file system does not
  // support them.
  static Result<std::optional<File>> open_direct(const std::filesystem::path& path);

  File() = default;
  File(File&& other) noexcept : handle_(std::exchange(other.handle_, kNone)), shown_(std::move(other.shown_)) {}
  File& operator=(File&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(shown_, other.shown_);
    return *this;
  }
  ~File();
  bool is_open() const { return handle_ != kNone; }
  // The path that messages name: the one that was opened, or the one that the file will have.
  const std::filesystem::path& shown() const { return shown_; }
  void set_shown(std::filesystem::path path) { shown_ = std::move(path); }

  // Reads on from where the last `read` ended, also from a pipe. Returns fewer bytes than asked for at any time, and 0
  // only at the end.
  Result<std::size_t> read(std::span<std::byte> out);
  // Returns how many bytes were read. That is less than out.size() only if the file ends before.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const;
  Result<void> write_at(std::uint64_t offset, ByteView bytes) const;
  // Returns false if the file system wants another alignment. Some of the bytes may be written by then, so the caller
  // must write all of them again in the ordinary way.
  Result<bool> write_direct(std::uint64_t offset, ByteView bytes) const;
  // Later writes are direct, or no longer so. Errc::io if the file system does not support it.
  Result<void> set_direct(bool direct) const;

  Result<void> truncate(std::uint64_t size) const;
  Result<void> sync() const;       // content and facts
  Result<void> sync_data() const;  // content, and the facts that are needed to read it
  Result<FileFacts> facts() const;
  Result<void> set_modified(Instant time) const;

  // A lock is advisory and ends when the file is closed. `try_lock` returns false if somebody else's lock is in the
  // way.
  Result<void> lock(Lock how) const;
  Result<bool> try_lock(Lock how) const;

  // Takes room for [offset, offset + size), which may extend the file. Returns false if the file system does not
  // reserve room: the file is extended, and later writes still take it.
  Result<bool> allocate(std::uint64_t offset, std::uint64_t size) const;
  // Gives the room back; the bytes are zeros then. Returns false if the file system cannot.
  Result<bool> punch(std::uint64_t offset, std::uint64_t size) const;
  Result<std::uint64_t> free_space() const;  // on its disk, in bytes
  // Hints. The first never waits, and never takes an error that the next sync has to report.
  void start_writeback(std::uint64_t offset, std::uint64_t size) const;
  void drop_cached(std::uint64_t offset, std::uint64_t size) const;

  // For the files in posix/, and for libraries that take the system's own handle. The constructor takes it over.
  using Handle = std::intptr_t;
  File(Handle handle, std::filesystem::path shown) : handle_(handle), shown_(std::move(shown)) {}
  Handle handle() const { return handle_; }

 private:
  static constexpr Handle kNone = -1;
  Handle handle_ = kNone;
  std::filesystem::path shown_;
};

// --- Large transfers

// Large files are written and read without the page cache if the file system supports it, because copying into the
// cache and reclaiming its pages costs more processor time than encrypting does. The memory's address, the offset in
// the file and the size must all be multiples of kDirectAlignment bytes.
inline constexpr std::size_t kDirectAlignment = 4096;
inline constexpr std::size_t kDirectLeast = 64U << 10;  // smaller transfers are faster through the page cache
// Whether the alignment and the size allow a direct transfer.
bool may_be_direct(std::uint64_t offset, ByteView bytes);

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

// --- Whole files, names and folders

// Reads a whole regular file. Errc::not_found; Errc::too_large if it is larger than `max_bytes`, which is found before
// memory is allocated.
Result<Bytes> read_file_limited(const std::filesystem::path& path, std::size_t max_bytes);

// Replaces or makes the file. Writes to a temporary name in the same folder, syncs, renames, and syncs the folder, so
// that after a crash the file has either all of the old content or all of the new.
Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content);

// Makes a new file, which is durable when this returns. Errc::conflict if there is a file of that name.
Result<void> write_new_file(const std::filesystem::path& path, ByteView content);

// Makes the folder for its owner only, unless it exists. Its parent must exist.
Result<void> make_private_directory(const std::filesystem::path& directory);
// Makes the names in the folder durable. A new or renamed file is not durable before this.
Result<void> sync_directory(const std::filesystem::path& directory);
// The names in a folder, in no order; none if there is no such folder.
Result<std::vector<std::filesystem::path>> names_in(const std::filesystem::path& directory);

// Replaces what is called `to`, in one step.
Result<void> rename_over(const std::filesystem::path& from, const std::filesystem::path& to);
// Each of two names means the other's file or folder afterwards, in one step.
Result<void> exchange_names(const std::filesystem::path& a, const std::filesystem::path& b);
// Returns false if there is no such file.
Result<bool> remove_file(const std::filesystem::path& path);

// Free bytes for us on the disk of a folder.
Result<std::uint64_t> free_space(const std::filesystem::path& directory);
// The largest size of a file that this process may write (ulimit -f).
std::uint64_t file_size_limit();

// Turns an error of the system into one of ours: full if there is no room, not_found, conflict if the name is taken,
// and io for every other. `what` begins the message and names what could not be done, for example "cannot open a.txt".
Error system_error(const std::error_code& error, std::string_view what);

}  // namespace vault
