// The review as a participant's client does it: where it stands, its documents sealed into the review safe and read
// from there, and what is given to others of them. What this client seals is encrypted here; what it reads, and what
// others get, are copies like any other, recorded before a key is released (DESIGN 7; guidance, section 4).
//
// Functions that do several acts do them in an order that loses nothing: documents are sealed before the act that names
// them. Where the act is then refused, they stand in the safe unnamed, and the same call made again seals new ones.
#pragma once
#include "cli/client/copies.h"
#include "cli/client/proof/review_shown.h"
#include "review/forms.h"
#include "review/pack.h"

namespace cli::client {

inline constexpr int kReviewCopyDays = 28;  // that an agency or an attendee may keep what it is given, unless said

// What a letter calls a safeguarding partner of that kind: "the integrated care board", or as it was called at the
// date.
std::string partner_called(access::AgencyKind kind, const vault::Date& date);

// How the directory calls somebody.
struct Names {
  std::function<std::string(const access::AgencyId&)> agency;
  std::function<std::string(const access::PersonId&)> person;
};

// What the documents say of the case. `agency`: to whom one goes, and its dates.
review::CaseFacts facts_of(const ReviewCase& shown, const Names& names,
                           const std::optional<access::AgencyId>& agency = std::nullopt);

// --- documents ------------------------------------------------------------------------------------------------------

// Seals documents of the review with one act. Errc::too_large if one has more than review::kMaxFormBytes.
Result<std::vector<access::RecordId>> seal_documents(Session& session, const VerifiedSafe& safe,
                                                     std::span<const NewDocument> documents);
// A keyholder's look at records of the safe: an audited copy to oneself, opened in memory and ended as destroyed.
Result<std::vector<ReadRecord>> read_records(Session& session, const Directory& directory, const access::SafeId& safe,
                                             std::span<const access::RecordId> records, access::Purpose purpose);
// The records of a class in the review safe, newest first, verified.
Result<std::vector<wire::RecordView>> documents_of_class(Session& session, const Directory& directory,
                                                         const VerifiedSafe& safe, access::RecordClass class_);
// A record that is a filled form of that document. Errc::malformed, Errc::invalid_argument for anything else.
Result<review::FilledForm> form_in(const ReadRecord& record, int document, const vault::Date& today);

// --- what others are given ------------------------------------------------------------------------------------------

// Issues a copy to somebody else and prepares it.
Result<IssuedCopy> give_copy(Session& session, const Directory& directory, const CopyRequest& request);
// A certified lead of the agency, not this person; nothing where there is none.
std::optional<access::PersonId> lead_of(const Session& session, const Directory& directory,
                                        const access::AgencyId& agency);

// A copy that this person holds and that has the record in it, of those given for a review; nothing where there is
// none.
Result<std::optional<access::CopyId>> copy_holding(Session& session, const access::CaseId& case_,
                                                   const access::RecordId& record);

struct SendingTemplates {
  std::vector<access::AgencyId> agencies;
  boost::json::object letter = {};  // fields of Document 3 beyond what the case says: contact, signed_by, …
  std::optional<Digest> reason;     // staged
};
struct SentTemplates {
  access::AgencyId agency;
  access::RecordId document_2;
  access::RecordId document_3;
  std::optional<IssuedCopy> copy;  // absent: the agency has no lead who could collect it
};
// Documents 2 and 3, filled in from the case and Document 1, for each agency (4.3.3).
Result<std::vector<SentTemplates>> send_templates(Session& session, const Directory& directory, const ReviewCase& shown,
                                                  const SendingTemplates& sending, const Names& names);

// Document 4 with what has been said to it since: the partners' answers, and the endorsement (4.6.3).
boost::json::object with_answers(const review::FilledForm& document_4, const ReviewCase& shown,
                                 const Directory& directory, const Names& names);

// Which Document 4 of the case was opened last on this machine, so that nobody agrees to another one than they read.
Result<void> note_opened(Session& session, const access::CaseId& case_, const access::RecordId& document_4);
// The Document 4 to sign for: the one that is decided on. Errc::conflict when another one was opened here last.
// `opened`: whether any was.
struct DocumentToSign {
  access::RecordId record;
  bool opened = false;
};
Result<DocumentToSign> document_to_sign(Session& session, const ReviewCase& shown);

struct OutcomeWords {
  boost::json::object letter = {};  // fields of Document 5 beyond what the case and Document 4 say
  std::string late_reason;          // empty: it is not late
};
struct Submission {
  std::vector<review::PackFile> files;  // the manifest is the last
  access::RecordId document_5;
  Digest manifest{};
  std::string panel_address;  // that the letter is addressed to
};
// Documents 4 and 5 with their digests, and Document 5 sealed (4.7.1). Nothing is sent by this: SendOutcome says so.
Result<Submission> prepare_submission(Session& session, const Directory& directory, const ReviewCase& shown,
                                      const OutcomeWords& words, const Names& names);

}  // namespace cli::client
