// Open segment files, and where the bytes of a payload are in them. Offsets and lengths are in bytes.
//
// `Segments` opens a file when it is needed and shares it. An open segment lives for as long as somebody uses it.
// Everything here is thread safe, except `Layout`, which is a value. Errc::io, with the system's reason, if the disk
// fails; Errc::full if it has no room.
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

// Fills all of `out`, through the page cache. Errc::tampered if the file ends before.
Result<void> read_segment(const File& file, std::uint64_t offset, std::span<std::byte> out);

// One open segment file.
class Segment {
 public:
  Segment(std::uint32_t segment_number, File file, std::optional<File> direct, std::uint64_t size)
      : number(segment_number), file_(std::move(file)), direct_(std::move(direct)), allocated_(size) {}
  const std::uint32_t number;
  const File& file() const { return file_; }

  // Writes without the page cache if the file system and the alignment allow it. Durable only after `sync`.
  Result<void> write(Disk& disk, std::uint64_t offset, ByteView bytes);
  // Fills all of `out`, without the page cache if it is large enough. Errc::tampered if the file ends before.
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;
  // Makes the file and its name durable and makes room up to `end`. Call this before a row refers to those bytes.
  // Returns false if the disk has not taken the room, so that a later write may still find it full.
  Result<bool> prepare(Disk& disk, const std::filesystem::path& folder, std::uint64_t end, std::uint64_t capacity);
  // Makes everything durable that was written before the call. Callers that arrive while a sync is running share the
  // next one. After a failure every later call fails too, because the kernel reports the failure once and then forgets
  // which pages it has dropped.
  Result<void> sync(Disk& disk);

 private:
  const File file_;
  const std::optional<File> direct_;  // the same file, past the page cache
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

// Opens segments. The last used ones stay open, and those whose sync has failed stay open for ever, so that nobody
// opens the file again and believes that its bytes are safe.
class Segments {
 public:
  Segments(std::filesystem::path folder, std::shared_ptr<Disk> disk)
      : folder_(std::move(folder)), disk_(std::move(disk)) {}
  const std::filesystem::path& folder() const { return folder_; }
  Result<SegmentPtr> open(std::uint32_t number);  // made if absent
  void retire(const SegmentPtr& failed);          // its sync has failed: it stays open and gets no new extents
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

// A piece of a payload that is within one extent.
struct Piece {
  std::uint32_t segment;
  std::uint64_t offset;  // in the segment
  std::uint64_t length;
};

// Finds the place of a payload's bytes. A value.
class Layout {
 public:
  explicit Layout(Extents extents);
  const Extents& extents() const { return extents_; }
  // Returns the first piece of [offset, offset + size). `offset` must be less than the length of all extents together.
  Piece piece(std::uint64_t offset, std::uint64_t size) const;

 private:
  Extents extents_;
  std::vector<std::uint64_t> starts_;
};

inline constexpr std::string_view kHoldFile = "hold.lock";  // locked while somebody punches or holds

}  // namespace vault::payload
