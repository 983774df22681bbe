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

struct OutcomeOptions {
  std::string case_, to;
  std::optional<std::string> folder, letter, panel_address;
  std::string document = "5";
  bool by_other_means = false;
  FreeText reason;
};

// Writes the submission where nothing stands yet.
Result<std::filesystem::path> write_submission(const client::Submission& submission,
                                               const std::filesystem::path& folder) {
  std::error_code failed;
  if (std::filesystem::exists(folder, failed) && !std::filesystem::is_empty(folder, failed))
    return Error{Errc::conflict, printable(folder.native()) + " is not empty; nothing is overwritten"};
  std::filesystem::create_directories(folder.parent_path().empty() ? "." : folder.parent_path(), failed);
  TRY_VOID(vault::make_private_directory(folder));
  for (const review::PackFile& one : submission.files) {
    TRY(client::StagedFile file, client::StagedFile::create(folder, one.name));
    TRY_VOID(file.write(vault::as_bytes(one.content)));
    TRY_VOID(file.commit());
  }
  return folder;
}

Result<void> send_to_panel(Context& context, const client::ReviewCase& it, const OutcomeOptions& options) {
  TRY_VOID(check_step(context, it, review::Step::send_outcome));
  client::OutcomeWords outcome;
  TRY(outcome.letter, fields_from(options.letter, 5));
  if (options.panel_address) outcome.letter["panel_address"] = *options.panel_address;
  TRY_VOID(
      context.confirmed("What goes to the Panel is not taken back. Send the outcome of " + it.case_.reference + "?"));
  const bool late = is_overdue(it.review, "outcome") || is_overdue(it.review, "rapid-review");
  TRY(const Words words, words_if(context, options.reason, late));
  if (late && !words.digest)
    return Error{
        Errc::conflict,
        "the outcome, or the whole Rapid Review, is late (4.7.1, 4.2.2): say why with --reason; it is recorded "
        "and shown"};
  if (late) outcome.late_reason = words.text;
  TRY(const client::Submission submission,
      client::prepare_submission(context.session(), context.directory(), it, outcome, names_of(context)));
  const std::filesystem::path into = options.folder.value_or(it.case_.reference + "-panel");
  TRY(const auto folder, write_submission(submission, into));
  const auto sent = context.session().act(wire::SendOutcome{it.case_.case_, it.review.decision->record,
                                                            submission.document_5, submission.manifest, words.digest});
  if (!sent) {
    note("Nothing is recorded as sent. What was prepared stands in " + printable(folder.native()));
    return sent.error();
  }
  if (context.as_json) {
    Context::print({{"folder", folder.native()},
                    {"manifest", vault::hex(submission.manifest)},
                    {"panel_address", submission.panel_address},
                    {"document_4", it.review.decision->record.to_string()},
                    {"document_5", submission.document_5.to_string()}});
  } else {
    std::cout << "recorded as sent; the submission is in " << printable(folder.native()) << '\n';
    note("Check it with: cd " + printable(folder.native()) + " && sha256sum -c " + std::string(review::kManifestName));
    note("Send these files to " + submission.panel_address + ".");
  }
  return {};
}

// The agencies, or the one that referred, are told; each gets a copy of the letter or of Document 4, unless told by
// other means.
Result<void> inform(Context& context, const client::ReviewCase& it, const OutcomeOptions& options) {
  const bool referrer = options.to == "referrer";
  if (!it.review.outcome)
    return Error{Errc::conflict, "the agencies are informed once the outcome has gone to the Panel (4.7.1, 4.7.2)"};
  wire::InformAgencies command;
  command.case_ = it.case_.case_;
  json::array all;
  Table table({"agency", "copy"});
  for (const wire::AgencyReviewView& agency : it.review.agencies) {
    if (agency.referrer != referrer || agency.informed) continue;
    wire::InformedAgency informed{agency.agency, {}};
    json::object item{{"agency", agency.agency.to_string()}};
    std::string given = "told by other means";
    const auto lead = client::lead_of(context.session(), context.directory(), agency.agency);
    if (lead && !options.by_other_means) {
      client::CopyRequest request{
          it.case_.review_safe,
          *lead,
          access::Purpose::rapid_review,
          review::plus_days(it.review.today, client::kReviewCopyDays),
          {options.document == "4" ? it.review.outcome->document_4 : it.review.outcome->document_5}};
      TRY(const auto copy, client::give_copy(context.session(), context.directory(), request));
      informed.copy = copy.copy;
      given = client::copy_name(copy.number);
      item["copy"] = given;
      given += " for " + context.name_of(*lead);
    }
    command.agencies.push_back(informed);
    all.push_back(std::move(item));
    table.add({context.name_of(agency.agency), given});
  }
  if (command.agencies.empty())
    return Error{Errc::conflict, referrer ? "the agency that referred has been informed already"
                                          : "there is no other agency that was not informed yet"};
  TRY_VOID(context.session().act(command));
  if (context.as_json)
    Context::print(all);
  else
    table.print("");
  return {};
}

