#include "review/forms.h"

#include <algorithm>
#include <array>

#include "review/embedded_data.h"

namespace strongroom::review {
namespace {

constexpr Date kCareBoardsSince{std::chrono::year(2022), std::chrono::July, std::chrono::day(1)};
constexpr std::array kPersonMembers{std::array{"name", "Name"}, std::array{"role", "Role"},
                                    std::array{"agency", "Agency"}, std::array{"contact", "Telephone or e-mail"}};

constexpr std::array kTypeNames{std::pair{FieldType::text, std::string_view("text")},
                                std::pair{FieldType::long_text, std::string_view("long_text")},
                                std::pair{FieldType::date, std::string_view("date")},
                                std::pair{FieldType::yes_no, std::string_view("yes_no")},
                                std::pair{FieldType::choice, std::string_view("choice")},
                                std::pair{FieldType::choices, std::string_view("choices")},
                                std::pair{FieldType::person, std::string_view("person")},
                                std::pair{FieldType::list, std::string_view("list")}};

// These read data that is built into the program. They do not report errors, because a fault in it would be our own.
std::string text_of(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found == nullptr ? std::string() : std::string(found->as_string());
}
bool flag_of(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->as_bool();
}
std::size_t size_of(const json::object& object, std::string_view name, std::size_t otherwise) {
  const auto* found = object.if_contains(name);
  return found == nullptr ? otherwise : static_cast<std::size_t>(found->as_int64());
}
std::vector<std::string> texts_of(const json::object& object, std::string_view name) {
  std::vector<std::string> list;
  if (const auto* found = object.if_contains(name))
    for (const json::value& one : found->as_array()) list.emplace_back(one.as_string());
  return list;
}
std::optional<Condition> condition_of(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  if (found == nullptr) return std::nullopt;
  return Condition{text_of(found->as_object(), "field"), texts_of(found->as_object(), "is")};
}

FieldType type_of(std::string_view name) {
  const auto found = std::ranges::find(kTypeNames, name, [](const auto& one) { return one.second; });
  vault::invariant(found != kTypeNames.end(), "a shipped form's types are known");
  return found->first;
}

std::size_t usual_max(FieldType type) {
  if (type == FieldType::list) return kMaxListRows;
  return type == FieldType::long_text ? kMaxLongTextBytes : kMaxTextBytes;
}

std::vector<Field> person_fields(const std::string& cites) {
  std::vector<Field> fields;
  for (const auto& [id, label] : kPersonMembers) {
    Field field;
    field.id = id;
    field.label = label;
    field.cites = cites;
    field.required = fields.size() < 2;
    field.max = kMaxTextBytes;
    fields.push_back(std::move(field));
  }
  return fields;
}

// Members that are absent take their usual value, so that the data of a form names only the unusual.
Field field_of(const json::object& object) {
  Field field;
  field.id = text_of(object, "id");
  field.label = text_of(object, "label");
  field.help = text_of(object, "help");
  field.type = type_of(text_of(object, "type"));
  field.required = flag_of(object, "required");
  field.cites = text_of(object, "cites");
  field.fact = text_of(object, "fact");
  field.carry = texts_of(object, "carry");
  field.when = condition_of(object, "when");
  field.if_any = flag_of(object, "if_any");
  field.past = flag_of(object, "past");
  field.not_before = text_of(object, "not_before");
  field.min = size_of(object, "min", 0);
  field.max = size_of(object, "max", usual_max(field.type));
  field.too_few = text_of(object, "too_few");
  field.too_many = text_of(object, "too_many");
  field.unique = text_of(object, "unique");
  field.covers = condition_of(object, "covers");
  field.row = text_of(object, "row");
  field.blank_rows = size_of(object, "blank_rows", 1);
  if (const auto* options = object.if_contains("options"))
    for (const json::value& option : options->as_array())
      field.options.push_back({text_of(option.as_object(), "value"), text_of(option.as_object(), "label"),
                               condition_of(option.as_object(), "when")});
  if (const auto* fields = object.if_contains("fields"))
    for (const json::value& one : fields->as_array()) field.fields.push_back(field_of(one.as_object()));
  if (field.type == FieldType::person) field.fields = person_fields(field.cites);
  return field;
}

LetterBlock block_of(const json::object& object) {
  using Kind = LetterBlock::Kind;
  const std::string when = text_of(object, "when");
  if (object.contains("ul")) return {Kind::list, texts_of(object, "ul"), when};
  if (object.contains("h")) return {Kind::heading, {text_of(object, "h")}, when};
  return {Kind::paragraph, {text_of(object, "p")}, when};
}

Letter letter_of(const json::object& object) {
  Letter letter{texts_of(object, "to"),  text_of(object, "date"),     text_of(object, "subject"), {},
                text_of(object, "sign"), texts_of(object, "enclosed")};
  for (const json::value& block : object.at("blocks").as_array()) letter.blocks.push_back(block_of(block.as_object()));
  return letter;
}

Form form_of(std::string_view text) {
  const json::value parsed = json::parse(json::string_view(text));
  const json::object& object = parsed.as_object();
  Form form{static_cast<int>(object.at("document").as_int64()),
            static_cast<int>(object.at("v").as_int64()),
            text_of(object, "title"),
            text_of(object, "purpose"),
            text_of(object, "cites"),
            text_of(object, "names_as_of"),
            {},
            std::nullopt};
  for (const json::value& one : object.at("sections").as_array()) {
    const json::object& from = one.as_object();
    Section section{text_of(from, "id"), text_of(from, "title"), text_of(from, "help"), {}};
    for (const json::value& field : from.at("fields").as_array()) section.fields.push_back(field_of(field.as_object()));
    form.sections.push_back(std::move(section));
  }
  if (const auto* letter = object.if_contains("letter")) form.letter = letter_of(letter->as_object());
  return form;
}

// Lists every version that was ever released, the newest of each document last. Documents that were filled in under an
// older version must still be read.
const std::vector<Form>& forms() {
  static const std::vector<Form> list{form_of(data::k_forms_document_1), form_of(data::k_forms_document_2),
                                      form_of(data::k_forms_document_3), form_of(data::k_forms_document_4),
                                      form_of(data::k_forms_document_5)};
  return list;
}

Error no_such_document(int document) {
  return {Errc::not_found, "there is no Document " + std::to_string(document) + ": the documents are 1 to 5"};
}

json::value null_of(const Field& field) {
  if (field.type != FieldType::person && field.type != FieldType::list) return nullptr;
  json::object members;
  for (const Field& member : field.fields) members[member.id] = null_of(member);
  if (field.type == FieldType::person) return members;
  return json::array{std::move(members)};
}

// Leaves out members that have their usual value, as the data of a form does, and those that only this program's checks
// use, such as `covers`.
json::object describe_field(const Field& field) {
  json::object out{{"id", field.id},
                   {"label", field.label},
                   {"type", to_string(field.type)},
                   {"required", field.required},
                   {"cites", field.cites}};
  if (!field.help.empty()) out["help"] = field.help;
  if (!field.fact.empty()) out["from_case"] = true;
  if (!field.carry.empty()) out["carried_from"] = json::value_from(field.carry);
  if (field.when) out["when"] = {{"field", field.when->field}, {"is", json::value_from(field.when->is)}};
  if (field.past) out["past"] = true;
  if (!field.not_before.empty()) out["not_before"] = field.not_before;
  const bool is_sized = field.type == FieldType::text || field.type == FieldType::long_text;
  if (is_sized || field.type == FieldType::list) out["max"] = field.max;
  if (field.min > 0) out["min"] = field.min;
  if (!field.options.empty()) {
    json::array options;
    for (const Option& option : field.options) options.push_back({{"value", option.value}, {"label", option.label}});
    out["options"] = std::move(options);
  }
  if (!field.fields.empty()) {
    json::array members;
    for (const Field& member : field.fields) members.push_back(describe_field(member));
    out["fields"] = std::move(members);
  }
  return out;
}

// Appends a value as indented JSON, because people read and edit filled forms.
void write_value(const json::value& value, std::size_t depth, std::string& out) {
  const std::string inner(2 * (depth + 1), ' ');
  const std::string outer(2 * depth, ' ');
  std::string_view separator = "\n";
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += "{";
    for (const auto& [name, member] : *object) {
      out += separator;
      out += inner + json::serialize(json::string(name)) + ": ";
      write_value(member, depth + 1, out);
      separator = ",\n";
    }
    out += "\n" + outer + "}";
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += "[";
    for (const json::value& member : *array) {
      out += separator;
      out += inner;
      write_value(member, depth + 1, out);
      separator = ",\n";
    }
    out += "\n" + outer + "]";
  } else
    out += json::serialize(value);
}

}  // namespace

