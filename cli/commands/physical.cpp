// physical: what is on paper and in boxes, by recorded custody (4.3.5).
#include <algorithm>
#include <charconv>
#include <iostream>

#include "cli/client/declare.h"
#include "cli/commands/command.h"
#include "review/page.h"
#include "vault/base/file.h"

namespace cli {
namespace {

using access::Custody;
using access::CustodyChange;
using access::Purpose;
using access::RecordClass;
namespace review = strongroom::review;

// A safe's items, with their sealed words if this person holds a key.
struct Shelf {
  client::ReadableSafe readable;
  client::Holdings holdings;
};

Result<Shelf> open_shelf(Context& context, const std::string& words) {
  TRY(const auto id, context.find_safe(words));
  Shelf shelf;
  TRY(shelf.readable, client::open_for_reading(context.session(), context.directory(), id));
  TRY(shelf.holdings,
      client::read_holdings(context.session(), context.directory(), shelf.readable.safe, shelf.readable.keys()));
  return shelf;
}

constexpr std::size_t kShortestId = 6;  // "item_" and at least one character that tells items apart

// Finds an item by its number ("P-0001" or "1"), its id or the beginning of its id.
Result<const client::HeldItem*> find_item(const client::Holdings& holdings, std::string_view words) {
  const std::string_view digits = words.starts_with("P-") ? words.substr(2) : words;
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number = failed == std::errc{} && end == digits.data() + digits.size();
  const client::HeldItem* found = nullptr;
  for (const client::HeldItem& item : holdings.items) {
    const bool same = is_number ? item.added.number == number
                                : words.size() >= kShortestId && item.added.item.to_string().starts_with(words);
    if (!same) continue;
    if (found != nullptr)
      return Error{Errc::invalid_argument,
                   "more than one item has an id that begins with " + printable(words) + ": type more of it"};
    found = &item;
  }
  if (found == nullptr) return Error{Errc::not_found, "there is no item " + printable(words) + " in this safe"};
  return found;
}

// --- physical add ---------------------------------------------------------------------------------------------------

struct PhysicalAdd : SafeArgument {
  FreeText description{"description"};
  std::string class_ = "other";
  std::optional<std::string> location, seal, remark, subject;
  std::uint64_t pages = 0;
  bool late = false;

  void add_flags(CLI::App& command) {
    SafeArgument::add_flags(command);
    description.add_flags(command, "What it is; keyholders read it, labels do not show it");
    command.add_option("--location", location, "Where it is now")->required();
    command.add_option("--seal", seal, "The number of its seal");
    command.add_option("--pages", pages, "How many pages it has");
    command.add_option("--class", class_, "What kind of record it is")->check(word_of<RecordClass>());
    command.add_option("--subject", subject, "Whom it is about, such as child-1");
    command.add_option("--remark", remark, "Anything else");
    command.add_flag("--late", late, "Found after the agency had declared itself complete");
  }
};

Result<void> run(Context& context, const PhysicalAdd& options) {
  client::AddItemRequest request;
  TRY(request.class_, wire::parse_enum<RecordClass>(options.class_));
  TRY(request.words.description, options.description.require());
  request.words.location = options.location;
  request.words.seal = options.seal;
  request.words.remark = options.remark;
  request.subject = options.subject;
  request.pages = options.pages;
  request.late = options.late;
  TRY_VOID(context.connect());
  TRY(const auto id, context.find_safe(options.safe));
  TRY(const auto safe, client::verify_safe(context.session(), context.directory(), id));
  TRY(const auto added, client::add_item(context.session(), safe, std::move(request)));
  if (context.as_json)
    print_json({{"item", added.item.to_string()},
                {"number", client::item_name(added.number)},
                {"safe", id.to_string()},
                {"state", "held"}});
  else
    std::cout << client::item_name(added.number) << "  " << added.item.to_string() << '\n';
  return {};
}

// --- physical move, loan, return, reseal ----------------------------------------------------------------------------

struct ItemChange : SafeArgument {
  std::string item;
  std::optional<std::string> to, location, seal, remark, purpose, due;
  std::optional<std::uint64_t> pages;

