#include "cli/client/files/folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "cli/client/session/record_path.h"
#include "vault/base/posix/system.h"
#include "vault/base/secret.h"

namespace cli::client {
namespace {

using vault::posix::descriptor_of;

constexpr std::size_t kHiddenBytes = 8;  // of the random part of a hidden name

Error failure(std::string_view verb, const std::filesystem::path& path) {
  const int reason = errno;  // making the text may change it
  return vault::posix::error_of(reason, "cannot " + std::string(verb) + " " + vault::text_of(path));
}

// Some file systems cannot make a file without a name.
bool lacks_tmpfile(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL;
}

Error is_taken() {
  return {Errc::conflict, "there is such a file already; nothing is overwritten"};
}

}  // namespace

Result<Folder> Folder::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failure("open", path);
  return Folder(vault::File(fd, path));
}

Result<Folder> Folder::enter_or_make(std::string_view name) const {
  const std::string part(name);
  const std::filesystem::path shown = folder_.shown() / part;
  if (::mkdirat(descriptor_of(folder_), part.c_str(), vault::posix::kPrivateFolderMode) != 0 && errno != EEXIST)
    return failure("make the folder", shown);
  const int fd = ::openat(descriptor_of(folder_), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
    return Error{Errc::tampered, "a folder on the way is a link or a file; nothing is written through it"};
  if (fd < 0) return failure("open the folder", shown);
  return Folder(vault::File(fd, shown));
}

bool Folder::has(std::string_view name) const {
  struct stat there;
  return ::fstatat(descriptor_of(folder_), std::string(name).c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<UnnamedFile> Folder::make_unnamed(const std::filesystem::path& shown) const {
  UnnamedFile made;
  int fd = ::openat(descriptor_of(folder_), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, vault::posix::kPrivateFileMode);
  if (fd < 0 && lacks_tmpfile(errno)) {
    std::array<std::byte, kHiddenBytes> random;
    vault::fill_random(random);
    made.hidden = ".strongroom-" + vault::hex(random);
    fd = ::openat(descriptor_of(folder_), made.hidden.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                  vault::posix::kPrivateFileMode);
  }
  if (fd < 0) return failure("make", shown);
  made.file = vault::File(fd, shown);
  return made;
}

Result<vault::File> Folder::open_or_make(std::string_view name, const std::filesystem::path& shown) const {
  const int fd = ::openat(descriptor_of(folder_), std::string(name).c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                          vault::posix::kPrivateFileMode);
  if (fd < 0) return failure("make", shown);
  return vault::File(fd, shown);
}

Result<void> Folder::give_name(const UnnamedFile& file, std::string_view name) const {
  const std::string to(name);
  const std::string self = "/proc/self/fd/" + std::to_string(descriptor_of(file.file));
  const int outcome = file.hidden.empty()
                          ? ::linkat(AT_FDCWD, self.c_str(), descriptor_of(folder_), to.c_str(), AT_SYMLINK_FOLLOW)
                          : ::renameat2(descriptor_of(folder_), file.hidden.c_str(), descriptor_of(folder_), to.c_str(),
                                        RENAME_NOREPLACE);
  if (outcome != 0 && errno == EEXIST) return is_taken();
  if (outcome != 0) return failure("name", file.file.shown());
  return {};
}

void Folder::drop(std::string_view name) const {
  ::unlinkat(descriptor_of(folder_), std::string(name).c_str(), 0);
}

Result<vault::FileId> Folder::id() const {
  TRY(const vault::FileFacts facts, folder_.facts());
  return facts.id;
}

Result<Place> Place::of(std::string_view path) {
  if (!path.starts_with('/') || !is_inner_path(path.substr(1)))
    return Error{Errc::invalid_argument, "it is not an absolute path without \".\" and \"..\""};
  Place place;
  place.shown = vault::path_of(path);
  // O_PATH, because a folder that may be passed through need not be readable.
  const int root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return failure("open", "/");
  place.folder = Folder(vault::File(root, "/"));
  path.remove_prefix(1);
  for (std::size_t slash; (slash = path.find('/')) != std::string_view::npos; path.remove_prefix(slash + 1)) {
    const std::string part(path.substr(0, slash));
    const std::filesystem::path shown = place.folder.folder_.shown() / part;
    const int fd =
        ::openat(descriptor_of(place.folder.folder_), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
      return Error{Errc::conflict, "a folder on the way is a link or a file; nothing is removed through it"};
    if (fd < 0) return vault::posix::error_of(errno, "cannot enter a folder");
    place.folder = Folder(vault::File(fd, shown));
  }
  place.name = path;
  return place;
}

Result<vault::File> Place::open_to_read() const {
  const int fd = ::openat(descriptor_of(folder.folder_), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ELOOP) return Error{Errc::conflict, "it is a link by now, which is not followed"};
  if (fd < 0) return vault::posix::error_of(errno, "cannot open it");
  return vault::File(fd, shown);
}

Result<void> Place::remove_checked(const vault::FileFacts& as_checked) const {
  struct stat status;
  if (::fstatat(descriptor_of(folder.folder_), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return vault::posix::error_of(errno, "it is gone");
  if (vault::posix::facts_of(status) != as_checked)
    return Error{Errc::conflict, "it changed after it was checked, so it was not removed"};
  if (::unlinkat(descriptor_of(folder.folder_), name.c_str(), 0) != 0)
    return vault::posix::error_of(errno, "cannot remove it");
  return {};
}

}  // namespace cli::client
