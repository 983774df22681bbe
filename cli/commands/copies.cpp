// checkout, collect, open, copies, return: audited copies of records.
#include <fstream>
#include <iostream>
#include <span>

#include "cli/client/open.h"
#include "cli/commands/following.h"
#include "cli/commands/records.h"
#include "vault/base/file.h"

namespace cli {
namespace {

constexpr std::size_t kMaxIdsFileBytes = 1U << 20;

// JSON can only contain text, and a file's name may be other bytes.
std::string shown_file(const std::filesystem::path& file) {
  return vault::is_utf8(vault::text_of(file)) ? vault::text_of(file) : printable(vault::text_of(file));
}

// --- collecting, for checkout and collect ---------------------------------------------------------------------------

json::value copy_json(const client::IssuedCopy& copy, json::array records) {
  return {{"copy", copy.copy.to_string()},
          {"number", client::copy_name(copy.number)},
          {"holder", copy.holder.to_string()},
          {"due", vault::to_string(copy.due)},
          {"records", std::move(records)}};
}

Result<client::CollectedCopy> collect_with_bar(Context& context, const access::CopyId& copy, const std::string& folder,
                                               client::CopyForm form, std::uint64_t total) {
  client::CopyProgress progress;
  const StopOnInterrupt stop(progress.stop);
  const Follow follow("collecting", total, progress);
  return client::collect_copy(context.session(), context.directory(), copy, folder, form, progress);
}

void print_collected(Context& context, const client::CollectedCopy& collected) {
  if (context.as_json) {
    json::array records;
    for (const auto& file : collected.files)
      records.push_back({{"record", file.record.to_string()}, {"file", shown_file(file.file)}});
    print_json(copy_json(collected.copy, std::move(records)));
    return;
  }
  std::cout << client::copy_name(collected.copy.number) << "  " << collected.files.size()
            << (collected.files.size() == 1 ? " record in " : " records in ")
            << printable(vault::text_of(collected.folder)) << ", due back " << vault::to_string(collected.copy.due)
            << '\n';
}

// --- checkout -------------------------------------------------------------------------------------------------------

struct Checkout {
  std::vector<std::string> from;
  RecordFilter filter;
  bool all = false, plain = false, dry_run = false;
  std::optional<std::string> ids, holder, folder;
  std::string purpose, due;

