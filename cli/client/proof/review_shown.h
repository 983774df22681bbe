// A review as the service shows it, compared with the course that its own entries tell (review_course.h).
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
// For whoever sees the whole review it is proved (review_course.h): Errc::tampered says what is not as it was signed.
// Others are shown their own agencies' part, and believe it; what they collect and sign is proved as any copy and act.
Result<ReviewCase> read_review(Session& session, Directory& directory, const access::CaseId& case_);
// The calendar in force. Errc::tampered when it is not the one that ships, or that the last import signed.
Result<review::Calendar> read_calendar(Session& session, const Directory& directory);
// As review/clocks.h reckons with it. Of a case that this person sees in part: their agencies' part alone.
review::CaseDates dates_of(const ReviewCase& shown);
// That `shown`, seen whole, shows nothing else; its clocks are reckoned again by `calendar`. Errc::tampered says what
// is shown otherwise.
Result<void> check_shown(const Directory& directory, const ReviewCourse& course, const ReviewCase& shown,
                         const review::Calendar& calendar, vault::Instant now);

}  // namespace cli::client
