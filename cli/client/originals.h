// Removes the originals of secured files, in an act of its own (4.3.5). A file is removed only if its bytes are now the
// same as those that its record was made from, and only after the entry that says so is durable. It is reached through
// real folders only, never through a link, and it must still be the file that was hashed when it is unlinked. If a
// removal is interrupted, the next run completes it: files that its entries name are removed without another entry.
#pragma once
#include <atomic>

#include "cli/client/proof/holdings.h"
#include "cli/client/records.h"

namespace cli::client {

struct Original {
  std::string path;  // absolute, in raw bytes
  access::RecordId record;
  std::uint64_t size = 0;
  Digest sha256{};
};

struct CheckedOriginal {
  Original original;
  bool recorded = false;                  // an entry says already that it was removed
  std::optional<vault::FileFacts> stamp;  // of the file that was hashed. Absent: recorded, and gone
};
struct CheckedOriginals {
  std::vector<CheckedOriginal> files;
  std::vector<std::pair<std::string, Error>> refused;  // path and reason, for example that the file has changed
};
struct OriginalsProgress {
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};
};

// Reads and hashes every file. It is compared with this home's journal, or with the record's descriptor if `secrets`
// are given; nothing else is believed about a record's content. Errc::invalid_argument if a path is not absolute or is
// given twice.
Result<CheckedOriginals> check_originals(Session& session, const Directory& directory, const VerifiedSafe& safe,
                                         const SafeSecrets* secrets, std::span<const Original> originals,
                                         OriginalsProgress& progress);

struct RemovedOriginal {
  std::string path;
  access::RecordId record;
  bool before = false;  // an earlier run has removed it
  std::optional<Error> failure;
};
// Records and removes the files, a group at a time. `reason` may be empty. Fails as a whole if it is stopped, or if an
// entry is refused; then none of the files that the entry would have named is removed. A file that has changed since it
// was checked stays, and has a failure of its own.
Result<std::vector<RemovedOriginal>> remove_originals(Session& session, const VerifiedSafe& safe,
                                                      std::span<const CheckedOriginal> files, std::string_view reason,
                                                      OriginalsProgress& progress);

}  // namespace cli::client
