// review send-outcome, panel-answer, acknowledge, inspectorate: the outcome goes out (4.7).
#include <iostream>

#include "cli/client/files/staged_file.h"
#include "cli/commands/review.h"
#include "vault/base/file.h"

namespace cli {
namespace {

using access::Inspectorate;
using access::PanelAnswer;
using access::RecordClass;
using access::Role;

// --- review send-outcome --------------------------------------------------------------------------------------------

struct ReviewSendOutcome : CaseArgument {
  std::string to;
  std::optional<std::string> folder, letter, panel_address;
  std::string document = "5";
  bool by_other_means = false;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--to", to, "Who is sent it")
        ->required()
        ->check(CLI::IsMember({"panel", "agencies", "referrer"}));
    command.add_option("-o,--output", folder, "To the Panel: the folder to make, with digests")->type_name("DIR");
    command.add_option("--letter", letter, "To the Panel: fields of Document 5, such as contact and signed_by")
        ->type_name("FILE");
    command.add_option("--panel-address", panel_address, "To the Panel: its address, if not the one in the guidance")
        ->envname("STRONGROOM_PANEL_ADDRESS")
        ->type_name("ADDRESS");
    auto* which = command.add_option("--document", document,
                                     "To agencies: which document they get a copy of, 5 (the letter) or 4 (all of it)");
    which->check(CLI::IsMember({"4", "5"}));
    command.add_flag("--by-other-means", by_other_means, "To agencies: they are told in another way and get no copy")
        ->excludes(which);
    reason.add_flags(command);
  }
};

// Writes the submission into a folder that is new or empty.
Result<void> write_submission(const client::Submission& submission, const std::filesystem::path& folder) {
  std::error_code failed;
  if (std::filesystem::exists(folder, failed) && !std::filesystem::is_empty(folder, failed))
    return Error{Errc::conflict, printable(vault::text_of(folder)) +
                                     " is not empty, and nothing is overwritten: choose "
                                     "another folder"};
  std::filesystem::create_directories(folder.parent_path().empty() ? "." : folder.parent_path(), failed);
  TRY_VOID(vault::make_private_directory(folder));  // reports it too if the folders above could not be made
  for (const review::PackFile& one : submission.files) {
    TRY(client::StagedFile file, client::StagedFile::create(folder, one.name));
    TRY_VOID(file.write(vault::as_bytes(one.content)));
    TRY_VOID(file.commit());
  }
  return {};
}

Result<void> send_to_panel(Context& context, const client::ReviewCase& review, const ReviewSendOutcome& options) {
  TRY_VOID(check_step(context, review, review::Step::send_outcome));
  client::OutcomeWords outcome;
  TRY(outcome.letter, read_fields(options.letter, 5));
  if (options.panel_address) outcome.letter["panel_address"] = *options.panel_address;
  TRY_VOID(
      context.confirm("Send the outcome of " + review.case_.reference + " to the Panel? It cannot be taken back."));
  const bool late = is_overdue(review.review, "outcome") || is_overdue(review.review, "rapid-review");
  TRY(const StagedText reason, stage_if_needed(context, options.reason, late));
  if (late && !reason.digest)
    return Error{Errc::conflict,
                 "the outcome or the whole Rapid Review is late (4.7.1, 4.2.2): say why with --reason. "
                 "The reason is recorded and shown"};
  if (late) outcome.late_reason = reason.text;
  TRY(const client::Submission submission,
      client::prepare_submission(context.session(), context.directory(), review, outcome, names_of(context)));
  // The files are written before the act: what the ledger says was sent can then be sent.
  const std::filesystem::path folder = options.folder.value_or(review.case_.reference + "-panel");
  TRY_VOID(write_submission(submission, folder));
  const auto sent = context.session().act(wire::SendOutcome{review.case_.case_, review.review.decision->record,
                                                            submission.document_5, submission.manifest, reason.digest});
  if (!sent) {
    note("Nothing is recorded as sent. The files that were prepared are in " + printable(vault::text_of(folder)));
    return sent.error();
  }
  if (context.as_json) {
    print_json({{"folder", vault::text_of(folder)},
                {"manifest", vault::hex(submission.manifest)},
                {"panel_address", submission.panel_address},
                {"document_4", review.review.decision->record.to_string()},
                {"document_5", submission.document_5.to_string()}});
    return {};
  }
  std::cout << "recorded as sent; the files for the Panel are in " << printable(vault::text_of(folder)) << '\n';
  note("Check them with: cd " + printable(vault::text_of(folder)) + " && sha256sum -c " +
       std::string(review::kManifestName));
  note("Then send them to " + submission.panel_address + ".");
  return {};
}

// Informs the agencies, or the one that referred. Each gets a copy of the letter or of Document 4, unless it has no
// lead in this vault or is told by other means.
Result<void> inform(Context& context, const client::ReviewCase& review, const ReviewSendOutcome& options) {
  const bool referrer = options.to == "referrer";
  if (!review.review.outcome)
    return Error{Errc::conflict, "the agencies are informed once the outcome has gone to the Panel (4.7.1, 4.7.2)"};
  wire::InformAgencies act;
  act.case_ = review.case_.case_;
  json::array all;
  Table table({"agency", "copy"});
  for (const wire::AgencyReviewView& agency : review.review.agencies) {
    if (agency.referrer != referrer || agency.informed) continue;
    wire::InformedAgency informed{agency.agency, {}};
    json::object item{{"agency", agency.agency.to_string()}};
    std::string given = "told by other means";
    const auto lead = client::lead_of(context.session(), context.directory(), agency.agency);
    if (lead && !options.by_other_means) {
      const wire::OutcomeView& outcome = *review.review.outcome;
      const client::CopyRequest request{review.case_.review_safe,
                                        *lead,
                                        access::Purpose::rapid_review,
                                        review::plus_days(review.review.today, client::kReviewCopyDays),
                                        {options.document == "4" ? outcome.document_4 : outcome.document_5}};
      TRY(const auto copy, client::give_copy(context.session(), context.directory(), request));
      informed.copy = copy.copy;
      given = client::copy_name(copy.number);
      item["copy"] = given;
      given += " for " + context.name_of(*lead);
    }
    act.agencies.push_back(informed);
    all.push_back(std::move(item));
    table.add({context.name_of(agency.agency), given});
  }
  if (act.agencies.empty())
    return Error{Errc::conflict, referrer ? "the agency that referred has been informed already"
                                          : "every agency has been informed already, except perhaps the one that "
                                            "referred (--to referrer)"};
  TRY_VOID(context.session().act(act));
  if (context.as_json)
    print_json(all);
  else
    table.print("");
  return {};
}

Result<void> run(Context& context, const ReviewSendOutcome& options) {
  TRY(const auto review, open_review(context, options.case_));
  return options.to == "panel" ? send_to_panel(context, review, options) : inform(context, review, options);
}

// --- review panel-answer --------------------------------------------------------------------------------------------

struct ReviewPanelAnswer : CaseArgument {
  std::string answer;
  std::optional<std::string> on, form;

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--answer", answer, "What it said")->required()->check(word_of<PanelAnswer>());
    command.add_option("--on", on, "The day of the answer; today unless given");
    command.add_option("--form", form, "Its letter, secured in the review safe")->type_name("FILE");
  }
};

