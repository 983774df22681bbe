#include "cli/client/originals.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "cli/client/files/folder.h"
#include "vault/age/file.h"
#include "vault/base/secret.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

constexpr std::size_t kReadBytes = 1U << 20;

struct Hashed {
  vault::FileFacts stamp;
  Digest sha256{};
};

// Errc::not_found if there is no such file.
Result<Hashed> hash_file(const Original& original, OriginalsProgress& progress) {
  TRY(const Place place, Place::of(original.path));
  TRY(vault::File file, place.open_to_read());
  TRY(const vault::FileFacts before, file.facts());
  if (before.kind != vault::FileKind::regular) return Error{Errc::conflict, "it is no longer a regular file"};
  if (before.size != original.size) return Error{Errc::conflict, "it has changed since it was secured"};
  vault::crypto::Sha256 hash;
  vault::WipedBytes buffer(kReadBytes);
  for (;;) {
    if (progress.stop) return Error{Errc::cancelled, "stopped; nothing was removed"};
    TRY(const std::size_t got, file.read(buffer.span()));
    if (got == 0) break;
    hash.update(buffer.view().first(got));
    progress.bytes += got;
  }
  TRY(const vault::FileFacts after, file.facts());
  Hashed hashed{after, hash.finish()};
  if (before != after) return Error{Errc::conflict, "it changed while it was being read"};
  if (hashed.sha256 != original.sha256) return Error{Errc::conflict, "it has changed since it was secured"};
  return hashed;
}

// The SHA-256 of the file from which each record was made, as its descriptor or this home's journal has it.
Result<std::unordered_map<std::string, Digest>> known_contents(Session& session, const Directory& directory,
                                                               const VerifiedSafe& safe, const SafeSecrets* secrets) {
  std::unordered_map<std::string, Digest> known;
  if (secrets != nullptr) {
    TRY(const auto records, list_records(session, directory, safe, secrets));
    for (const ListedRecord& record : records)
      if (record.descriptor) known.emplace(record.view.record.to_string(), record.descriptor->sha256);
  }
  TRY(const auto lines, session.home().secured_files(safe.safe));
  for (const SecuredFile& line : lines) known.emplace(line.record.to_string(), line.sha256);
  return known;
}

Result<void> check_list(std::span<const Original> originals) {
  std::set<std::string_view> paths;
  std::set<access::RecordId> records;
  for (const Original& original : originals) {
    if (!original.path.starts_with('/'))
      return Error{Errc::invalid_argument, "an original is named by its absolute path"};
    if (!paths.insert(original.path).second || !records.insert(original.record).second)
      return Error{Errc::invalid_argument, "the manifest names a file or a record twice"};
  }
  return {};
}

}  // namespace

Result<CheckedOriginals> check_originals(Session& session, const Directory& directory, const VerifiedSafe& safe,
                                         const SafeSecrets* secrets, std::span<const Original> originals,
                                         OriginalsProgress& progress) {
  TRY_VOID(check_list(originals));
  TRY(const TrustedRecords sealed, trust_safe_records(session, directory, safe));
  TRY(const auto contents, known_contents(session, directory, safe, secrets));
  TRY(const Holdings holdings, read_holdings(session, directory, safe, nullptr));
  CheckedOriginals checked;
  for (const Original& original : originals) {
    const auto refuse = [&](Error why) { checked.refused.emplace_back(original.path, std::move(why)); };
    ++progress.files;
    const auto record = sealed.find(original.record);
    const auto content = contents.find(original.record.to_string());
    if (record == sealed.end()) {
      refuse({Errc::not_found, "its record is not in this safe"});
      continue;
    }
    if (content == contents.end()) {
      refuse({Errc::conflict, "this client did not secure it, and cannot read its record's description"});
      continue;
    }
    if (content->second != original.sha256 ||
        vault::age::ciphertext_size(original.size) != record->second.sealed.length) {
      refuse({Errc::conflict, "the manifest does not agree with its record"});
      continue;
    }
    const bool recorded = holdings.originals.contains(original.record);
    auto hashed = hash_file(original, progress);
    if (hashed)
      checked.files.push_back({original, recorded, hashed->stamp});
    else if (hashed.code() == Errc::cancelled)
      return hashed.error();
    else if (recorded && hashed.code() == Errc::not_found)
      checked.files.push_back({original, true, {}});
    else
      refuse(hashed.error());
  }
  return checked;
}

Result<std::vector<RemovedOriginal>> remove_originals(Session& session, const VerifiedSafe& safe,
                                                      std::span<const CheckedOriginal> files, std::string_view reason,
                                                      OriginalsProgress& progress) {
  std::vector<RemovedOriginal> removed;
  while (!files.empty()) {
    if (progress.stop) return Error{Errc::cancelled, "stopped; run the same command again to continue"};
    const auto some = files.first(std::min(files.size(), access::kMaxRecordsPerRemoval));
    files = files.subspan(some.size());
    wire::RemoveOriginals command{safe.safe, {}, {}};
    for (const CheckedOriginal& file : some)
      if (!file.recorded) command.records.push_back(file.original.record);
    if (!command.records.empty()) {
      if (!reason.empty()) {
        TRY(command.reason, session.stage_text(reason));
      }
      TRY_VOID(session.act(command));
    }
    for (const CheckedOriginal& file : some) {
      RemovedOriginal one{file.original.path, file.original.record, !file.stamp, {}};
      if (file.stamp) {
        const auto place = Place::of(file.original.path);
        const auto gone = place ? place->remove_checked(*file.stamp) : Result<void>(place.error());
        if (!gone) one.failure = gone.error();
      }
      ++progress.files;
      removed.push_back(std::move(one));
    }
  }
  return removed;
}

}  // namespace cli::client
