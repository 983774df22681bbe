#include "cli/client/files/staged_file.h"

#include <algorithm>
#include <map>
#include <utility>

#include "cli/client/session/record_path.h"

namespace cli::client {
namespace {

constexpr std::uint64_t kWritebackStep = 8U << 20;
constexpr std::size_t kDirectBuffer = 1U << 20;

}  // namespace

// Opens the folder of the file, and checks that the name is free.
Result<StagedFile> StagedFile::place(const std::filesystem::path& root, std::string_view inner) {
  if (!is_inner_path(inner)) return Error{Errc::tampered, "a path leads out of the folder; nothing is written there"};
  StagedFile staged;
  staged.path_ = root / vault::path_of(inner);
  TRY(staged.folder_, Folder::open(root));
  for (std::size_t slash; (slash = inner.find('/')) != std::string_view::npos; inner.remove_prefix(slash + 1)) {
    TRY(staged.folder_, staged.folder_.enter_or_make(inner.substr(0, slash)));
  }
  staged.name_ = inner;
  // Found before anything is written, so that no bytes are fetched for a name that is taken.
  if (staged.folder_.has(inner)) return Error{Errc::conflict, "there is such a file already; nothing is overwritten"};
  return staged;
}

Result<StagedFile> StagedFile::create(const std::filesystem::path& root, std::string_view inner, std::uint64_t size) {
  TRY(StagedFile staged, place(root, inner));
  TRY(staged.staged_, staged.folder_.make_unnamed(staged.path_));
  if (size >= kDirectFile && staged.staged_.file.set_direct(true)) staged.held_.emplace(kDirectBuffer);
  return staged;
}

Result<StagedFile> StagedFile::resume(const std::filesystem::path& root, std::string_view inner) {
  TRY(StagedFile staged, place(root, inner));
  const std::string hidden = "." + staged.name_ + ".part";
  TRY(vault::File file, staged.folder_.open_or_make(hidden, staged.path_));
  TRY(const vault::FileFacts facts, file.facts());
  // A file with a second name would be written to under that name too.
  if (facts.kind != vault::FileKind::regular || facts.names != 1)
    return Error{Errc::tampered, hidden + " was not made by this program; nothing is written to it"};
  TRY(const bool locked, file.try_lock(vault::Lock::alone));
  if (!locked) return Error{Errc::conflict, "another program is writing this file; wait until it is done"};
  staged.written_ = staged.paced_ = facts.size;
  staged.staged_ = {std::move(file), hidden};
  staged.keep_ = true;
  return staged;
}

Result<void> StagedFile::truncate(std::uint64_t size) {
  TRY_VOID(staged_.file.truncate(size));
  written_ = size;
  paced_ = std::min(paced_, size);
  return {};
}

StagedFile::~StagedFile() {
  if (folder_.is_open() && !staged_.hidden.empty() && !keep_) folder_.drop(staged_.hidden);
}

Result<void> StagedFile::write(ByteView bytes) {
  while (held_ && !bytes.empty()) {
    const std::size_t room = std::min(bytes.size(), held_->span().size() - held_size_);
    std::ranges::copy(bytes.first(room), held_->span().subspan(held_size_).begin());
    held_size_ += room;
    bytes = bytes.subspan(room);
    if (held_size_ == held_->span().size()) TRY_VOID(write_held());
  }
  if (bytes.empty()) return {};
  TRY_VOID(staged_.file.write_at(written_, bytes));
  written_ += bytes.size();
  if (written_ - paced_ >= kWritebackStep) start_writeback();
  return {};
}

// Writes a whole buffer. The last part of the file, which is shorter, is written by stop_direct.
Result<void> StagedFile::write_held() {
  TRY(const bool written, staged_.file.write_direct(written_, held_->view()));
  if (!written) return stop_direct();
  written_ += held_size_;
  paced_ = written_;
  held_size_ = 0;
  return {};
}

// Writes the held bytes, and all later ones, through the page cache.
Result<void> StagedFile::stop_direct() {
  if (!held_) return {};
  TRY_VOID(staged_.file.set_direct(false));
  TRY_VOID(staged_.file.write_at(written_, held_->view().first(held_size_)));
  written_ += held_size_;
  held_.reset();
  return {};
}

void StagedFile::start_writeback() {
  // This is only a hint. The later sync reports any failure.
  staged_.file.start_writeback(paced_, written_ - paced_);
  paced_ = written_;
}

Result<void> StagedFile::sync() {
  TRY_VOID(stop_direct());
  if (modified_) TRY_VOID(staged_.file.set_modified(*modified_));
  return staged_.file.sync();
}

Result<void> StagedFile::name() {
  TRY_VOID(folder_.give_name(staged_, name_));
  staged_.hidden.clear();
  return {};
}

Result<void> StagedFile::commit() {
  TRY_VOID(sync());
  TRY_VOID(name());
  return folder_.sync();
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
  for (Waiting& one : group) outcomes.push_back(one.file.sync());
  for (std::size_t i = 0; i < group.size(); ++i)
    if (outcomes[i]) outcomes[i] = group[i].file.name();
  std::map<vault::FileId, Result<void>> folders;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!outcomes[i]) continue;
    const Folder& folder = group[i].file.folder_;
    const auto id = folder.id();
    if (!id) {
      outcomes[i] = id.error();
      continue;
    }
    const auto [synced, is_new] = folders.try_emplace(*id);
    if (is_new) synced->second = folder.sync();
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