  void add_flags(CLI::App& command) {
    SafeArgument::add_flags(command);
    command.add_option("ITEM", item, "Its number (P-0001) or id")->required();
    command.add_option("--remark", remark, "Anything else, for keyholders");
  }
};

struct PhysicalMove : ItemChange {
  void add_flags(CLI::App& command) {
    ItemChange::add_flags(command);
    command.add_option("--to", location, "Where it is now")->required();
  }
};
struct PhysicalLoan : ItemChange {
  void add_flags(CLI::App& command) {
    ItemChange::add_flags(command);
    command.add_option("--to", to, "Who has it")->required();
    command.add_option("--purpose", purpose, "What it is needed for")->required()->check(word_of<Purpose>());
    command.add_option("--due", due, "When it is due back, as 2026-12-01")->required();
  }
};
struct PhysicalReturn : ItemChange {
  void add_flags(CLI::App& command) {
    ItemChange::add_flags(command);
    command.add_option("--location", location, "Where it is now, if it has another place than before");
    command.add_option("--seal", seal, "The number of its new seal");
    command.add_option("--pages", pages, "How many pages it has now");
  }
};
struct PhysicalReseal : ItemChange {
  void add_flags(CLI::App& command) {
    ItemChange::add_flags(command);
    command.add_option("--seal", seal, "The number of its new seal")->required();
    command.add_option("--pages", pages, "How many pages it has now");
  }
};

Result<void> change_item(Context& context, const ItemChange& options, CustodyChange change) {
  client::CustodyRequest request;
  request.change = change;
  request.pages = options.pages;
  if (options.purpose) {
    TRY(request.purpose, wire::parse_enum<Purpose>(*options.purpose));
  }
  if (options.due) {
    TRY(request.due, parse_day("--due", *options.due));
  }
  request.words.location = options.location;
  request.words.to = options.to;
  request.words.seal = options.seal;
  request.words.remark = options.remark;
  TRY_VOID(context.connect());
  TRY(const auto id, context.find_safe(options.safe));
  TRY(const auto safe, client::verify_safe(context.session(), context.directory(), id));
  // Numbers and ids are not sealed, so an item is found without a key: a lead who holds none may change it too.
  TRY(const auto holdings, client::read_holdings(context.session(), context.directory(), safe, nullptr));
  TRY(const client::HeldItem* item, find_item(holdings, options.item));
  request.item = item->added.item;
  TRY_VOID(client::change_custody(context.session(), safe, std::move(request)));
  const Custody after = change == CustodyChange::loaned ? Custody::on_loan : Custody::held;
  const std::string number = client::item_name(item->added.number);
  if (context.as_json)
    print_json({{"item", item->added.item.to_string()},
                {"number", number},
                {"change", wire::enum_name(change)},
                {"state", wire::enum_name(after)}});
  else
    std::cout << number << ' ' << wire::enum_name(change) << '\n';
  return {};
}

Result<void> run(Context& context, const PhysicalMove& options) {
  return change_item(context, options, CustodyChange::moved);
}
Result<void> run(Context& context, const PhysicalLoan& options) {
  return change_item(context, options, CustodyChange::loaned);
}
Result<void> run(Context& context, const PhysicalReturn& options) {
  return change_item(context, options, CustodyChange::returned);
}
Result<void> run(Context& context, const PhysicalReseal& options) {
  return change_item(context, options, CustodyChange::resealed);
}

// --- physical list --------------------------------------------------------------------------------------------------

struct PhysicalList : SafeArgument {};

void put(json::object& object, const char* name, const std::optional<std::string>& text) {
  if (text) object[name] = *text;
}

void put_words(json::object& object, const client::ItemWords& words) {
  put(object, "description", words.description);
  put(object, "location", words.location);
  put(object, "seal", words.seal);
  put(object, "to", words.to);
  put(object, "remark", words.remark);
}

json::object event_json(const client::CustodyEvent& event) {
  json::object object{{"seq", event.by.seq},
                      {"time", vault::to_rfc3339(event.by.time)},
                      {"person", event.by.actor.to_string()},
                      {"change", event.change ? wire::enum_name(*event.change) : "added"}};
  if (event.pages) object["pages"] = *event.pages;
  if (event.purpose) object["purpose"] = wire::enum_name(*event.purpose);
  if (event.due) object["due"] = vault::to_string(*event.due);
  if (event.words) put_words(object, *event.words);
  return object;
}

bool is_overdue(const client::HeldItem& item, vault::Instant now) {
  return item.loan() != nullptr && item.loan()->due && *item.loan()->due < vault::london_date(now);
}

json::object item_json(const client::HeldItem& item, vault::Instant now) {
  json::object object{{"item", item.added.item.to_string()},
                      {"number", client::item_name(item.added.number)},
                      {"class", wire::enum_name(item.added.class_)},
                      {"pages", item.pages},
                      {"state", wire::enum_name(item.custody)}};
  if (item.added.subject) object["subject"] = *item.added.subject;
  if (item.added.late) object["late"] = *item.added.late;
  if (const client::CustodyEvent* loan = item.loan()) {
    object["purpose"] = wire::enum_name(*loan->purpose);
    object["due"] = vault::to_string(*loan->due);
    object["overdue"] = is_overdue(item, now);
  }
  put_words(object, item.words);
  json::array history;
  for (const client::CustodyEvent& event : item.history) history.push_back(event_json(event));
  object["history"] = std::move(history);
  return object;
}

Result<void> run(Context& context, const PhysicalList& options) {
  TRY_VOID(context.connect());
  TRY(const Shelf shelf, open_shelf(context, options.safe));
  const vault::Instant now = context.session().now();
  if (context.as_json) {
    json::array array;
    for (const client::HeldItem& item : shelf.holdings.items) array.push_back(item_json(item, now));
    print_json(array);
    return {};
  }
  const bool is_keyholder = shelf.readable.secrets.has_value();
  const auto words = [&](const std::optional<std::string>& text) {
    return is_keyholder ? text.value_or("") : std::string("(for keyholders)");
  };
  Table table({"number", "class", "pages", "state", "seal", "where", "what"});
  for (const client::HeldItem& item : shelf.holdings.items) {
    std::string state = wire::enum_name(item.custody);
    if (const client::CustodyEvent* loan = item.loan())
      state += " until " + vault::to_string(*loan->due) + (is_overdue(item, now) ? " OVERDUE" : "");
    if (item.added.late.value_or(false)) state += ", secured late";
    table.add({client::item_name(item.added.number), wire::enum_name(item.added.class_), std::to_string(item.pages),
               state, words(item.words.seal),
               item.loan() != nullptr ? words(item.words.to) : words(item.words.location),
               words(item.words.description)});
  }
  table.print("this safe has no physical item");
  return {};
}

// --- physical label -------------------------------------------------------------------------------------------------

struct PhysicalLabel : SafeArgument {
  std::string html;
  std::vector<std::string> items;

