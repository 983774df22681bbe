// records, checkout, collect, open, copies, return: audited copies come out.
#include <fnmatch.h>

#include <fstream>
#include <iostream>
#include <map>
#include <span>
#include <sstream>

#include "cli/client/files/manifest.h"
#include "cli/client/proof/holdings.h"
#include "cli/client/open.h"
#include "cli/commands/context.h"
#include "cli/commands/following.h"
#include "vault/base/file.h"

namespace cli {
namespace {

using access::Purpose;
using access::RecordClass;

constexpr std::size_t kMaxIdsFileBytes = 1U << 20;

// --- choosing records -----------------------------------------------------------------------------------------------

struct Filter {
  std::optional<std::string> class_, source, subject, from, to, name;
  void bind(CLI::App* command) {
    command->add_option("--class", class_, "Records of this class")->check(word_of<RecordClass>());
    command->add_option("--source", source, "From this source (for keyholders)");
    command->add_option("--subject", subject, "About this subject, such as child-1");
    command->add_option("--from", from, "Dated from this day on: by its own dates, else by the day it was secured");
    command->add_option("--to", to, "Dated up to this day");
    command->add_option("--name", name, "Whose name or path matches this pattern, such as '*.pdf' (for keyholders)");
  }
  bool empty() const { return !class_ && !source && !subject && !from && !to && !name; }
  // What the service can choose by.
  std::string query() const {
    std::string text;
    if (class_) text += "class=" + *class_;
    if (subject) text += (text.empty() ? "" : "&") + ("subject=" + *subject);
    return text;
  }
};

Result<void> check_filter(const Filter& filter) {
  for (const auto& day : {filter.from, filter.to}) {
    if (!day) continue;
    if (auto date = vault::parse_date(*day); !date) return date.error();
  }
  if (filter.subject && !std::all_of(filter.subject->begin(), filter.subject->end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      }))
    return Error{Errc::invalid_argument, "a subject is an opaque word such as child-1"};
  return {};
}

bool matches(const Filter& filter, const client::ListedRecord& record) {
  if (filter.source && (!record.descriptor || record.descriptor->source != *filter.source)) return false;
  if (filter.name) {
    if (!record.descriptor) return false;
    const bool by_name = fnmatch(filter.name->c_str(), record.descriptor->name.c_str(), 0) == 0;
    const bool by_path = fnmatch(filter.name->c_str(), record.descriptor->path.c_str(), 0) == 0;
    if (!by_name && !by_path) return false;
  }
  std::string first = vault::to_string(vault::london_date(record.view.sealed)), last = first;
  if (record.descriptor && !record.descriptor->dates.empty()) {
    const std::string& dates = record.descriptor->dates;
    const std::size_t dots = dates.find("..");
    first = dates.substr(0, dots);
    last = dots == std::string::npos ? first : dates.substr(dots + 2);
  }
  return (!filter.from || last >= *filter.from) && (!filter.to || first <= *filter.to);
}

// The records of a safe that pass, verified; with names where this person holds a key.
Result<std::vector<client::ListedRecord>> list(Context& context, const access::SafeId& id, const Filter& filter) {
  TRY_VOID(check_filter(filter));
  TRY(const auto readable, client::open_for_reading(context.session(), context.directory(), id));
  if (!readable.secrets && (filter.name || filter.source))
    return Error{Errc::invalid_argument, "names and sources are for keyholders; you are none of this safe's"};
  TRY(auto records,
      client::list_records(context.session(), context.directory(), readable.safe, readable.keys(), filter.query()));
  std::erase_if(records, [&](const client::ListedRecord& record) { return !matches(filter, record); });
  return records;
}

json::value record_json(const client::ListedRecord& record) {
  json::object object{{"record", record.view.record.to_string()},
                      {"safe", record.view.safe.to_string()},
                      {"seq", record.view.seq},
                      {"sealed", vault::to_rfc3339(record.view.sealed)},
                      {"depositor", record.view.depositor.to_string()},
                      {"class", wire::enum_name(record.view.class_)},
                      {"length", record.view.length}};
  if (record.view.subject) object["subject"] = *record.view.subject;
  if (record.view.late) object["late"] = *record.view.late;
  if (record.view.derived_from) object["derived_from"] = record.view.derived_from->to_string();
  if (record.view.on_behalf_of) object["on_behalf_of"] = record.view.on_behalf_of->to_string();
  if (record.view.original_removed) object["original_removed"] = *record.view.original_removed;
  if (record.problem) object["problem"] = record.problem->message;
  if (record.descriptor) {
    const auto path = client::raw_path(*record.descriptor);
    const auto name = client::raw_name(*record.descriptor);
    const bool text = path && name && vault::is_utf8(*path) && vault::is_utf8(*name);
    object["name"] = text ? *name : record.descriptor->name;
    object["path"] = text ? *path : record.descriptor->path;
    // "%" and two digits stand for each byte, since JSON has no other bytes than text's.
    if (!text) object["encoded"] = true;
    object["size"] = record.descriptor->size;
    object["sha256"] = vault::hex(record.descriptor->sha256);
    object["media_type"] = record.descriptor->media_type;
    if (!record.descriptor->source.empty()) object["source"] = record.descriptor->source;
    if (!record.descriptor->dates.empty()) object["dates"] = record.descriptor->dates;
  }
  return object;
}

// No cell that a spreadsheet would take for a formula.
std::string csv_cell(std::string_view text) {
  return client::csv_cell((text.find_first_of("=+-@\t\r") == 0 ? "'" : "") + std::string(text));
}

Result<void> write_csv(const std::vector<client::ListedRecord>& records, const std::string& file) {
  std::ostringstream out;
  out << "record,class,subject,sealed,length,name,path,size,sha256,source,dates,late,derived_from,on_behalf_of,"
         "original_removed,encoded\r\n";
  for (const client::ListedRecord& record : records) {
    const client::Descriptor none{};
    const client::Descriptor& d = record.descriptor ? *record.descriptor : none;
    const wire::RecordView& view = record.view;
    const bool named = record.descriptor.has_value();
    out << view.record.to_string() << ',' << wire::enum_name(view.class_) << ',' << csv_cell(view.subject.value_or(""))
        << ',' << vault::to_rfc3339(view.sealed) << ',' << view.length << ',' << csv_cell(d.name) << ','
        << csv_cell(d.path) << ',' << (named ? std::to_string(d.size) : "") << ','
        << (named ? vault::hex(d.sha256) : "") << ',' << csv_cell(d.source) << ',' << csv_cell(d.dates) << ','
        << (view.late.value_or(false) ? "yes" : "") << ',' << (view.derived_from ? view.derived_from->to_string() : "")
        << ',' << (view.on_behalf_of ? view.on_behalf_of->to_string() : "") << ','
        << (view.original_removed.value_or(false) ? "yes" : "") << ',' << (d.encoded.value_or(false) ? "yes" : "")
        << "\r\n";
  }
  return vault::write_file_atomically(file, vault::as_bytes(out.view()));  // names are in it: for its owner alone
}

// What sets a record apart, for people.
std::string marks_of(const wire::RecordView& view) {
  std::string marks;
  const auto add = [&](const char* mark) { marks += (marks.empty() ? "" : ", ") + std::string(mark); };
  if (view.late.value_or(false)) add("late");
  if (view.derived_from) add("from a copy");
  if (view.on_behalf_of) add("on behalf");
  if (view.original_removed.value_or(false)) add("original removed");
  return marks;
}

void add_records(CLI::App& app) {
  struct Options {
    std::string safe;
    Filter filter;
    std::optional<std::string> csv;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(app, "records", "List a safe's records: keyholders see names, others numbers",
                              "strongroom records SAFE --class case-notes --name '*.pdf'");
  command->add_option("SAFE", options->safe)->required();
  options->filter.bind(command);
  command->add_option("--csv", options->csv, "Write the list to this file")->type_name("FILE");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto safe, context.safe(options->safe));
    TRY(const auto records, list(context, safe, options->filter));
    if (options->csv) {
      TRY_VOID(write_csv(records, *options->csv));
      note(std::to_string(records.size()) + " records listed in " + printable(*options->csv));
      if (!context.as_json) return {};
    }
    if (context.as_json) {
      json::array array;
      for (const auto& record : records) array.push_back(record_json(record));
      Context::print(array);
      return {};
    }
    Table table({"record", "class", "secured", "size", "marks", "name"});
    for (const auto& record : records)
      table.add({record.view.record.to_string(), wire::enum_name(record.view.class_),
                 vault::to_string(vault::london_date(record.view.sealed)),
                 size_for_people(record.descriptor ? record.descriptor->size : record.view.length),
                 marks_of(record.view),
                 record.descriptor ? record.descriptor->path
                 : record.problem  ? "(does not open)"
                                   : "(for keyholders)"});
    table.print("no records");
    return {};
  });
}