  void add_flags(CLI::App& command) {
    command.add_option("SAFE|RECORD", from, "A safe and which of its records, or records of one safe");
    filter.add_flags(command);
    command.add_flag("--all", all, "Every record of the safe");
    command.add_option("--ids", ids, "Records listed in this file")->type_name("FILE");
    command.add_option("--for", holder, "The colleague who will hold it; you, unless given")->type_name("PERSON");
    command.add_option("--purpose", purpose, "What it is needed for")->required()->check(word_of<access::Purpose>());
    command.add_option("--due", due, "When it is due back, as 2026-04-01")->required();
    command.add_option("-o,--output", folder, "The folder in which the copy's own folder is made")->type_name("DIR");
    command.add_flag("--plain", plain, "Write the opened files instead of a secured copy");
    command.add_flag("--dry-run", dry_run, "Show what it would contain, and issue nothing");
  }
};

// The records that a copy will contain.
struct Choice {
  access::SafeId safe;
  std::vector<access::RecordId> records;
  std::uint64_t bytes = 0;
  json::array listed;
};

Result<std::vector<std::string>> read_ids(const std::string& file) {
  std::ifstream in;
  if (file != "-") in.open(file);
  std::istream& source = file == "-" ? std::cin : in;
  if (!source) return Error{Errc::not_found, "cannot read " + printable(file)};
  std::vector<std::string> ids;
  std::string word;
  std::size_t read = 0;
  while (source >> word) {
    if ((read += word.size()) > kMaxIdsFileBytes) return Error{Errc::too_large, "the list of ids is longer than 1 MiB"};
    ids.push_back(word);
  }
  return ids;
}

// Fetches the records that were named: one by one if they are few. If they are more, the safe of the first is listed,
// which takes far fewer requests.
Result<std::vector<wire::RecordView>> fetch_records(Context& context, std::span<const std::string> words) {
  constexpr std::size_t kFew = 16;
  std::map<access::RecordId, wire::RecordView> listed;
  std::vector<wire::RecordView> views;
  for (const std::string& word : words) {
    TRY(const auto id, context.find_record(word));
    if (const auto found = listed.find(id); found != listed.end()) {
      views.push_back(found->second);
      continue;
    }
    TRY(const auto view, context.session().get<wire::RecordView>("/v1/records/" + id.to_string()));
    views.push_back(view);
    if (words.size() <= kFew || views.size() > 1) continue;
    TRY(const auto all, context.session().all<wire::RecordView>("/v1/safes/" + view.safe.to_string() + "/records"));
    for (const wire::RecordView& one : all) listed.emplace(one.record, one);
  }
  return views;
}

Result<Choice> choose_from_safe(Context& context, const std::string& safe, const Checkout& options) {
  if (!options.all && options.filter.is_empty())
    return Error{Errc::invalid_argument, "say which records: --all, a filter such as --class case-notes, or their ids"};
  Choice choice;
  TRY(choice.safe, context.find_safe(safe));
  TRY(const auto records, list_matching(context, choice.safe, options.filter));
  for (const auto& record : records) {
    if (record.problem) {  // one record that a depositor made wrong must not keep people from the others
      note("left out: " + record.view.record.to_string() + " does not open: " + printable(record.problem->message));
      continue;
    }
    choice.records.push_back(record.view.record);
    choice.bytes += record.view.length;
    choice.listed.push_back(record_json(record));
  }
  return choice;
}

// `words` are records. The first may be a safe, of which they must then be.
Result<Choice> choose_named(Context& context, std::span<const std::string> words, const Checkout& options) {
  if (!options.filter.is_empty() || options.all)
    return Error{Errc::invalid_argument,
                 "filters and --all choose from a whole safe: give only a safe, or leave them out"};
  const bool names_safe = words.front().starts_with("safe");
  TRY(const auto views, fetch_records(context, words.subspan(names_safe ? 1 : 0)));
  std::optional<access::SafeId> only;
  if (names_safe) {
    TRY(only, context.find_safe(words.front()));
  }
  Choice choice;
  for (const wire::RecordView& view : views) {
    if (only && view.safe != *only)
      return Error{Errc::invalid_argument, view.record.to_string() + " is not in " + only->to_string()};
    if (!choice.records.empty() && view.safe != choice.safe)
      return Error{Errc::invalid_argument,
                   "these records are in several safes, and a copy is of one: issue a copy for each safe"};
    choice.safe = view.safe;
    choice.records.push_back(view.record);
    choice.bytes += view.length;
    choice.listed.push_back(record_json({view, {}, {}}));
  }
  return choice;
}

Result<Choice> choose(Context& context, std::span<const std::string> words, const Checkout& options) {
  const bool whole_safe = words.size() == 1 && words.front().starts_with("safe");
  TRY(Choice choice,
      whole_safe ? choose_from_safe(context, words.front(), options) : choose_named(context, words, options));
  if (choice.records.empty())
    return Error{Errc::not_found, options.filter.is_empty() ? "there is no record to copy"
                                                            : "no records match " + options.filter.text()};
  if (choice.records.size() > access::kMaxRecordsPerCopy)
    return Error{Errc::too_large, "these are " + std::to_string(choice.records.size()) +
                                      " records, and a copy can contain " + std::to_string(access::kMaxRecordsPerCopy) +
                                      ": issue several copies"};
  return choice;
}

Result<void> give_to_colleague(Context& context, const client::IssuedCopy& issued,
                               std::span<const access::RecordId> chosen) {
  TRY_VOID(client::prepare_copy(context.session(), context.directory(), issued.copy, client::as_asked));
  const std::string number = client::copy_name(issued.number);
  if (context.as_json) {
    json::array records;
    for (const auto& id : chosen) records.push_back({{"record", id.to_string()}});
    print_json(copy_json(issued, std::move(records)));
    return {};
  }
  std::cout << number << "  " << chosen.size() << " records for " << printable(context.name_of(issued.holder))
            << ", due back " << vault::to_string(issued.due) << '\n';
  note("Its holder collects it with: strongroom collect " + number + " -o DIR");
  return {};
}

Result<void> run(Context& context, const Checkout& options) {
  client::CopyRequest request;
  TRY(request.purpose, wire::parse_enum<access::Purpose>(options.purpose));
  TRY(request.due, parse_day("--due", options.due));
  if (options.holder && options.plain)
    return Error{Errc::invalid_argument,
                 "--plain is only for a copy of your own. Leave it out: the holder opens the copy on their machine"};
  std::vector<std::string> words = options.from;
  if (options.ids) {
    TRY(const auto listed, read_ids(*options.ids));
    words.insert(words.end(), listed.begin(), listed.end());
  }
  if (words.empty())
    return Error{Errc::invalid_argument, options.ids ? "there is no id in " + printable(*options.ids)
                                                     : "name a safe or records, or give --ids FILE"};
  TRY_VOID(context.connect());
  request.holder = context.session().person();
  if (options.holder) {
    TRY(request.holder, context.find_person(*options.holder));
  }
  TRY(Choice choice, choose(context, words, options));
  if (options.dry_run) {
    if (context.as_json)
      print_json(choice.listed);
    else
      std::cout << "would issue one copy of " << choice.records.size() << " records, " << size_for_people(choice.bytes)
                << '\n';
    return {};
  }
  request.safe = choice.safe;
  request.records = choice.records;
  TRY(const client::IssuedCopy issued, client::issue_copy(context.session(), context.directory(), request));
  if (request.holder != context.session().person()) return give_to_colleague(context, issued, choice.records);
  const auto form = options.plain ? client::CopyForm::plain : client::CopyForm::secured;
  const auto collected = collect_with_bar(context, issued.copy, options.folder.value_or("."), form, choice.bytes);
  if (!collected) {
    const std::string number = client::copy_name(issued.number);
    return Error{collected.error().code,
                 number + " is issued, but is not complete on this machine: " + collected.error().message +
                     ". Continue with: strongroom collect " + number + " -o DIR"};
  }
  print_collected(context, *collected);
  return {};
}

// --- collect --------------------------------------------------------------------------------------------------------

struct Collect {
  std::string copy, folder;

