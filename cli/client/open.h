// Opens secured copies (a folder with index.age) and single age files on this machine. Nothing is written outside the
// folder that was named, nothing is overwritten, and a file gets its name only after all of it was verified.
#pragma once
#include "cli/client/copies.h"

namespace cli::client {

// The keys that may open a file: the person's own identity, those of a stock identity file, or a passphrase.
struct Openers {
  std::vector<vault::age::Identity> identities;
  PassphraseSource passphrase;  // asked if a file, or the identity file, is encrypted with a passphrase
};
// Asks for the passphrase if the file is encrypted. Errc::malformed if it is not an identity file.
Result<std::vector<vault::age::Identity>> read_identities(const std::filesystem::path& file,
                                                          const PassphraseSource& passphrase);

struct OpenedRecord {
  std::filesystem::path file;  // written
  std::uint64_t size = 0;
  std::optional<Error> failure;  // of this record only
};
// Makes the files below `into` under their real names and paths. Each is compared with the length, the payload digest
// and the plaintext digest in the index. Errc::tampered if a path leads out of the folder, Errc::conflict if a file
// exists.
Result<std::vector<OpenedRecord>> open_copy(const std::filesystem::path& folder, const std::filesystem::path& into,
                                            const Openers& openers, CopyProgress& progress);
// `into` is the file to make, or an existing folder, in which the file gets its name without ".age".
Result<OpenedRecord> open_file(const std::filesystem::path& file, const std::filesystem::path& into,
                               const Openers& openers);

}  // namespace cli::client
