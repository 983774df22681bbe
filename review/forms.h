// Documents 1 to 5 of the guidance are versioned forms, stored as data (review/forms/*.json). A filled form is a JSON
// object {"form":"document-1","v":1,"<field>":<value>,…}, and the type of a field decides which values it takes.
// Format: docs/formats.md, "Forms". A filled form is checked against the version that it names, and each problem names
// its field. Everything here is a value; nothing is stored, and the caller gives today's date.
//
// Their paragraphs in the guidance: Document 1 is the referral (4.1.1), 2 is scoping (4.3.1), 3 is the letter that goes
// with it (4.3.3, 4.3.5), 4 is the Rapid Review (4.6.3), and 5 is the letter to the national Panel (4.7.1).
#pragma once
#include <boost/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "review/calendar.h"

namespace strongroom::review {

namespace json = boost::json;

inline constexpr std::size_t kMaxFormBytes = 1U << 20;  // of a filled form, before it is parsed
inline constexpr std::size_t kMaxFormDepth = 6;
inline constexpr std::size_t kMaxTextBytes = 200;         // one line, unless the field sets another limit
inline constexpr std::size_t kMaxLongTextBytes = 16'384;  // unless the field sets another limit
inline constexpr std::size_t kMaxListRows = 200;          // unless the field sets another limit
inline constexpr std::size_t kMaxProblems = 25;           // reported at once
inline constexpr std::size_t kMaxChildren = 4;            // in one referral, as in the national notification form
inline constexpr int kFirstDocument = 1;
inline constexpr int kLastDocument = 5;

enum class FieldType {
  text,       // one line
  long_text,  // several lines
  date,       // "2026-03-01"
  yes_no,     // true or false; "yes" and "no" are accepted too
  choice,     // one option's value
  choices,    // an array of them, each once
  person,     // {"name", "role", "agency", "contact"}, the first two required
  list,       // an array of objects with the members of `Field::fields`
};

// A field or an option belongs to the form only if the other field `field` has one of these values.
struct Condition {
  std::string field;
  std::vector<std::string> is;  // for a yes_no field: "yes", "no"
};

struct Option {
  std::string value;
  std::string label;
  std::optional<Condition> when = {};
};

struct Field {
  std::string id;  // "incident_date"
  std::string label;
  std::string help;  // for the person who fills it in; may be empty
  FieldType type = FieldType::text;
  bool required = false;
  std::string cites;               // the paragraph it comes from, "4.1.1"
  std::string fact;                // the member of CaseFacts that fills it in; empty if there is none
  std::vector<std::string> carry;  // the fields of earlier documents that fill it in: "document-1.outline"
  std::optional<Condition> when;
  bool if_any = false;              // printed only if it is answered, because it does not concern most cases
  bool past = false;                // the date must not be after today
  std::string not_before;           // the date must not be before the date in this field
  std::size_t min = 0;              // rows
  std::size_t max = 0;              // bytes, or rows
  std::string too_few;              // the message for fewer than `min` rows
  std::string too_many;             // the message for more than `max` rows; may be empty
  std::string unique;               // no two rows may have the same value in this member
  std::optional<Condition> covers;  // each of these values must be in this member of some row
  std::string row;                  // the name of one row: "Child"
  std::size_t blank_rows = 1;
  std::vector<Option> options;
  std::vector<Field> fields;  // members of a row, or of a person
};

struct Section {
  std::string id;
  std::string title;
  std::string help;
  std::vector<Field> fields;
};

// A part of a letter. `{field}` is replaced by the field's value, and `{partners}` and `{health_partner}` by names that
// depend on the date.
struct LetterBlock {
  enum class Kind { paragraph, heading, list } kind = Kind::paragraph;
  std::vector<std::string> text;  // one paragraph, or the points of a list
  std::string when;               // printed only if that field is filled in
};
struct Letter {
  std::vector<std::string> to;
  std::string date;  // field
  std::string subject;
  std::vector<LetterBlock> blocks;
  std::string sign;  // field
  std::vector<std::string> enclosed;
};

struct Form {
  int document = 0;
  int version = 0;
  std::string title;
  std::string purpose;
  std::string cites;
  std::string names_as_of;  // the date field that decides which names of partners are used
  std::vector<Section> sections;
  std::optional<Letter> letter;  // set for Documents 3 and 5

