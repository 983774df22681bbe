// Documents 1 to 5 of the guidance as versioned forms in data (review/forms/*.json), and the filled forms: one JSON
// object {"form":"document-1","v":1,"<field>":<value>,…}. What a field holds follows its type; the format is
// docs/formats.md, "Forms". A filled form is checked against the version that it names, and each problem names its
// field. Everything here is a value; nothing is kept, and the day of today is given.
//
// Where they stand in the guidance: Document 1 the referral (4.1.1), 2 scoping (4.3.1), 3 the letter that goes with it
// (4.3.3, 4.3.5), 4 the Rapid Review (4.6.3), 5 the letter to the national Panel (4.7.1).
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
inline constexpr std::size_t kMaxTextBytes = 200;         // one line, unless its field says otherwise
inline constexpr std::size_t kMaxLongTextBytes = 16'384;  // unless its field says otherwise
inline constexpr std::size_t kMaxListRows = 200;          // unless its field says otherwise
inline constexpr std::size_t kMaxProblems = 25;           // reported at once
inline constexpr std::size_t kMaxChildren = 4;            // of one referral: what the notification form takes
inline constexpr int kFirstDocument = 1;
inline constexpr int kLastDocument = 5;

enum class FieldType {
  text,       // one line
  long_text,  // lines
  date,       // "2026-03-01"
  yes_no,     // true, false; "yes" and "no" are taken too
  choice,     // one option's value
  choices,    // an array of them, each once
  person,     // {"name", "role", "agency", "contact"}, the first two required
  list,       // an array of objects with the members of `Field::fields`
};

// Something belongs to the form only while a field beside it has one of these values.
struct Condition {
  std::string field;
  std::vector<std::string> is;  // of a yes_no: "yes", "no"
};

struct Option {
  std::string value;
  std::string label;
  std::optional<Condition> when = {};
};

struct Field {
  std::string id;  // "incident_date"
  std::string label;
  std::string help;  // for who fills it in; may be empty
  FieldType type = FieldType::text;
  bool required = false;
  std::string cites;               // the paragraph it comes from, "4.1.1"
  std::string fact;                // of CaseFacts, that fills it in; empty: none
  std::vector<std::string> carry;  // taken over from earlier documents: "document-1.outline"
  std::optional<Condition> when;
  bool if_any = false;              // printed only when it is answered: of most cases there is nothing to say
  bool past = false;                // a date that is not after today
  std::string not_before;           // a date that is not before that of this field
  std::size_t min = 0;              // rows
  std::size_t max = 0;              // bytes, or rows
  std::string too_few;              // what to say then
  std::string too_many;             //
  std::string unique;               // the member in which no two rows agree
  std::optional<Condition> covers;  // the member whose values, these all, stand in some row
  std::string row;                  // what one row is called: "Child"
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

// A part of a letter: `{field}` stands for the field's value, `{partners}` and `{health_partner}` for names by date.
struct LetterBlock {
  enum class Kind { paragraph, heading, list } kind = Kind::paragraph;
  std::vector<std::string> text;  // one, or the points of a list
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
  std::string names_as_of;  // the date field by which names of partners are chosen
  std::vector<Section> sections;
  std::optional<Letter> letter;  // of Documents 3 and 5

  std::string name() const { return "document-" + std::to_string(document); }
  const Field* find(std::string_view id) const;  // of the top level; null: none
};

// The newest version of a document. Errc::not_found if there is none of that number.
Result<const Form*> find_form(int document);
// Errc::not_found: no such document; Errc::invalid_argument: an older or newer version than this program has.
Result<const Form*> find_form(int document, int version);

// The health partner by date: the clinical commissioning group until 2022-06-30, the integrated care board since.
std::string_view health_partner(const Date& date);

// What a document says of a case. Only what is known is filled in.
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
  std::string meeting_kind = {};  // this and the next two: words of the forms' choices
  std::string meeting_mode = {};
  std::string decision = {};
  std::optional<Date> outcome_sent_on = {};
  std::string panel_address = "Mailbox.NationalReviewPanel@education.gov.uk";  // configuration
};

// What is wrong with a filled form.
struct Problem {
  enum class Kind { missing, wrong } kind = Kind::wrong;
  std::string field;  // "children[2].date_of_birth", counted from 1; "" for the whole form
  std::string what;   // without a value that was given
};

struct FilledForm {
  const Form* form = nullptr;
  json::object values;  // by field id, in the form's order; what is empty is left out
  std::vector<Problem> problems;

  bool is_complete() const { return problems.empty(); }
  bool is_wrong() const;  // something is given that cannot stand, rather than missing
};

// What stands in a JSON text, as far as it is right, and what does not, at most kMaxProblems. Errors are for texts that
// are no form at all: Errc::too_large, malformed (a member twice too), invalid_argument (another version).
Result<FilledForm> read_form(std::string_view text, const Date& today);
// The same for values that came otherwise.
FilledForm check_form(const Form& form, const json::object& values, const Date& today);
// One value of a field, as read_form would check it, without the conditions that look at other fields.
std::vector<Problem> check_value(const Field& field, const json::value& value, const Date& today);
// Errc::invalid_argument with every problem in one line, field first, unless the form is complete.
Result<void> require_complete(const FilledForm& filled);
// Whether the field belongs to the form (or the row) as it is filled in.
bool is_asked(const Field& field, const json::object& beside);
bool holds(const Condition& condition, const json::object& beside);

// The form with what the case and earlier documents say; not checked for completeness.
json::object prefill(const Form& form, const CaseFacts& facts, std::span<const FilledForm> earlier = {});

// As it is stored: indented, a line feed at the end, fields in the form's order. read_form(write_form(x)) is x.
std::string write_form(const Form& form, const json::object& values);
// The form itself as JSON: sections, fields, help, provenance, and "blank", a form to fill in.
json::object describe_form(const Form& form);

std::string_view to_string(FieldType type);

}  // namespace strongroom::review