// --- checkout, collect, open ----------------------------------------------------------------------------------------

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

void show_collected(Context& context, const client::CollectedCopy& collected) {
  json::array records;
  for (const auto& file : collected.files)
    records.push_back(
        {{"record", file.record.to_string()},
         {"file", vault::is_utf8(file.file.native()) ? file.file.native() : printable(file.file.native())}});
  if (context.as_json) {
    Context::print(copy_json(collected.copy, std::move(records)));
    return;
  }
  std::cout << client::copy_name(collected.copy.number) << "  " << collected.files.size()
            << (collected.files.size() == 1 ? " record in " : " records in ") << printable(collected.folder.native())
            << ", due back " << vault::to_string(collected.copy.due) << '\n';
}

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

// One by one; of many, the safe of the first is listed instead, which takes few requests.
Result<std::vector<wire::RecordView>> named_records(Context& context, std::span<const std::string> words) {
  constexpr std::size_t kFew = 16;
  std::map<access::RecordId, wire::RecordView> listed;
  std::vector<wire::RecordView> views;
  for (const std::string& word : words) {
    TRY(const auto id, context.record(word));
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

void add_checkout(CLI::App& app) {
  struct Options {
    std::vector<std::string> what;
    Filter filter;
    bool all = false, plain = false, dry_run = false;
    std::optional<std::string> ids, holder, folder;
    std::string purpose, due;
  };
  auto options = std::make_shared<Options>();
  auto* command =
      add_command(app, "checkout", "Issue one copy, recorded before its keys are released (4.3.5)",
                  "strongroom checkout SAFE --class case-notes --for PERSON --purpose case-work --due 2026-04-01");
  command->add_option("SAFE|RECORD", options->what, "A safe and which of its records, or records of one safe");
  options->filter.bind(command);
  command->add_flag("--all", options->all, "Every record of the safe");
  command->add_option("--ids", options->ids, "Records listed in this file")->type_name("FILE");
  command->add_option("--for", options->holder, "The colleague who will hold it; you, unless given")
      ->type_name("PERSON");
  command->add_option("--purpose", options->purpose, "What it is needed for")->required()->check(word_of<Purpose>());
  command->add_option("--due", options->due, "When it is due back, as 2026-04-01")->required();
  command->add_option("-o,--output", options->folder, "Below which folder the copy is written")->type_name("DIR");
  command->add_flag("--plain", options->plain, "Write the opened files instead of a secured copy");
  command->add_flag("--dry-run", options->dry_run, "Show what it would hold, and issue nothing");
  on_run(command, [options](Context& context) -> Result<void> {
    client::CopyRequest request;
    TRY(request.purpose, wire::parse_enum<Purpose>(options->purpose));
    TRY(request.due, parse_day("--due", options->due));
    if (options->holder && options->plain)
      return Error{Errc::invalid_argument, "--plain is for a copy of your own; the holder opens theirs"};
    if (!options->holder && !options->folder && !options->dry_run) options->folder = ".";
    std::vector<std::string> words = options->what;
    if (options->ids) {
      TRY(const auto listed, read_ids(*options->ids));
      words.insert(words.end(), listed.begin(), listed.end());
    }
    if (words.empty())
      return Error{Errc::invalid_argument, options->ids ? "there is no id in " + printable(*options->ids)
                                                        : "say of what: a safe, records, or --ids FILE"};
    TRY_VOID(context.connect());
    request.holder = context.session().person();
    if (options->holder) {
      TRY(request.holder, context.person(*options->holder));
    }

    std::uint64_t total = 0;
    json::array chosen;
    const bool whole_safe = words.front().starts_with("safe");
    if (whole_safe && words.size() == 1) {
      if (!options->all && options->filter.empty())
        return Error{Errc::invalid_argument,
                     "say which records: --all, a filter such as --class case-notes, or their ids"};
      TRY(request.safe, context.safe(words.front()));
      TRY(const auto records, list(context, request.safe, options->filter));
      for (const auto& record : records) {
        if (record.problem) {
          note("left out: " + record.view.record.to_string() + " does not open: " + printable(record.problem->message));
          continue;
        }
        request.records.push_back(record.view.record);
        total += record.view.length;
        chosen.push_back(record_json(record));
      }
    } else {
      if (!options->filter.empty() || options->all)
        return Error{Errc::invalid_argument,
                     "filters and --all choose among a safe's records; give a safe, or records"};
      TRY(const auto views, named_records(context, std::span(words).subspan(whole_safe ? 1 : 0)));
      std::optional<access::SafeId> only;
      if (whole_safe) {
        TRY(only, context.safe(words.front()));
      }
      for (const wire::RecordView& view : views) {
        if (only && view.safe != *only)
          return Error{Errc::invalid_argument, view.record.to_string() + " is not in that safe"};
        if (!request.records.empty() && view.safe != request.safe)
          return Error{Errc::invalid_argument, "a copy holds records of one safe; these are of several"};
        request.safe = view.safe;
        request.records.push_back(view.record);
        total += view.length;
        chosen.push_back(record_json({view, {}, {}}));
      }
    }
    if (request.records.empty()) return Error{Errc::not_found, "no record is chosen by that"};
    if (request.records.size() > access::kMaxRecordsPerCopy)
      return Error{Errc::too_large, "a copy holds at most " + std::to_string(access::kMaxRecordsPerCopy) + " records"};
    if (options->dry_run) {
      if (context.as_json)
        Context::print(chosen);
      else
        std::cout << "would issue one copy of " << request.records.size() << " records, " << size_for_people(total)
                  << '\n';
      return {};
    }

    TRY(const client::IssuedCopy issued, client::issue_copy(context.session(), context.directory(), request));
    if (request.holder != context.session().person()) {
      TRY_VOID(client::prepare_copy(context.session(), context.directory(), issued.copy, client::as_asked));
      json::array records;
      for (const auto& id : request.records) records.push_back({{"record", id.to_string()}});
      if (context.as_json)
        Context::print(copy_json(issued, std::move(records)));
      else {
        std::cout << client::copy_name(issued.number) << "  " << request.records.size() << " records for "
                  << printable(context.name_of(request.holder)) << ", due back " << vault::to_string(issued.due)
                  << '\n';
        note("Its holder collects it: strongroom collect " + client::copy_name(issued.number) + " -o DIR");
      }
      return {};
    }
    auto collected = collect_with_bar(context, issued.copy, *options->folder,
                                      options->plain ? client::CopyForm::plain : client::CopyForm::secured, total);
    if (!collected)
      return Error{collected.error().code, client::copy_name(issued.number) + " is issued, but not complete here: " +
                                               collected.error().message + ". Continue with: strongroom collect " +
                                               client::copy_name(issued.number) + " -o DIR"};
    show_collected(context, *collected);
    return {};
  });
}

void add_collect(CLI::App& app) {
  struct Options {
    std::string copy, folder;
  };
  auto options = std::make_shared<Options>();
  auto* command =
      add_command(app, "collect", "Fetch a copy that is yours; recorded", "strongroom collect C-0042 -o copies");
  command->add_option("COPY", options->copy, "Its number or id")->required();
  command->add_option("-o,--output", options->folder, "Below which folder it is written")->required()->type_name("DIR");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto copy, context.copy(options->copy));
    TRY(const auto collected, collect_with_bar(context, copy.copy, options->folder, client::CopyForm::secured, 0));
    show_collected(context, collected);
    return {};
  });
}

