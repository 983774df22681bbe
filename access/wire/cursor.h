// Cursors: the `next` of a listing's page, the `from` of the page after it. Format: docs/formats.md ("Listings")
#pragma once
#include <string_view>

namespace strongroom::access::wire {

// Whether a page that begins at `next` is further on in its listing than one that begins at `from`; everything is
// further on than "", the beginning. A cursor is a number, an id or a digest, perhaps behind the name of a part and a
// ":". Both are compared by their length, then by their bytes, which is the order of numbers without leading zeros and
// of texts of one length. Example: "open:9" < "open:10" < "ended:1".
bool is_further(std::string_view next, std::string_view from);

}  // namespace strongroom::access::wire