  void add_flags(CLI::App& command) {
    SafeArgument::add_flags(command);
    command.add_option("ITEM", items, "Only these items, by number or id");
    command.add_option("--html", html, "The sheet, A4, two by seven labels")->required()->type_name("FILE");
  }
};

constexpr std::size_t kLabelsPerSheet = 14;  // two columns of seven, 99.1 by 38.1 mm: a common sheet of labels
constexpr const char* kLabelCss =
    "@page { margin: 15.1mm 4.65mm; @bottom-left { content: none; } @bottom-right { content: none; } }\n"
    "main.labels, main { max-width: 201mm; }\n"
    ".sheet { display: grid; grid-template-columns: 99.1mm 99.1mm; grid-auto-rows: 38.1mm; column-gap: 2.5mm; }\n"
    ".sheet + .sheet { break-before: page; margin-top: 10mm; }\n"
    ".label { padding: 4mm 5mm; overflow: hidden; border: 1px dotted #b1b4b6; border-radius: 2mm; font-size: 11pt;\n"
    "  line-height: 1.3; break-inside: avoid; display: grid; grid-template-columns: 1fr auto; align-content: start; }\n"
    ".label b { font-size: 19pt; line-height: 1.1; } .label .right { text-align: right; }\n"
    ".label .note { grid-column: 1 / 3; font-size: 8.5pt; color: #505a5f; margin-top: 1.5mm; }\n"
    "@media print { .bar, .end, h1, .hint { display: none; } main { padding: 0; max-width: none; }\n"
    "  .sheet + .sheet { margin-top: 0; } .label { border-color: transparent; } }\n";

// Returns so much of a safe's id that no other safe that this person sees begins with it.
Result<std::string> short_id(Context& context, const access::SafeId& safe) {
  constexpr std::size_t kShortest = 17;  // the prefix, the moment it was made, and ten random bits
  TRY(const auto safes, context.session().all<wire::SafeView>("/v1/safes"));
  const std::string id = safe.to_string();
  std::size_t length = kShortest;
  for (const wire::SafeView& other : safes) {
    const std::string theirs = other.safe.to_string();
    if (theirs == id) continue;
    const auto differ = static_cast<std::size_t>(std::ranges::mismatch(id, theirs).in1 - id.begin());
    length = std::max(length, differ + 1);
  }
  return id.substr(0, length);
}

// Anybody may read a label, so it shows no name and no description.
std::string label_html(const client::HeldItem& item, const std::string& reference, const std::string& safe) {
  std::string html = "<div class=\"label\"><b>" + client::item_name(item.added.number) + "</b><span class=\"right\">" +
                     review::escape_html(reference) + "</span>";
  html += "<span>" + (item.words.seal ? "Seal " + review::escape_html(*item.words.seal) : std::string("Seal:")) +
          "</span><span class=\"right\">" + std::to_string(item.pages) + (item.pages == 1 ? " page" : " pages") +
          "</span>";
  html += "<span class=\"mono\">" + review::escape_html(safe) + "</span><span class=\"right\">" +
          review::escape_html(wire::enum_name(item.added.class_)) + "</span>";
  return html + "<span class=\"note\">Secured. Only the nominated representative may open it.</span></div>\n";
}

review::Page label_page(std::span<const client::HeldItem* const> items, const std::string& reference,
                        const std::string& safe) {
  review::Page page;
  page.title = "Labels";
  page.reference = reference;
  page.more_css = kLabelCss;
  page.body =
      "<h1>Labels</h1>\n<p class=\"hint\">Two by seven on A4, 99.1 by 38.1 mm each. Print at actual size.</p>\n";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i % kLabelsPerSheet == 0) page.body += i == 0 ? "<div class=\"sheet\">\n" : "</div>\n<div class=\"sheet\">\n";
    page.body += label_html(*items[i], reference, safe);
  }
  page.body += "</div>\n";
  return page;
}

