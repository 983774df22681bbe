#include "cli/client/files/staged_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <utility>

#include "cli/client/session/record_path.h"
#include "vault/base/secret.h"

namespace cli::client {
namespace {

constexpr std::size_t kTemporaryBytes = 8;
constexpr std::uint64_t kWritebackStep = 8U << 20;
constexpr std::size_t kDirectBuffer = 1U << 20;

// Enters one folder, which it makes if there is none. Follows no link.
Result<vault::FileDescriptor> enter(const vault::FileDescriptor& folder, const std::string& part) {
  if (::mkdirat(folder.get(), part.c_str(), vault::kPrivateDirectoryMode) != 0 && errno != EEXIST)
    return vault::system_error(errno, "cannot make a folder");
  const int fd = ::openat(folder.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
    return Error{Errc::tampered, "a folder on the way is a link or a file; nothing is written through it"};
  if (fd < 0) return vault::system_error(errno, "cannot open a folder");
  return vault::FileDescriptor(fd);
}

bool lacks_tmpfile(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL;
}

}  // namespace

// Opens the folder of the file, and checks that the name is free.
Result<StagedFile> StagedFile::place(const std::filesystem::path& root, std::string_view inner) {
  if (!is_inner_path(inner)) return Error{Errc::tampered, "a path leads out of the folder; nothing is written there"};
  StagedFile staged;
  staged.path_ = root / inner;
  TRY(staged.folder_, vault::open_file(root, O_RDONLY | O_DIRECTORY));
  for (std::size_t slash; (slash = inner.find('/')) != std::string_view::npos; inner.remove_prefix(slash + 1)) {
    TRY(staged.folder_, enter(staged.folder_, std::string(inner.substr(0, slash))));
  }
  staged.name_ = inner;
  struct stat there{};
  if (::fstatat(staged.folder_.get(), staged.name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0)
    return Error{Errc::conflict, "there is such a file already; nothing is overwritten"};
  return staged;
}

Result<StagedFile> StagedFile::create(const std::filesystem::path& root, std::string_view inner, std::uint64_t size) {
  TRY(StagedFile staged, place(root, inner));
  int fd = ::openat(staged.folder_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, vault::kPrivateFileMode);
  if (fd < 0 && lacks_tmpfile(errno)) {
    std::array<std::byte, kTemporaryBytes> random;
    vault::fill_random(random);
    staged.temporary_ = ".strongroom-" + vault::hex(random);
    fd = ::openat(staged.folder_.get(), staged.temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                  vault::kPrivateFileMode);
  }
  if (fd < 0) return vault::system_error(errno, "cannot make a file");
  staged.file_ = vault::FileDescriptor(fd);
  if (size >= kDirectFile && ::fcntl(fd, F_SETFL, O_DIRECT) == 0) staged.held_.emplace(kDirectBuffer);
  return staged;
}

Result<StagedFile> StagedFile::resume(const std::filesystem::path& root, std::string_view inner) {
  TRY(StagedFile staged, place(root, inner));
  const std::string hidden = "." + staged.name_ + ".part";
  const int fd = ::openat(staged.folder_.get(), hidden.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                          vault::kPrivateFileMode);
  if (fd < 0) return vault::system_error(errno, "cannot make a file");
  staged.file_ = vault::FileDescriptor(fd);
  struct stat status{};
  if (::fstat(fd, &status) != 0) return vault::system_error(errno, "cannot look at a file");
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
    return Error{Errc::tampered, hidden + " was not made by this program; nothing is written to it"};
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    return Error{Errc::conflict, "another program is writing this file; wait until it is done"};
  staged.written_ = staged.paced_ = static_cast<std::uint64_t>(status.st_size);
  staged.temporary_ = hidden;
  staged.keep_ = true;
  return staged;
}

Result<std::size_t> StagedFile::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  return vault::read_at(file_, offset, into);
}

Result<void> StagedFile::write_at(std::uint64_t offset, ByteView bytes) {
  return with_name(vault::write_at(file_, offset, bytes));
}

Result<void> StagedFile::truncate(std::uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0)
    return vault::system_error(errno, "cannot shorten a file");
  written_ = size;
  paced_ = std::min(paced_, size);
  return {};
}

StagedFile::~StagedFile() {
  if (folder_.is_open() && !temporary_.empty() && !keep_) ::unlinkat(folder_.get(), temporary_.c_str(), 0);
}

Result<void> StagedFile::with_name(Result<void> outcome) const {
  if (!outcome) return Error{outcome.code(), path_.string() + ": " + outcome.error().message};
  return outcome;
}

Result<void> StagedFile::write(ByteView bytes) {
  return with_name(append(bytes));
}

Result<void> StagedFile::append(ByteView bytes) {
  while (held_ && !bytes.empty()) {
    const std::size_t room = std::min(bytes.size(), held_->span().size() - held_size_);
    std::ranges::copy(bytes.first(room), held_->span().subspan(held_size_).begin());
    held_size_ += room;
    bytes = bytes.subspan(room);
    if (held_size_ == held_->span().size()) TRY_VOID(write_held());
  }
  if (bytes.empty()) return {};
  TRY_VOID(vault::write_at(file_, written_, bytes));
  written_ += bytes.size();
  if (written_ - paced_ >= kWritebackStep) start_writeback();
  return {};
}

// Writes a whole buffer. The last part of the file, which is shorter, is written by stop_direct.
Result<void> StagedFile::write_held() {
  TRY(const bool written, vault::write_direct(file_, written_, held_->view()));
  if (!written) return stop_direct();
  written_ += held_size_;
  paced_ = written_;
  held_size_ = 0;
  return {};
}

// Writes the held bytes, and all later ones, through the page cache.
Result<void> StagedFile::stop_direct() {
  if (!held_) return {};
  if (::fcntl(file_.get(), F_SETFL, 0) != 0) return vault::system_error(errno, "cannot write a file");
  TRY_VOID(vault::write_at(file_, written_, held_->view().first(held_size_)));
  written_ += held_size_;
  held_.reset();
  return {};
}

void StagedFile::start_writeback() {
  // This is only a hint. The later sync reports any failure.
  ::sync_file_range(file_.get(), static_cast<off_t>(paced_), static_cast<off_t>(written_ - paced_),
                    SYNC_FILE_RANGE_WRITE);
  paced_ = written_;
}

Result<void> StagedFile::sync() {
  TRY_VOID(stop_direct());
  if (modified_) {
    const timespec time{modified_->unix_ms / vault::kMillisecondsPerSecond,
                        modified_->unix_ms % vault::kMillisecondsPerSecond * 1'000'000};
    const std::array<timespec, 2> times{time, time};
    if (::futimens(file_.get(), times.data()) != 0) return vault::system_error(errno, "cannot set a file's time");
  }
  if (::fsync(file_.get()) != 0) return vault::system_error(errno, "cannot sync a file");
  return {};
}

Result<void> StagedFile::name() {
  const std::string self = "/proc/self/fd/" + std::to_string(file_.get());
  const int linked =
      temporary_.empty()
          ? ::linkat(AT_FDCWD, self.c_str(), folder_.get(), name_.c_str(), AT_SYMLINK_FOLLOW)
          : ::renameat2(folder_.get(), temporary_.c_str(), folder_.get(), name_.c_str(), RENAME_NOREPLACE);
  if (linked != 0 && errno == EEXIST)
    return Error{Errc::conflict, "there is such a file already; nothing is overwritten"};
  if (linked != 0) return vault::system_error(errno, "cannot name a file");
  temporary_.clear();
  return {};
}

Result<void> StagedFile::commit() {
  TRY_VOID(with_name(sync()));
  TRY_VOID(name());
  if (::fsync(folder_.get()) != 0) return vault::system_error(errno, "cannot sync a folder");
  return {};
}

Result<void> StagedFiles::add(StagedFile file, std::uint64_t bytes, Named named) {
  file.start_writeback();
  std::vector<Waiting> full;
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back({std::move(file), std::move(named)});
    bytes_ += bytes;
    if (waiting_.size() == kStagedFiles || bytes_ >= kStagedFilesBytes) {
      full = std::exchange(waiting_, {});
      bytes_ = 0;
    }
  }
  return commit(std::move(full));
}

