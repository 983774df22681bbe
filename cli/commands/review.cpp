// review, lock: the commands of section 4 of the guidance, and what they share.
#include "cli/commands/review.h"

#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <iostream>

#include "vault/base/file.h"

namespace cli {

Result<client::ReviewCase> open_review(Context& context, std::string_view case_) {
  TRY_VOID(context.connect());
  TRY(const auto id, context.case_id(case_));
  return client::read_review(context.session(), context.directory(), id);
}

client::Names names_of(Context& context) {
  return {[&context](const access::AgencyId& id) {
            std::string name = context.name_of(id);
            const auto& agencies = context.directory().chain().agencies();
            const auto agency = agencies.find(id);
            // A partner that nobody has given a name goes by the word of its kind.
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

Result<Words> words_if(Context& context, const FreeText& given, bool needed, std::string_view what) {
  Words words;
  if (!given.given() && !(needed && isatty(STDIN_FILENO) == 1)) return words;
  TRY(words.text, free_text(what, given.text, given.file));
  TRY(words.digest, context.session().stage_text(words.text));
  return words;
}

Result<vault::Digest> words_of(Context& context, const FreeText& given, std::string_view what) {
  TRY(const std::string text, free_text(what, given.text, given.file));
  return context.session().stage_text(text);
}

bool is_overdue(const wire::ReviewView& view, std::string_view clock, const std::optional<access::AgencyId>& agency) {
  return std::ranges::any_of(view.clocks, [&](const wire::ClockView& one) {
    return one.clock == clock && one.state == "overdue" && (!agency || !one.agency || one.agency == agency);
  });
}

Result<void> check_step(Context& context, const client::ReviewCase& it, review::Step step) {
  const client::Person* self = context.directory().find(context.session().person());
  if (self == nullptr || !self->has_role(access::Role::spoc)) return {};
  const wire::ReviewView& view = it.review;
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
    if (bytes.code() == Errc::not_found) return Error{Errc::not_found, "there is no file " + printable(file)};
    return Error{bytes.code(), "cannot read " + printable(file) + ": " + bytes.error().message};
  }
  return std::string(vault::as_text(*bytes));
}

Result<json::object> fields_from(const std::optional<std::string>& file, int document) {
  if (!file) return json::object();
  TRY(const review::FilledForm form, read_document(*file, document));
  for (const review::Problem& problem : form.problems)
    if (problem.kind == review::Problem::Kind::wrong)
      return Error{Errc::invalid_argument, printable(*file) + ": " + problem.field + ": " + problem.what};
  return form.values;
}

Result<access::RecordId> seal_form(Context& context, const client::ReviewCase& it, access::RecordClass class_,
                                   const std::string& name, std::string text) {
  TRY(const auto safe, client::verify_safe(context.session(), context.directory(), it.case_.review_safe));
  const client::NewDocument document{class_, name, std::move(text)};
  TRY(const auto records, client::seal_documents(context.session(), safe, std::span(&document, 1)));
  return records.front();
}

std::string short_day(const vault::Date& date) {
  constexpr auto kDays = std::to_array<std::string_view>({"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"});
  return std::string(kDays[std::chrono::weekday(std::chrono::sys_days(date)).c_encoding()]) + " " +
         vault::to_string(date);
}

std::string yes_no(bool value) {
  return value ? "yes" : "no";
}

namespace {

void add_lock(CLI::App& app) {
  auto* group = add_command(app, "lock", "What the case lock permits, and what holds it", "");
  group->require_subcommand(1);
  auto name = std::make_shared<std::string>();
  auto* show = add_command(*group, "show", "Show the lock of a case", "strongroom lock show RR-2026-0001");
  show->add_option("CASE", *name, "Its reference or id")->required();
  on_run(show, [name](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, *name));
    const bool over = it.review.stage == access::Stage::closed || it.review.stage == access::Stage::not_pursued;
    std::vector<std::string> permitted;
    if (it.review.lock == access::LockState::engaged) {
      if (!over) permitted = {"deposit", "nominate"};
      permitted.emplace_back("checkout");
    }
    if (context.as_json) {
      json::object object{{"case", it.case_.case_.to_string()},
                          {"reference", it.case_.reference},
                          {"lock", wire::enum_name(it.review.lock)},
                          {"stage", wire::enum_name(it.review.stage)},
                          {"since", vault::to_rfc3339(it.case_.received)}};
      object["permitted"] = json::value_from(permitted);
      Context::print(object);
      return {};
    }
    Table table({it.case_.reference, ""});
    table.add({"lock", wire::enum_name(it.review.lock)});
    table.add({"stage", wire::enum_name(it.review.stage)});
    table.add({"engaged by", "the referral, received " + vault::to_rfc3339(it.case_.received)});
    table.add({"permitted", over ? "copies for a stated purpose; nothing new is secured once the review is over"
                                 : "to secure, to nominate, and copies for a stated purpose (4.3.5)"});
    table.print("");
    return {};
  });
}

}  // namespace

void add_review_commands(CLI::App& app) {
  auto* group = add_command(app, "review", "The Rapid Review: section 4 of the guidance, step by step", "");
  group->require_subcommand(1);
  add_review_status(*group);
  add_review_scoping(*group);
  add_review_meeting(*group);
  add_review_decision(*group);
  add_review_outcome(*group);
  add_review_course(*group);
  add_lock(app);
  add_review_documents(app);
}

}  // namespace cli