  void add_flags(CLI::App& command) {
    command.add_option("COPY", copy, "Its number or id")->required();
    command.add_option("-o,--output", folder, "The folder in which the copy's own folder is made")
        ->required()
        ->type_name("DIR");
  }
};

Result<void> run(Context& context, const Collect& options) {
  TRY_VOID(context.connect());
  TRY(const auto copy, context.find_copy(options.copy));
  constexpr std::uint64_t kUnknownTotal = 0;
  TRY(const auto collected,
      collect_with_bar(context, copy.copy, options.folder, client::CopyForm::secured, kUnknownTotal));
  print_collected(context, collected);
  return {};
}

// --- open -----------------------------------------------------------------------------------------------------------

struct Open {
  std::vector<std::string> from;
  std::optional<std::string> identity, output;

  void add_flags(CLI::App& command) {
    command.add_option("FILE.age|DIR", from, "Files, or folders with secured copies")->required();
    command.add_option("-i,--identity", identity, "An age identity file instead of your own")->type_name("FILE");
    command.add_option("-o,--output", output, "Where to: a folder, or for one file its new name")->type_name("PATH");
  }
};

Result<client::Openers> read_openers(const Context& context, const Open& options) {
  client::Openers openers;
  openers.passphrase = context.passphrase();
  if (options.identity) {
    TRY(openers.identities, client::read_identities(*options.identity, context.passphrase()));
  } else if (client::Home::has_identity(client::Home::default_path())) {
    TRY(const auto home, client::Home::open(client::Home::default_path()));
    TRY(client::Keys keys, home.unlock(context.passphrase()));
    openers.identities.push_back(std::move(keys.identity));
  }
  return openers;  // with no identity at all, a file that has a passphrase still opens
}

// Opens one secured copy or one age file. The results include the files of a copy that do not open.
Result<std::vector<client::OpenedRecord>> open_one(const std::string& from, const std::filesystem::path& into,
                                                   const client::Openers& openers) {
  std::error_code failure;
  if (std::filesystem::is_directory(from, failure)) {
    std::filesystem::create_directories(into, failure);
    if (failure) return Error{Errc::io, "cannot make the folder " + printable(vault::text_of(into))};
    client::CopyProgress progress;
    const StopOnInterrupt stop(progress.stop);
    return client::open_copy(from, into, openers, progress);
  }
  if (!std::filesystem::exists(from, failure)) return Error{Errc::not_found, "there is no such file"};
  TRY(client::OpenedRecord one, client::open_file(from, into, openers));
  std::vector<client::OpenedRecord> results;
  results.push_back(std::move(one));
  return results;
}

Result<void> run(Context& context, const Open& options) {
  TRY(const client::Openers openers, read_openers(context, options));
  const std::filesystem::path into = options.output.value_or(".");
  json::array opened;
  std::optional<Error> failed;  // the first: it decides the exit code, and the others are still opened
  const auto report = [&](const std::string& file, const Error& why) {
    note("not opened: " + printable(file) + ": " + printable(why.message));
    if (!failed) failed = why;
  };
  for (const std::string& from : options.from) {
    const auto results = open_one(from, into, openers);
    if (!results) {
      report(from, results.error());
      if (results.code() == Errc::cancelled) break;
      continue;
    }
    for (const auto& one : *results) {
      if (one.failure) {
        report(vault::text_of(one.file), *one.failure);
        continue;
      }
      opened.push_back({{"file", shown_file(one.file)}, {"size", one.size}});
      if (!context.as_json) std::cout << printable(vault::text_of(one.file)) << '\n';
    }
  }
  if (context.as_json) print_json(opened);
  if (failed)
    return Error{failed->code,
                 opened.empty() ? "nothing was opened" : "some files were not opened (see above); the others were"};
  return {};
}

// --- copies ---------------------------------------------------------------------------------------------------------

struct Copies {
  std::optional<std::string> case_;
  bool overdue = false, mine = false;

