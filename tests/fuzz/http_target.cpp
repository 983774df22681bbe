// Reads a request's target, as the router and the handlers take it apart.
#include "tests/fuzz/example_router.h"
#include "tests/fuzz/require.h"

using namespace net;

namespace fuzz = vault::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Router router = fuzz::example_router();
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const std::string_view path = target.substr(0, target.find('?'));
  for (const char* method : {"GET", "POST"}) {
    const auto match = router.match(method, path);
    if (match.route == nullptr) continue;
    fuzz::require(match.allow.find(method) != std::string::npos && match.parameters.size() <= 2);
    for (const auto& [name, value] : match.parameters) fuzz::require(!name.empty() && !value.empty());
  }
  if (const auto pairs = parse_query(target.substr(path.size()))) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : *pairs) bytes += name.size() + value.size();
    fuzz::require(bytes <= size);
  }
  return 0;
}
