// What one JSON text may cost: a parsed value is many times larger than its two bytes. Apart from describe_json.h,
// which everything includes.
#pragma once
#include <cstddef>

namespace strongroom::access::wire {

// Values of one text that parse_json takes; more is Errc::too_large. A copy's index of 10,000 files has 100,000.
inline constexpr std::size_t kMaxJsonValues = 256U << 10;

}  // namespace strongroom::access::wire
