// records: the list of a safe's records, and the choice of some of them.
#include "cli/commands/records.h"

#include <iostream>
#include <sstream>

#include "cli/client/files/manifest.h"
#include "cli/client/proof/holdings.h"
#include "vault/base/file.h"

namespace cli {
namespace {

using access::RecordClass;

// --- choosing records -----------------------------------------------------------------------------------------------

Result<void> check_filter(const RecordFilter& filter) {
  if (filter.from) TRY_VOID(parse_day("--from", *filter.from));
  if (filter.to) TRY_VOID(parse_day("--to", *filter.to));
  // The subject becomes part of a URL, and no subject has other characters.
  if (filter.subject && !std::all_of(filter.subject->begin(), filter.subject->end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      }))
    return Error{Errc::invalid_argument,
                 "--subject: \"" + printable(*filter.subject) + "\" is not a label such as child-1"};
  return {};
}

// The part of the filter that the service can apply. It knows neither names nor sources nor dates.
std::string query_of(const RecordFilter& filter) {
  std::string text;
  if (filter.class_) text += "class=" + *filter.class_;
  if (filter.subject) text += (text.empty() ? "" : "&") + ("subject=" + *filter.subject);
  return text;
}

bool matches(const RecordFilter& filter, const client::ListedRecord& record) {
  if (filter.source && (!record.descriptor || record.descriptor->source != *filter.source)) return false;
  if (filter.name) {
    if (!record.descriptor) return false;
    const bool by_name = vault::name_matches(record.descriptor->name, *filter.name);
    const bool by_path = vault::name_matches(record.descriptor->path, *filter.name);
    if (!by_name && !by_path) return false;
  }
  // A record without dates of its own counts for the day on which it was secured. Text compares as the dates do.
  std::string first = vault::to_string(vault::london_date(record.view.sealed)), last = first;
  if (record.descriptor && !record.descriptor->dates.empty()) {
    const std::string& dates = record.descriptor->dates;
    const std::size_t dots = dates.find("..");
    first = dates.substr(0, dots);
    last = dots == std::string::npos ? first : dates.substr(dots + 2);
  }
  return (!filter.from || last >= *filter.from) && (!filter.to || first <= *filter.to);
}

}  // namespace

void RecordFilter::add_flags(CLI::App& command) {
  command.add_option("--class", class_, "Records of this class")->check(word_of<RecordClass>());
  command.add_option("--source", source, "From this source (for keyholders)");
  command.add_option("--subject", subject, "About this subject, such as child-1");
  command.add_option("--from", from, "Dated from this day on: by its own dates, else by the day it was secured");
  command.add_option("--to", to, "Dated up to this day");
  command.add_option("--name", name, "Whose name or path matches this pattern, such as '*.pdf' (for keyholders)");
}

std::string RecordFilter::text() const {
  std::vector<std::string> words;
  const auto add = [&](const char* option, const std::optional<std::string>& value) {
    if (value) words.push_back(std::string(option) + " " + printable(*value));
  };
  add("--class", class_);
  add("--source", source);
  add("--subject", subject);
  add("--from", from);
  add("--to", to);
  add("--name", name);
  return joined(words, " ");
}

Result<std::vector<client::ListedRecord>> list_matching(Context& context, const access::SafeId& id,
                                                        const RecordFilter& filter) {
  TRY_VOID(check_filter(filter));
  TRY(const auto readable, client::open_for_reading(context.session(), context.directory(), id));
  if (!readable.secrets && (filter.name || filter.source))
    return Error{Errc::invalid_argument,
                 "only keyholders of this safe can choose by name or source, and you are not one: leave out --name and "
                 "--source"};
  TRY(auto records,
      client::list_records(context.session(), context.directory(), readable.safe, readable.keys(), query_of(filter)));
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
    // JSON can only contain text. A name in other bytes stays percent-encoded, and "encoded" says so.
    if (!text) object["encoded"] = true;
    object["size"] = record.descriptor->size;
    object["sha256"] = vault::hex(record.descriptor->sha256);
    object["media_type"] = record.descriptor->media_type;
    if (!record.descriptor->source.empty()) object["source"] = record.descriptor->source;
    if (!record.descriptor->dates.empty()) object["dates"] = record.descriptor->dates;
  }
  return object;
}

// --- records --------------------------------------------------------------------------------------------------------

namespace {

struct Records : SafeArgument {
  RecordFilter filter;
  std::optional<std::string> csv;

  void add_flags(CLI::App& command) {
    SafeArgument::add_flags(command);
    filter.add_flags(command);
    command.add_option("--csv", csv, "Write the list to this file")->type_name("FILE");
  }
};

// A name that begins like a formula gets a quote in front, or a spreadsheet would run it.
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
  return vault::write_file_atomically(file, vault::as_bytes(out.view()));  // readable by its owner only: it has names
}

// The column "marks" of the table.
std::string marks_of(const wire::RecordView& view) {
  std::vector<std::string> marks;
  if (view.late.value_or(false)) marks.emplace_back("late");
  if (view.derived_from) marks.emplace_back("from a copy");
  if (view.on_behalf_of) marks.emplace_back("on behalf");
  if (view.original_removed.value_or(false)) marks.emplace_back("original removed");
  return joined(marks);
}

Result<void> run(Context& context, const Records& options) {
  TRY_VOID(context.connect());
  TRY(const auto safe, context.find_safe(options.safe));
  TRY(const auto records, list_matching(context, safe, options.filter));
  if (options.csv) {
    TRY_VOID(write_csv(records, *options.csv));
    note(std::to_string(records.size()) + " records listed in " + printable(*options.csv));
    if (!context.as_json) return {};
  }
  if (context.as_json) {
    json::array array;
    for (const auto& record : records) array.push_back(record_json(record));
    print_json(array);
    return {};
  }
  Table table({"record", "class", "secured", "size", "marks", "name"});
  for (const auto& record : records)
    table.add({record.view.record.to_string(), wire::enum_name(record.view.class_),
               vault::to_string(vault::london_date(record.view.sealed)),
               size_for_people(record.descriptor ? record.descriptor->size : record.view.length), marks_of(record.view),
               record.descriptor ? record.descriptor->path
               : record.problem  ? "(does not open)"
                                 : "(for keyholders)"});
  table.print(options.filter.is_empty() ? "this safe has no records" : "no records match " + options.filter.text());
  return {};
}

}  // namespace

void add_record_commands(CLI::App& app) {
  add_command<Records>(app, "records", "List a safe's records: keyholders see names, others numbers",
                       "strongroom records SAFE --class case-notes --name '*.pdf'");
}

}  // namespace cli
