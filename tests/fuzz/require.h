// Checks the demands of a fuzz target on accepted input. A broken demand ends the process, which is a finding.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace vault::fuzz {

inline void require(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: requirement broken at %s:%u\n", where.file_name(), where.line());
  std::abort();
}

}  // namespace vault::fuzz
