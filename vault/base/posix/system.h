// The pieces that all files in the posix/ folders need: the system's error numbers, and calls that a signal interrupts.
// Only files in a posix/ folder include it.
#pragma once
#include <sys/stat.h>

#include <cerrno>

#include "vault/base/file.h"

namespace vault::posix {

inline constexpr mode_t kPrivateFileMode = 0600;
inline constexpr mode_t kPrivateFolderMode = 0700;

inline int descriptor_of(const File& file) {
  return static_cast<int>(file.handle());
}

// As `system_error`, for an errno.
inline Error error_of(int error_number, std::string_view what) {
  return system_error(std::error_code(error_number, std::generic_category()), what);
}

// Makes the call again for as long as a signal interrupts it, and returns what it returned.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto outcome = call();
    if (outcome >= 0 || errno != EINTR) return outcome;
  }
}

inline FileFacts facts_of(const struct stat& status) {
  const auto kind = S_ISREG(status.st_mode)   ? FileKind::regular
                    : S_ISDIR(status.st_mode) ? FileKind::folder
                                              : FileKind::other;
  return {.kind = kind,
          .id = {status.st_dev, status.st_ino},
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified = {status.st_mtim.tv_sec, status.st_mtim.tv_nsec},
          .changed = {status.st_ctim.tv_sec, status.st_ctim.tv_nsec},
          .names = status.st_nlink};
}

}  // namespace vault::posix
