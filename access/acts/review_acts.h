// What the acts of a review share. For the files of this folder alone.
#pragma once
#include "access/acts/acts.h"
#include "access/state/review_status.h"

namespace strongroom::access::acts {

struct ReviewPlace : CasePlace {
  ReviewStatus review;
  Stage next = Stage::referred;  // the stage after the step
};

// Decides an act of a review: permits it, puts it to the stage machine, and gives `decide` the place. With an agency
// the actor is looked at in that agency too, and the entries concern it.
using DecideThere = std::function<Decided(const ReviewPlace& place)>;
Decided in_review(const Context& context, const CaseId& id, Action action, std::optional<review::Step> step,
                  const std::optional<AgencyId>& agency, const DecideThere& decide);

// What an agency was asked and did. Errc::conflict unless it was asked.
Result<AgencyReviewRow> asked_agency(const ReviewPlace& place, const AgencyId& agency);
// A filled form of the review safe. Errc::not_found, or invalid_argument when its class is another.
Result<RecordRow> document(const Context& context, const ReviewPlace& place, const RecordId& record,
                           RecordClass class_);
// A copy of the review safe that its holder can open: prepared, and not ended.
Result<CopyRow> copy_of_review(const Context& context, const ReviewPlace& place, const CopyId& copy);
// Its records, sorted. Errc::too_large over kMaxPackRecords.
Result<std::vector<RecordId>> records_of_copy(const Context& context, const CopyRow& copy);
// Errc::conflict: `what` is so and needs a reason, and there is none.
Result<void> check_reason(bool needed, const std::optional<Digest>& reason, std::string_view what);
// Errc::invalid_argument unless the date lies between the two.
Result<void> check_between(const Date& from, const Date& date, const Date& to, std::string_view what);
// Errc::conflict unless `given` follows `last`, too_large over kMaxReviewVersions.
Result<void> check_version(std::uint64_t given, std::uint64_t last, std::string_view what);

// The entry's case with its review, changed and put back.
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
