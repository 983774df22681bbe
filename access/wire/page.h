// Describes pages of listings and their cursors: the `next` of a page is the `from` of the page after it. Format:
// docs/formats.md ("Listings")
#pragma once
#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strongroom::access::wire {

inline constexpr std::size_t kMaxPage = 1000;  // items on one page

// One page of an answer. `next` is absent on the last page.
template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next;
  BOOST_DESCRIBE_CLASS(Page, (), (items, next), (), ())
};

// Returns whether a page that begins at `next` is further on in its listing than one that begins at `from`. Everything
// is further on than "", which is the beginning. A cursor is a number, an id or a digest, sometimes after the name of a
// part and a ":". Both are compared by their length first and then by their bytes. That is the order of numbers without
// leading zeros, and of texts of one length. For example "open:9" < "open:10" < "ended:1".
bool is_further(std::string_view next, std::string_view from);

}  // namespace strongroom::access::wire
