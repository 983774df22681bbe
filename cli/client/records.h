// Securing files, and trusting what is secured. A record is an age file for its safe's certified key; its descriptor,
// encrypted alike, holds name, path and SHA-256; the depositor's signed sealing entry binds both. Here the files are
// read, encrypted, hashed and sent in a pipeline; memory does not depend on their number or size.
// Formats: docs/formats.md, "Beside values"
#pragma once
#include <atomic>

#include "cli/client/files/staged_file.h"
#include "cli/client/proof/safe_secrets.h"

namespace cli::client {

inline constexpr std::size_t kMaxPathBytes = 4096;  // of a record's path, encoded
inline constexpr std::size_t kMaxSourceBytes = 200;
inline constexpr std::size_t kMaxDescriptorBytes = 32U << 10;  // of the JSON
inline constexpr std::size_t kSmallFile = 5U << 20;    // up to here a file is encrypted whole and sent with others
inline constexpr std::size_t kUploadBatch = 4U << 20;  // of small ones: sent before there is more
inline constexpr unsigned kFilesInFlight = 4;

// --- descriptors ----------------------------------------------------------------------------------------------------

struct Descriptor {
  std::uint64_t v = 1;
  access::RecordId record;
  std::string name;
  std::string path;  // relative, "/"-separated, no "." or ".."
  std::string source;
  std::string modified;  // RFC 3339
  std::string dates;     // "A..B", or empty
  std::string media_type;
  std::uint64_t size = 0;
  Digest sha256{};              // of the plaintext
  std::optional<bool> encoded;  // name and path stood in bytes that are not UTF-8
};
BOOST_DESCRIBE_STRUCT(Descriptor, (),
                      (v, record, name, path, source, modified, dates, media_type, size, sha256, encoded))

// The exact JSON. Errc::invalid_argument for a path that climbs or is absolute, Errc::too_large over a limit.
Result<std::string> encode_descriptor(const Descriptor& descriptor);
// Errc::malformed, Errc::too_large, Errc::unknown_version.
Result<Descriptor> decode_descriptor(std::string_view text);
// The bytes of the path as the file system had them. Errc::malformed for a wrong percent sign.
Result<std::string> raw_path(const Descriptor& descriptor);
Result<std::string> raw_name(const Descriptor& descriptor);
// UTF-8 without control characters stands as it is; anything else is percent-encoded (and "%" with it).
struct EncodedPath {
  std::string text;
  bool encoded = false;
};
EncodedPath encode_path(std::string_view raw);
Result<std::string> decode_path(std::string_view text);
std::string_view media_type_of(std::string_view name);  // by its extension; application/octet-stream when unknown

// --- securing -------------------------------------------------------------------------------------------------------

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

// --- trusting records -----------------------------------------------------------------------------------------------

// A record as its depositor signed it.
struct TrustedRecord {
  wire::SealedRecord sealed;
  access::SafeId safe;
  std::uint64_t epoch = 0;
  access::PersonId depositor;
  Seq seq = 0;
  vault::Instant time;
  std::optional<access::AgencyId> on_behalf_of;
};
using TrustedRecords = std::map<access::RecordId, TrustedRecord>;
// From sealing entries: each signed by a certified person, the detail what they signed. Other kinds are left alone.
Result<TrustedRecords> trust_sealings(const Directory& directory, std::span<const VerifiedEntry> entries);
Result<TrustedRecord> trust_record(Session& session, const Directory& directory, const wire::RecordView& record);
Result<TrustedRecords> trust_safe_records(Session& session, const Directory& directory, const access::SafeId& safe);
// Errc::tampered when the view differs from what was signed.
Result<void> check_view(const wire::RecordView& view, const TrustedRecord& trusted);
// The descriptor, opened with its epoch's identity, bound by the sealing entry's digest.
Result<Descriptor> open_descriptor(ByteView descriptor, const TrustedRecord& trusted, const SafeSecrets& secrets);

struct ListedRecord {
  wire::RecordView view;
  std::optional<Descriptor> descriptor;  // for keyholders
  std::optional<Error> problem;  // why a keyholder's client cannot open the descriptor: its depositor sealed junk
};
// Every record of a safe that passes the service's filters (`query`: "class=…&subject=…"), verified. One that does not
// open hides no other.
Result<std::vector<ListedRecord>> list_records(Session& session, const Directory& directory, const VerifiedSafe& safe,
                                               const SafeSecrets* secrets, std::string_view query = {});

}  // namespace cli::client
