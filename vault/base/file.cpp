#include "vault/base/file.h"

#include <array>
#include <new>

#include "vault/base/secret.h"

namespace vault {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// Writes and syncs a file that was just made as `path`, and removes it on failure.
Result<void> fill(const fs::path& path, const File& file, ByteView content) {
  Result<void> outcome = file.write_at(0, content);
  if (outcome) outcome = file.sync();
  if (!outcome) static_cast<void>(remove_file(path));  // the first failure is the one to report
  return outcome;
}

}  // namespace

std::string to_string(const FileTime& time) {
  return std::to_string(time.seconds) + "." + std::to_string(time.nanoseconds);
}

bool may_be_direct(std::uint64_t offset, ByteView bytes) {
  return bytes.size() >= kDirectLeast && offset % kDirectAlignment == 0 && bytes.size() % kDirectAlignment == 0 &&
         reinterpret_cast<std::uintptr_t>(bytes.data()) % kDirectAlignment == 0;
}

PageBuffer::PageBuffer(std::size_t size) : size_((size + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment) {
  data_ = static_cast<std::byte*>(::operator new(size_, std::align_val_t(kDirectAlignment)));
}

PageBuffer::~PageBuffer() {
  if (data_ == nullptr) return;
  wipe(span());
  ::operator delete(data_, std::align_val_t(kDirectAlignment));
}

Result<Bytes> read_file_limited(const fs::path& path, std::size_t max_bytes) {
  TRY(const File file, File::open_to_read(path));
  TRY(const FileFacts facts, file.facts());
  // A pipe or a device has no size that could be compared with the limit.
  if (facts.kind != FileKind::regular) return Error{Errc::invalid_argument, text_of(path) + " is not a regular file"};
  if (facts.size > max_bytes)
    return Error{Errc::too_large, text_of(path) + " is larger than " + std::to_string(max_bytes) + " bytes"};
  Bytes content(static_cast<std::size_t>(facts.size));
  const auto got = file.read_at(0, content);
  if (!got) {
    wipe(content);  // the file may be a key
    return got.error();
  }
  content.resize(*got);
  return content;
}

Result<void> write_file_atomically(const fs::path& path, ByteView content) {
  std::array<std::byte, 8> random;  // keeps the temporary names of two writers, or of an earlier crash, apart
  fill_random(random);
  fs::path temporary = folder_of(path);
  temporary /= path_of("." + text_of(path.filename()) + ".new-" + hex(random));
  TRY(File file, File::make_new(temporary));
  file.set_shown(path);
  TRY_VOID(fill(temporary, file, content));
  if (const auto renamed = rename_over(temporary, path); !renamed) {
    static_cast<void>(remove_file(temporary));
    return renamed;
  }
  return sync_directory(folder_of(path));
}

Result<void> write_new_file(const fs::path& path, ByteView content) {
  TRY(const File file, File::make_new(path));
  TRY_VOID(fill(path, file, content));
  return sync_directory(folder_of(path));
}

Result<std::vector<fs::path>> names_in(const fs::path& directory) {
  std::vector<fs::path> names;
  std::error_code failed;
  fs::directory_iterator at(directory, failed);
  if (failed == std::errc::no_such_file_or_directory) return names;
  for (; !failed && at != fs::directory_iterator(); at.increment(failed)) names.push_back(at->path().filename());
  if (failed) return system_error(failed, "cannot list " + text_of(directory));
  return names;
}

}  // namespace vault
