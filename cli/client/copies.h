// Copies. Issuing a copy releases the headers of its records, and only the issuer's client can rewrite them for the
// holder's own key. The payload is never encrypted again. Every file is compared with the depositor's signed sealing
// entry while it is written, and gets its name only if header, payload, descriptor and plaintext all agree. Formats:
// docs/formats.md, "index.age" and "A secured copy on disk"
#pragma once
#include <functional>

#include "cli/client/files/verified_payload.h"
#include "cli/client/proof/proved_copy.h"
#include "cli/client/records.h"

namespace cli::client {

// If a collection is interrupted, the beginning of a longer payload than this is kept under a hidden name.
inline constexpr std::uint64_t kKeptDownload = 16U << 20;

PayloadFacts facts_of(const IndexedFile& file);
// Wraps the same file key for `holder` only. Errc::wrong_key if `safe_identity` does not open the header.
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
// Makes the issuing entry. The holder must be certified. No header is asked for yet.
Result<IssuedCopy> issue_copy(Session& session, const Directory& directory, const CopyRequest& request);
// Looks up whether this home has signed exactly this command: `issue_copy` writes a note before it sends it. A restored
// home, or another machine of the same person, has no such note.
Result<bool> recall_issuing(const Home& home, const wire::IssueCopy& command);

// Asks the person whose client this is whether the copy may be prepared. An error stops the preparation.
using Approve = std::function<Result<void>(const SignedIssue& issue)>;
// Agrees at once, because the person has just asked for this very copy.
inline Result<void> as_asked(const SignedIssue&) {
  return {};
}
// Prepares a copy for a colleague: verifies it, asks `approve`, rewrites the headers, stages the index and signs
// copy.prepare. It may be called again; if the copy is prepared already, it asks nobody and does nothing.
Result<void> prepare_copy(Session& session, const Directory& directory, const access::CopyId& copy,
                          const Approve& approve);

enum class CopyForm {
  secured,  // DIR/C-0042/0001.age … and index.age
  plain,    // DIR/C-0042/<real paths>, opened
};
// Collects a copy as its holder, and acknowledges the delivery at the end. The headers of a copy issued to oneself are
// rewritten here. A copy that a colleague prepared is collected first, which is an entry of its own. Writes below
// `folder`, and resumes where an earlier run stopped. An existing file is never overwritten: it is checked, and
// Errc::conflict if it is another file.
struct CollectedCopy {
  IssuedCopy copy;
  std::filesystem::path folder;
  std::vector<WrittenFile> files;
};
Result<CollectedCopy> collect_copy(Session& session, const Directory& directory, const access::CopyId& copy,
                                   const std::filesystem::path& folder, CopyForm form, CopyProgress& progress);

// A record of a copy, opened in memory and not written to any file.
struct ReadRecord {
  access::RecordId record;
  std::string name;  // the record's path, in raw bytes
  vault::WipedBytes content;
};
// Same as collect_copy, but reads the records into memory, for content that a program needs and a person does not keep.
// Acknowledges the delivery. Errc::too_large if a record has more than `max_bytes`.
Result<std::vector<ReadRecord>> read_copy(Session& session, const Directory& directory, const access::CopyId& copy,
                                          std::size_t max_bytes);
// Signs that a collected copy is complete on this machine. Errc::conflict if this home has no note that says so.
Result<void> acknowledge_delivery(Session& session, const access::CopyId& copy);

}  // namespace cli::client
