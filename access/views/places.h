// Lists which kind of place each action of reading is asked of. The views are compared with this list when they are
// compiled. The gate and replay use it to find the place in a request's target.
#pragma once
#include <optional>

#include "access/permit.h"

namespace strongroom::access {

enum class ReadPlace { directory, case_, safe, copy };

struct ReadOf {
  Action action;
  ReadPlace place;
};
inline constexpr ReadOf kReads[] = {
    {Action::read_directory, ReadPlace::directory},
    {Action::upload, ReadPlace::directory},
    {Action::see_case, ReadPlace::case_},
    {Action::read_review, ReadPlace::case_},
    {Action::read_case_entry, ReadPlace::case_},
    {Action::see_safe, ReadPlace::safe},
    {Action::read_safe_chain, ReadPlace::safe},
    {Action::read_safe_keys, ReadPlace::safe},
    {Action::list_records, ReadPlace::safe},
    {Action::read_descriptors, ReadPlace::safe},
    {Action::see_copy, ReadPlace::copy},
    {Action::read_released_headers, ReadPlace::copy},
    {Action::read_collected_copy, ReadPlace::copy},
};

// Nothing for an action that no read is refused by: an act, or read_entry, because entries that somebody may not read
// are left out of the listings that they get.
constexpr std::optional<ReadPlace> place_of_read(Action action) {
  for (const ReadOf& read : kReads)
    if (read.action == action) return read.place;
  return std::nullopt;
}

}  // namespace strongroom::access
