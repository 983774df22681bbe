// Records, into the file $STRONGROOM_RECORD, each call of the service that changes files below $STRONGROOM_RECORD_ROOT
// or makes them durable. It is preloaded into the service (LD_PRELOAD). tests/crash/disk.py uses the record to make
// disks as they may be after a power cut at any moment: a write counts as durable only if a sync began after it had
// ended.
//
// A record consists of Header, path, second path and data. Syncs through O_DSYNC are flagged. A mapping that could be
// written to is recorded too, so that the reader refuses a record which cannot be complete. The functions with and
// without 64 in their names must be two functions, so that both can be defined.
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>

namespace {

enum class Call : std::uint32_t {
  write = 1,     // offset, data
  sync = 2,      // of the file, or of the folder's names
  create = 3,    // of a file
  truncate = 4,  // offset: the new size
  allocate = 5,  // offset and length: extends the file
  punch = 6,     // offset and length
  rename = 7,    // path to second path
  unlink = 8,
  mkdir = 9,
  map = 10,  // shared and writable
};

struct Header {
  std::uint64_t begin_ns;
  std::uint64_t end_ns;
  std::uint64_t offset;
  std::uint64_t length;  // of allocate and punch
  Call call;
  std::uint32_t is_synchronous;  // written through O_DSYNC or O_SYNC
  std::uint32_t path_size;
  std::uint32_t second_size;
  std::uint64_t data_size;
};

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: read once, before anything changes it
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string_view root() {
  static const std::string_view found = environment("STRONGROOM_RECORD_ROOT");
  return found;
}

bool is_ours(std::string_view path) {
  return !root().empty() && path.starts_with(root()) && (path.size() == root().size() || path[root().size()] == '/');
}

// Returns an empty path for a file that is not below the root.
std::string path_of(int fd) {
  char path[4096];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  std::string found(path, size < 0 ? 0 : static_cast<std::size_t>(size));
  return is_ours(found) ? found : std::string();
}

std::string absolute(int folder, const char* path) {
  if (path == nullptr) return {};
  std::string whole = path;
  if (!whole.starts_with('/')) {
    char base[4096];
    const std::string link = folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/" + std::to_string(folder);
    const ssize_t size = ::readlink(link.c_str(), base, sizeof base);
    whole = std::string(base, size < 0 ? 0 : static_cast<std::size_t>(size)) + "/" + whole;
  }
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  return is_ours(whole) ? whole : std::string();
}

struct Event {
  Call call;
  std::string path;
  std::string second = {};
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool is_synchronous = false;
};

void note(const Event& event, std::uint64_t begin_ns, const void* data = nullptr, std::size_t size = 0) {
  static auto* const real_writev = next<ssize_t(int, const iovec*, int)>("writev");
  static const int file =
      ::open(std::string(environment("STRONGROOM_RECORD")).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  Header header{.begin_ns = begin_ns,
                .end_ns = now_ns(),
                .offset = event.offset,
                .length = event.length,
                .call = event.call,
                .is_synchronous = event.is_synchronous ? 1U : 0U,
                .path_size = static_cast<std::uint32_t>(event.path.size()),
                .second_size = static_cast<std::uint32_t>(event.second.size()),
                .data_size = size};
  const iovec parts[] = {{&header, sizeof header},
                         {const_cast<char*>(event.path.data()), event.path.size()},
                         {const_cast<char*>(event.second.data()), event.second.size()},
                         {const_cast<void*>(data), size}};
  if (real_writev(file, parts, 4) !=
      static_cast<ssize_t>(sizeof header + event.path.size() + event.second.size() + size))
    std::abort();  // it ends the service, because a record with a gap would prove nothing
}

bool is_synchronous(int fd) {
  return (::fcntl(fd, F_GETFL) & O_DSYNC) != 0;
}

void note_write(int fd, std::string path, std::uint64_t begin, std::uint64_t offset, const void* data, ssize_t size) {
  if (size > 0)
    note({.call = Call::write, .path = std::move(path), .offset = offset, .is_synchronous = is_synchronous(fd)}, begin,
         data, static_cast<std::size_t>(size));
}

std::string joined(const iovec* parts, int count, ssize_t size) {
  std::string all;
  for (int i = 0; i < count; ++i) all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  all.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return all;
}

int opened(int folder, const char* path, int flags, mode_t mode) {
  static auto* const real = next<int(int, const char*, int, ...)>("openat");
  const std::string whole = (flags & (O_CREAT | O_TRUNC)) != 0 ? absolute(folder, path) : std::string();
  const std::uint64_t begin = now_ns();
  struct stat before{};
  const bool was_there = whole.empty() || ::lstat(whole.c_str(), &before) == 0;
  const int fd = real(folder, path, flags, mode);
  if (fd < 0 || whole.empty()) return fd;
  if (!was_there)
    note({.call = Call::create, .path = whole}, begin);
  else if ((flags & O_TRUNC) != 0)
    note({.call = Call::truncate, .path = whole}, begin);
  return fd;
}

mode_t mode_argument(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

template <class Real>
ssize_t positioned(Real* real, int fd, const void* data, std::size_t size, off_t offset) {
  std::string path = path_of(fd);
  const std::uint64_t begin = now_ns();
  const ssize_t written = real(fd, data, size, offset);
  if (!path.empty()) note_write(fd, std::move(path), begin, static_cast<std::uint64_t>(offset), data, written);
  return written;
}

// Returns the offset of a write that names none.
std::uint64_t position(int fd) {
  const bool appends = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
  struct stat status{};
  if (appends && ::fstat(fd, &status) == 0) return static_cast<std::uint64_t>(status.st_size);
  return static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_CUR));
}

int synced(int (*real)(int), int fd) {
  std::string path = path_of(fd);
  const std::uint64_t begin = now_ns();
  const int outcome = real(fd);
  if (outcome == 0 && !path.empty()) note({.call = Call::sync, .path = std::move(path)}, begin);
  return outcome;
}

int resized(int (*real)(int, off_t), int fd, off_t size) {
  std::string path = path_of(fd);
  const std::uint64_t begin = now_ns();
  const int outcome = real(fd, size);
  if (outcome == 0 && !path.empty())
    note({.call = Call::truncate, .path = std::move(path), .offset = static_cast<std::uint64_t>(size)}, begin);
  return outcome;
}

int allocated(int (*real)(int, int, off_t, off_t), int fd, int mode, off_t offset, off_t length) {
  std::string path = path_of(fd);
  const std::uint64_t begin = now_ns();
  const int outcome = real(fd, mode, offset, length);
  if (outcome == 0 && !path.empty())
    note({.call = (mode & FALLOC_FL_PUNCH_HOLE) != 0 ? Call::punch : Call::allocate,
          .path = std::move(path),
          .offset = static_cast<std::uint64_t>(offset),
          .length = static_cast<std::uint64_t>(length)},
         begin);
  return outcome;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return opened(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return opened(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return opened(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return opened(folder, path, flags, mode);
}

ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) {
  static auto* const real = next<ssize_t(int, const void*, std::size_t, off_t)>("pwrite64");
  return positioned(real, fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, std::size_t size, off_t offset) {
  static auto* const real = next<ssize_t(int, const void*, std::size_t, off_t)>("pwrite64");
  return positioned(real, fd, data, size, offset);
}
ssize_t write(int fd, const void* data, std::size_t size) {
  static auto* const real = next<ssize_t(int, const void*, std::size_t)>("write");
  std::string path = path_of(fd);
  if (path.empty()) return real(fd, data, size);
  const std::uint64_t offset = position(fd);
  const std::uint64_t begin = now_ns();
  const ssize_t written = real(fd, data, size);
  note_write(fd, std::move(path), begin, offset, data, written);
  return written;
}
ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const real = next<ssize_t(int, const iovec*, int)>("writev");
  std::string path = path_of(fd);
  if (path.empty()) return real(fd, parts, count);
  const std::uint64_t offset = position(fd);
  const std::uint64_t begin = now_ns();
  const ssize_t written = real(fd, parts, count);
  note_write(fd, std::move(path), begin, offset, joined(parts, count, written).data(), written);
  return written;
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  static auto* const real = next<ssize_t(int, const iovec*, int, off_t)>("pwritev64");
  std::string path = path_of(fd);
  const std::uint64_t begin = now_ns();
  const ssize_t written = real(fd, parts, count, offset);
  if (!path.empty())
    note_write(fd, std::move(path), begin, static_cast<std::uint64_t>(offset), joined(parts, count, written).data(),
               written);
  return written;
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off_t offset) {
  return pwritev(fd, parts, count, offset);
}

int fdatasync(int fd) {
  static auto* const real = next<int(int)>("fdatasync");
  return synced(real, fd);
}
int fsync(int fd) {
  static auto* const real = next<int(int)>("fsync");
  return synced(real, fd);
}

int ftruncate(int fd, off_t size) noexcept {
  static auto* const real = next<int(int, off_t)>("ftruncate64");
  return resized(real, fd, size);
}
int ftruncate64(int fd, off_t size) noexcept {
  static auto* const real = next<int(int, off_t)>("ftruncate64");
  return resized(real, fd, size);
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
  static auto* const real = next<int(int, int, off_t, off_t)>("fallocate64");
  return allocated(real, fd, mode, offset, length);
}
int fallocate64(int fd, int mode, off_t offset, off_t length) {
  static auto* const real = next<int(int, int, off_t, off_t)>("fallocate64");
  return allocated(real, fd, mode, offset, length);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const real = next<int(const char*, const char*)>("rename");
  const std::uint64_t begin = now_ns();
  const int outcome = real(from, to);
  std::string path = absolute(AT_FDCWD, from);
  if (outcome == 0 && !path.empty())
    note({.call = Call::rename, .path = std::move(path), .second = absolute(AT_FDCWD, to)}, begin);
  return outcome;
}
int unlink(const char* name) noexcept {
  static auto* const real = next<int(const char*)>("unlink");
  const std::uint64_t begin = now_ns();
  const int outcome = real(name);
  std::string path = absolute(AT_FDCWD, name);
  if (outcome == 0 && !path.empty()) note({.call = Call::unlink, .path = std::move(path)}, begin);
  return outcome;
}
int unlinkat(int folder, const char* name, int flags) noexcept {
  static auto* const real = next<int(int, const char*, int)>("unlinkat");
  std::string path = absolute(folder, name);
  const std::uint64_t begin = now_ns();
  const int outcome = real(folder, name, flags);
  if (outcome == 0 && !path.empty()) note({.call = Call::unlink, .path = std::move(path)}, begin);
  return outcome;
}
int mkdir(const char* name, mode_t mode) noexcept {
  static auto* const real = next<int(const char*, mode_t)>("mkdir");
  const std::uint64_t begin = now_ns();
  const int outcome = real(name, mode);
  std::string path = absolute(AT_FDCWD, name);
  if (outcome == 0 && !path.empty()) note({.call = Call::mkdir, .path = std::move(path)}, begin);
  return outcome;
}

void* mmap(void* address, std::size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  static auto* const real = next<void*(void*, std::size_t, int, int, int, off_t)>("mmap");
  if (fd >= 0 && (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0)
    if (std::string path = path_of(fd); !path.empty()) note({.call = Call::map, .path = std::move(path)}, now_ns());
  return real(address, size, protection, flags, fd, offset);
}

}  // extern "C"
