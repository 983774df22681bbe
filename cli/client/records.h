// Securing files, and trusting what is secured. A record is an age file for its safe's certified key; its descriptor,
// encrypted alike, holds name, path and SHA-256; the depositor's signed sealing entry binds both. Here the files are
// read, encrypted, hashed and sent in a pipeline; memory does not depend on their number or size.
// Formats: docs/formats.md, "Beside values"
#pragma once
#include <atomic>

#include "cli/client/proof/sealings.h"

namespace cli::client {

inline constexpr std::size_t kSmallFile = 5U << 20;    // up to here a file is encrypted whole and sent with others
inline constexpr std::size_t kUploadBatch = 4U << 20;  // of small ones: sent before there is more
inline constexpr unsigned kFilesInFlight = 4;

// --- securing -------------------------------------------------------------------------------------------------------

std::string_view media_type_of(std::string_view name);  // by its extension; application/octet-stream when unknown

struct FileToSecure {
  std::filesystem::path file;  // on this machine
  std::string path;            // in the record: relative, raw bytes
  // Where they differ from the request's own:
  std::optional<access::RecordClass> class_;
  std::optional<std::string> subject;
  std::optional<std::string> source;
  std::optional<std::string> dates;
};
struct SecureOptions {
  access::RecordClass class_ = access::RecordClass::other;
  std::string source;
  std::optional<std::string> subject;
  std::string dates;
  bool late = false;
  std::optional<access::CopyId> derived_from;
  std::optional<access::AgencyId> on_behalf_of;
};
struct SecuredResult {
  std::string path;  // as given in FileToSecure
  std::optional<access::RecordId> record;
  std::uint64_t size = 0;
  Digest sha256{};
  bool skipped = false;          // stood in the journal already
  std::optional<Error> failure;  // this file only
};
struct SecureProgress {
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};  // set by a signal handler: no new file is begun
};
// Regular files below each path, recursively, sorted; a folder's own name begins its files' paths. Symbolic links and
// special files are reported, never followed.
struct FoundFiles {
  std::vector<FileToSecure> files;
  std::vector<std::pair<std::string, std::string>> passed_over;  // path, why
};
Result<FoundFiles> find_files(std::span<const std::filesystem::path> paths);

// In the order of `files`. The result fails as a whole only when nothing more can be done (refused, tampered, out of
// reach); then what was sealed stands in the journal, and the same call goes on from there.
Result<std::vector<SecuredResult>> secure(Session& session, const VerifiedSafe& safe,
                                          std::span<const FileToSecure> files, const SecureOptions& options,
                                          SecureProgress& progress);

// --- sealing texts
// ----------------------------------------------------------------------------------------------------

struct NewDocument {
  access::RecordClass class_ = access::RecordClass::form;
  std::string name;  // of the file, as a keyholder sees it
  std::string text;
};
// Seals texts that are in no file, with one act. `source` is what their descriptors name as their source. Returns the
// records in the order of the documents.
Result<std::vector<access::RecordId>> seal_texts(Session& session, const VerifiedSafe& safe,
                                                 std::span<const NewDocument> documents, std::string_view source);

// --- listing -------------------------------------------------------------------------------------------------------

// Every record of a safe that passes the service's filters (`query`: "class=…&subject=…"), verified. One that does not
// open hides no other.
Result<std::vector<ListedRecord>> list_records(Session& session, const Directory& directory, const VerifiedSafe& safe,
                                               const SafeSecrets* secrets, std::string_view query = {});

}  // namespace cli::client
