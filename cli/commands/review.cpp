// review, lock: what the commands of section 4 of the guidance share, and the case lock.
#include "cli/commands/review.h"

#include <cctype>
#include <iostream>

#include "vault/base/file.h"
#include "vault/base/terminal.h"

namespace cli {

Result<client::ReviewCase> open_review(Context& context, std::string_view case_) {
  TRY_VOID(context.connect());
  TRY(const auto id, context.find_case(case_));
  return client::read_review(context.session(), context.directory(), id);
}

client::Names names_of(Context& context) {
  return {[&context](const access::AgencyId& id) {
            std::string name = context.name_of(id);
            const auto& agencies = context.directory().chain().agencies();
            const auto agency = agencies.find(id);
            // A safeguarding partner that has no name of its own gets the name of its kind at today's date.
            if (agency == agencies.end() || !agency->second.partner || name != wire::enum_name(agency->second.kind))
              return name;
            constexpr std::string_view kArticle = "the ";
            name = client::partner_called(agency->second.kind, vault::london_date(context.session().now()))
                       .substr(kArticle.size());
            name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
            return name;
          },
          [&context](const access::PersonId& id) { return context.name_of(id); }};
}

Result<StagedText> stage_if_needed(Context& context, const FreeText& text, bool needed) {
  StagedText staged;
  if (!text.is_given() && !(needed && vault::is_terminal(vault::Standard::input))) return staged;
  TRY(staged.text, text.require());
  TRY(staged.digest, context.session().stage_text(staged.text));
  return staged;
}

bool is_overdue(const wire::ReviewView& view, std::string_view clock, const std::optional<access::AgencyId>& agency) {
  return std::ranges::any_of(view.clocks, [&](const wire::ClockView& one) {
    return one.clock == clock && one.state == "overdue" && (!agency || !one.agency || one.agency == agency);
  });
}

Result<void> check_step(Context& context, const client::ReviewCase& review, review::Step step) {
  const client::Person* self = context.directory().find(context.session().person());
  if (self == nullptr || !self->has_role(access::Role::spoc)) return {};
  const wire::ReviewView& view = review.review;
  review::Facts facts;
  facts.stage = view.stage;
  facts.templates_sent = std::ranges::any_of(
      view.agencies, [](const wire::AgencyReviewView& one) { return one.templates_sent.has_value(); });
  facts.meeting_reached = view.meeting && view.meeting->date <= view.today;
  if (view.decision) {
    facts.decision = view.decision->decision;
    facts.frozen = view.decision->frozen;
  }
  const auto kinds = [&](const std::vector<access::AgencyId>& agencies) {
    std::vector<std::string> words;
    for (const auto& [id, agency] : context.directory().chain().agencies())
      if (std::ranges::find(agencies, id) != agencies.end()) words.push_back(wire::enum_name(agency.kind));
    return words;
  };
  facts.partners_absent = kinds(view.attendance ? view.attendance->absent : context.directory().partners());
  facts.partners_silent = kinds(view.decision ? view.decision->silent : context.directory().partners());
  TRY_VOID(review::next_stage(step, facts));
  return {};
}

Result<std::string> read_text_file(const std::string& file, std::size_t max) {
  auto bytes = vault::read_file_limited(file, max);
  if (!bytes) {
    if (bytes.code() == Errc::not_found) return Error{Errc::not_found, "there is no file " + file};
    return bytes.error();
  }
  return std::string(vault::as_text(*bytes));
}

Result<json::object> read_fields(const std::optional<std::string>& file, int document) {
  if (!file) return json::object();
  TRY(const review::FilledForm form, read_document(*file, document));
  for (const review::Problem& problem : form.problems)
    if (problem.kind == review::Problem::Kind::wrong)
      return Error{Errc::invalid_argument, printable(*file) + ": " + problem.field + ": " + problem.what};
  return form.values;
}

Result<access::RecordId> seal_form(Context& context, const client::ReviewCase& review, access::RecordClass class_,
                                   const std::string& name, std::string text) {
  TRY(const auto safe, client::verify_safe(context.session(), context.directory(), review.case_.review_safe));
  const client::NewDocument document{class_, name, std::move(text)};
  TRY(const auto records, client::seal_documents(context.session(), safe, std::span(&document, 1)));
  return records.front();
}

Result<access::RecordId> seal_file(Context& context, const client::ReviewCase& review, access::RecordClass class_,
                                   const std::string& file) {
  TRY(std::string text, read_text_file(file, review::kMaxFormBytes));
  const std::string name = vault::text_of(vault::path_of(file).filename());
  return seal_form(context, review, class_, client::encode_path(name).text, std::move(text));
}

std::string short_day(const vault::Date& date) {
  constexpr auto kDays = std::to_array<std::string_view>({"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"});
  return std::string(kDays[std::chrono::weekday(std::chrono::sys_days(date)).c_encoding()]) + " " +
         vault::to_string(date);
}

namespace {

struct LockShow : CaseArgument {};

Result<void> run(Context& context, const LockShow& options) {
  TRY(const auto review, open_review(context, options.case_));
  const wire::ReviewView& view = review.review;
  const bool over = view.stage == access::Stage::closed || view.stage == access::Stage::not_pursued;
  if (context.as_json) {
    std::vector<std::string> permitted;
    if (view.lock == access::LockState::engaged) {
      if (!over) permitted = {"deposit", "nominate"};
      permitted.emplace_back("checkout");
    }
    json::object object{{"case", review.case_.case_.to_string()},
                        {"reference", review.case_.reference},
                        {"lock", wire::enum_name(view.lock)},
                        {"stage", wire::enum_name(view.stage)},
                        {"since", vault::to_rfc3339(review.case_.received)}};
    object["permitted"] = json::value_from(permitted);
    print_json(object);
    return {};
  }
  Table table({review.case_.reference, ""});
  table.add({"lock", wire::enum_name(view.lock)});
  table.add({"stage", wire::enum_name(view.stage)});
  table.add({"engaged by", "the referral, received " + vault::to_rfc3339(review.case_.received)});
  table.add({"permitted", over ? "copies for a stated purpose; nothing new is secured once the review is over"
                               : "to secure, to nominate, and copies for a stated purpose (4.3.5)"});
  table.print("");
  return {};
}

}  // namespace

void add_review_commands(CLI::App& app) {
  auto& group = add_group(app, "review", "The Rapid Review: section 4 of the guidance, step by step");
  add_review_status(group);
  add_review_scoping(group);
  add_review_meeting(group);
  add_review_decision(group);
  add_review_outcome(group);
  add_review_course(group);

  auto& lock = add_group(app, "lock", "The case lock: what it permits");
  add_command<LockShow>(lock, "show", "Show the lock of a case", "strongroom lock show RR-2026-0001");

  add_review_documents(app);
}

}  // namespace cli
