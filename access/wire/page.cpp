#include "access/wire/page.h"

#include <tuple>

namespace strongroom::access::wire {

bool is_further(std::string_view next, std::string_view from) {
  const auto order = [](std::string_view cursor) {
    const std::size_t colon = cursor.rfind(':');
    const std::size_t part = colon == std::string_view::npos ? 0 : colon + 1;
    const std::string_view place = cursor.substr(part);
    return std::tuple(part, cursor.substr(0, part), place.size(), place);
  };
  return order(next) > order(from);
}

}  // namespace strongroom::access::wire
