#include "cli/client/files/source_file.h"

namespace cli::client {

std::string state_of(const vault::FileFacts& facts) {
  return std::to_string(facts.id.number) + " " + to_string(facts.modified) + " " + to_string(facts.changed);
}

Result<SourceFile> SourceFile::open(const std::filesystem::path& path) {
  TRY(vault::File file, vault::File::open_to_read(path, vault::Links::not_followed));
  TRY(const vault::FileFacts facts, file.facts());
  if (facts.kind != vault::FileKind::regular) return Error{Errc::invalid_argument, "it is not a regular file"};
  return SourceFile(std::move(file), facts);
}

Result<std::size_t> SourceFile::read(std::span<std::byte> into) {
  TRY(const std::size_t got, file_.read_at(offset_, into));
  offset_ += got;
  return got;
}

Result<void> SourceFile::check_same() const {
  TRY(const vault::FileFacts now, file_.facts());
  if (now != state_) return Error{Errc::conflict, "the file changed while it was being read; secure it again"};
  return {};
}

Result<void> SourceFile::check_unchanged(std::uint64_t read_bytes) const {
  TRY_VOID(check_same());
  if (read_bytes != state_.size)
    return Error{Errc::conflict, "the file changed while it was being read; secure it again"};
  return {};
}

}  // namespace cli::client
