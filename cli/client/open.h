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

}  // namespace cli::client
