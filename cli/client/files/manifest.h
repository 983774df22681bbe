// A manifest is a list of files and of the records that they became. It is CSV (RFC 4180), and its first line names its
// columns. Before securing, people write `path` and any of class, subject, source and dates. Once a file is secured,
// its line has record, size and sha256 too, which the removal of originals relies on. Format: docs/formats.md, "A
// manifest"
#pragma once
#include <map>

#include "cli/client/session/home.h"

namespace cli::client {

inline constexpr std::size_t kMaxManifestBytes = 64U << 20;

struct ManifestLine {
  std::string path;                            // raw bytes, on this machine or of a record
  std::string class_, subject, source, dates;  // empty: not given
  std::optional<access::RecordId> record;      // with size and sha256, or none of the three
  std::uint64_t size = 0;
  Digest sha256{};
};

// Errc::not_found, Errc::too_large, or Errc::malformed with the number of the line.
Result<std::vector<ManifestLine>> read_manifest(const std::filesystem::path& file);
// Replaces the file as a whole.
Result<void> write_manifest(const std::filesystem::path& file, std::span<const ManifestLine> lines);

// A cell of RFC 4180. It is quoted if it has to be.
std::string csv_cell(std::string_view text);

}  // namespace cli::client
