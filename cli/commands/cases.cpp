// case, safe: from the referral to a safe that only its representatives open.
#include <unistd.h>

#include <iostream>
#include <set>

#include "cli/client/records.h"
#include "cli/client/safes.h"
#include "cli/commands/review.h"

namespace cli {
namespace {

using access::Involvement;
using access::Role;

void print_case(Context& context, const wire::CaseView& view) {
  std::string asked, subjects;
  for (const auto& agency : view.asked) asked += (asked.empty() ? "" : ", ") + context.name_of(agency);
  for (const auto& subject : view.subjects) subjects += (subjects.empty() ? "" : ", ") + subject;
  Table table({view.reference, ""});
  table.add({"case", view.case_.to_string()});
  table.add({"stage", wire::enum_name(view.stage)});
  table.add({"lock", wire::enum_name(view.lock)});
  table.add({"referred by", context.name_of(view.agency)});
  table.add({"incident", vault::to_string(view.incident_date)});
  table.add({"aware", vault::to_string(view.aware_date)});
  table.add({"received", vault::to_rfc3339(view.received)});
  table.add({"subjects", subjects});
  table.add({"asked", asked});
  table.add({"review safe", view.review_safe.to_string()});
  table.print("");
}

// Document 1 into the review's safe, which this person may deposit in as its referrer or SPOC.
Result<void> secure_form(Context& context, const access::SafeId& id, std::span<const client::FileToSecure> form) {
  TRY(const auto safe, client::verify_safe(context.session(), context.directory(), id));
  client::SecureProgress progress;
  client::SecureOptions options;
  options.class_ = access::RecordClass::document_1;
  TRY(const auto results, client::secure(context.session(), safe, form, options, progress));
  for (const client::SecuredResult& one : results)
    if (one.failure) return *one.failure;
  return {};
}

// Document 1 says what the command says. It may come as our form, which is checked, or as anything else (a letter, a
// note of a telephone call), which is secured as it came.
Result<void> check_form(const std::string& file, bool subjects_given, client::ReferralWords& words) {
  if (!looks_like_form(file)) return {};
  TRY(const auto form, read_complete_document(file, 1));
  const auto wrong = [&](const std::string& field, const std::string& what) {
    return Error{Errc::invalid_argument, field + ": " + printable(file) + " says otherwise than " + what};
  };
  if (form.values.at("incident_date").as_string() != vault::to_string(words.incident_date))
    return wrong("incident_date", "--incident-date");
  if (form.values.at("aware_date").as_string() != vault::to_string(words.aware_date))
    return wrong("aware_date", "--aware-date");
  std::vector<std::string> labels;
  for (const char* list : {"children", "adults"})
    if (const auto* rows = form.values.if_contains(list))
      for (const json::value& row : rows->as_array()) labels.emplace_back(row.as_object().at("label").as_string());
  if (!subjects_given) {
    words.subjects = labels;
    return {};
  }
  if (std::set<std::string>(labels.begin(), labels.end()) !=
      std::set<std::string>(words.subjects.begin(), words.subjects.end()))
    return wrong("children, adults", "--subjects");
  return {};
}

// Whoever refers an incident is told of cases of that day: the same one is not opened twice. The service refuses a
// second one of the same agency unless it is linked; of another agency it cannot know, so people are asked.
Result<void> tell_of_same_day(Context& context, const client::ReferralWords& words) {
  TRY(const auto cases, context.session().all<wire::CaseView>("/v1/cases"));
  bool others = false;
  for (const wire::CaseView& one : cases) {
    if (one.incident_date != words.incident_date) continue;
    others = others || one.agency != words.agency;
    note(one.reference + " is of an incident of that day too, referred by " + context.name_of(one.agency) +
         ".\n  The same incident: secure this Document 1 in that case, with strongroom secure " +
         one.review_safe.to_string() + " FILE --class document-1\n  Another one, or others hurt in it: add --link " +
         one.reference);
  }
  if (!others || context.yes || isatty(STDIN_FILENO) != 1) return {};
  return context.confirmed("Open another case?");
}

// The service says that an agency was asked already; which one, a person wants to know.
Result<void> check_not_asked(Context& context, const wire::AskAgencies& command) {
  const client::Person* self = context.directory().find(context.session().person());
  if (self == nullptr || !self->has_role(Role::spoc)) return {};  // the refusal is the service's
  TRY(const auto view, context.session().get<wire::CaseView>("/v1/cases/" + command.case_.to_string()));
  for (const auto& agency : command.agencies)
    if (std::ranges::find(view.asked, agency) != view.asked.end())
      return Error{Errc::conflict, printable(context.name_of(agency)) + " has been asked already in " + view.reference};
  return {};
}

void add_case(CLI::App& app) {
  auto* group = add_command(app, "case", "Referred incidents and their reviews", "");
  group->require_subcommand(1);

  struct Refer {
    std::string agency, incident, aware;
    std::optional<std::string> received, form, link;
    std::string rules = std::string(review::kDefaultRules);
    std::vector<std::string> subjects;
  };
  auto refer = std::make_shared<Refer>();
  auto* command =
      add_command(*group, "refer", "Refer a serious incident: opens the case and engages the lock (4.1.1)",
                  "strongroom case refer --agency AGENCY --incident-date 2026-03-01 --aware-date 2026-03-02 "
                  "--subjects child-1,parent-1");
  command->add_option("--agency", refer->agency, "The agency that refers")->required();
  command->add_option("--incident-date", refer->incident, "When it happened, as 2026-03-01")->required();
  command->add_option("--aware-date", refer->aware, "When the partners became aware; the 15 working days run from here")
      ->required();
  command->add_option("--received", refer->received, "When the SPOC received it, if earlier than now (UTC)");
  command->add_option("--form", refer->form, "Document 1, checked; or as it came. It is secured in the review's safe")
      ->type_name("FILE");
  command->add_option("--subjects", refer->subjects, "Opaque words for who it concerns: child-1,parent-1")
      ->delimiter(',');
  command
      ->add_option("--link,--linked-to", refer->link,
                   "An earlier case of the same incident, or of others hurt in it: not done twice")
      ->type_name("CASE");
  command->add_option("--rules", refer->rules,
                      "The timescales it runs under: guidance, or panel (15 from notifying it)");
  on_run(command, [refer](Context& context) -> Result<void> {
    client::ReferralWords words;
    TRY(words.incident_date, parse_day("--incident-date", refer->incident));
    TRY(words.aware_date, parse_day("--aware-date", refer->aware));
    words.subjects = refer->subjects.empty() ? std::vector<std::string>{"child-1"} : refer->subjects;
    TRY_VOID(review::find_rules(refer->rules));
    if (refer->rules != review::kDefaultRules) words.rules = refer->rules;
    if (refer->form) TRY_VOID(check_form(*refer->form, !refer->subjects.empty(), words));
    TRY_VOID(context.connect());
    if (refer->link) {
      TRY(words.linked_to, context.case_id(*refer->link));
    }
    words.received = context.session().now();
    if (refer->received) {
      TRY(words.received, parse_moment(*refer->received));
    }
    TRY(words.agency, context.agency(refer->agency));
    if (!words.linked_to) TRY_VOID(tell_of_same_day(context, words));
    std::vector<client::FileToSecure> form;
    if (refer->form) {  // read before the case is opened
      const std::filesystem::path file = *refer->form;
      TRY(client::FoundFiles found, client::find_files(std::span(&file, 1)));
      if (found.files.size() != 1) return Error{Errc::invalid_argument, "--form is one file: Document 1"};
      form = std::move(found.files);
    }
    TRY(const auto referred, client::refer_case(context.session(), context.directory(), words));
    if (!form.empty()) {
      const auto secured = secure_form(context, referred.review_safe, form);
      if (!secured)
        return Error{secured.error().code, referred.reference +
                                               " is open and its lock engaged, but Document 1 is not secured: " +
                                               secured.error().message + ". Continue with: strongroom secure " +
                                               referred.review_safe.to_string() + " FILE --class document-1"};
    }
    if (context.as_json) {
      Context::print({{"case", referred.case_.to_string()},
                      {"reference", referred.reference},
                      {"review_safe", referred.review_safe.to_string()},
                      {"received", vault::to_rfc3339(words.received)},
                      {"entry", referred.answer.entries.front().envelope.seq.value}});
    } else {
      std::cout << referred.reference << "  " << referred.case_.to_string() << '\n';
      note("Receipt for the referrer: " + referred.reference + ", received " + vault::to_rfc3339(words.received) +
           ", entry " + std::to_string(referred.answer.entries.front().envelope.seq.value) + " of the ledger (4.1.1).");
      note("The lock is engaged. Ask the other agencies: strongroom case ask " + referred.reference +
           " --agency AGENCY");
    }
    return {};
  });

  auto* list = add_command(*group, "list", "List the cases that you see", "strongroom case list --json");
  on_run(list, [](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto cases, context.session().all<wire::CaseView>("/v1/cases"));
    if (context.as_json) {
      Context::print(wire::to_json(cases));
      return {};
    }
    Table table({"reference", "stage", "lock", "incident", "referred by", "case"});
    for (const auto& one : cases)
      table.add({one.reference, wire::enum_name(one.stage), wire::enum_name(one.lock),
                 vault::to_string(one.incident_date), context.name_of(one.agency), one.case_.to_string()});
    table.print("no case that you may see");
    return {};
  });

