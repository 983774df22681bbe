// case, safe: from the referral to a safe that only its representatives can open.
#include <iostream>
#include <set>

#include "cli/client/records.h"
#include "cli/client/safes.h"
#include "cli/commands/review.h"
#include "vault/base/terminal.h"

namespace cli {
namespace {

using access::Involvement;
using access::Role;

// --- case refer -----------------------------------------------------------------------------------------------------

struct CaseRefer {
  std::string agency, incident, aware;
  std::optional<std::string> received, form, link;
  std::string rules = std::string(review::kDefaultRules);
  std::vector<std::string> subjects;

  void add_flags(CLI::App& command) {
    command.add_option("--agency", agency, "The agency that refers")->required();
    command.add_option("--incident-date", incident, "When it happened, as 2026-03-01")->required();
    command.add_option("--aware-date", aware, "When the partners became aware; the 15 working days run from here")
        ->required();
    command.add_option("--received", received, "When the SPOC received it, if earlier than now (UTC)");
    command
        .add_option("--form", form, "Document 1, secured in the review's safe; a form of this program is checked first")
        ->type_name("FILE");
    command.add_option("--subjects", subjects, "Labels for the people it concerns, not their names: child-1,parent-1")
        ->delimiter(',');
    command
        .add_option("--link,--linked-to", link,
                    "An earlier case of that day, if other people were hurt or it is another incident")
        ->type_name("CASE");
    command.add_option("--rules", rules,
                       "The timescales of the review: guidance, or panel (15 working days from notifying the Panel)");
  }
};

// Checks that Document 1 agrees with the command line, and takes the subjects from it if none were given. Only a form
// of ours is checked. Anything else (a letter, a note of a telephone call) is secured as it came.
Result<void> check_form(const std::string& file, bool subjects_given, client::ReferralWords& words) {
  if (!looks_like_form(file)) return {};
  TRY(const auto form, read_complete_document(file, 1));
  const auto differs = [&](const std::string& field, const std::string& option) {
    return Error{Errc::invalid_argument,
                 field + ": " + printable(file) + " and " + option + " do not agree: correct one of them"};
  };
  if (form.values.at("incident_date").as_string() != vault::to_string(words.incident_date))
    return differs("incident_date", "--incident-date");
  if (form.values.at("aware_date").as_string() != vault::to_string(words.aware_date))
    return differs("aware_date", "--aware-date");
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
    return differs("children, adults", "--subjects");
  return {};
}

// Shows the cases of the same day, so that nobody opens a second case for the same incident. The service refuses a
// second case of the same agency unless it is linked. It cannot know whether another agency means the same incident, so
// the person is asked.
Result<void> confirm_if_same_day(Context& context, const client::ReferralWords& words) {
  TRY(const auto cases, context.session().all<wire::CaseView>("/v1/cases"));
  bool others = false;
  for (const wire::CaseView& one : cases) {
    if (one.incident_date != words.incident_date) continue;
    others = others || one.agency != words.agency;
    note(one.reference + " is about an incident of that day too. " + context.name_of(one.agency) + " referred it.");
    note("  If this is the same incident, secure this Document 1 in that case: strongroom secure " +
         one.review_safe.to_string() + " FILE --class document-1");
    note("  If it is another incident, or other people were hurt, add --link " + one.reference);
  }
  if (!others || context.yes || !vault::is_terminal(vault::Standard::input)) return {};
  return context.confirm("Open another case?");
}

Result<client::ReferralWords> read_referral(Context& context, const CaseRefer& options) {
  client::ReferralWords words;
  TRY(words.incident_date, parse_day("--incident-date", options.incident));
  TRY(words.aware_date, parse_day("--aware-date", options.aware));
  words.subjects = options.subjects.empty() ? std::vector<std::string>{"child-1"} : options.subjects;
  TRY_VOID(review::find_rules(options.rules));
  if (options.rules != review::kDefaultRules) words.rules = options.rules;
  if (options.form) TRY_VOID(check_form(*options.form, !options.subjects.empty(), words));

  // Mistakes in the command line and in the form are reported before the service, or a passphrase, is asked for.
  TRY_VOID(context.connect());
  if (options.link) {
    TRY(words.linked_to, context.find_case(*options.link));
  }
  words.received = context.session().now();
  if (options.received) {
    TRY(words.received, parse_moment(*options.received));
  }
  TRY(words.agency, context.find_agency(options.agency));
  return words;
}

// Secures Document 1 in the review's safe, in which this person may deposit as the referrer or as the SPOC.
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

Result<void> run(Context& context, const CaseRefer& options) {
  TRY(const client::ReferralWords words, read_referral(context, options));
  if (!words.linked_to) TRY_VOID(confirm_if_same_day(context, words));
  std::vector<client::FileToSecure> form;
  if (options.form) {  // found before the case is opened: an open case cannot be taken back for a missing file
    const std::filesystem::path file = *options.form;
    TRY(client::FoundFiles found, client::find_files(std::span(&file, 1)));
    if (found.files.size() != 1)
      return Error{Errc::invalid_argument,
                   printable(*options.form) + " is not one file: give the file of Document 1 with --form"};
    form = std::move(found.files);
  }
  TRY(const auto referred, client::refer_case(context.session(), context.directory(), words));
  if (!form.empty()) {
    const auto secured = secure_form(context, referred.review_safe, form);
    if (!secured)
      return Error{secured.error().code, referred.reference +
                                             " is open and its lock is engaged, but Document 1 is not secured: " +
                                             secured.error().message + ". Continue with: strongroom secure " +
                                             referred.review_safe.to_string() + " FILE --class document-1"};
  }
  const auto entry = referred.answer.entries.front().envelope.seq.value;
  if (context.as_json) {
    print_json({{"case", referred.case_.to_string()},
                {"reference", referred.reference},
                {"review_safe", referred.review_safe.to_string()},
                {"received", vault::to_rfc3339(words.received)},
                {"entry", entry}});
    return {};
  }
  std::cout << printable(referred.reference) << "  " << referred.case_.to_string() << '\n';
  note("Receipt for the referrer: " + referred.reference + ", received " + vault::to_rfc3339(words.received) +
       ", entry " + std::to_string(entry) + " of the ledger (4.1.1).");
  note("The lock is engaged. Ask the other agencies: strongroom case ask " + referred.reference + " --agency AGENCY");
  return {};
}

// --- case list, show, ask -------------------------------------------------------------------------------------------

struct CaseList {};

Result<void> run(Context& context, const CaseList&) {
  TRY_VOID(context.connect());
  TRY(const auto cases, context.session().all<wire::CaseView>("/v1/cases"));
  if (context.as_json) {
    print_json(wire::to_json(cases));
    return {};
  }
  Table table({"reference", "stage", "lock", "incident", "referred by", "case"});
  for (const auto& one : cases)
    table.add({one.reference, wire::enum_name(one.stage), wire::enum_name(one.lock),
               vault::to_string(one.incident_date), context.name_of(one.agency), one.case_.to_string()});
  table.print("there is no case that you may see");
  return {};
}

struct CaseShow : CaseArgument {};

void print_case(Context& context, const wire::CaseView& view) {
  std::vector<std::string> asked;
  for (const auto& agency : view.asked) asked.push_back(context.name_of(agency));
  Table table({view.reference, ""});
  table.add({"case", view.case_.to_string()});
  table.add({"stage", wire::enum_name(view.stage)});
  table.add({"lock", wire::enum_name(view.lock)});
  table.add({"referred by", context.name_of(view.agency)});
  table.add({"incident", vault::to_string(view.incident_date)});
  table.add({"aware", vault::to_string(view.aware_date)});
  table.add({"received", vault::to_rfc3339(view.received)});
  table.add({"subjects", joined(view.subjects)});
  table.add({"asked", joined(asked)});
  table.add({"review safe", view.review_safe.to_string()});
  table.print("");
}

Result<void> run(Context& context, const CaseShow& options) {
  TRY_VOID(context.connect());
  TRY(const auto id, context.find_case(options.case_));
  TRY(const auto view, context.session().get<wire::CaseView>("/v1/cases/" + id.to_string()));
  if (context.as_json)
    print_json(wire::to_json(view));
  else
    print_case(context, view);
  return {};
}

struct CaseAsk : CaseArgument {
  std::vector<std::string> agencies;

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--agency", agencies, "An agency that had involvement")->required();
  }
};

// The service refuses to ask an agency twice, but does not name the agency. This check does.
Result<void> check_not_asked(Context& context, const wire::AskAgencies& command) {
  const client::Person* self = context.directory().find(context.session().person());
  // Anyone but a SPOC may not ask at all. The service refuses that, so that the attempt is recorded.
  if (self == nullptr || !self->has_role(Role::spoc)) return {};
  TRY(const auto view, context.session().get<wire::CaseView>("/v1/cases/" + command.case_.to_string()));
  for (const auto& agency : command.agencies)
    if (std::ranges::find(view.asked, agency) != view.asked.end())
      return Error{Errc::conflict, printable(context.name_of(agency)) + " has been asked already in " + view.reference +
                                       ". Nobody was asked now: leave it out and try again"};
  return {};
}

Result<void> run(Context& context, const CaseAsk& options) {
  TRY_VOID(context.connect());
  wire::AskAgencies act;
  TRY(act.case_, context.find_case(options.case_));
  for (const std::string& words : options.agencies) {
    TRY(const auto agency, context.find_agency(words));
    act.agencies.push_back(agency);
  }
  TRY_VOID(check_not_asked(context, act));
  TRY_VOID(context.session().act(act));
  if (context.as_json)
    print_json({{"case", act.case_.to_string()}, {"asked", wire::to_json(act.agencies)}});
  else
    std::cout << "asked " << act.agencies.size() << (act.agencies.size() == 1 ? " agency\n" : " agencies\n");
  return {};
}

// --- safe open ------------------------------------------------------------------------------------------------------

struct SafeOpen : CaseArgument {
  std::vector<std::string> representatives;
  std::string involvement = "none";
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--representative", representatives, "Who may open records; two are expected")->required();
    command.add_option("--involvement", involvement, "Their involvement with the case")->check(word_of<Involvement>());
    reason.add_flags(command);
  }
};

