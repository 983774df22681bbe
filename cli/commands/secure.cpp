// secure: puts files into a safe, and writes down in a manifest which record each of them became.
#include <iostream>
#include <set>

#include "cli/client/files/manifest.h"
#include "cli/client/records.h"
#include "cli/commands/command.h"
#include "cli/commands/following.h"
#include "vault/base/file.h"

namespace cli {
namespace {

using access::RecordClass;

struct Secure : SafeArgument {
  std::vector<std::string> paths;
  std::string class_ = "other";
  std::optional<std::string> source, subject, dates, derived_from, on_behalf_of, manifest;
  bool late = false;

  void add_flags(CLI::App& command) {
    SafeArgument::add_flags(command);
    command.add_option("PATH", paths, "Files and folders (recursively)")->required();
    command.add_option("--class", class_, "What kind of records they are")->check(word_of<RecordClass>());
    command.add_option("--source", source, "The system, share or cupboard they come from");
    command.add_option("--subject", subject, "Whom they are about, such as child-1");
    command.add_option("--dates", dates, "The time they cover, such as 2026-01-01..2026-02-01");
    command.add_flag("--late", late, "Found after the agency had declared itself complete");
    command.add_option("--derived-from", derived_from, "The copy that they are an updated working copy of")
        ->type_name("COPY");
    command.add_option("--on-behalf-of", on_behalf_of, "The agency whose records they are")->type_name("AGENCY");
    command
        .add_option("--manifest", manifest,
                    "CSV: path and any of class, subject, source, dates for each file. It is made, or brought up to "
                    "date, with the files that were secured; originals remove uses it")
        ->type_name("FILE");
  }
};

// --- dates and manifests --------------------------------------------------------------------------------------------

// Checks dates such as "2026-01-01..2026-02-01" or "2026-01-01".
Result<void> check_dates(const std::string& dates) {
  const std::size_t dots = dates.find("..");
  const auto first = vault::parse_date(dates.substr(0, dots));
  const auto last = dots == std::string::npos ? first : vault::parse_date(dates.substr(dots + 2));
  if (!first || !last || *last < *first)
    return Error{Errc::invalid_argument,
                 "\"" + printable(dates) + "\" is not a day or two days in order, such as 2026-01-01..2026-02-01"};
  return {};
}

// Returns a file's absolute path in which no folder is a link. The manifest contains such paths, because `originals
// remove` never follows a link.
std::string real_path(const std::filesystem::path& file) {
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(file, failed).lexically_normal();
  const auto folder = std::filesystem::canonical(absolute.parent_path(), failed);
  return failed ? vault::text_of(absolute) : vault::text_of(folder / absolute.filename());
}

// Gives each file the class, subject, source and dates that the manifest has for it.
Result<void> apply_manifest(std::span<const client::ManifestLine> lines, std::vector<client::FileToSecure>& files) {
  std::map<std::string_view, const client::ManifestLine*> by_path;
  for (const client::ManifestLine& line : lines) by_path[line.path] = &line;
  std::set<std::string_view> used;
  for (client::FileToSecure& one : files) {
    // A manifest that a person wrote may name a file as in the record, by its real path, or as it was given.
    auto found = by_path.find(one.path);
    if (found == by_path.end()) found = by_path.find(real_path(one.file));
    if (found == by_path.end()) found = by_path.find(vault::text_of(one.file));
    if (found == by_path.end()) continue;
    used.insert(found->first);
    const client::ManifestLine& line = *found->second;
    if (!line.class_.empty()) {
      TRY(one.class_, wire::parse_enum<RecordClass>(line.class_));
    }
    if (!line.subject.empty()) one.subject = line.subject;
    if (!line.source.empty()) one.source = line.source;
    if (!line.dates.empty()) {
      TRY_VOID(check_dates(line.dates));
      one.dates = line.dates;
    }
  }
  if (used.size() < by_path.size())
    note(std::to_string(by_path.size() - used.size()) + " lines of the manifest name no file that is being secured");
  return {};
}

// Brings the manifest up to date: each file that is secured has a line, which replaces an earlier line of that file.
Result<void> update_manifest(const std::string& manifest, std::vector<client::ManifestLine> lines,
                             std::span<const client::FileToSecure> files,
                             std::span<const client::SecuredResult> results, const client::SecureOptions& how) {
  std::map<std::string, std::size_t> by_path;
  for (std::size_t i = 0; i < lines.size(); ++i) by_path[lines[i].path] = i;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const client::FileToSecure& file = files[i];
    const client::SecuredResult& result = results[i];
    if (result.failure || !result.record) continue;
    const std::string path = real_path(file.file);
    auto place = by_path.find(path);
    if (place == by_path.end()) place = by_path.find(file.path);
    if (place == by_path.end()) place = by_path.find(vault::text_of(file.file));
    if (place == by_path.end()) {
      place = by_path.emplace(path, lines.size()).first;
      lines.emplace_back();
    }
    client::ManifestLine& line = lines[place->second];
    line.path = path;
    line.class_ = wire::enum_name(file.class_.value_or(how.class_));
    line.subject = file.subject.value_or(how.subject.value_or(""));
    line.source = file.source.value_or(how.source);
    line.dates = file.dates.value_or(how.dates);
    line.record = result.record;
    line.size = result.size;
    line.sha256 = result.sha256;
  }
  return client::write_manifest(manifest, lines);
}

// --- secure ---------------------------------------------------------------------------------------------------------

struct Found {
  client::FoundFiles files;
  std::vector<client::ManifestLine> manifest;  // as it was before this run
};

// Finds the files, and describes them as the manifest says. The manifest itself is not secured.
Result<Found> find_files(const Secure& options) {
  const std::vector<std::filesystem::path> paths(options.paths.begin(), options.paths.end());
  Found found;
  TRY(found.files, client::find_files(paths));
  if (!options.manifest) return found;
  const std::string own = real_path(*options.manifest);
  if (std::erase_if(found.files.files, [&](const auto& one) { return real_path(one.file) == own; }) > 0)
    note("the manifest itself is not secured");
  if (std::filesystem::exists(*options.manifest)) {
    TRY(found.manifest, client::read_manifest(*options.manifest));
    TRY_VOID(apply_manifest(found.manifest, found.files.files));
  }
  return found;
}

Result<client::SecureOptions> read_options(const Secure& options) {
  client::SecureOptions how;
  TRY(how.class_, wire::parse_enum<RecordClass>(options.class_));
  how.source = options.source.value_or("");
  how.subject = options.subject;
  how.dates = options.dates.value_or("");
  how.late = options.late;
  if (options.dates) TRY_VOID(check_dates(*options.dates));
  return how;
}

std::uint64_t size_of(std::span<const client::FileToSecure> files) {
  std::uint64_t total = 0;
  for (const auto& one : files) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(one.file, failed);
    if (!failed) total += size;  // only the bar needs it; securing the file reports what is wrong with it
  }
  return total;
}

