// secure: files go in, and the manifest says what became of each.
#include <iostream>
#include <set>

#include "cli/client/files/manifest.h"
#include "cli/client/records.h"
#include "cli/commands/context.h"
#include "cli/commands/following.h"

namespace cli {
namespace {

using access::RecordClass;

// "2026-01-01..2026-02-01" or one day.
Result<void> check_dates(const std::string& dates) {
  const std::size_t dots = dates.find("..");
  const auto first = vault::parse_date(dates.substr(0, dots));
  const auto last = dots == std::string::npos ? first : vault::parse_date(dates.substr(dots + 2));
  if (!first || !last || *last < *first)
    return Error{Errc::invalid_argument, "dates are a day or two days, such as 2026-01-01..2026-02-01"};
  return {};
}

// Where a file stands, through no link: what the removal of originals goes by.
std::string real_path(const std::filesystem::path& file) {
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(file, failed).lexically_normal();
  const auto folder = std::filesystem::canonical(absolute.parent_path(), failed);
  return failed ? absolute.native() : (folder / absolute.filename()).native();
}

// What the manifest says of each file.
Result<void> apply_manifest(std::span<const client::ManifestLine> lines, std::vector<client::FileToSecure>& files) {
  std::map<std::string_view, const client::ManifestLine*> by_path;
  for (const client::ManifestLine& line : lines) by_path[line.path] = &line;
  std::set<std::string_view> used;
  for (client::FileToSecure& one : files) {
    auto found = by_path.find(one.path);
    if (found == by_path.end()) found = by_path.find(real_path(one.file));
    if (found == by_path.end()) found = by_path.find(one.file.native());
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

// The manifest brought up to date: a line for each file that is secured, in place of the one that named it before.
Result<void> keep_manifest(const std::string& manifest, std::vector<client::ManifestLine> lines,
                           std::span<const client::FileToSecure> files, std::span<const client::SecuredResult> results,
                           const client::SecureOptions& how) {
  std::map<std::string, std::size_t> by_path;
  for (std::size_t i = 0; i < lines.size(); ++i) by_path[lines[i].path] = i;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const client::FileToSecure& file = files[i];
    const client::SecuredResult& result = results[i];
    if (result.failure || !result.record) continue;
    const std::string path = real_path(file.file);
    auto place = by_path.find(path);
    if (place == by_path.end()) place = by_path.find(file.path);
    if (place == by_path.end()) place = by_path.find(file.file.native());
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

void add_secure(CLI::App& app) {
  struct Options {
    std::string safe;
    std::vector<std::string> paths;
    std::string class_ = "other";
    std::optional<std::string> source, subject, dates, derived_from, on_behalf_of, manifest;
    bool late = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      app, "secure", "Encrypt files here and put them into a safe; run again to continue",
      "strongroom secure SAFE \"Case files\" --class case-notes\n\nExit 1 when some files could not be secured; "
      "the others are, and stand in the output.");
  command->add_option("SAFE", options->safe)->required();
  command->add_option("PATH", options->paths, "Files and folders (recursively)")->required();
  command->add_option("--class", options->class_, "What kind of records they are")->check(word_of<RecordClass>());
  command->add_option("--source", options->source, "The system, share or cupboard they come from");
  command->add_option("--subject", options->subject, "Whom they are about, such as child-1");
  command->add_option("--dates", options->dates, "The time they cover, such as 2026-01-01..2026-02-01");
  command->add_flag("--late", options->late, "Found after the agency had declared itself complete");
  command->add_option("--derived-from", options->derived_from, "The copy that they are an updated working copy of")
      ->type_name("COPY");
  command->add_option("--on-behalf-of", options->on_behalf_of, "The agency whose records they are")
      ->type_name("AGENCY");
  command
      ->add_option(
          "--manifest", options->manifest,
          "CSV: path and any of class, subject, source, dates for each file; made, or brought up to date, with "
          "what was secured (originals remove goes by it)")
      ->type_name("FILE");
  on_run(command, [options](Context& context) -> Result<void> {
    client::SecureOptions how;
    TRY(how.class_, wire::parse_enum<RecordClass>(options->class_));
    how.source = options->source.value_or("");
    how.subject = options->subject;
    how.dates = options->dates.value_or("");
    how.late = options->late;
    if (options->dates) TRY_VOID(check_dates(*options->dates));
    std::vector<std::filesystem::path> paths(options->paths.begin(), options->paths.end());
    TRY(client::FoundFiles found, client::find_files(paths));
    if (options->manifest) {
      const std::string own = real_path(*options->manifest);
      if (std::erase_if(found.files, [&](const auto& one) { return real_path(one.file) == own; }) > 0)
        note("the manifest itself is not secured");
    }
    std::vector<client::ManifestLine> manifest;
    if (options->manifest && std::filesystem::exists(*options->manifest)) {
      TRY(manifest, client::read_manifest(*options->manifest));
      TRY_VOID(apply_manifest(manifest, found.files));
    }

    TRY_VOID(context.connect());
    TRY(const auto id, context.safe(options->safe));
    if (options->derived_from) {
      TRY(const auto copy, context.copy(*options->derived_from));
      how.derived_from = copy.copy;
    }
    if (options->on_behalf_of) {
      TRY(how.on_behalf_of, context.agency(*options->on_behalf_of));
    }
    TRY(const auto safe, client::verify_safe(context.session(), context.directory(), id));

    std::uint64_t total = 0;
    for (const auto& one : found.files) {
      std::error_code ignored;
      const auto size = std::filesystem::file_size(one.file, ignored);
      if (!ignored) total += size;
    }
    client::SecureProgress progress;
    Result<std::vector<client::SecuredResult>> results;
    {
      const StopOnInterrupt stop(progress.stop);
      const Follow follow("securing", total, progress);
      results = client::secure(context.session(), safe, found.files, how, progress);
    }
    if (!results) return results.error();
    if (options->manifest) TRY_VOID(keep_manifest(*options->manifest, std::move(manifest), found.files, *results, how));

    json::array array;
    std::vector<std::pair<std::string, Error>> failed;
    for (const auto& [path, why] : found.passed_over) failed.emplace_back(path, Error{Errc::io, why});
    std::uint64_t bytes = 0;
    std::size_t secured = 0, skipped = 0;
    for (const client::SecuredResult& one : *results) {
      if (one.failure || !one.record) {
        failed.emplace_back(one.path, one.failure.value_or(Error{Errc::cancelled, "stopped before its turn"}));
        continue;
      }
      bytes += one.size;
      ++(one.skipped ? skipped : secured);
      const client::EncodedPath shown = client::encode_path(one.path);
      json::object object{{"record", one.record->to_string()},
                          {"path", vault::is_utf8(one.path) ? one.path : shown.text},
                          {"size", one.size},
                          {"sha256", vault::hex(one.sha256)}};
      if (!vault::is_utf8(one.path)) object["encoded"] = true;  // as in `records --json`
      if (one.skipped) object["skipped"] = true;
      array.push_back(std::move(object));
    }
    if (context.as_json) {
      Context::print(array);
    } else {
      std::cout << secured << " files secured" << (skipped > 0 ? ", " + std::to_string(skipped) + " stood already" : "")
                << ", " << size_for_people(bytes) << '\n';
    }
    for (const auto& [path, error] : failed) note("not secured: " + printable(path) + ": " + error.message);
    if (failed.empty()) return {};
    const bool stopped = progress.stop;
    // One code, whatever is the matter with each file: what the service refuses ends the command before this.
    return Error{stopped ? Errc::cancelled : Errc::io,
                 std::to_string(failed.size()) + " of " +
                     std::to_string(found.files.size() + found.passed_over.size()) +
                     " files are not secured; the others are. Run the same command again to continue."};
  });
}

}  // namespace

void add_secure_commands(CLI::App& app) {
  add_secure(app);
}

}  // namespace cli
