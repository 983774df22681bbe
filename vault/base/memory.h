// What our programs ask of the operating system about memory. posix/memory.cpp does it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace vault {

// Afterwards the memory of this process is in no core dump, and its own user cannot trace it. Returns false on failure.
bool forbid_memory_dumps();

// Whether secrets are kept out of swap: guarded pages are locked only as far as a limit (ulimit -l) allows, and beyond
// it they are not locked, without an error.
bool can_lock_memory();

// Whether the process may map this much more (ulimit -v).
bool has_address_space(std::uint64_t bytes);

// Blocks from this size on are given back to the system when they are freed. Otherwise the allocator learns from the
// first large block to keep them, for each thread that ever had one.
void give_back_freed_blocks(std::size_t from_bytes);

}  // namespace vault
