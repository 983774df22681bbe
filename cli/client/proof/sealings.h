// The records of a safe, as their depositors sealed them. A record is an age file for its safe's certified key. Its
// descriptor, another age file for that key, contains name, path and SHA-256. The depositor's signed entry binds both.
// Formats: docs/formats.md, "Beside values"
#pragma once
#include "cli/client/proof/safe_secrets.h"
#include "cli/client/session/record_path.h"

namespace cli::client {

inline constexpr std::size_t kMaxSourceBytes = 200;
inline constexpr std::size_t kMaxDescriptorBytes = 32U << 10;  // of the JSON

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
  std::optional<bool> encoded;  // name and path are percent-encoded (encode_path)
};
BOOST_DESCRIBE_STRUCT(Descriptor, (),
                      (v, record, name, path, source, modified, dates, media_type, size, sha256, encoded))

// The exact JSON. Errc::invalid_argument if the path leads upwards or is absolute, Errc::too_large over a limit.
Result<std::string> encode_descriptor(const Descriptor& descriptor);
// Errc::malformed, Errc::too_large, Errc::unknown_version.
Result<Descriptor> decode_descriptor(std::string_view text);
// Path and name in the bytes that the file system had. Errc::malformed if they are not encoded properly.
Result<std::string> raw_path(const Descriptor& descriptor);
Result<std::string> raw_name(const Descriptor& descriptor);

// --- sealings -------------------------------------------------------------------------------------------------------

// A record, as its depositor signed it.
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
// From sealing entries: each was signed by a certified person who was permitted to seal it in `safe`, and says what
// they signed. Entries of other kinds are passed over. `safe` without a chain: a safe that the reader may not see; then
// the signer must have been permitted to seal records in some safe.
Result<TrustedRecords> trust_sealings(const Directory& directory, const VerifiedSafe& safe,
                                      std::span<const VerifiedEntry> entries);
Result<TrustedRecord> trust_record(Session& session, const Directory& directory, const wire::RecordView& record);
Result<TrustedRecords> trust_safe_records(Session& session, const Directory& directory, const VerifiedSafe& safe);
// Errc::tampered when the view differs from what was signed.
Result<void> check_view(const wire::RecordView& view, const TrustedRecord& trusted);
// Opens the descriptor with its epoch's identity. Errc::tampered unless its digest is the one in the sealing entry.
Result<Descriptor> open_descriptor(ByteView descriptor, const TrustedRecord& trusted, const SafeSecrets& secrets);

struct ListedRecord {
  wire::RecordView view;
  std::optional<Descriptor> descriptor;  // for keyholders
  std::optional<Error> problem;          // why the descriptor does not open, if its depositor sealed junk
};
// Compares a record of a listing with its sealing, and opens its descriptor if there are `secrets`. Errc::tampered if
// the view or the descriptor is not the one that was sealed. If the depositor sealed a descriptor that does not open,
// that is a `problem` of this record only.
Result<ListedRecord> verify_listed(wire::RecordView view, const TrustedRecords& trusted, const SafeSecrets* secrets);

}  // namespace cli::client