// One secured copy, or one age file. Files of a copy that do not open are among its results.
Result<std::vector<client::OpenedRecord>> open_one(const std::string& what, const std::filesystem::path& into,
                                                   const client::Openers& openers) {
  std::error_code failure;
  if (std::filesystem::is_directory(what, failure)) {
    std::filesystem::create_directories(into, failure);
    if (failure) return Error{Errc::io, "cannot make the folder " + printable(into.native())};
    client::CopyProgress progress;
    const StopOnInterrupt stop(progress.stop);
    return client::open_copy(what, into, openers, progress);
  }
  if (!std::filesystem::exists(what, failure)) return Error{Errc::not_found, "there is no such file"};
  TRY(client::OpenedRecord one, client::open_file(what, into, openers));
  std::vector<client::OpenedRecord> results;
  results.push_back(std::move(one));
  return results;
}

void add_open(CLI::App& app) {
  struct Options {
    std::vector<std::string> what;
    std::optional<std::string> identity, output;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(app, "open", "Open secured copies, or any age file, on this machine",
                              "strongroom open copies/C-0042 -o reading");
  command->add_option("FILE.age|DIR", options->what)->required();
  command->add_option("-i,--identity", options->identity, "An age identity file instead of your own")
      ->type_name("FILE");
  command->add_option("-o,--output", options->output, "Where to: a folder, or for one file its new name")
      ->type_name("PATH");
  on_run(command, [options](Context& context) -> Result<void> {
    client::Openers openers;
    openers.passphrase = context.passphrase();
    if (options->identity) {
      TRY(openers.identities, client::read_identities(*options->identity, context.passphrase()));
    } else if (client::Home::has_identity(client::Home::default_path())) {
      TRY(const auto home, client::Home::open(client::Home::default_path()));
      TRY(client::Keys keys, home.unlock(context.passphrase()));
      openers.identities.push_back(std::move(keys.identity));
    }
    const std::filesystem::path into = options->output.value_or(".");
    json::array opened;
    std::optional<Error> failed;
    for (const std::string& what : options->what) {
      auto results = open_one(what, into, openers);
      if (!results) {
        note("not opened: " + printable(what) + ": " + printable(results.error().message));
        if (!failed) failed = results.error();
        if (results.code() == Errc::cancelled) break;
        continue;
      }
      for (const auto& one : *results) {
        if (one.failure) {
          note("not opened: " + printable(one.file.native()) + ": " + one.failure->message);
          if (!failed) failed = one.failure;
          continue;
        }
        opened.push_back(
            {{"file", vault::is_utf8(one.file.native()) ? one.file.native() : printable(one.file.native())},
             {"size", one.size}});
        if (!context.as_json) std::cout << printable(one.file.native()) << '\n';
      }
    }
    if (context.as_json) Context::print(opened);
    if (failed)
      return Error{failed->code, opened.empty() ? "nothing was opened" : "some files were not opened; the others were"};
    return {};
  });
}

// --- copies, return -------------------------------------------------------------------------------------------------

void add_copies(CLI::App& app) {
  struct Options {
    std::optional<std::string> case_;
    bool overdue = false, mine = false;
  };
  auto options = std::make_shared<Options>();
  auto* command =
      add_command(app, "copies", "List copies: who holds them and when they are due", "strongroom copies --overdue");
  command->add_option("--case", options->case_, "Of this case")->type_name("CASE");
  command->add_flag("--overdue", options->overdue, "Only those past their date");
  command->add_flag("--mine", options->mine, "Only those that you hold or issued");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    std::string query;
    const auto add = [&](const std::string& part) { query += (query.empty() ? "?" : "&") + part; };
    if (options->case_) {
      TRY(const auto id, context.case_id(*options->case_));
      add("case=" + id.to_string());
    }
    if (options->overdue) add("overdue=true");
    if (options->mine) add("mine=true");
    TRY(const auto copies, context.session().all<wire::CopyView>("/v1/copies" + query));
    if (context.as_json) {
      json::array array;
      for (const auto& copy : copies) {
        TRY(const auto records,
            context.session().all<wire::CopyRecordView>("/v1/copies/" + copy.copy.to_string() + "/records"));
        json::value one = wire::to_json(copy);
        one.as_object()["number"] = client::copy_name(copy.number);
        one.as_object()["records"] = wire::to_json(records);
        array.push_back(std::move(one));
      }
      Context::print(array);
      return {};
    }
    Table table({"number", "state", "due", "holder", "purpose", "records", ""});
    for (const auto& copy : copies)
      table.add({client::copy_name(copy.number), wire::enum_name(copy.state), vault::to_string(copy.due),
                 context.name_of(copy.holder), wire::enum_name(copy.purpose), std::to_string(copy.records),
                 copy.overdue ? "OVERDUE" : ""});
    table.print(options->overdue ? "no copy is overdue" : "no copy");
    return {};
  });
}