  auto name = std::make_shared<std::string>();
  auto* show = add_command(*group, "show", "Show one case", "strongroom case show RR-2026-0001");
  show->add_option("CASE", *name, "Its reference or id")->required();
  on_run(show, [name](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto id, context.case_id(*name));
    TRY(const auto view, context.session().get<wire::CaseView>("/v1/cases/" + id.to_string()));
    if (context.as_json)
      Context::print(wire::to_json(view));
    else
      print_case(context, view);
    return {};
  });

  struct Ask {
    std::string case_;
    std::vector<std::string> agencies;
  };
  auto ask = std::make_shared<Ask>();
  auto* asking = add_command(*group, "ask", "Ask agencies to scope and to secure (by a SPOC)",
                             "strongroom case ask RR-2026-0001 --agency AGENCY --agency AGENCY");
  asking->add_option("CASE", ask->case_, "Its reference or id")->required();
  asking->add_option("--agency", ask->agencies, "An agency that had involvement")->required();
  on_run(asking, [ask](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    wire::AskAgencies command;
    TRY(command.case_, context.case_id(ask->case_));
    for (const std::string& words : ask->agencies) {
      TRY(const auto agency, context.agency(words));
      command.agencies.push_back(agency);
    }
    TRY_VOID(check_not_asked(context, command));
    TRY_VOID(context.session().act(command));
    if (context.as_json)
      Context::print({{"case", command.case_.to_string()}, {"asked", wire::to_json(command.agencies)}});
    else
      std::cout << "asked " << command.agencies.size() << (command.agencies.size() == 1 ? " agency\n" : " agencies\n");
    return {};
  });
}