  std::string name() const { return "document-" + std::to_string(document); }
  const Field* find(std::string_view id) const;  // of the top level; null if there is none
};

// Returns the newest version of a document. Errc::not_found if there is no document of that number.
Result<const Form*> find_form(int document);
// Errc::not_found if there is no such document; Errc::invalid_argument if this program does not have that version.
Result<const Form*> find_form(int document, int version);

// Returns the health partner's name on that date: the clinical commissioning group until 2022-06-30, and the integrated
// care board since then.
std::string_view health_partner(const Date& date);

// The facts of a case that can be filled into a document. Unknown facts stay empty.
struct CaseFacts {
  std::string reference = {};
  std::string agency = {};       // the name of the agency that the document goes to
  std::string referred_by = {};  // its name
  std::optional<Date> incident_date = {};
  std::optional<Date> aware_date = {};
  std::optional<Date> received = {};       // in Europe/London
  std::vector<std::string> subjects = {};  // labels: child-1, parent-1
  std::optional<Date> sent_on = {};        // Documents 2 and 3
  std::optional<Date> return_due = {};     // of the clock "return"
  std::optional<Date> meeting_date = {};
  std::string meeting_kind = {};  // this and the next two are option values of the forms
  std::string meeting_mode = {};
  std::string decision = {};
  std::optional<Date> outcome_sent_on = {};
  std::string panel_address = "Mailbox.NationalReviewPanel@education.gov.uk";  // configuration
};

// Something that is wrong with a filled form.
struct Problem {
  enum class Kind { missing, wrong } kind = Kind::wrong;
  std::string field;  // "children[2].date_of_birth", counted from 1; "" for the whole form
  std::string what;   // follows the field's name in a sentence; never quotes a value that was given
};

struct FilledForm {
  const Form* form = nullptr;
  json::object values;  // by field id, in the form's order, without fields that are empty
  std::vector<Problem> problems;

  bool is_complete() const { return problems.empty(); }
  bool is_wrong() const;  // whether a value is wrong, rather than only missing
};

// Reads a JSON text. Returns the values that are right, and at most kMaxProblems problems for the others. It fails only
// for a text that is not a filled form at all: Errc::too_large; Errc::malformed, also for a member that is given twice;
// Errc::invalid_argument for another version.
Result<FilledForm> read_form(std::string_view text, const Date& today);
// Same checks as `read_form`, for values that did not come as a JSON text.
FilledForm check_form(const Form& form, const json::object& values, const Date& today);
// Same checks for the value of one field, except the conditions that depend on other fields.
std::vector<Problem> check_value(const Field& field, const json::value& value, const Date& today);
// Returns Errc::invalid_argument unless the form is complete. The message lists every problem in one line.
Result<void> require_complete(const FilledForm& filled);
// Whether the field belongs to the form (or to the row), given the other values `beside` it.
bool is_asked(const Field& field, const json::object& beside);
bool holds(const Condition& condition, const json::object& beside);

// Fills in the facts of the case and of earlier documents. The result need not be complete.
json::object prefill(const Form& form, const CaseFacts& facts, std::span<const FilledForm> earlier = {});

// Writes a filled form as it is stored: indented, with a line feed at the end, and fields in the form's order.
// read_form(write_form(x)) is x.
std::string write_form(const Form& form, const json::object& values);
// Writes the form itself as JSON: sections, fields, help, provenance, and "blank", which is a form to fill in.
json::object describe_form(const Form& form);

std::string_view to_string(FieldType type);

}  // namespace strongroom::review
