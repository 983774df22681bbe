#include "vault/base/memory.h"

#include <malloc.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>

namespace vault {

bool forbid_memory_dumps() {
  const rlimit none{0, 0};
  return ::setrlimit(RLIMIT_CORE, &none) == 0 && ::prctl(PR_SET_DUMPABLE, 0) == 0;
}

bool can_lock_memory() {
  std::array<unsigned char, 64> probe{};
  if (sodium_mlock(probe.data(), probe.size()) != 0) return false;
  sodium_munlock(probe.data(), probe.size());
  return true;
}

bool has_address_space(std::uint64_t bytes) {
  void* const probe = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return probe != MAP_FAILED && ::munmap(probe, bytes) == 0;
}

void give_back_freed_blocks(std::size_t from_bytes) {
  ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(from_bytes));
}

}  // namespace vault
