// Provides the parts that the sources of access/views.h share: cursors, the size of a page, and refusals. It has values
// only.
#pragma once
#include <string>
#include <string_view>

#include "access/views.h"

namespace strongroom::access {

// ---- Cursors: the `next` of the page before, empty for the first page.

Error bad_cursor();  // Errc::invalid_argument
Result<std::uint64_t> number_from(std::string_view text);
template <class Id>
Result<Id> id_from(std::string_view text) {
  if (text.empty()) return Id();
  const auto id = Id::parse(text);
  if (!id) return bad_cursor();
  return *id;
}

// Counts the items and bytes that a page holds, and the rows that it looked at.
class PageLimit {
 public:
  explicit PageLimit(std::size_t items = wire::kMaxPage) : items_(items) {}
  bool is_reached() const { return held_ >= items_ || bytes_ >= kMaxPageBytes || seen_ >= kMaxScan; }
  void look() { ++seen_; }
  void hold(std::size_t bytes = 0) {
    ++held_;
    bytes_ += bytes;
  }

 private:
  std::size_t items_;
  std::size_t held_ = 0;
  std::size_t bytes_ = 0;
  std::size_t seen_ = 0;
};

Error dangling();  // Errc::tampered, because the tables contradict themselves

}  // namespace strongroom::access
