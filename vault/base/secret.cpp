#include "vault/base/secret.h"

#include <sodium.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

#include "vault/base/memory.h"

namespace vault {
namespace {

// Keys are small and many: encrypting one record makes two dozen. A guarded allocation for each would cost ten system
// calls, so secrets of up to kSlotSize bytes share guarded pages. These pages are never given back to the system.
constexpr std::size_t kSlotSize = 64;
constexpr std::size_t kSlotsPerSlab = 63;  // with libsodium's canary, one page

class SlotPool {
 public:
  // Returns a slot that is zeroed.
  std::byte* take() {
    const std::scoped_lock lock(mutex_);
    if (free_.empty()) add_slab();
    std::byte* slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void give_back(std::byte* slot) {
    sodium_memzero(slot, kSlotSize);
    const std::scoped_lock lock(mutex_);
    free_.push_back(slot);  // never allocates, so it cannot throw: add_slab has reserved room for every slot
  }

 private:
  void add_slab() {
    free_.reserve(slots_ + kSlotsPerSlab);  // before the slab, which would be lost if this failed
    auto* slab = static_cast<std::byte*>(sodium_malloc(kSlotSize * kSlotsPerSlab));
    if (slab == nullptr) throw std::bad_alloc();
    sodium_memzero(slab, kSlotSize * kSlotsPerSlab);
    slots_ += kSlotsPerSlab;
    for (std::size_t i = 0; i < kSlotsPerSlab; ++i) free_.push_back(slab + i * kSlotSize);
  }
  std::mutex mutex_;  // guards free_ and slots_
  std::vector<std::byte*> free_;
  std::size_t slots_ = 0;
};

// The pool is never destroyed, because secrets in other static objects may be freed later than it would be.
SlotPool& slot_pool() {
  static auto& pool = *new SlotPool;
  return pool;
}

std::byte* take_guarded(std::size_t size) {
  if (size == 0) return nullptr;
  invariant(sodium_init() >= 0, "libsodium starts");
  if (size <= kSlotSize) return slot_pool().take();
  auto* data = static_cast<std::byte*>(sodium_malloc(size));
  if (data == nullptr) throw std::bad_alloc();
  sodium_memzero(data, size);
  return data;
}

void give_guarded_back(std::byte* data, std::size_t size) {
  if (data == nullptr) return;
  if (size <= kSlotSize)
    slot_pool().give_back(data);
  else
    sodium_free(data);  // wipes
}

}  // namespace

Result<void> start_secure_memory() {
  static const bool started = sodium_init() >= 0 && forbid_memory_dumps();
  if (!started) return Error{Errc::internal, "the system does not provide secure memory and random numbers"};
  return {};
}

GuardedMemory::GuardedMemory(std::size_t size) : data_(take_guarded(size)), size_(size) {}

GuardedMemory& GuardedMemory::operator=(GuardedMemory&& other) noexcept {
  if (this != &other) {
    give_guarded_back(data_, size_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

GuardedMemory::~GuardedMemory() {
  give_guarded_back(data_, size_);
}

void fill_random(std::span<std::byte> out) {
  invariant(sodium_init() >= 0, "libsodium starts");
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

void wipe(std::span<std::byte> out) {
  if (!out.empty()) sodium_memzero(out.data(), out.size());
}

SecretText::SecretText(std::string_view text) : memory_(text.size()) {
  const ByteView bytes = as_bytes(text);
  std::copy(bytes.begin(), bytes.end(), memory_.span().begin());
}

}  // namespace vault