Result<void> run(Context& context, const SafeOpen& options) {
  TRY(const auto involvement, wire::parse_enum<Involvement>(options.involvement));
  TRY_VOID(context.connect());
  TRY(const auto case_, context.find_case(options.case_));
  TRY(const auto agency, context.acting_agency(Role::agency_lead));
  const bool alone = options.representatives.size() == 1;
  std::string reason;
  // The service demands a reason for a lone representative and for any involvement.
  if (alone || involvement != Involvement::none || options.reason.is_given()) {
    TRY(reason, options.reason.require());
  }
  std::vector<client::NomineeWords> nominees;
  for (const std::string& words : options.representatives) {
    TRY(const auto person, context.find_person(words));
    nominees.push_back({person, involvement, involvement == Involvement::none ? "" : reason});
  }
  TRY(const auto opened, client::open_new_safe(context.session(), context.directory(), case_, agency, nominees,
                                               alone ? reason : std::string()));
  if (context.as_json) {
    print_json({{"safe", opened.safe.to_string()}});
  } else {
    std::cout << opened.safe.to_string() << '\n';
    note("Each representative confirms the key with their next command (strongroom sync).");
  }
  return {};
}

// --- safe list, show ------------------------------------------------------------------------------------------------

struct SafeList {
  std::optional<std::string> case_;

