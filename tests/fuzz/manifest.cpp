// Reads a manifest that somebody edited. Requires that its contents, written again as a manifest, are read as the same.
#include "cli/client/files/manifest.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/require.h"

using namespace cli::client;

namespace fuzz = vault::fuzz;

namespace {

Result<std::vector<ManifestLine>> read(std::string_view text) {
  static const int file = ::memfd_create("manifest", MFD_CLOEXEC);
  fuzz::require(file >= 0 && ::ftruncate(file, 0) == 0);
  fuzz::require(::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return read_manifest("/proc/self/fd/" + std::to_string(file));
}

std::string written(std::span<const ManifestLine> lines) {
  std::string text = "path,class,subject,source,dates,record,size,sha256\r\n";
  for (const ManifestLine& line : lines) {
    for (const std::string& cell : {line.path, line.class_, line.subject, line.source, line.dates})
      text += csv_cell(cell) + ",";
    if (line.record) text += line.record->to_string() + "," + std::to_string(line.size) + "," + vault::hex(line.sha256);
    if (!line.record) text += ",,";
    text += "\r\n";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto lines = read(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!lines) {
    fuzz::require(!lines.error().message.empty());
    return 0;
  }
  const auto again = read(written(*lines));
  fuzz::require(again && again->size() == lines->size() && written(*again) == written(*lines));
  for (std::size_t i = 0; i < lines->size(); ++i)
    fuzz::require((*again)[i].path == (*lines)[i].path && !(*lines)[i].path.empty() &&
                  (*again)[i].record == (*lines)[i].record);
  return 0;
}
