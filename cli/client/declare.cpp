#include "cli/client/declare.h"

#include <algorithm>
#include <boost/json.hpp>

#include "vault/age/file.h"

namespace cli::client {
namespace {

namespace json = boost::json;
using access::SourceState;

Error wrong_field(const std::string& field, std::string_view why) {
  return Error{Errc::invalid_argument, field + ": " + std::string(why)};
}

bool is_plain(std::string_view text) {
  return vault::is_utf8(text) && std::ranges::none_of(text, [](char c) {
           return c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f);
         });
}

Result<void> check_text(const std::string& field, std::string_view text, std::size_t max) {
  if (text.empty()) return wrong_field(field, "it is empty");
  if (text.size() > max) return Error{Errc::too_large, field + ": it has more than " + std::to_string(max) + " bytes"};
  if (!is_plain(text)) return wrong_field(field, "it contains control characters, or is not UTF-8");
  return {};
}

// --- the form -------------------------------------------------------------------------------------------------------

Result<void> check_members(const json::value& value, const std::string& field,
                           std::initializer_list<std::string_view> known) {
  const json::object* object = value.if_object();
  if (object == nullptr) return wrong_field(field, "it is not an object");
  for (const auto& member : *object)
    if (std::ranges::find(known, std::string_view(member.key())) == known.end())
      return wrong_field(field, "it has an unknown field \"" + std::string(member.key()).substr(0, 40) + "\"");
  return {};
}

template <class T>
Result<T> read_part(const json::value& value, const std::string& field) {
  auto read = wire::from_json<T>(value);
  if (read) return read;
  // The message begins with the member's name in quotes, which becomes part of the field's name.
  const std::string& why = read.error().message;
  const std::size_t end = why.find("\": ");
  if (why.starts_with('"') && end != std::string::npos)
    return wrong_field(field + "." + why.substr(1, end - 1), why.substr(end + 3));
  return wrong_field(field, why);
}

template <class T>
Result<std::vector<T>> read_parts(const json::value& value, const std::string& field, std::size_t most,
                                  std::initializer_list<std::string_view> known) {
  const json::array* array = value.if_array();
  if (array == nullptr) return wrong_field(field, "it is not a list");
  if (array->size() > most)
    return Error{Errc::too_large, field + ": it has more than " + std::to_string(most) + " entries"};
  std::vector<T> parts;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string one = field + "[" + std::to_string(i) + "]";
    TRY_VOID(check_members((*array)[i], one, known));
    TRY(T part, read_part<T>((*array)[i], one));
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<void> check_form(const DeclarationForm& form) {
  for (std::size_t i = 0; i < form.sources.size(); ++i) {
    const SourceWords& source = form.sources[i];
    const std::string field = "sources[" + std::to_string(i) + "]";
    TRY_VOID(check_text(field + ".name", source.name, kMaxSourceNameBytes));
    const bool open = source.state == SourceState::still_open;
    if (source.reason.has_value() != open)
      return wrong_field(field + ".reason", open ? "a source that is still open needs a reason"
                                                 : "only a source that is still open has a reason");
    if (source.until.has_value() != open)
      return wrong_field(field + ".until", open ? "a source that is still open needs a date"
                                                : "only a source that is still open has a date");
  }
  for (std::size_t i = 0; i < form.missing.size(); ++i)
    TRY_VOID(check_text("missing[" + std::to_string(i) + "].what", form.missing[i].what, kMaxItemTextBytes));
  if (form.note) TRY_VOID(check_text("note", *form.note, access::kMaxFreeTextBytes));
  return {};
}

Result<Bytes> seal_note(const VerifiedSafe& safe, std::string_view text) {
  const vault::age::Recipient recipient = safe.current().recipient;
  return vault::age::encrypt_small(vault::as_bytes(text), std::span(&recipient, 1));
}

Result<Digest> stage_note(Session& session, const VerifiedSafe& safe, std::string_view text) {
  TRY(const Bytes sealed, seal_note(safe, text));
  return session.stage(sealed);
}

Result<Digest> stage_words(Session& session, const VerifiedSafe& safe, const ItemWords& words) {
  const auto texts =
      std::to_array<std::pair<const char*, const std::optional<std::string>*>>({{"description", &words.description},
                                                                                {"location", &words.location},
                                                                                {"seal", &words.seal},
                                                                                {"to", &words.to},
                                                                                {"remark", &words.remark}});
  for (const auto& [field, text] : texts)
    if (*text) TRY_VOID(check_text(field, **text, kMaxItemTextBytes));
  return stage_note(session, safe, wire::encode(words));
}

}  // namespace

Result<DeclarationForm> read_declaration(std::string_view text) {
  if (text.size() > kMaxDeclarationBytes)
    return Error{Errc::too_large,
                 "the declaration's form has more than " + std::to_string(kMaxDeclarationBytes) + " bytes"};
  auto parsed = wire::parse_json(text);
  if (!parsed) return Error{Errc::invalid_argument, "the declaration is not JSON: " + parsed.error().message};
  TRY_VOID(check_members(*parsed, "declaration", {"form", "v", "searched", "sources", "missing", "note"}));
  const json::object& object = parsed->as_object();
  DeclarationForm form;
  if (const json::value* found = object.if_contains("form"); found != nullptr && *found != json::value("declaration"))
    return wrong_field("form", "it is not \"declaration\"");
  if (const json::value* found = object.if_contains("v"); found != nullptr && *found != json::value(1))
    return wrong_field("v", "this program only knows version 1 of the form");
  if (const json::value* found = object.if_contains("searched")) {
    TRY(form.searched, read_part<std::vector<std::string>>(*found, "searched"));
  }
  const json::value* sources = object.if_contains("sources");
  if (sources == nullptr || (sources->is_array() && sources->as_array().empty()))
    return wrong_field("sources", "it must list every system, share or cupboard that was searched");
  TRY(form.sources, read_parts<SourceWords>(*sources, "sources", access::kMaxDeclaredSources,
                                            {"name", "kind", "state", "reason", "until"}));
  if (const json::value* found = object.if_contains("missing")) {
    TRY(form.missing, read_parts<MissingWords>(*found, "missing", access::kMaxDeclaredGaps, {"kind", "what"}));
  }
  if (const json::value* found = object.if_contains("note")) {
    TRY(form.note, read_part<std::string>(*found, "note"));
  }
  TRY_VOID(check_form(form));
  return form;
}

Result<ActAnswer> declare(Session& session, const VerifiedSafe& safe, const DeclareRequest& request) {
  wire::MakeDeclaration command;
  command.safe = safe.safe;
  command.version = request.version;
  command.epoch = safe.current().epoch;
  command.nothing_held = request.nothing_held;
  command.searched = request.searched;
  if (request.form) {
    DeclarationForm form = *request.form;
    form.searched = request.searched;
    for (const SourceWords& source : form.sources)
      command.sources.push_back({source.kind, source.state, source.reason, source.until});
    for (const MissingWords& gap : form.missing) command.gaps.push_back(gap.kind);
    TRY(command.form, stage_note(session, safe, wire::encode(form)));
  }
  return session.act(command);
}

Result<AddedItem> add_item(Session& session, const VerifiedSafe& safe, AddItemRequest request) {
  if (!request.words.description || !request.words.location)
    return Error{Errc::invalid_argument, "an item needs a description and a location"};
  wire::AddItem command;
  command.safe = safe.safe;
  command.epoch = safe.current().epoch;
  command.item = session.make_id<access::ItemId>();
  command.class_ = request.class_;
  command.subject = request.subject;
  command.pages = request.pages;
  if (request.late) command.late = true;
  request.words.item = command.item;
  TRY(command.note, stage_words(session, safe, request.words));
  TRY(const ActAnswer answer, session.act(command));
  TRY(const auto added, event_of<wire::ItemAdded>(answer.entries.front().body));
  return AddedItem{command.item, added.number};
}

Result<ActAnswer> change_custody(Session& session, const VerifiedSafe& safe, CustodyRequest request) {
  wire::ChangeCustody command;
  command.safe = safe.safe;
  command.epoch = safe.current().epoch;
  command.item = request.item;
  command.change = request.change;
  command.pages = request.pages;
  command.purpose = request.purpose;
  command.due = request.due;
  request.words.item = request.item;
  TRY(command.note, stage_words(session, safe, request.words));
  return session.act(command);
}

}  // namespace cli::client
