// A participant's part in a review (guidance, section 4): it seals documents into the review safe, reads them from
// there, and gives copies to others. Documents are encrypted here. Reading a document makes a copy like any other,
// which is recorded before a key is released.
//
// Functions with several acts do them in an order that loses nothing: documents are sealed before the act that names
// them. If that act is refused, no act names the sealed documents, and the same call made again seals new ones.
#pragma once
#include "cli/client/copies.h"
#include "cli/client/proof/review_shown.h"
#include "review/forms.h"
#include "review/pack.h"

namespace cli::client {

inline constexpr int kReviewCopyDays = 28;  // how long an agency or an attendee may keep a copy, unless told otherwise

// The name of a safeguarding partner of that kind in a letter, for example "the integrated care board", which depends
// on the date.
std::string partner_called(access::AgencyKind kind, const vault::Date& date);

// The names by which people know agencies and persons.
struct Names {
  std::function<std::string(const access::AgencyId&)> agency;
  std::function<std::string(const access::PersonId&)> person;
};

// The facts about the case with which documents are filled in. If a document is for an agency, `agency` adds its name
// and its dates.
review::CaseFacts facts_of(const ReviewCase& shown, const Names& names,
                           const std::optional<access::AgencyId>& agency = std::nullopt);

// --- documents ------------------------------------------------------------------------------------------------------

// Seals documents of the review with one act. Errc::too_large if one has more than review::kMaxFormBytes.
Result<std::vector<access::RecordId>> seal_documents(Session& session, const VerifiedSafe& safe,
                                                     std::span<const NewDocument> documents);
// Reads records of the safe as a keyholder: issues a copy to oneself, opens it in memory, and ends it as destroyed.
Result<std::vector<ReadRecord>> read_records(Session& session, const Directory& directory, const access::SafeId& safe,
                                             std::span<const access::RecordId> records, access::Purpose purpose);
// The verified records of a class in the review safe, newest first.
Result<std::vector<wire::RecordView>> documents_of_class(Session& session, const Directory& directory,
                                                         const VerifiedSafe& safe, access::RecordClass class_);
// Reads a record that is a filled form of that document. Errc::malformed or Errc::invalid_argument if it is not.
Result<review::FilledForm> form_in(const ReadRecord& record, int document, const vault::Date& today);

// --- giving copies to others ----------------------------------------------------------------------------------------

// Issues a copy to somebody else and prepares it.
Result<IssuedCopy> give_copy(Session& session, const Directory& directory, const CopyRequest& request);
// A certified lead of the agency who is not this person, if there is one.
std::optional<access::PersonId> lead_of(const Session& session, const Directory& directory,
                                        const access::AgencyId& agency);

// A copy that this person holds, was given for a review, and contains the record, if there is one.
Result<std::optional<access::CopyId>> copy_holding(Session& session, const access::CaseId& case_,
                                                   const access::RecordId& record);

struct SendingTemplates {
  std::vector<access::AgencyId> agencies;
  boost::json::object letter = {};  // further fields of Document 3, for example contact and signed_by
  std::optional<Digest> reason;     // of a staged text
};
struct SentTemplates {
  access::AgencyId agency;
  access::RecordId document_2;
  access::RecordId document_3;
  std::optional<IssuedCopy> copy;  // absent: the agency has no lead who could collect it
};
// Seals Documents 2 and 3 for each agency, filled in from the case and Document 1, and gives a copy to its lead
// (4.3.3).
Result<std::vector<SentTemplates>> send_templates(Session& session, const Directory& directory, const ReviewCase& shown,
                                                  const SendingTemplates& sending, const Names& names);

// Document 4 with the partners' answers and the chair's endorsement, which came after it was sealed (4.6.3).
boost::json::object with_answers(const review::FilledForm& document_4, const ReviewCase& shown,
                                 const Directory& directory, const Names& names);

// Notes which Document 4 of the case was opened last on this machine, so that nobody agrees to one that they did not
// read.
Result<void> note_opened(Session& session, const access::CaseId& case_, const access::RecordId& document_4);
struct DocumentToSign {
  access::RecordId record;
  bool opened = false;  // a Document 4 of the case was opened on this machine
};
// The Document 4 that the person would sign for, which is the one decided on. Errc::conflict if another one was opened
// here last.
Result<DocumentToSign> document_to_sign(Session& session, const ReviewCase& shown);

struct OutcomeWords {
  boost::json::object letter = {};  // further fields of Document 5
  std::string late_reason;          // empty: the outcome is not late
};
struct Submission {
  std::vector<review::PackFile> files;  // the manifest is the last
  access::RecordId document_5;
  Digest manifest{};
  std::string panel_address;  // in the letter
};
// Makes the files for the Panel, which are Documents 4 and 5 and a manifest of their digests, and seals Document 5
// (4.7.1). It sends nothing and does not record that anything was sent; the act SendOutcome does that.
Result<Submission> prepare_submission(Session& session, const Directory& directory, const ReviewCase& shown,
                                      const OutcomeWords& words, const Names& names);

}  // namespace cli::client
