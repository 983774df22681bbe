// originals: what the agency still has of what is secured, removed in an act of its own (4.3.5).
#include "cli/client/originals.h"

#include <iostream>

#include "cli/client/files/manifest.h"
#include "cli/commands/context.h"
#include "cli/commands/following.h"

namespace cli {
namespace {

Result<std::vector<client::Original>> originals_of(const std::string& manifest) {
  TRY(const auto lines, client::read_manifest(manifest));
  std::vector<client::Original> originals;
  for (const client::ManifestLine& line : lines)
    if (line.record) originals.push_back({line.path, *line.record, line.size, line.sha256});
  if (originals.empty())
    return Error{Errc::invalid_argument,
                 "the manifest names no file that is secured: strongroom secure SAFE PATH "
                 "--manifest FILE makes one that does"};
  if (originals.size() < lines.size())
    note(std::to_string(lines.size() - originals.size()) + " lines of the manifest name files that are not secured; " +
         "those files stay");
  return originals;
}

// What the service would refuse, found before the files are read. An interrupted removal goes on in any case.
Result<void> check_keys(const wire::SafeView& safe, bool has_reason) {
  if (has_reason || safe.originals_removed > 0) return {};
  const auto active =
      std::ranges::count(safe.nominations, access::NominationState::active, &wire::NominationView::state);
  if (active < 2)
    return Error{Errc::conflict,
                 "fewer than two people can open this safe: the originals stay, unless a reason is given (--reason)"};
  if (!safe.recovery_complete)
    return Error{Errc::conflict,
                 "recovery of this safe is incomplete (a partner lacks two custodians with a share): "
                 "the originals stay, unless a reason is given (--reason)"};
  return {};
}

std::string shown_path(const std::string& raw) {
  return vault::is_utf8(raw) ? raw : client::encode_path(raw).text;
}

struct Outcome {
  json::array array;
  std::size_t removed = 0, before = 0, stayed = 0;
};

Outcome outcome_of(const std::vector<client::RemovedOriginal>& files) {
  Outcome outcome;
  for (const client::RemovedOriginal& one : files) {
    if (one.failure) note("stays: " + printable(one.path) + ": " + one.failure->message);
    ++(one.failure ? outcome.stayed : one.before ? outcome.before : outcome.removed);
    outcome.array.push_back({{"path", shown_path(one.path)},
                             {"record", one.record.to_string()},
                             {"state", one.failure  ? "stays"
                                       : one.before ? "gone"
                                                    : "removed"}});
  }
  return outcome;
}

Result<void> ask(const Context& context, const std::vector<client::CheckedOriginal>& files) {
  std::uint64_t bytes = 0;
  std::size_t count = 0, linked = 0;
  for (const client::CheckedOriginal& file : files) {
    if (!file.stamp) continue;
    ++count;
    bytes += file.original.size;
    if (file.stamp->names > 1) ++linked;
  }
  if (linked > 0) note(std::to_string(linked) + " of the files have another name (a hard link), under which they stay");
  if (count == 0) return {};
  return context.confirmed("Remove " + std::to_string(count) + (count == 1 ? " file (" : " files (") +
                           size_for_people(bytes) + ") from this machine? Their records stay in the safe.");
}

void add_remove(CLI::App* group) {
  struct Options {
    std::string safe, manifest;
    FreeText reason;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(*group, "remove",
                              "Remove the files that a safe's records were made from; each must be unchanged. Recorded "
                              "before anything is deleted; run again to continue",
                              "strongroom originals remove SAFE --manifest secured.csv");
  command->add_option("SAFE", options->safe)->required();
  command->add_option("--manifest", options->manifest, "As strongroom secure --manifest wrote it")
      ->required()
      ->type_name("FILE");
  options->reason.bind(command, "reason",
                       "Why, while recovery is incomplete or one person alone holds the key; do not name the child");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY(const auto originals, originals_of(options->manifest));
    std::string reason;
    if (options->reason.given()) {
      TRY(reason, free_text("reason", options->reason.text, options->reason.file));
    }
    TRY_VOID(context.connect());
    TRY(const auto id, context.safe(options->safe));
    TRY(const auto view, context.session().get<wire::SafeView>("/v1/safes/" + id.to_string()));
    TRY_VOID(check_keys(view, !reason.empty()));
    TRY(const auto safe, client::verify_safe(context.session(), context.directory(), id));
    std::optional<client::SafeSecrets> secrets;
    if (safe.keyholder(context.session().person())) {
      TRY(secrets, client::open_safe(context.session(), safe));
    }
    std::uint64_t total = 0;
    for (const client::Original& original : originals) total += original.size;
    client::OriginalsProgress progress;
    const StopOnInterrupt stop(progress.stop);
    client::CheckedOriginals checked;
    {
      const Follow follow("checking", total, progress);
      TRY(checked, client::check_originals(context.session(), context.directory(), safe, secrets ? &*secrets : nullptr,
                                           originals, progress));
    }
    for (const auto& [path, why] : checked.refused) note("refused: " + printable(path) + ": " + why.message);
    if (!checked.refused.empty())
      return Error{
          checked.refused.front().second.code == Errc::not_found ? Errc::conflict : checked.refused.front().second.code,
          "nothing was removed: " + std::to_string(checked.refused.size()) + " of " + std::to_string(originals.size()) +
              " files are not what their records hold. Secure them again with the same manifest, or take "
              "their lines out of it"};
    TRY_VOID(ask(context, checked.files));
    TRY(const auto files, client::remove_originals(context.session(), safe, checked.files, reason, progress));
    const Outcome outcome = outcome_of(files);
    if (context.as_json) {
      Context::print(outcome.array);
    } else {
      std::cout << outcome.removed << (outcome.removed == 1 ? " original removed" : " originals removed");
      if (outcome.before > 0) std::cout << ", " << outcome.before << " were gone already";
      std::cout << '\n';
    }
    if (outcome.stayed > 0)
      return Error{Errc::conflict, std::to_string(outcome.stayed) + " files stay; run the same command again"};
    return {};
  });
}

}  // namespace

void add_originals_commands(CLI::App& app) {
  auto* group = add_command(app, "originals", "What records were made from", "");
  group->require_subcommand(1);
  add_remove(group);
}

}  // namespace cli
