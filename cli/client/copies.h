// Copies: issuing releases the headers, which only the issuer's client can turn into headers for the holder's own key;
// the payload is never encrypted again. Every file is verified against the depositor's signed sealing entry while it is
// written, and stands under its name only when everything agreed (header, payload, descriptor, plaintext).
// Formats: docs/formats.md, "index.age" and "A secured copy on disk"
#pragma once
#include <functional>

#include "cli/client/files/verified_payload.h"
#include "cli/client/proof/proved_copy.h"
#include "cli/client/records.h"

namespace cli::client {

// The beginning of a longer payload stays, under a hidden name, when a collection is interrupted.
inline constexpr std::uint64_t kKeptDownload = 16U << 20;

PayloadFacts facts_of(const IndexedFile& file);
// The same file key, wrapped for `holder` alone. Errc::wrong_key when `safe_identity` does not open it.
Result<Bytes> rewrite_header(ByteView header, const vault::age::Identity& safe_identity,
                             const vault::age::Recipient& holder);

struct CopyProgress {
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};
};

struct WrittenFile {
  access::RecordId record;
  std::filesystem::path file;
};
struct IssuedCopy {
  access::CopyId copy;
  std::uint64_t number = 0;
  access::PersonId holder;
  vault::Date due{};
};
struct CopyRequest {
  access::SafeId safe;
  access::PersonId holder;
  access::Purpose purpose = access::Purpose::case_work;
  vault::Date due{};
  std::vector<access::RecordId> records;
};
// The issuing entry, and nothing else: no header has been asked for yet. The holder must be certified.
Result<IssuedCopy> issue_copy(Session& session, const Directory& directory, const CopyRequest& request);
// Whether this home has signed exactly this command (`issue_copy` writes it down before it sends it). A home that was
// restored, or another machine of the same person, remembers nothing.
Result<bool> recall_issuing(const Home& home, const wire::IssueCopy& command);

// Whether the person whose client this is agrees that the copy is prepared. An error stops it.
using Approve = std::function<Result<void>(const SignedIssue& issue)>;
// For the command by which the person asked for this very copy.
inline Result<void> as_asked(const SignedIssue&) {
  return {};
}
// For a colleague: verifies, asks `approve`, rewrites the headers, stages the index, signs copy.prepare. May be
// repeated. `approve` is not asked if the copy is prepared already.
Result<void> prepare_copy(Session& session, const Directory& directory, const access::CopyId& copy,
                          const Approve& approve);

enum class CopyForm {
  secured,  // DIR/C-0042/0001.age … and index.age
  plain,    // DIR/C-0042/<real paths>, opened
};
// By the holder: a copy issued to oneself (headers of the record, rewritten here) or one that a colleague prepared
// (collected first, an entry of its own). Writes below `folder`, goes on where an earlier run stopped, acknowledges
// delivery at the end. An existing file is checked, never overwritten: Errc::conflict when it is another.
struct CollectedCopy {
  IssuedCopy copy;
  std::filesystem::path folder;
  std::vector<WrittenFile> files;
};
Result<CollectedCopy> collect_copy(Session& session, const Directory& directory, const access::CopyId& copy,
                                   const std::filesystem::path& folder, CopyForm form, CopyProgress& progress);

// A record of a copy, opened here and written nowhere.
struct ReadRecord {
  access::RecordId record;
  std::string name;  // its path, raw bytes
  vault::WipedBytes content;
};
// By the holder, as collect_copy, but into memory: for what a program reads and a person does not keep. Delivery is
// acknowledged. Errc::too_large when a record has more than `max_bytes`.
Result<std::vector<ReadRecord>> read_copy(Session& session, const Directory& directory, const access::CopyId& copy,
                                          std::size_t max_bytes);
// Signs that a collected copy stands complete on this machine. Errc::conflict when it does not (see Home::note).
Result<void> acknowledge_delivery(Session& session, const access::CopyId& copy);

}  // namespace cli::client