std::string_view to_string(FieldType type) {
  return std::ranges::find(kTypeNames, type, [](const auto& one) { return one.first; })->second;
}

const Field* Form::find(std::string_view id) const {
  for (const Section& section : sections)
    for (const Field& field : section.fields)
      if (field.id == id) return &field;
  return nullptr;
}

Result<const Form*> find_form(int document) {
  const Form* newest = nullptr;
  for (const Form& form : forms())
    if (form.document == document) newest = &form;
  if (newest == nullptr) return no_such_document(document);
  return newest;
}

Result<const Form*> find_form(int document, int version) {
  TRY(const Form* newest, find_form(document));
  for (const Form& form : forms())
    if (form.document == document && form.version == version) return &form;
  const bool newer = version > newest->version;
  return Error{Errc::invalid_argument, "this is version " + std::to_string(version) + " of Document " +
                                           std::to_string(document) +
                                           (newer ? ", newer than this program, which has version "
                                                  : ", which was never released; the present one is version ") +
                                           std::to_string(newest->version) +
                                           (newer ? ": use the newer program" : ": fill in the form of that version")};
}

std::string_view health_partner(const Date& date) {
  return date < kCareBoardsSince ? "clinical commissioning group" : "integrated care board";
}

std::string write_form(const Form& form, const json::object& values) {
  json::object out{{"form", form.name()}, {"v", form.version}};
  for (const Section& section : form.sections)
    for (const Field& field : section.fields)
      if (const auto* value = values.if_contains(field.id)) out[field.id] = *value;
  std::string text;
  write_value(out, 0, text);
  return text + "\n";
}

json::object describe_form(const Form& form) {
  json::object out{{"form", form.name()},
                   {"v", form.version},
                   {"title", form.title},
                   {"purpose", form.purpose},
                   {"cites", form.cites}};
  json::object blank{{"form", form.name()}, {"v", form.version}};
  json::array sections;
  for (const Section& section : form.sections) {
    json::array fields;
    for (const Field& field : section.fields) {
      fields.push_back(describe_field(field));
      blank[field.id] = null_of(field);
    }
    sections.push_back({{"id", section.id}, {"title", section.title}, {"help", section.help}, {"fields", fields}});
  }
  out["sections"] = std::move(sections);
  out["blank"] = std::move(blank);
  return out;
}

}  // namespace strongroom::review
