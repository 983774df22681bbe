// Provides the parts that the acts of a review share. Only the files of this folder use it.
#pragma once
#include "access/acts/acts.h"
#include "access/state/review_status.h"

namespace strongroom::access::acts {

struct ReviewPlace : CasePlace {
  ReviewStatus review;
  Stage next = Stage::referred;  // the stage after the step
};

// Decides an act of a review: it asks for permission, then asks the stage machine, and then calls `decide` with the
// place. If an agency is given, the actor's capacities in that agency count too, and the entries concern it.
using DecideThere = std::function<Decided(const ReviewPlace& place)>;
Decided in_review(const Context& context, const CaseId& id, Action action, std::optional<review::Step> step,
                  const std::optional<AgencyId>& agency, const DecideThere& decide);

// Returns the row of an agency in the review. Errc::conflict unless the agency was asked.
Result<AgencyReviewRow> asked_agency(const ReviewPlace& place, const AgencyId& agency);
// Returns a filled form of the review safe. Errc::not_found, or invalid_argument if it has another class.
Result<RecordRow> document(const Context& context, const ReviewPlace& place, const RecordId& record,
                           RecordClass class_);
// Returns a copy of the review safe that its holder can open: it is prepared, and has not ended.
Result<CopyRow> copy_of_review(const Context& context, const ReviewPlace& place, const CopyId& copy);
// Returns the records of that copy, sorted. Errc::too_large over kMaxPackRecords.
Result<std::vector<RecordId>> records_of_copy(const Context& context, const CopyRow& copy);
// Errc::conflict if a reason is needed and absent. The message names `what` needs it.
Result<void> check_reason(bool needed, const std::optional<Digest>& reason, std::string_view what);
// Errc::invalid_argument unless the date lies between the two.
Result<void> check_between(const Date& from, const Date& date, const Date& to, std::string_view what);
// Errc::conflict unless `given` follows `last`, too_large over kMaxReviewVersions.
Result<void> check_version(std::uint64_t given, std::uint64_t last, std::string_view what);

// Changes the review of the entry's case, and stores it.
Result<void> change_review(const Entry& entry, const CaseId& id, const std::function<Result<void>(ReviewRow&)>& change);
Result<void> change_agency(const Entry& entry, const CaseId& id, const AgencyId& agency,
                           const std::function<void(AgencyReviewRow&)>& change);
Result<void> put_stage(const Entry& entry, const CaseId& id, Stage stage);

template <class Detail>
Event review_event(const Detail& detail, const ReviewPlace& place, const std::optional<AgencyId>& agency = std::nullopt,
                   const std::optional<PersonId>& person = std::nullopt,
                   const std::optional<CopyId>& copy = std::nullopt) {
  wire::Concerned ids = place.ids;
  ids.safe = place.case_.review_safe;
  if (agency) ids.agency = agency;
  ids.person = person;
  ids.copy = copy;
  return event(detail, ids);
}

}  // namespace strongroom::access::acts
