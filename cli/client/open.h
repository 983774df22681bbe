// Opening on this machine: secured copies (a folder with index.age), or any single age file. Nothing is written outside
// the folder that was named, nothing is overwritten, and nothing appears under its name before all of it was verified.
#pragma once
#include "cli/client/copies.h"

namespace cli::client {

// What can open: the person's own identity, those of a stock identity file, or a passphrase.
struct Openers {
  std::vector<vault::age::Identity> identities;
  PassphraseSource passphrase;  // asked when a file is encrypted with one, or the identity file is
};
// Errc::malformed for what is no identity file; the passphrase is asked if it is encrypted.
Result<std::vector<vault::age::Identity>> read_identities(const std::filesystem::path& file,
                                                          const PassphraseSource& passphrase);

struct OpenedRecord {
  std::filesystem::path file;  // written
  std::uint64_t size = 0;
  std::optional<Error> failure;  // this one only
};
// Recreates real names and paths below `into`. Each file's length, payload digest and plaintext digest are those of the
// index. A path that climbs is Errc::tampered, an existing file Errc::conflict.
Result<std::vector<OpenedRecord>> open_copy(const std::filesystem::path& folder, const std::filesystem::path& into,
                                            const Openers& openers, CopyProgress& progress);
// `into`: the file to make, or an existing folder, in which it gets the name without ".age".
Result<OpenedRecord> open_file(const std::filesystem::path& file, const std::filesystem::path& into,
                               const Openers& openers);

// --- writing below a folder ------------------------------------------------------------------------------------------

// A file without a name in the folder it will stand in (O_TMPFILE; a hidden temporary name where the file system has
// none), which `commit` names. Dropped before that, it leaves nothing. Mode 0600.
class StagedFile {
 public:
  // `inner` (raw bytes, is_inner_path) below `root`, which exists; folders on the way are made, links are refused
  // (Errc::tampered).
  static Result<StagedFile> create(const std::filesystem::path& root, std::string_view inner);
  StagedFile(StagedFile&& other) noexcept;
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();
  Result<void> write(ByteView bytes);
  // fsyncs, and links it under its name. Errc::conflict when something stands there already.
  Result<void> commit(std::optional<vault::Instant> modified = {});

 private:
  StagedFile() = default;
  int folder_ = -1;
  int file_ = -1;
  std::string name_;
  std::string temporary_;  // empty: O_TMPFILE
};

}  // namespace cli::client
