// The originals of what is secured, removed in an act of its own (4.3.5). A file goes only when it is, now, byte for
// byte what its record was made from, and only after the entry that says so is durable. It is reached through real
// folders alone, never through a link, and it must still be the file that was hashed when it is unlinked. Run again, an
// interrupted removal goes on: what its entries name is removed without a further entry.
#pragma once
#include <sys/types.h>

#include <atomic>
#include <ctime>

#include "cli/client/proof/holdings.h"
#include "cli/client/records.h"

namespace cli::client {

struct Original {
  std::string path;  // absolute, raw bytes
  access::RecordId record;
  std::uint64_t size = 0;
  Digest sha256{};
};

// Which file was hashed, and that it has not changed since.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t size = 0;
  std::timespec modified{};
  std::timespec changed{};
  nlink_t names = 0;
};

struct CheckedOriginal {
  Original original;
  bool recorded = false;           // an entry says already that it is removed
  std::optional<FileStamp> stamp;  // absent: recorded, and gone
};
struct CheckedOriginals {
  std::vector<CheckedOriginal> files;
  std::vector<std::pair<std::string, Error>> refused;  // path, why: changed, gone, a link, not what the record holds
};
struct OriginalsProgress {
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};
};

// Reads and hashes every file. What a record holds is known from this home's journal, or from its descriptor where
// `secrets` are given; nothing else is believed. Errc::invalid_argument for a path that is not absolute or stands
// twice.
Result<CheckedOriginals> check_originals(Session& session, const Directory& directory, const VerifiedSafe& safe,
                                         const SafeSecrets* secrets, std::span<const Original> originals,
                                         OriginalsProgress& progress);

struct RemovedOriginal {
  std::string path;
  access::RecordId record;
  bool before = false;  // an earlier run had removed it
  std::optional<Error> failure;
};
// Records and removes, some at a time; `reason` is empty where none is given. Fails as a whole when an entry is refused
// (nothing it would have named is removed) or on a stop; a file that changed since it was checked has a failure of its
// own and stays.
Result<std::vector<RemovedOriginal>> remove_originals(Session& session, const VerifiedSafe& safe,
                                                      std::span<const CheckedOriginal> files, std::string_view reason,
                                                      OriginalsProgress& progress);

}  // namespace cli::client
