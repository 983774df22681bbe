#include "cli/client/review.h"

#include <algorithm>

namespace cli::client {
namespace {

namespace json = boost::json;
using access::RecordClass;

// For `learning-acted-upon` the form has "neither", and says in another field that the learning was acted upon.
std::string decision_word(access::ReviewDecision decision) {
  return wire::enum_name(decision == access::ReviewDecision::learning_acted_upon ? access::ReviewDecision::neither
                                                                                 : decision);
}

// Makes a name that can be that of one file below a folder.
std::string file_name(std::string_view stem, std::string_view more, std::string_view extension) {
  std::string name = std::string(stem) + (more.empty() ? "" : " ") + std::string(more);
  for (char& c : name)
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '-';
  return name + std::string(extension);
}

// Replaces filled-in values by given ones.
json::object overlaid(json::object values, const json::object& given) {
  for (const auto& [name, value] : given) values[name] = value;
  return values;
}

Result<std::string> complete_form(int document, json::object values, const vault::Date& today) {
  TRY(const review::Form* form, review::find_form(document));
  values.erase("form");
  values.erase("v");
  const review::FilledForm filled = review::check_form(*form, values, today);
  TRY_VOID(review::require_complete(filled));
  return review::write_form(*form, filled.values);
}

// Reads every Document 1 of the case that is one of our forms. Others, for example letters, fill in nothing.
Result<std::vector<review::FilledForm>> referral_forms(Session& session, const Directory& directory,
                                                       const ReviewCase& shown) {
  std::vector<review::FilledForm> forms;
  if (!shown.review.pack || shown.review.pack->document_1.empty()) return forms;
  TRY(const auto records, read_records(session, directory, shown.case_.review_safe, shown.review.pack->document_1,
                                       access::Purpose::scoping));
  for (const ReadRecord& record : records)
    if (auto form = form_in(record, 1, shown.review.today)) forms.push_back(std::move(*form));
  return forms;
}

}  // namespace

std::string partner_called(access::AgencyKind kind, const vault::Date& date) {
  switch (kind) {
    case access::AgencyKind::local_authority:
      return "the local authority";
    case access::AgencyKind::icb:
      return "the " + std::string(review::health_partner(date));
    case access::AgencyKind::police:
      return "the police";
    case access::AgencyKind::health:
    case access::AgencyKind::school:
    case access::AgencyKind::probation:
    case access::AgencyKind::voluntary:
    case access::AgencyKind::other:
      break;
  }
  return "a partner";
}

review::CaseFacts facts_of(const ReviewCase& shown, const Names& names, const std::optional<access::AgencyId>& agency) {
  review::CaseFacts facts;
  facts.reference = shown.case_.reference;
  facts.referred_by = names.agency(shown.case_.agency);
  facts.incident_date = shown.case_.incident_date;
  facts.aware_date = shown.case_.aware_date;
  facts.received = vault::london_date(shown.case_.received);
  facts.subjects = shown.case_.subjects;
  if (shown.review.meeting) {
    facts.meeting_date = shown.review.meeting->date;
    facts.meeting_kind = wire::enum_name(shown.review.meeting->kind);
    facts.meeting_mode = wire::enum_name(shown.review.meeting->mode);
  }
  if (shown.review.decision) facts.decision = decision_word(shown.review.decision->decision);
  if (shown.review.outcome) facts.outcome_sent_on = vault::london_date(shown.review.outcome->sent);
  if (!agency) return facts;
  facts.agency = names.agency(*agency);
  if (const auto* row = shown.find(*agency); row != nullptr && row->templates_sent)
    facts.sent_on = vault::london_date(*row->templates_sent);
  for (const wire::ClockView& clock : shown.review.clocks)
    if (clock.clock == "return" && clock.agency == agency) facts.return_due = clock.due;
  return facts;
}

// --- documents ------------------------------------------------------------------------------------------------------

Result<std::vector<access::RecordId>> seal_documents(Session& session, const VerifiedSafe& safe,
                                                     std::span<const NewDocument> documents) {
  for (const NewDocument& document : documents)
    if (document.text.size() > review::kMaxFormBytes)
      return Error{Errc::too_large, document.name + " is too large: a document of the review has at most 1 MiB"};
  return seal_texts(session, safe, documents, "review");
}

Result<std::vector<ReadRecord>> read_records(Session& session, const Directory& directory, const access::SafeId& safe,
                                             std::span<const access::RecordId> records, access::Purpose purpose) {
  CopyRequest request;
  request.safe = safe;
  request.holder = session.person();
  request.purpose = purpose;
  request.due = vault::london_date(session.now());
  request.records.assign(records.begin(), records.end());
  TRY(const IssuedCopy copy, issue_copy(session, directory, request));
  auto read = read_copy(session, directory, copy.copy, review::kMaxFormBytes);
  // Nothing was written to a file, so nobody holds this copy any more, even if reading it failed.
  TRY_VOID(session.act(wire::ReturnCopy{copy.copy, {}, access::CopyEnd::destroyed}));
  return read;
}

Result<std::vector<wire::RecordView>> documents_of_class(Session& session, const Directory& directory,
                                                         const VerifiedSafe& safe, RecordClass class_) {
  TRY(auto listed, list_records(session, directory, safe, nullptr, "class=" + wire::enum_name(class_)));
  std::ranges::sort(listed, std::greater{}, [](const ListedRecord& record) { return record.view.seq; });
  std::vector<wire::RecordView> views;
  for (ListedRecord& record : listed) views.push_back(std::move(record.view));
  return views;
}

Result<review::FilledForm> form_in(const ReadRecord& record, int document, const vault::Date& today) {
  TRY(review::FilledForm form, review::read_form(vault::as_text(record.content.view()), today));
  if (form.form->document != document)
    return Error{Errc::invalid_argument, "the record contains Document " + std::to_string(form.form->document) +
                                             ", not Document " + std::to_string(document)};
  return form;
}

// --- giving copies to others ----------------------------------------------------------------------------------------

Result<IssuedCopy> give_copy(Session& session, const Directory& directory, const CopyRequest& request) {
  TRY(const IssuedCopy copy, issue_copy(session, directory, request));
  if (request.holder != session.person()) TRY_VOID(prepare_copy(session, directory, copy.copy, as_asked));
  return copy;
}

std::optional<access::PersonId> lead_of(const Session& session, const Directory& directory,
                                        const access::AgencyId& agency) {
  for (const auto& [id, person] : directory.chain().persons())
    if (id != session.person() && person.active() && person.has_role(access::Role::agency_lead, agency)) return id;
  return std::nullopt;
}

Result<std::optional<access::CopyId>> copy_holding(Session& session, const access::CaseId& case_,
                                                   const access::RecordId& record) {
  TRY(const auto copies, session.all<wire::CopyView>("/v1/copies?case=" + case_.to_string() + "&mine=true"));
  for (const wire::CopyView& copy : copies) {
    const bool ended = copy.state == access::CopyState::returned || copy.state == access::CopyState::destroyed ||
                       copy.state == access::CopyState::lost;
    if (copy.holder != session.person() || ended || copy.records > access::kMaxPackRecords) continue;
    TRY(const auto records, session.all<wire::CopyRecordView>("/v1/copies/" + copy.copy.to_string() + "/records"));
    if (std::ranges::find(records, record, &wire::CopyRecordView::record) != records.end())
      return std::optional(copy.copy);
  }
  return std::optional<access::CopyId>();
}

Result<std::vector<SentTemplates>> send_templates(Session& session, const Directory& directory, const ReviewCase& shown,
                                                  const SendingTemplates& sending, const Names& names) {
  TRY(const VerifiedSafe safe, verify_safe(session, directory, shown.case_.review_safe));
  TRY(const review::RuleSet* rules, review::find_rules(shown.review.rules));
  TRY(const review::Calendar calendar, read_calendar(session, directory));
  TRY(const auto earlier, referral_forms(session, directory, shown));
  TRY(const review::Form* scoping, review::find_form(2));
  TRY(const review::Form* letter, review::find_form(3));

  std::vector<NewDocument> documents;
  for (const access::AgencyId& agency : sending.agencies) {
    review::CaseFacts facts = facts_of(shown, names, agency);
    facts.sent_on = shown.review.today;
    TRY(facts.return_due, calendar.add(shown.review.today, rules->clock("return").working_days));
    documents.push_back({RecordClass::document_2, file_name("document-2", facts.agency, ".json"),
                         review::write_form(*scoping, review::prefill(*scoping, facts, earlier))});
    TRY(std::string text,
        complete_form(3, overlaid(review::prefill(*letter, facts, earlier), sending.letter), shown.review.today));
    documents.push_back({RecordClass::document_3, file_name("document-3", facts.agency, ".json"), std::move(text)});
  }
  TRY(const auto records, seal_documents(session, safe, documents));

  wire::SendTemplates command;
  command.case_ = shown.case_.case_;
  command.reason = sending.reason;
  std::vector<SentTemplates> sent;
  for (std::size_t i = 0; i < sending.agencies.size(); ++i) {
    SentTemplates one{sending.agencies[i], records[2 * i], records[2 * i + 1], {}};
    if (const auto lead = lead_of(session, directory, one.agency)) {
      CopyRequest request{safe.safe,
                          *lead,
                          access::Purpose::scoping,
                          review::plus_days(shown.review.today, kReviewCopyDays),
                          {one.document_2, one.document_3}};
      TRY(one.copy, give_copy(session, directory, request));
    }
    command.templates.push_back(
        {one.agency, one.document_2, one.document_3, one.copy ? std::optional(one.copy->copy) : std::nullopt});
    sent.push_back(one);
  }
  TRY_VOID(session.act(command));
  return sent;
}

namespace {
std::string opened_note(const access::CaseId& case_) {
  return case_.to_string() + ".document-4";
}
}  // namespace

Result<void> note_opened(Session& session, const access::CaseId& case_, const access::RecordId& document_4) {
  return session.home().put_note(opened_note(case_), document_4.to_string());
}

Result<DocumentToSign> document_to_sign(Session& session, const ReviewCase& shown) {
  if (!shown.review.decision) return DocumentToSign{};  // the service will say why there is nothing to sign
  DocumentToSign document{shown.review.decision->record, false};
  TRY(const auto opened, session.home().note(opened_note(shown.case_.case_)));
  document.opened = opened.has_value();
  if (opened && *opened != document.record.to_string())
    return Error{Errc::conflict, "the Document 4 that you opened here is not the one decided on, which is version " +
                                     std::to_string(shown.review.decision->version) + ": open that version first"};
  return document;
}

json::object with_answers(const review::FilledForm& document_4, const ReviewCase& shown, const Directory& directory,
                          const Names& names) {
  json::object values = document_4.values;
  if (!shown.review.decision || shown.review.decision->answers.empty()) return values;
  json::array answers;
  for (const wire::AnswerView& answer : shown.review.decision->answers) {
    const auto agency = directory.chain().agencies().find(answer.partner);
    if (agency == directory.chain().agencies().end()) continue;
    json::object row{{"partner", wire::enum_name(agency->second.kind)}, {"answer", wire::enum_name(answer.answer)}};
    if (answer.reason) row["reasons"] = *answer.reason;
    row["recorded"] = answer.by_spoc ? "said" : "signed";
    answers.push_back(std::move(row));
  }
  values["answers"] = std::move(answers);
  if (const auto& endorsed = shown.review.decision->endorsed) {
    values["endorsed_by"] = json::object{{"name", names.person(endorsed->person)}, {"role", "Independent chair"}};
    values["endorsed_on"] = vault::to_string(vault::london_date(endorsed->time));
  }
  return values;
}

Result<Submission> prepare_submission(Session& session, const Directory& directory, const ReviewCase& shown,
                                      const OutcomeWords& words, const Names& names) {
  if (!shown.review.decision)
    return Error{Errc::conflict, "nothing is decided yet, so there is no Document 4 to send (4.6.3)"};
  const vault::Date& today = shown.review.today;
  TRY(const VerifiedSafe safe, verify_safe(session, directory, shown.case_.review_safe));
  TRY(const auto read, read_records(session, directory, safe.safe, std::span(&shown.review.decision->record, 1),
                                    access::Purpose::rapid_review));
  TRY(review::FilledForm document_4, form_in(read.front(), 4, today));
  document_4.values = with_answers(document_4, shown, directory, names);
  if (!words.late_reason.empty() && !document_4.values.contains("late_reason"))
    document_4.values["late_reason"] = words.late_reason.substr(0, 1000);

  TRY(const review::Form* letter, review::find_form(5));
  review::CaseFacts facts = facts_of(shown, names);
  facts.outcome_sent_on = today;
  json::object values = review::prefill(*letter, facts, std::span(&document_4, 1));
  if (const auto* rationale = document_4.values.if_contains("rationale");
      rationale != nullptr && rationale->as_string().size() <= 2000)
    values["rationale"] = *rationale;
  std::string dissent;
  for (const wire::AnswerView& answer : shown.review.decision->answers) {
    const auto agency = directory.chain().agencies().find(answer.partner);
    if (answer.answer != access::PartnerAnswer::dissent || agency == directory.chain().agencies().end()) continue;
    dissent += (dissent.empty() ? "Dissent of " : ", and of ") + partner_called(agency->second.kind, today);
  }
  if (!dissent.empty()) values["dissent"] = dissent + ". The reasons are in Document 4.";
  TRY(const std::string document_5, complete_form(5, overlaid(std::move(values), words.letter), today));
  TRY(const review::FilledForm filled_5, review::read_form(document_5, today));

  document_4 = review::check_form(*document_4.form, document_4.values, today);
  Submission made;
  TRY(made.files, review::panel_pack(document_4, filled_5));
  made.manifest = made.files.back().sha256();
  made.panel_address = std::string(filled_5.values.at("panel_address").as_string());
  const NewDocument sealed{RecordClass::document_5, "document-5.json", document_5};
  TRY(const auto records, seal_documents(session, safe, std::span(&sealed, 1)));
  made.document_5 = records.front();
  return made;
}

}  // namespace cli::client
