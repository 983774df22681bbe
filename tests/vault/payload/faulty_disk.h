// A disk that fails when a test says so, and that can lose writes that were not synced, as in a power cut.
#pragma once
#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "vault/payload/segments.h"

namespace vault::payload {

class FaultyDisk : public Disk {
 public:
  // The disk calls each hook before the matching call, and the hook may fail it. Set them while nothing runs.
  std::function<Result<void>()> on_write;
  std::function<Result<void>()> on_sync;
  std::function<Result<void>()> on_sync_names;
  std::function<Result<void>()> on_allocate;
  std::function<Result<void>()> on_punch;
  std::optional<std::uint64_t> free;
  bool allocates = true;
  std::atomic<int> syncs = 0;
  std::atomic<int> punches = 0;

  // Undoes every write since its file's last successful sync, the last one first. Destroy the store before you call it.
  void lose_unsynced() {
    const std::lock_guard lock(mutex_);
    for (auto& [path, writes] : unsynced_) {
      const File file = File::open_or_make(path).value();
      for (auto write = writes.rbegin(); write != writes.rend(); ++write)
        invariant(Disk::write_at(file, write->offset, write->before).has_value(), "a write is undone");
    }
    unsynced_.clear();
  }

  // Offers no direct writes, so that every write passes through `write_at`.
  Result<std::optional<File>> open_direct(const std::filesystem::path&) override { return std::optional<File>(); }
  Result<void> write_at(const File& file, std::uint64_t offset, ByteView bytes) override {
    TRY_VOID(ask(on_write));
    Bytes before(bytes.size());  // zeros beyond the end
    TRY_VOID(file.read_at(offset, before));
    {
      const std::lock_guard lock(mutex_);
      unsynced_[file.shown()].push_back({offset, std::move(before)});
    }
    return Disk::write_at(file, offset, bytes);
  }
  void start_writeback(const File&, std::uint64_t, std::uint64_t) override {}
  Result<void> sync_data(const File& file) override {
    ++syncs;
    std::size_t covered = 0;
    {
      const std::lock_guard lock(mutex_);
      covered = unsynced_[file.shown()].size();
    }
    TRY_VOID(ask(on_sync));
    const std::lock_guard lock(mutex_);
    auto& writes = unsynced_[file.shown()];
    writes.erase(writes.begin(), writes.begin() + static_cast<std::ptrdiff_t>(covered));
    return {};
  }
  Result<void> sync_file_and_folder(const File& file, const std::filesystem::path& folder) override {
    TRY_VOID(ask(on_sync_names));
    return Disk::sync_file_and_folder(file, folder);
  }
  Result<bool> allocate(const File& file, std::uint64_t offset, std::uint64_t size) override {
    TRY_VOID(ask(on_allocate));
    return allocates ? Disk::allocate(file, offset, size) : Result<bool>(false);
  }
  Result<void> punch(const File& file, std::uint64_t offset, std::uint64_t size) override {
    ++punches;
    TRY_VOID(ask(on_punch));
    return Disk::punch(file, offset, size);
  }
  Result<std::uint64_t> free_bytes(const std::filesystem::path& folder) override {
    return free ? Result<std::uint64_t>(*free) : Disk::free_bytes(folder);
  }

 private:
  struct Write {
    std::uint64_t offset;
    Bytes before;
  };
  static Result<void> ask(const std::function<Result<void>()>& hook) { return hook ? hook() : Result<void>(); }
  std::mutex mutex_;
  std::map<std::filesystem::path, std::vector<Write>> unsynced_;
};

// Makes a hook that fails the nth call and lets all others succeed.
inline std::function<Result<void>()> failing_at(int nth, Errc code = Errc::io) {
  return [count = std::make_shared<std::atomic<int>>(0), nth, code]() -> Result<void> {
    if (++*count == nth) return Error{code, "injected"};
    return {};
  };
}

}  // namespace vault::payload
