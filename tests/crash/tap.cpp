// Records, in clear and with the time, the bytes of a client's TLS connections, so that a test knows the answers that
// the client got without asking the client. It is preloaded into the client (LD_PRELOAD), and each process gets a new
// file in $STRONGROOM_TAP.
//
// A record is a Header and then `size` bytes. tests/crash/told.py reads the records.
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

enum class Direction : std::uint32_t { sent = 0, received = 1, closed = 2 };

struct Header {
  std::uint64_t time_ns;  // CLOCK_MONOTONIC, as the recorder's
  std::uint64_t connection;
  Direction direction;
  std::uint32_t size;
};

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

int tap_file() {
  static const int file = [] {
    const char* folder = std::getenv("STRONGROOM_TAP");  // NOLINT: read once, before anything changes it
    if (folder == nullptr) return -1;
    const std::string name = std::string(folder) + "/" + std::to_string(now_ns()) + "-" + std::to_string(::getpid());
    return ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  }();
  return file;
}

// A record is written in one call, so that a kill leaves whole records, and threads do not mix theirs.
void note(const SSL* connection, Direction direction, const void* data, std::size_t size) {
  const int file = tap_file();
  if (file < 0) return;
  Header header{now_ns(), reinterpret_cast<std::uintptr_t>(connection), direction, static_cast<std::uint32_t>(size)};
  const iovec parts[] = {{&header, sizeof header}, {const_cast<void*>(data), size}};
  if (::writev(file, parts, 2) != static_cast<ssize_t>(sizeof header + size)) std::abort();
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int SSL_read(SSL* ssl, void* buffer, int size) {
  static auto* const real = next<int(SSL*, void*, int)>("SSL_read");
  const int got = real(ssl, buffer, size);
  if (got > 0) note(ssl, Direction::received, buffer, static_cast<std::size_t>(got));
  return got;
}

int SSL_read_ex(SSL* ssl, void* buffer, std::size_t size, std::size_t* got) {
  static auto* const real = next<int(SSL*, void*, std::size_t, std::size_t*)>("SSL_read_ex");
  const int done = real(ssl, buffer, size, got);
  if (done == 1) note(ssl, Direction::received, buffer, *got);
  return done;
}

int SSL_write(SSL* ssl, const void* buffer, int size) {
  static auto* const real = next<int(SSL*, const void*, int)>("SSL_write");
  const int sent = real(ssl, buffer, size);
  if (sent > 0) note(ssl, Direction::sent, buffer, static_cast<std::size_t>(sent));
  return sent;
}

int SSL_write_ex(SSL* ssl, const void* buffer, std::size_t size, std::size_t* sent) {
  static auto* const real = next<int(SSL*, const void*, std::size_t, std::size_t*)>("SSL_write_ex");
  const int done = real(ssl, buffer, size, sent);
  if (done == 1) note(ssl, Direction::sent, buffer, *sent);
  return done;
}

void SSL_free(SSL* ssl) {
  static auto* const real = next<void(SSL*)>("SSL_free");
  if (ssl != nullptr) note(ssl, Direction::closed, nullptr, 0);
  real(ssl);
}

}  // extern "C"
