// originals: removes the files that records were made from, as an act of its own (4.3.5).
#include "cli/client/originals.h"

#include <iostream>

#include "cli/client/files/manifest.h"
#include "cli/commands/command.h"
#include "cli/commands/following.h"

namespace cli {
namespace {

struct OriginalsRemove : SafeArgument {
  std::string manifest;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    SafeArgument::add_flags(command);
    command.add_option("--manifest", manifest, "As strongroom secure --manifest wrote it")
        ->required()
        ->type_name("FILE");
    reason.add_flags(command, "Why, if recovery is incomplete or only one person holds the key; do not name the child");
  }
};

// The manifest's files that are secured, with their records.
Result<std::vector<client::Original>> read_originals(const std::string& manifest) {
  TRY(const auto lines, client::read_manifest(manifest));
  std::vector<client::Original> originals;
  for (const client::ManifestLine& line : lines)
    if (line.record) originals.push_back({line.path, *line.record, line.size, line.sha256});
  if (originals.empty())
    return Error{Errc::invalid_argument,
                 "no file in the manifest is secured yet. Make a manifest of secured files with: "
                 "strongroom secure SAFE PATH --manifest FILE"};
  if (originals.size() < lines.size())
    note(std::to_string(lines.size() - originals.size()) +
         " lines of the manifest name files that are not secured; those files stay");
  return originals;
}

// Returns what the service would refuse, before time is spent on reading every file. A removal that was interrupted may
// always be completed, because its entry is in the ledger already.
Result<void> check_recoverable(const wire::SafeView& safe, bool has_reason) {
  if (has_reason || safe.originals_removed > 0) return {};
  const auto active =
      std::ranges::count(safe.nominations, access::NominationState::active, &wire::NominationView::state);
  if (active < 2)
    return Error{Errc::conflict,
                 "fewer than two people can open this safe, so the originals stay. To remove them all the same, give a "
                 "reason (--reason)"};
  if (!safe.recovery_complete)
    return Error{Errc::conflict,
                 "recovery of this safe is incomplete (each partner needs two custodians who have a share), so the "
                 "originals stay. To remove them all the same, give a reason (--reason)"};
  return {};
}

// Compares every file with its record. Errc::conflict, or a more serious code, if one differs: then none is removed.
Result<client::CheckedOriginals> check_files(Context& context, const client::VerifiedSafe& safe,
                                             std::span<const client::Original> originals,
                                             client::OriginalsProgress& progress) {
  // A keyholder also knows records that other people secured.
  std::optional<client::SafeSecrets> secrets;
  if (safe.keyholder(context.session().person())) {
    TRY(secrets, client::open_safe(context.session(), safe));
  }
  std::uint64_t total = 0;
  for (const client::Original& original : originals) total += original.size;
  client::CheckedOriginals checked;
  {
    const Follow follow("checking", total, progress);
    TRY(checked, client::check_originals(context.session(), context.directory(), safe, secrets ? &*secrets : nullptr,
                                         originals, progress));
  }
  if (checked.refused.empty()) return checked;
  for (const auto& [path, why] : checked.refused) note("refused: " + printable(path) + ": " + why.message);
  // A file that is gone is no wrong argument: the manifest and the folder do not agree.
  const Errc first = checked.refused.front().second.code;
  return Error{
      first == Errc::not_found ? Errc::conflict : first,
      "nothing was removed: " + std::to_string(checked.refused.size()) + " of " + std::to_string(originals.size()) +
          " files differ from their records. Secure them again with the same manifest, or take their lines out "
          "of it"};
}

Result<void> confirm_removal(const Context& context, const std::vector<client::CheckedOriginal>& files) {
  std::uint64_t bytes = 0;
  std::size_t count = 0, linked = 0;
  for (const client::CheckedOriginal& file : files) {
    if (!file.stamp) continue;  // an earlier run removed it
    ++count;
    bytes += file.original.size;
    if (file.stamp->names > 1) ++linked;
  }
  if (linked > 0)
    note(std::to_string(linked) + " of the files have another name (a hard link), and stay there under that name");
  if (count == 0) return {};
  return context.confirm("Remove " + std::to_string(count) + (count == 1 ? " file (" : " files (") +
                         size_for_people(bytes) + ") from this machine? Their records stay in the safe.");
}

Result<void> print_outcome(const Context& context, const std::vector<client::RemovedOriginal>& files) {
  json::array array;
  std::size_t removed = 0, before = 0, stayed = 0;
  for (const client::RemovedOriginal& one : files) {
    if (one.failure) note("stays: " + printable(one.path) + ": " + one.failure->message);
    ++(one.failure ? stayed : one.before ? before : removed);
    array.push_back({{"path", vault::is_utf8(one.path) ? one.path : client::encode_path(one.path).text},
                     {"record", one.record.to_string()},
                     {"state", one.failure  ? "stays"
                               : one.before ? "gone"
                                            : "removed"}});
  }
  if (context.as_json) {
    print_json(array);
  } else {
    std::cout << removed << (removed == 1 ? " original removed" : " originals removed");
    if (before > 0) std::cout << ", " << before << " were gone already";
    std::cout << '\n';
  }
  if (stayed > 0)
    return Error{Errc::conflict, std::to_string(stayed) + (stayed == 1 ? " file stays" : " files stay") +
                                     "; run the same command again"};
  return {};
}

Result<void> run(Context& context, const OriginalsRemove& options) {
  TRY(const auto originals, read_originals(options.manifest));
  std::string reason;
  if (options.reason.is_given()) {
    TRY(reason, options.reason.require());
  }
  TRY_VOID(context.connect());
  TRY(const auto id, context.find_safe(options.safe));
  TRY(const auto view, context.session().get<wire::SafeView>("/v1/safes/" + id.to_string()));
  TRY_VOID(check_recoverable(view, !reason.empty()));
  TRY(const auto safe, client::verify_safe(context.session(), context.directory(), id));
  client::OriginalsProgress progress;
  const StopOnInterrupt stop(progress.stop);
  TRY(const auto checked, check_files(context, safe, originals, progress));
  TRY_VOID(confirm_removal(context, checked.files));
  TRY(const auto files, client::remove_originals(context.session(), safe, checked.files, reason, progress));
  return print_outcome(context, files);
}

}  // namespace

void add_originals_commands(CLI::App& app) {
  auto& group = add_group(app, "originals", "The files that records were made from");
  add_command<OriginalsRemove>(
      group, "remove",
      "Remove the files that a safe's records were made from; each must be unchanged. Recorded before anything is "
      "deleted; run again to continue",
      "strongroom originals remove SAFE --manifest secured.csv");
}

}  // namespace cli
