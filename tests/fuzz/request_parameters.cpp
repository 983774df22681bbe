// Reads the parts of a request besides its body: the range of a download, the fields of an upload, the parameters of
// its path and query. The first line is the Range or the number, the second the query.
#include "access/wire/ids.h"
#include "service/byte_range.h"
#include "service/parameters.h"
#include "service/tus.h"
#include "tests/fuzz/require.h"
#include "vault/payload/store.h"

using namespace service;
using namespace strongroom::access;

namespace fuzz = vault::fuzz;

namespace {

void check_range(std::string_view field) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{1} << 62}) {
    const auto range = parse_byte_range(field, size);
    if (!range) continue;
    fuzz::require(range->length > 0 && range->first < size && range->length <= size - range->first);
    const std::string whole =
        "bytes=" + std::to_string(range->first) + "-" + std::to_string(range->first + range->length - 1);
    fuzz::require(*parse_byte_range(whole, size) == *range);
    fuzz::require(content_range(*range, size).ends_with("/" + std::to_string(size)));
  }
}

void check_upload(std::string_view value, std::string_view other) {
  net::Request request;
  request.fields = {{"tus-resumable", "1.0.0"}, {"upload-length", std::string(value)}};
  if (const auto length = new_upload_length(request))
    fuzz::require(*length <= vault::payload::kMaxPayloadBytes && std::to_string(*length) == value);
  request.fields.emplace_back("upload-metadata", std::string(other));
  fuzz::require(!new_upload_length(request));
  request.fields = {{"upload-offset", std::string(value)}, {"content-type", std::string(other)}};
  if (const auto offset = chunk_offset(request)) fuzz::require(std::to_string(*offset) == value && other == kChunkType);
  request.fields = {{"tus-resumable", std::string(value)}};
  fuzz::require(speaks_tus(request) == (value == kTusVersion));
}

void check_query(std::string_view query) {
  constexpr std::string_view kNames[] = {"from", "case", "kind", "since", "overdue", "number"};
  const auto given = Parameters::parse({}, query, kNames);
  if (!given) return;
  for (const std::string_view name : kNames) fuzz::require(given->text(name).size() <= kMaxParameterBytes);
  if (const auto id = given->of_query<CaseId>("case"); id && *id)
    fuzz::require((*id)->to_string() == given->text("case"));
  if (const auto since = given->of_query<vault::Instant>("since"); since && *since)
    fuzz::require(*vault::parse_rfc3339(given->text("since")) == **since);
  if (const auto number = given->number("number"); number && *number)
    fuzz::require(std::to_string(**number) == given->text("number"));
  (void)given->flag("overdue");
  (void)given->known();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view first = input.substr(0, input.find('\n'));
  const std::string_view second = input.substr(std::min(size, first.size() + 1));
  check_range(first);
  check_upload(first, second);
  check_query(second);
  return 0;
}
