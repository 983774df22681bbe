// Limits what one JSON text may cost, because a parsed value is many times larger than its two bytes of text. This is
// not in describe_json.h, which everything includes.
#pragma once
#include <cstddef>

namespace strongroom::access::wire {

// The most values of one text that parse_json takes; more are Errc::too_large. For example, a copy's index of 10,000
// files has 100,000.
inline constexpr std::size_t kMaxJsonValues = 256U << 10;

}  // namespace strongroom::access::wire