void print_safe(Context& context, const wire::SafeView& view) {
  Table table({"safe", view.safe.to_string()});
  table.add({"case", view.case_.to_string()});
  table.add({"agency", view.agency ? context.name_of(*view.agency) : "the review's own"});
  table.add({"records", std::to_string(view.records)});
  table.add({"epoch", std::to_string(view.epoch)});
  table.add({"physical items", std::to_string(view.items)});
  std::string declared = view.declaration == 0 ? "nothing yet" : "version " + std::to_string(view.declaration);
  if (view.nothing_held) declared += ", nothing is held";
  if (view.sources > 0)
    declared += ", " + std::to_string(view.sources - view.open_sources) + " of " + std::to_string(view.sources) +
                " sources closed";
  table.add({"declared", declared});
  table.add({"secured", view.secured ? "yes" : "no"});
  if (view.originals_removed > 0) table.add({"originals removed", std::to_string(view.originals_removed)});
  table.add(
      {"recovery", view.recovery_complete ? "complete" : "incomplete: a partner lacks two custodians with a share"});
  for (const auto& nomination : view.nominations)
    table.add({"representative", context.name_of(nomination.person) + ": " + wire::enum_name(nomination.state) +
                                     ", involvement " + wire::enum_name(nomination.involvement) +
                                     (nomination.own ? ", nominated themselves" : "") +
                                     (nomination.state == access::NominationState::pending && !nomination.wrapped
                                          ? ", waits for a keyholder's client"
                                          : "")});
  table.print("");
}