  void add_flags(CLI::App& command) { command.add_option("CASE", case_, "Only the safes of this case"); }
};

Result<void> run(Context& context, const SafeList& options) {
  TRY_VOID(context.connect());
  std::string path = "/v1/safes";
  if (options.case_) {
    TRY(const auto id, context.find_case(*options.case_));
    path += "?case=" + id.to_string();
  }
  TRY(const auto safes, context.session().all<wire::SafeView>(path));
  if (context.as_json) {
    print_json(wire::to_json(safes));
    return {};
  }
  Table table({"safe", "agency", "records", "items", "declared", "secured", "representatives", "recovery"});
  for (const auto& one : safes) {
    const auto active =
        std::ranges::count(one.nominations, access::NominationState::active, &wire::NominationView::state);
    table.add({one.safe.to_string(), one.agency ? context.name_of(*one.agency) : "(review)",
               std::to_string(one.records), std::to_string(one.items),
               one.declaration == 0 ? "" : "version " + std::to_string(one.declaration), one.secured ? "yes" : "no",
               std::to_string(active) + " active", one.recovery_complete ? "complete" : "incomplete"});
  }
  table.print("there is no safe that you may see");
  return {};
}

struct SafeShow : SafeArgument {};

std::string declared_text(const wire::SafeView& view) {
  std::string text = view.declaration == 0 ? "nothing yet" : "version " + std::to_string(view.declaration);
  if (view.nothing_held) text += ", nothing is held";
  if (view.sources > 0)
    text += ", " + std::to_string(view.sources - view.open_sources) + " of " + std::to_string(view.sources) +
            " sources closed";
  return text;
}

