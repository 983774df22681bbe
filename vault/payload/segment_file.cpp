#include "vault/payload/segment_file.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace vault::payload {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kAllocationStep = 64ULL << 20;  // segments are allocated this far ahead
constexpr std::size_t kDirectReadLeast = 256U << 10;    // smaller reads are faster if the kernel reads ahead
constexpr std::size_t kOpenSegments = 64;               // stay open while nobody uses them

}  // namespace

std::string segment_name(std::uint32_t number) {
  std::array<char, 16> name{};
  std::snprintf(name.data(), name.size(), "%08u.seg", number);
  return name.data();
}

Result<void> Segment::write(Disk& disk, std::uint64_t offset, ByteView bytes) {
  if (direct_ && may_be_direct(offset, bytes) && !refuses_direct_) {
    TRY(const bool written, direct_->write_direct(offset, bytes));
    if (written) return {};
    refuses_direct_ = true;
  }
  return disk.write_at(file_, offset, bytes);
}

Result<void> Segment::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (direct_ && out.size() >= kDirectReadLeast && may_be_direct(offset, out) && !refuses_direct_) {
    const auto got = direct_->read_at(offset, out);
    if (got && *got == out.size()) return {};  // otherwise the read below succeeds, or gives the precise error
  }
  return read_segment(file_, offset, out);
}

Result<void> read_segment(const File& file, std::uint64_t offset, std::span<std::byte> out) {
  TRY(const std::size_t got, file.read_at(offset, out));
  if (got < out.size())
    return Error{Errc::tampered, text_of(file.shown().filename()) + " is shorter than its payloads"};
  return {};
}

Result<bool> Segment::prepare(Disk& disk, const fs::path& folder, std::uint64_t end, std::uint64_t capacity) {
  const std::lock_guard lock(prepare_mutex_);
  if (!established_) TRY_VOID(disk.sync_file_and_folder(file_, folder));
  established_ = true;
  if (end <= allocated_) return true;
  const std::uint64_t to = std::max(end, std::min(capacity, round_up(end, kAllocationStep)));
  TRY(const bool taken, disk.allocate(file_, allocated_, to - allocated_));
  allocated_ = to;
  return taken;
}

Result<void> Segment::sync(Disk& disk) {
  std::unique_lock lock(sync_mutex_);
  const std::uint64_t ticket = ++wanted_;
  while (done_ < ticket && !failure_) {
    if (running_) {
      changed_.wait(lock);
      continue;
    }
    running_ = true;
    // Taken before the sync begins: a caller that comes later may have written later, and must wait for the next sync.
    const std::uint64_t upto = wanted_;
    lock.unlock();
    Result<void> outcome = disk.sync_data(file_);
    lock.lock();
    running_ = false;
    if (outcome) {
      done_ = upto;
    } else {
      failure_ = Error{Errc::io, outcome.error().message};
    }
    changed_.notify_all();
  }
  if (done_ < ticket) return *failure_;
  return {};
}

Result<SegmentPtr> Segments::open(std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  if (SegmentPtr found = known_[number].lock()) {
    keep(found);
    return found;
  }
  TRY(File file, disk_->open_segment(folder_ / segment_name(number)));
  TRY(auto direct, disk_->open_direct(folder_ / segment_name(number)));
  TRY(const FileFacts facts, file.facts());
  auto made = std::make_shared<Segment>(number, std::move(file), std::move(direct), facts.size);
  known_[number] = made;
  keep(made);
  return made;
}

void Segments::retire(const SegmentPtr& failed) {
  const std::lock_guard lock(mutex_);
  failed_[failed->number] = failed;
}

bool Segments::is_retired(std::uint32_t number) const {
  const std::lock_guard lock(mutex_);
  return failed_.contains(number);
}

void Segments::keep(const SegmentPtr& segment) {
  std::erase(recent_, segment);
  recent_.push_back(segment);
  if (recent_.size() <= kOpenSegments) return;
  const std::uint32_t oldest = recent_.front()->number;
  recent_.pop_front();
  if (known_[oldest].expired()) known_.erase(oldest);  // an upload or a reader may still share it
}

Layout::Layout(Extents extents) : extents_(std::move(extents)) {
  std::uint64_t at = 0;
  for (const Extent& e : extents_) {
    starts_.push_back(at);
    at += e.length;
  }
}

Piece Layout::piece(std::uint64_t offset, std::uint64_t size) const {
  const auto next = std::ranges::upper_bound(starts_, offset);
  const auto index = static_cast<std::size_t>(next - starts_.begin()) - 1;
  const Extent& e = extents_[index];
  const std::uint64_t skip = offset - starts_[index];
  return {e.segment, e.offset + skip, std::min(size, e.length - skip)};
}

Result<File> hold_segments(const fs::path& directory) {
  TRY(File hold, File::open_or_make(directory / kHoldFile));
  TRY_VOID(hold.lock(Lock::shared));
  return hold;
}

// ---- The disk.

Result<File> Disk::open_segment(const fs::path& path) {
  return File::open_or_make(path);
}

Result<std::optional<File>> Disk::open_direct(const fs::path& path) {
  return File::open_direct(path);
}

Result<void> Disk::write_at(const File& file, std::uint64_t offset, ByteView bytes) {
  return file.write_at(offset, bytes);
}

void Disk::start_writeback(const File& file, std::uint64_t offset, std::uint64_t size) {
  file.start_writeback(offset, size);
}

Result<void> Disk::sync_data(const File& file) {
  return file.sync_data();
}

Result<void> Disk::sync_file_and_folder(const File& file, const fs::path& folder) {
  TRY_VOID(file.sync());
  return sync_directory(folder);
}

Result<bool> Disk::allocate(const File& file, std::uint64_t offset, std::uint64_t size) {
  return file.allocate(offset, size);
}

Result<void> Disk::punch(const File& file, std::uint64_t offset, std::uint64_t size) {
  TRY(const bool punched, file.punch(offset, size));
  if (!punched)
    return Error{Errc::io, "the file system of " + text_of(file.shown()) + " cannot free space in a segment"};
  return {};
}

Result<std::uint64_t> Disk::free_bytes(const fs::path& folder) {
  return free_space(folder);
}

}  // namespace vault::payload