void add_safe(CLI::App& app) {
  auto* group = add_command(app, "safe", "Compartments with a key of their own", "");
  group->require_subcommand(1);

  struct Open {
    std::string case_;
    std::vector<std::string> representatives;
    std::string involvement = "none";
    FreeText reason;
  };
  auto open = std::make_shared<Open>();
  auto* command = add_command(*group, "open", "Open your agency's safe in a case and nominate representatives (4.3.5)",
                              "strongroom safe open RR-2026-0001 --representative PERSON --representative PERSON");
  command->add_option("CASE", open->case_, "Its reference or id")->required();
  command->add_option("--representative", open->representatives, "Who may open records; two are expected")->required();
  command->add_option("--involvement", open->involvement, "Their involvement with the case")
      ->check(word_of<Involvement>());
  open->reason.bind(command, "reason");
  on_run(command, [open](Context& context) -> Result<void> {
    TRY(const auto involvement, wire::parse_enum<Involvement>(open->involvement));
    TRY_VOID(context.connect());
    TRY(const auto case_, context.case_id(open->case_));
    TRY(const auto agency, context.acting_agency(Role::agency_lead));
    std::string reason;
    if (open->representatives.size() == 1 || involvement != Involvement::none || open->reason.given()) {
      TRY(reason, free_text("reason", open->reason.text, open->reason.file));
    }
    std::vector<client::NomineeWords> nominees;
    for (const std::string& words : open->representatives) {
      TRY(const auto person, context.person(words));
      nominees.push_back({person, involvement, involvement == Involvement::none ? "" : reason});
    }
    TRY(const auto opened, client::open_new_safe(context.session(), context.directory(), case_, agency, nominees,
                                                 nominees.size() == 1 ? reason : std::string()));
    if (context.as_json) {
      Context::print({{"safe", opened.safe.to_string()}});
    } else {
      std::cout << opened.safe.to_string() << '\n';
      note("Each representative confirms with their next command (strongroom sync).");
    }
    return {};
  });

  auto filter = std::make_shared<std::optional<std::string>>();
  auto* list = add_command(*group, "list", "List the safes that you see", "strongroom safe list RR-2026-0001");
  list->add_option("CASE", *filter, "Of this case alone");
  on_run(list, [filter](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    std::string path = "/v1/safes";
    if (*filter) {
      TRY(const auto id, context.case_id(**filter));
      path += "?case=" + id.to_string();
    }
    TRY(const auto safes, context.session().all<wire::SafeView>(path));
    if (context.as_json) {
      Context::print(wire::to_json(safes));
      return {};
    }
    Table table({"safe", "agency", "records", "items", "declared", "secured", "representatives", "recovery"});
    for (const auto& one : safes) {
      const auto active = std::count_if(one.nominations.begin(), one.nominations.end(), [](const auto& nomination) {
        return nomination.state == access::NominationState::active;
      });
      table.add({one.safe.to_string(), one.agency ? context.name_of(*one.agency) : "(review)",
                 std::to_string(one.records), std::to_string(one.items),
                 one.declaration == 0 ? "" : "version " + std::to_string(one.declaration), one.secured ? "yes" : "no",
                 std::to_string(active) + " active", one.recovery_complete ? "complete" : "incomplete"});
    }
    table.print("no safe that you may see");
    return {};
  });

  auto name = std::make_shared<std::string>();
  auto* show = add_command(*group, "show", "Show one safe", "strongroom safe show SAFE");
  show->add_option("SAFE", *name)->required();
  on_run(show, [name](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    TRY(const auto id, context.safe(*name));
    TRY(const auto view, context.session().get<wire::SafeView>("/v1/safes/" + id.to_string()));
    if (context.as_json)
      Context::print(wire::to_json(view));
    else
      print_safe(context, view);
    return {};
  });
}

}  // namespace

void add_case_commands(CLI::App& app) {
  add_case(app);
  add_safe(app);
}

}  // namespace cli