Result<void> run(Context& context, const ReviewPanelAnswer& options) {
  wire::RecordPanelAnswer act;
  TRY(act.answer, wire::parse_enum<PanelAnswer>(options.answer));
  TRY(const auto review, open_review(context, options.case_));
  act.case_ = review.case_.case_;
  act.on = review.review.today;
  if (options.on) {
    TRY(act.on, parse_day("--on", *options.on));
  }
  if (options.form) {
    TRY(act.record, seal_file(context, review, RecordClass::correspondence, *options.form));
  }
  TRY_VOID(context.session().act(act));
  if (context.as_json)
    print_json({{"answer", options.answer}, {"on", vault::to_string(act.on)}});
  else
    std::cout << "the Panel's answer is recorded: " << options.answer << '\n';
  return {};
}

// --- review acknowledge, inspectorate -------------------------------------------------------------------------------

struct ReviewAcknowledge : CaseArgument {};

Result<void> run(Context& context, const ReviewAcknowledge& options) {
  TRY_VOID(context.connect());
  wire::AcknowledgeOutcome act;
  TRY(act.case_, context.find_case(options.case_));
  TRY(act.agency, context.acting_agency(Role::agency_lead));
  TRY_VOID(context.session().act(act));
  if (context.as_json)
    print_json({{"agency", act.agency.to_string()}, {"acknowledged", true}});
  else
    std::cout << "acknowledged for " << printable(context.name_of(act.agency)) << '\n';
  return {};
}

struct ReviewInspectorate : CaseArgument {
  std::string body;
  std::optional<std::string> on;

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--body", body, "Which one; none-required if no inspectorate has to be notified")
        ->required()
        ->check(word_of<Inspectorate>());
    command.add_option("--on", on, "The day on which it was notified; today unless given");
  }
};

Result<void> run(Context& context, const ReviewInspectorate& options) {
  wire::RecordInspectorate act;
  TRY(act.body, wire::parse_enum<Inspectorate>(options.body));
  TRY(const auto review, open_review(context, options.case_));
  act.case_ = review.case_.case_;
  TRY(act.agency, context.acting_agency(Role::agency_lead));
  act.on = review.review.today;
  if (options.on) {
    TRY(act.on, parse_day("--on", *options.on));
  }
  TRY_VOID(context.session().act(act));
  if (context.as_json)
    print_json({{"agency", act.agency.to_string()}, {"body", options.body}, {"on", vault::to_string(act.on)}});
  else
    std::cout << "recorded: " << options.body << ", " << vault::to_string(act.on) << '\n';
  return {};
}

}  // namespace

void add_review_outcome(CLI::App& group) {
  add_command<ReviewSendOutcome>(group, "send-outcome",
                                 "Send the outcome to the Panel, the agencies, the referrer (4.7)",
                                 "strongroom review send-outcome RR-2026-0001 --to panel -o panel\n"
                                 "  strongroom review send-outcome RR-2026-0001 --to agencies");
  add_command<ReviewPanelAnswer>(group, "panel-answer", "Record what the national Panel answered (4.7.1)",
                                 "strongroom review panel-answer RR-2026-0001 --answer agreed --on 2026-04-02");
  add_command<ReviewAcknowledge>(group, "acknowledge", "Your agency has been told the outcome (4.7.2)",
                                 "strongroom review acknowledge RR-2026-0001");
  add_command<ReviewInspectorate>(group, "inspectorate",
                                  "Your agency has notified an inspectorate, or none is required (4.7.3)",
                                  "strongroom review inspectorate RR-2026-0001 --body ofsted");
}

}  // namespace cli