Result<void> run(Context& context, const PhysicalLabel& options) {
  TRY_VOID(context.connect());
  TRY(const Shelf shelf, open_shelf(context, options.safe));
  std::vector<const client::HeldItem*> chosen;
  for (const std::string& words : options.items) {
    TRY(const client::HeldItem* item, find_item(shelf.holdings, words));
    chosen.push_back(item);
  }
  if (options.items.empty())
    for (const client::HeldItem& item : shelf.holdings.items) chosen.push_back(&item);
  if (chosen.empty()) return Error{Errc::not_found, "this safe has no physical item"};
  TRY(const auto case_, context.session().get<wire::CaseView>("/v1/cases/" + shelf.readable.safe.case_.to_string()));
  TRY(const std::string safe, short_id(context, shelf.readable.safe.safe));
  const std::string page = review::html_page(label_page(chosen, case_.reference, safe));
  TRY_VOID(vault::write_file_atomically(options.html, vault::as_bytes(page)));
  if (context.as_json)
    print_json({{"file", options.html}, {"labels", chosen.size()}});
  else
    std::cout << chosen.size() << (chosen.size() == 1 ? " label in " : " labels in ") << printable(options.html)
              << '\n';
  return {};
}

}  // namespace

void add_physical_commands(CLI::App& app) {
  auto& group = add_group(app, "physical", "Paper, boxes and disks: where each is, who has it (4.3.5)");
  add_command<PhysicalAdd>(group, "add", "Secure a physical item: a file, a box, a disk",
                           "strongroom physical add SAFE --description \"Blue folder, correspondence\" --location "
                           "\"Strongroom, shelf 4\" --seal 0012345 --pages 214");
  add_command<PhysicalMove>(group, "move", "Record that an item has another place now",
                            "strongroom physical move SAFE P-0001 --to \"Strongroom, shelf 5\"");
  add_command<PhysicalLoan>(
      group, "loan", "Record that an item is lent: to whom, for what, until when",
      "strongroom physical loan SAFE P-0001 --to \"Family court\" --purpose court --due 2026-12-01");
  add_command<PhysicalReturn>(group, "return", "Record that a lent item is back",
                              "strongroom physical return SAFE P-0001 --seal 0012346 --pages 214");
  add_command<PhysicalReseal>(group, "reseal", "Record that an item has a new seal",
                              "strongroom physical reseal SAFE P-0001 --seal 0012347 --pages 214");
  add_command<PhysicalList>(group, "list", "List a safe's physical items; keyholders see descriptions and places too",
                            "strongroom physical list SAFE");
  add_command<PhysicalLabel>(group, "label", "Print labels for physical items; there is no name on them",
                             "strongroom physical label SAFE --html labels.html");
}

}  // namespace cli
