// A manifest: which files, and what became of each. CSV (RFC 4180) whose first line names its columns: `path` and any
// of class, subject, source, dates, as people write it before securing; record, size and sha256 beside them once a file
// is secured, which is what the removal of originals goes by. Format: docs/formats.md, "A manifest"
#pragma once
#include <map>

#include "cli/client/session/home.h"

namespace cli::client {

inline constexpr std::size_t kMaxManifestBytes = 64U << 20;

struct ManifestLine {
  std::string path;                            // raw bytes: on this machine, or as a record's path
  std::string class_, subject, source, dates;  // empty: not said
  std::optional<access::RecordId> record;      // the three of them, or none
  std::uint64_t size = 0;
  Digest sha256{};
};

// Errc::not_found, Errc::too_large, Errc::malformed (naming the line).
Result<std::vector<ManifestLine>> read_manifest(const std::filesystem::path& file);
// Replaces the file as a whole.
Result<void> write_manifest(const std::filesystem::path& file, std::span<const ManifestLine> lines);

// A cell of RFC 4180, quoted where it must be.
std::string csv_cell(std::string_view text);

}  // namespace cli::client