  void add_flags(CLI::App& command) {
    command.add_option("--case", case_, "Of this case")->type_name("CASE");
    command.add_flag("--overdue", overdue, "Only those past their date");
    command.add_flag("--mine", mine, "Only those that you hold or issued");
  }
};

Result<json::array> copies_json(Context& context, std::span<const wire::CopyView> copies) {
  json::array array;
  for (const auto& copy : copies) {
    TRY(const auto records,
        context.session().all<wire::CopyRecordView>("/v1/copies/" + copy.copy.to_string() + "/records"));
    json::value one = wire::to_json(copy);
    one.as_object()["number"] = client::copy_name(copy.number);
    one.as_object()["records"] = wire::to_json(records);
    array.push_back(std::move(one));
  }
  return array;
}

Result<void> run(Context& context, const Copies& options) {
  TRY_VOID(context.connect());
  std::vector<std::string> query;
  if (options.case_) {
    TRY(const auto id, context.find_case(*options.case_));
    query.push_back("case=" + id.to_string());
  }
  if (options.overdue) query.emplace_back("overdue=true");
  if (options.mine) query.emplace_back("mine=true");
  TRY(const auto copies,
      context.session().all<wire::CopyView>("/v1/copies" + std::string(query.empty() ? "" : "?") + joined(query, "&")));
  if (context.as_json) {
    TRY(const json::array array, copies_json(context, copies));
    print_json(array);
    return {};
  }
  Table table({"number", "state", "due", "holder", "purpose", "records", ""});
  for (const auto& copy : copies)
    table.add({client::copy_name(copy.number), wire::enum_name(copy.state), vault::to_string(copy.due),
               context.name_of(copy.holder), wire::enum_name(copy.purpose), std::to_string(copy.records),
               copy.overdue ? "OVERDUE" : ""});
  table.print(options.overdue ? "no copy is overdue" : "there is no copy");
  return {};
}

// --- return ---------------------------------------------------------------------------------------------------------

struct Return {
  std::string copy, how;
  std::vector<std::string> records;

  void add_flags(CLI::App& command) {
    command.add_option("COPY", copy, "Its number or id")->required();
    command.add_option("RECORD", records, "Only these records; all that are out unless given");
    command.add_option("--how", how, "What became of it")->required()->check(word_of<access::CopyEnd>());
  }
};

// Finds records of a copy by their ids or the beginning of them.
Result<std::vector<access::RecordId>> find_in_copy(Context& context, const access::CopyId& copy,
                                                   std::span<const std::string> words) {
  std::vector<access::RecordId> found;
  if (words.empty()) return found;
  TRY(const auto held, context.session().all<wire::CopyRecordView>("/v1/copies/" + copy.to_string() + "/records"));
  for (const std::string& word : words) {
    std::vector<access::RecordId> same;
    for (const auto& one : held)
      if (one.record.to_string().starts_with(word)) same.push_back(one.record);
    if (same.empty()) return Error{Errc::not_found, "the copy does not contain the record " + printable(word)};
    if (same.size() > 1)
      return Error{Errc::invalid_argument, "the copy contains more than one record whose id begins with " +
                                               printable(word) + ": type more of it"};
    found.push_back(same.front());
  }
  return found;
}

Result<void> run(Context& context, const Return& options) {
  wire::ReturnCopy act;
  TRY(act.how, wire::parse_enum<access::CopyEnd>(options.how));
  TRY_VOID(context.connect());
  TRY(const auto copy, context.find_copy(options.copy));
  act.copy = copy.copy;
  TRY(act.records, find_in_copy(context, copy.copy, options.records));
  TRY_VOID(context.session().act(act));
  TRY(const auto after, context.session().get<wire::CopyView>("/v1/copies/" + copy.copy.to_string()));
  if (context.as_json)
    print_json({{"number", client::copy_name(after.number)}, {"state", wire::enum_name(after.state)}});
  else
    std::cout << client::copy_name(after.number) << " is " << wire::enum_name(after.state) << '\n';
  return {};
}

}  // namespace

void add_copy_commands(CLI::App& app) {
  add_command<Checkout>(
      app, "checkout", "Issue one copy, recorded before its keys are released (4.3.5)",
      "strongroom checkout SAFE --class case-notes --for PERSON --purpose case-work --due 2026-04-01");
  add_command<Collect>(app, "collect", "Fetch a copy that is yours; recorded", "strongroom collect C-0042 -o copies");
  add_command<Open>(app, "open", "Open secured copies, or any age file, on this machine",
                    "strongroom open copies/C-0042 -o reading");
  add_command<Copies>(app, "copies", "List copies: who holds them and when they are due",
                      "strongroom copies --overdue");
  add_command<Return>(app, "return", "End a copy, or some of its records", "strongroom return C-0042 --how returned");
}

}  // namespace cli
