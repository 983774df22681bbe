// Segment files while they are open, and where the bytes of a payload lie in them. Offsets and lengths are bytes.
//
// `Segments` opens a file when it is asked for and shares it: an open segment lives for as long as somebody has it. All
// but `Layout`, a value, is thread safe. Errc::io with the system's reason where the disk fails; Errc::full where it
// has no room.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "vault/payload/segments.h"

namespace vault::payload {

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) / to * to;
}

// All of `out`, through the page cache. Errc::tampered when the file ends before; `name` is for the words.
Result<void> read_segment(const FileDescriptor& file, std::uint64_t offset, std::span<std::byte> out,
                          std::string_view name);

// One open segment file.
class Segment {
 public:
  Segment(std::uint32_t segment_number, FileDescriptor file, std::optional<FileDescriptor> direct, std::uint64_t size)
      : number(segment_number), file_(std::move(file)), direct_(std::move(direct)), allocated_(size) {}
  const std::uint32_t number;
  const FileDescriptor& file() const { return file_; }

  // Past the page cache where the file system and the place of the bytes allow it. Durable only after `sync`.
  Result<void> write(Disk& disk, std::uint64_t offset, ByteView bytes);
  // All of `out`; a large piece past the page cache in the same way. Errc::tampered when the file ends before.
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;
  // Before a row refers to its bytes up to `end`. False: the disk only promised the room.
  Result<bool> prepare(Disk& disk, const std::filesystem::path& folder, std::uint64_t end, std::uint64_t capacity);
  // Everything written before the call. One sync serves all who came while the one before it ran. A failure sticks: the
  // kernel reports it once, and then forgets which pages it has dropped.
  Result<void> sync(Disk& disk);

 private:
  const FileDescriptor file_;
  const std::optional<FileDescriptor> direct_;  // the same file, past the page cache
  std::atomic<bool> refuses_direct_ = false;
  std::mutex prepare_mutex_;
  bool established_ = false;
  std::uint64_t allocated_;

  std::mutex sync_mutex_;
  std::condition_variable changed_;
  std::uint64_t wanted_ = 0;
  std::uint64_t done_ = 0;
  bool running_ = false;
  std::optional<Error> failure_;
};
using SegmentPtr = std::shared_ptr<Segment>;  // shared by uploads, readers and the cache

// Opens segments, keeps the last used ones open, and for ever those whose sync has failed.
class Segments {
 public:
  Segments(std::filesystem::path folder, std::shared_ptr<Disk> disk)
      : folder_(std::move(folder)), disk_(std::move(disk)) {}
  const std::filesystem::path& folder() const { return folder_; }
  Result<SegmentPtr> open(std::uint32_t number);  // made if absent
  void retire(const SegmentPtr& failed);          // its sync has failed: stays open, and takes nothing new
  bool is_retired(std::uint32_t number) const;

 private:
  void keep(const SegmentPtr& segment);
  const std::filesystem::path folder_;
  const std::shared_ptr<Disk> disk_;
  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::weak_ptr<Segment>> known_;
  std::deque<SegmentPtr> recent_;
  std::map<std::uint32_t, SegmentPtr> failed_;
};

// A piece of a payload within one extent.
struct Piece {
  std::uint32_t segment;
  std::uint64_t offset;  // in the segment
  std::uint64_t length;
};

// Where a payload's bytes are. A value.
class Layout {
 public:
  explicit Layout(Extents extents);
  const Extents& extents() const { return extents_; }
  // The first piece of [offset, offset + size); offset is less than the length of all.
  Piece piece(std::uint64_t offset, std::uint64_t size) const;

 private:
  Extents extents_;
  std::vector<std::uint64_t> starts_;
};

inline constexpr std::string_view kHoldFile = "hold.lock";  // flocked by whoever punches, and by whoever holds

}  // namespace vault::payload
