// Makes records: from files, which are read, encrypted, hashed and sent in a pipeline, and from texts. The memory that
// this needs does not depend on the number or size of the files. It also lists the records of a safe.
// Formats: docs/formats.md, "Beside values"
#pragma once
#include <atomic>

#include "cli/client/proof/sealings.h"

namespace cli::client {

inline constexpr std::size_t kSmallFile = 5U << 20;    // up to this size a file is encrypted whole and sent with others
inline constexpr std::size_t kUploadBatch = 4U << 20;  // small files are sent together before they have more bytes
inline constexpr unsigned kFilesInFlight = 4;

// --- securing -------------------------------------------------------------------------------------------------------

// By the name's extension; application/octet-stream if that is unknown.
std::string_view media_type_of(std::string_view name);

struct FileToSecure {
  std::filesystem::path file;  // on this machine
  std::string path;            // of the record: relative, in raw bytes
  // Values for this file that differ from those in SecureOptions:
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
  bool skipped = false;          // the journal has this file already
  std::optional<Error> failure;  // of this file only
};
struct SecureProgress {
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};  // a signal handler sets it, and then no new file is begun
};
struct FoundFiles {
  std::vector<FileToSecure> files;
  std::vector<std::pair<std::string, std::string>> passed_over;  // path and reason
};
// Finds the regular files below each path, recursively and sorted. The paths of a folder's files begin with the
// folder's own name. Symbolic links and special files are reported and never followed.
Result<FoundFiles> find_files(std::span<const std::filesystem::path> paths);

// Secures the files, and returns a result for each, in their order. It fails as a whole only if it cannot continue, for
// example because the service refuses or cannot be reached. The journal then has the files that were sealed, and the
// same call continues with the others.
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

// Lists and verifies every record of a safe that passes the service's filters (`query`: "class=…&subject=…"). A record
// whose descriptor does not open is listed with its problem.
Result<std::vector<ListedRecord>> list_records(Session& session, const Directory& directory, const VerifiedSafe& safe,
                                               const SafeSecrets* secrets, std::string_view query = {});

}  // namespace cli::client