void add_send_outcome(CLI::App& group) {
  auto options = std::make_shared<OutcomeOptions>();
  auto* command = add_command(group, "send-outcome", "Send the outcome to the Panel, the agencies, the referrer (4.7)",
                              "strongroom review send-outcome RR-2026-0001 --to panel -o panel\n"
                              "  strongroom review send-outcome RR-2026-0001 --to agencies");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("--to", options->to, "Who is sent it")
      ->required()
      ->check(CLI::IsMember({"panel", "agencies", "referrer"}));
  command->add_option("-o,--output", options->folder, "To the Panel: the folder to make, with digests")
      ->type_name("DIR");
  command->add_option("--letter", options->letter, "To the Panel: fields of Document 5, such as contact and signed_by")
      ->type_name("FILE");
  command
      ->add_option("--panel-address", options->panel_address,
                   "To the Panel: where it is, if not at the guidance's address")
      ->envname("STRONGROOM_PANEL_ADDRESS")
      ->type_name("ADDRESS");
  auto* document =
      command->add_option("--document", options->document,
                          "To agencies: which document they get a copy of, 5 (the letter) or 4 (all of it)");
  document->check(CLI::IsMember({"4", "5"}));
  command->add_flag("--by-other-means", options->by_other_means, "To agencies: they are told otherwise; no copy")
      ->excludes(document);
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, options->case_));
    return options->to == "panel" ? send_to_panel(context, it, *options) : inform(context, it, *options);
  });
}

void add_panel_answer(CLI::App& group) {
  struct Options {
    std::string case_, answer;
    std::optional<std::string> on, form;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "panel-answer", "Record what the national Panel answered (4.7.1)",
                              "strongroom review panel-answer RR-2026-0001 --answer agreed --on 2026-04-02");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("--answer", options->answer, "What it said")->required()->check(word_of<PanelAnswer>());
  command->add_option("--on", options->on, "The day of the answer; today unless given");
  command->add_option("--form", options->form, "Its letter, secured in the review safe")->type_name("FILE");
  on_run(command, [options](Context& context) -> Result<void> {
    wire::RecordPanelAnswer command_;
    TRY(command_.answer, wire::parse_enum<PanelAnswer>(options->answer));
    TRY(const auto it, open_review(context, options->case_));
    command_.case_ = it.case_.case_;
    command_.on = it.review.today;
    if (options->on) {
      TRY(command_.on, parse_day("--on", *options->on));
    }
    if (options->form) {
      TRY(std::string letter, read_text_file(*options->form, review::kMaxFormBytes));
      const std::string name = std::filesystem::path(*options->form).filename().string();
      TRY(command_.record,
          seal_form(context, it, RecordClass::correspondence, client::encode_path(name).text, std::move(letter)));
    }
    TRY_VOID(context.session().act(command_));
    if (context.as_json)
      Context::print({{"answer", options->answer}, {"on", vault::to_string(command_.on)}});
    else
      std::cout << "the Panel's answer is recorded: " << options->answer << '\n';
    return {};
  });
}

void add_acknowledge(CLI::App& group) {
  auto name = std::make_shared<std::string>();
  auto* command = add_command(group, "acknowledge", "Your agency has been told the outcome (4.7.2)",
                              "strongroom review acknowledge RR-2026-0001");
  command->add_option("CASE", *name, "Its reference or id")->required();
  on_run(command, [name](Context& context) -> Result<void> {
    TRY_VOID(context.connect());
    wire::AcknowledgeOutcome command_;
    TRY(command_.case_, context.case_id(*name));
    TRY(command_.agency, context.acting_agency(Role::agency_lead));
    TRY_VOID(context.session().act(command_));
    if (context.as_json)
      Context::print({{"agency", command_.agency.to_string()}, {"acknowledged", true}});
    else
      std::cout << "acknowledged for " << printable(context.name_of(command_.agency)) << '\n';
    return {};
  });
}

void add_inspectorate(CLI::App& group) {
  struct Options {
    std::string case_, body;
    std::optional<std::string> on;
  };
  auto options = std::make_shared<Options>();
  auto* command =
      add_command(group, "inspectorate", "Your agency has notified an inspectorate, or none is required (4.7.3)",
                  "strongroom review inspectorate RR-2026-0001 --body ofsted");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("--body", options->body, "Which one; none-required where there is none")
      ->required()
      ->check(word_of<Inspectorate>());
  command->add_option("--on", options->on, "The day on which it was notified; today unless given");
  on_run(command, [options](Context& context) -> Result<void> {
    wire::RecordInspectorate command_;
    TRY(command_.body, wire::parse_enum<Inspectorate>(options->body));
    TRY(const auto it, open_review(context, options->case_));
    command_.case_ = it.case_.case_;
    TRY(command_.agency, context.acting_agency(Role::agency_lead));
    command_.on = it.review.today;
    if (options->on) {
      TRY(command_.on, parse_day("--on", *options->on));
    }
    TRY_VOID(context.session().act(command_));
    if (context.as_json)
      Context::print(
          {{"agency", command_.agency.to_string()}, {"body", options->body}, {"on", vault::to_string(command_.on)}});
    else
      std::cout << "recorded: " << options->body << ", " << vault::to_string(command_.on) << '\n';
    return {};
  });
}

}  // namespace

void add_review_outcome(CLI::App& group) {
  add_send_outcome(group);
  add_panel_answer(group);
  add_acknowledge(group);
  add_inspectorate(group);
}

}  // namespace cli
