// Folders that are open, and what is done in them by name. No link is followed on the way down from an open folder, and
// it stays the same folder whatever others do meanwhile to the path that led to it. posix/folder.cpp does it.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "vault/base/file.h"

namespace cli::client {

using vault::Errc;
using vault::Error;
using vault::Result;

// A new file before it has its name. Some file systems cannot make a file without any, so there it has a hidden one,
// which must be dropped if the file never gets its name.
struct UnnamedFile {
  vault::File file;
  std::string hidden;  // empty: it has no name at all, and is gone when it is closed
};

// Thread safe, except for moving. Errors as of vault/base/file.h, and what each function says.
class Folder {
 public:
  Folder() = default;
  // A folder that a person named, so links on the way to it are followed.
  static Result<Folder> open(const std::filesystem::path& path);
  // One of the folders in it, which is made for its owner only if it is not there. Errc::tampered if the name is a
  // link's or a file's.
  Result<Folder> enter_or_make(std::string_view name) const;
  bool is_open() const { return folder_.is_open(); }
  bool has(std::string_view name) const;  // of anything, a link included

  // A new private file, which messages call `shown`.
  Result<UnnamedFile> make_unnamed(const std::filesystem::path& shown) const;
  // Opens to read and write, and makes the file for its owner only if there is none. A link is not followed.
  Result<vault::File> open_or_make(std::string_view name, const std::filesystem::path& shown) const;
  // Gives the file its name. Errc::conflict if something has that name; nothing is ever replaced.
  Result<void> give_name(const UnnamedFile& file, std::string_view name) const;
  void drop(std::string_view name) const;  // removes a file; nothing can be done if that fails

  Result<void> sync() const { return folder_.sync(); }  // makes its names durable
  Result<vault::FileId> id() const;

 private:
  friend struct Place;
  explicit Folder(vault::File folder) : folder_(std::move(folder)) {}
  vault::File folder_;
};

// A file by its folder, which was reached from the root through real folders only, and its name there. Errors call the
// file "it", because the caller names it.
struct Place {
  Folder folder;
  std::string name;
  std::filesystem::path shown;

  // Errc::invalid_argument unless the path (raw bytes) is absolute and has no "." or ".."; Errc::conflict if a folder
  // on the way is a link or a file.
  static Result<Place> of(std::string_view path);
  // Errc::conflict if it is a link.
  Result<vault::File> open_to_read() const;
  // Removes it if it is still the file that was looked at, and was not changed. Errc::conflict otherwise.
  Result<void> remove_checked(const vault::FileFacts& as_checked) const;
};

}  // namespace cli::client