void print_safe(Context& context, const wire::SafeView& view) {
  Table table({"safe", view.safe.to_string()});
  table.add({"case", view.case_.to_string()});
  table.add({"agency", view.agency ? context.name_of(*view.agency) : "none: it is the review's own safe"});
  table.add({"records", std::to_string(view.records)});
  table.add({"epoch", std::to_string(view.epoch)});
  table.add({"physical items", std::to_string(view.items)});
  table.add({"declared", declared_text(view)});
  table.add({"secured", view.secured ? "yes" : "no"});
  if (view.originals_removed > 0) table.add({"originals removed", std::to_string(view.originals_removed)});
  table.add({"recovery", view.recovery_complete ? "complete"
                                                : "incomplete: each partner needs two custodians who have "
                                                  "a share"});
  for (const auto& nomination : view.nominations) {
    const bool waits = nomination.state == access::NominationState::pending && !nomination.wrapped;
    table.add({"representative", context.name_of(nomination.person) + ": " + wire::enum_name(nomination.state) +
                                     ", involvement " + wire::enum_name(nomination.involvement) +
                                     (nomination.own ? ", nominated themselves" : "") +
                                     (waits ? ", waits for a keyholder to give them the key" : "")});
  }
  table.print("");
}

Result<void> run(Context& context, const SafeShow& options) {
  TRY_VOID(context.connect());
  TRY(const auto id, context.find_safe(options.safe));
  TRY(const auto view, context.session().get<wire::SafeView>("/v1/safes/" + id.to_string()));
  if (context.as_json)
    print_json(wire::to_json(view));
  else
    print_safe(context, view);
  return {};
}

}  // namespace

void add_case_commands(CLI::App& app) {
  auto& group = add_group(app, "case", "Referred incidents and their reviews");
  add_command<CaseRefer>(group, "refer", "Refer a serious incident: opens the case and engages the lock (4.1.1)",
                         "strongroom case refer --agency AGENCY --incident-date 2026-03-01 --aware-date 2026-03-02 "
                         "--subjects child-1,parent-1");
  add_command<CaseList>(group, "list", "List the cases that you see", "strongroom case list --json");
  add_command<CaseShow>(group, "show", "Show one case", "strongroom case show RR-2026-0001");
  add_command<CaseAsk>(group, "ask", "Ask agencies to scope and to secure (by a SPOC)",
                       "strongroom case ask RR-2026-0001 --agency AGENCY --agency AGENCY");

  auto& safes = add_group(app, "safe", "An agency's records in a case, under a key of their own");
  add_command<SafeOpen>(safes, "open", "Open your agency's safe in a case and nominate representatives (4.3.5)",
                        "strongroom safe open RR-2026-0001 --representative PERSON --representative PERSON");
  add_command<SafeList>(safes, "list", "List the safes that you see", "strongroom safe list RR-2026-0001");
  add_command<SafeShow>(safes, "show", "Show one safe", "strongroom safe show SAFE");
}

}  // namespace cli