Result<void> StagedFiles::finish() {
  const std::scoped_lock lock(mutex_);
  bytes_ = 0;
  return commit(std::exchange(waiting_, {}));
}

// Syncs each file's content, then names the files, then syncs each folder once.
Result<void> StagedFiles::commit(std::vector<Waiting> group) {
  std::vector<Result<void>> outcomes;
  for (Waiting& one : group) outcomes.push_back(one.file.with_name(one.file.sync()));
  std::map<std::pair<dev_t, ino_t>, Result<void>> folders;
  for (std::size_t i = 0; i < group.size(); ++i)
    if (outcomes[i]) outcomes[i] = group[i].file.name();
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!outcomes[i]) continue;
    const vault::FileDescriptor& folder = group[i].file.folder_;
    struct stat status{};
    if (::fstat(folder.get(), &status) != 0) {
      outcomes[i] = vault::system_error(errno, "cannot look at a folder");
      continue;
    }
    const auto [synced, is_new] = folders.try_emplace({status.st_dev, status.st_ino});
    if (is_new && ::fsync(folder.get()) != 0) synced->second = vault::system_error(errno, "cannot sync a folder");
    outcomes[i] = synced->second;
  }
  Result<void> first;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const Result<void> told = group[i].named(std::move(outcomes[i]));
    if (!told && first) first = told;
  }
  return first;
}

}  // namespace cli::client
