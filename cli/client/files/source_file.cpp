#include "cli/client/files/source_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace cli::client {

std::string to_string(const timespec& time) {
  return std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec);
}

std::string FileState::to_string() const {
  return std::to_string(inode) + " " + client::to_string(modified) + " " + client::to_string(changed);
}

Result<SourceFile> SourceFile::open(const std::filesystem::path& path) {
  TRY(vault::FileDescriptor file, vault::open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  SourceFile source(std::move(file));
  struct stat status{};
  if (::fstat(source.file_.get(), &status) != 0) return vault::system_error(errno, "cannot look at the file");
  if (!S_ISREG(status.st_mode)) return Error{Errc::invalid_argument, "it is not a regular file"};
  TRY(source.state_, source.look());
  return source;
}

Result<std::size_t> SourceFile::read(std::span<std::byte> into) {
  for (;;) {
    const ssize_t got = ::read(file_.get(), into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return vault::system_error(errno, "cannot read the file");
  }
}

Result<std::size_t> SourceFile::read_full(std::span<std::byte> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    TRY(const std::size_t got, read(into.subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

Result<void> SourceFile::rewind() {
  if (::lseek(file_.get(), 0, SEEK_SET) != 0) return vault::system_error(errno, "cannot read the file again");
  return {};
}

Result<void> SourceFile::check_same() const {
  TRY(const FileState now, look());
  if (!(now == state_)) return Error{Errc::conflict, "the file changed while it was being read; secure it again"};
  return {};
}

Result<void> SourceFile::check_unchanged(std::uint64_t read_bytes) const {
  TRY_VOID(check_same());
  if (read_bytes != state_.size)
    return Error{Errc::conflict, "the file changed while it was being read; secure it again"};
  return {};
}

Result<FileState> SourceFile::look() const {
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) return vault::system_error(errno, "cannot look at the file");
  return FileState{static_cast<std::uint64_t>(status.st_size), status.st_mtim, status.st_ctim, status.st_ino};
}

}  // namespace cli::client