// Prints what became of each file. An error if one is not secured.
Result<void> print_results(const Context& context, const client::FoundFiles& found,
                           std::span<const client::SecuredResult> results, bool stopped) {
  json::array array;
  std::vector<std::pair<std::string, Error>> failed;
  for (const auto& [path, why] : found.passed_over) failed.emplace_back(path, Error{Errc::io, why});
  std::uint64_t bytes = 0;
  std::size_t secured = 0, skipped = 0;
  for (const client::SecuredResult& one : results) {
    if (one.failure || !one.record) {
      failed.emplace_back(one.path, one.failure.value_or(Error{Errc::cancelled, "stopped before its turn"}));
      continue;
    }
    bytes += one.size;
    ++(one.skipped ? skipped : secured);
    const bool is_text = vault::is_utf8(one.path);
    json::object object{{"record", one.record->to_string()},
                        {"path", is_text ? one.path : client::encode_path(one.path).text},
                        {"size", one.size},
                        {"sha256", vault::hex(one.sha256)}};
    if (!is_text) object["encoded"] = true;  // as in `records --json`
    if (one.skipped) object["skipped"] = true;
    array.push_back(std::move(object));
  }
  if (context.as_json)
    print_json(array);
  else
    std::cout << secured << (secured == 1 ? " file secured" : " files secured")
              << (skipped > 0 ? ", " + std::to_string(skipped) + " secured already" : "") << ", "
              << size_for_people(bytes) << '\n';
  for (const auto& [path, error] : failed) note("not secured: " + printable(path) + ": " + error.message);
  if (failed.empty()) return {};
  // All kinds of failure get the same code here. A refusal by the service has ended the command before this.
  return Error{stopped ? Errc::cancelled : Errc::io,
               std::to_string(failed.size()) + " of " + std::to_string(found.files.size() + found.passed_over.size()) +
                   " files are not secured; the others are. Run the same command again to continue."};
}

Result<void> run(Context& context, const Secure& options) {
  TRY(client::SecureOptions how, read_options(options));
  TRY(Found found, find_files(options));
  TRY_VOID(context.connect());
  TRY(const auto id, context.find_safe(options.safe));
  if (options.derived_from) {
    TRY(const auto copy, context.find_copy(*options.derived_from));
    how.derived_from = copy.copy;
  }
  if (options.on_behalf_of) {
    TRY(how.on_behalf_of, context.find_agency(*options.on_behalf_of));
  }
  TRY(const auto safe, client::verify_safe(context.session(), context.directory(), id));

  client::SecureProgress progress;
  Result<std::vector<client::SecuredResult>> results;
  {
    const StopOnInterrupt stop(progress.stop);
    const Follow follow("securing", size_of(found.files.files), progress);
    results = client::secure(context.session(), safe, found.files.files, how, progress);
  }
  if (!results) return results.error();
  if (options.manifest)
    TRY_VOID(update_manifest(*options.manifest, std::move(found.manifest), found.files.files, *results, how));
  return print_results(context, found.files, *results, progress.stop);
}

}  // namespace

void add_secure_commands(CLI::App& app) {
  add_command<Secure>(app, "secure", "Encrypt files here and put them into a safe; run again to continue",
                      "strongroom secure SAFE \"Case files\" --class case-notes\n\nExit 1 when some files could not be "
                      "secured; the others are, and the output lists them.");
}

}  // namespace cli