void add_return(CLI::App& app) {
  struct Options {
    std::string copy, how;
    std::vector<std::string> records;
  };
  auto options = std::make_shared<Options>();
  auto* command =
      add_command(app, "return", "End a copy, or some of its records", "strongroom return C-0042 --how returned");
  command->add_option("COPY", options->copy, "Its number or id")->required();
  command->add_option("RECORD", options->records, "Only these records; all that are out unless given");
  command->add_option("--how", options->how, "What became of it")->required()->check(word_of<access::CopyEnd>());
  on_run(command, [options](Context& context) -> Result<void> {
    wire::ReturnCopy command_;
    TRY(command_.how, wire::parse_enum<access::CopyEnd>(options->how));
    TRY_VOID(context.connect());
    TRY(const auto copy, context.copy(options->copy));
    command_.copy = copy.copy;
    if (!options->records.empty()) {
      TRY(const auto held,
          context.session().all<wire::CopyRecordView>("/v1/copies/" + copy.copy.to_string() + "/records"));
      for (const std::string& words : options->records) {
        std::vector<access::RecordId> same;
        for (const auto& one : held)
          if (one.record.to_string().starts_with(words)) same.push_back(one.record);
        if (same.size() != 1)
          return Error{same.empty() ? Errc::not_found : Errc::invalid_argument,
                       (same.empty() ? "the copy holds no record " : "several records begin with ") + printable(words)};
        command_.records.push_back(same.front());
      }
    }
    TRY_VOID(context.session().act(command_));
    TRY(const auto after, context.session().get<wire::CopyView>("/v1/copies/" + copy.copy.to_string()));
    if (context.as_json)
      Context::print({{"number", client::copy_name(after.number)}, {"state", wire::enum_name(after.state)}});
    else
      std::cout << client::copy_name(after.number) << " is " << wire::enum_name(after.state) << '\n';
    return {};
  });
}

}  // namespace

void add_record_commands(CLI::App& app) {
  add_records(app);
  add_checkout(app);
  add_collect(app);
  add_open(app);
  add_copies(app);
  add_return(app);
}

}  // namespace cli
