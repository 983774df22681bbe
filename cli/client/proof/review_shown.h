// A review as the service shows it, compared with the course that its own entries prove (review_course.h).
#pragma once
#include "access/wire/calendar.h"
#include "access/wire/course.h"
#include "cli/client/proof/review_course.h"
#include "review/calendar.h"
#include "review/clocks.h"

namespace cli::client {

struct ReviewCase {
  wire::CaseView case_;
  wire::ReviewView review;
  const wire::AgencyReviewView* find(const access::AgencyId& agency) const;
};
// Fetches a review. If this person may read the whole review, it is proved: Errc::tampered names the part that differs
// from the signed entries. Others are shown only the part about their own agencies, and believe it; but copies that
// they collect and acts that they sign are proved as always.
Result<ReviewCase> read_review(Session& session, Directory& directory, const access::CaseId& case_);
// Fetches the calendar in force. Errc::tampered unless it is the one that ships, or the one that the last import
// signed.
Result<review::Calendar> read_calendar(Session& session, const Directory& directory);
// The dates from which review/clocks.h computes the clocks. If this person sees only a part of the case, these are the
// dates of that part.
review::CaseDates dates_of(const ReviewCase& shown);
// Compares a review that is shown whole with its course, and computes its clocks again by `calendar`. Errc::tampered
// names the part that differs.
Result<void> check_shown(const Directory& directory, const ReviewCourse& course, const ReviewCase& shown,
                         const review::Calendar& calendar, vault::Instant now);

}  // namespace cli::client
