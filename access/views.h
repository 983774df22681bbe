// Answers what an enrolled person may read: every GET of docs/formats.md is a function of one snapshot. Each read is
// permitted by the table (permit.h). A refused read comes back as a Refusal, which the caller must record through the
// gate before it answers.
//
// A View must not outlive its transaction, and a transaction must not last longer than one page. A View is not thread
// safe. Its sources are in access/views/, one for each subject.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "access/acts/act.h"
#include "access/store.h"
#include "access/views/places.h"
#include "access/wire/calendar.h"
#include "access/wire/cases.h"
#include "access/wire/copies.h"
#include "access/wire/course.h"
#include "access/wire/decision.h"
#include "access/wire/directory.h"
#include "access/wire/entry.h"
#include "access/wire/holdings.h"
#include "access/wire/meeting.h"
#include "access/wire/outcome.h"
#include "access/wire/page.h"
#include "access/wire/records.h"
#include "access/wire/register.h"
#include "access/wire/safes.h"
#include "access/wire/scoping.h"

namespace strongroom::review {
class Calendar;
}
namespace strongroom::access {

struct ReviewStatus;
inline constexpr std::size_t kMaxPageBytes = 4U << 20;  // of bodies, headers and descriptors on one page
inline constexpr std::size_t kMaxScan = 20'000;         // rows or entries that one page looks at

// The result of a read, or its refusal. Errc::not_found if the thing is visible but does not contain what was asked
// for, Errc::invalid_argument for a parameter of a wrong form, Errc::conflict if the case is not at the stage that this
// read requires.
template <class T>
using Viewed = Result<std::variant<T, Refusal>>;

// A page "with receipts". The entries are only in the receipt, ascending by seq. If there is no receipt, the page has
// no entries. A page of a chain also proves where the chain ends, so that nothing can be left out. Its cursor is the
// number of an entry in the chain. The first page of a case's or a safe's chain begins with the entry of another chain
// whose act began it.
struct EntryPage {
  std::optional<audit::Receipt> receipt;
  std::optional<std::string> next;
  std::optional<audit::ChainEnd> end;
};

struct RecordFilter {
  std::optional<RecordClass> class_;
  std::optional<std::string> subject;
};
struct CopyFilter {
  std::optional<CaseId> case_;
  std::optional<std::uint64_t> number;
  bool overdue = false;
  bool mine = false;
};
struct TrailFilter {
  std::optional<CaseId> case_;
  std::optional<AgencyId> agency;
  std::optional<PersonId> person;  // the person who acted, or whom the entry names
  std::optional<RecordId> record;
  std::optional<CopyId> copy;
  std::optional<std::string> kind;
  std::optional<Instant> since;
  std::optional<Instant> until;  // not included
};
// Permits somebody to read a record's ciphertext.
struct PayloadPermit {
  RecordId record;
  std::uint64_t length = 0;
};

class View {
 public:
  // Errc::refused for somebody who is not enrolled, or who was revoked. `store` and `txn` must outlive the View.
  static Result<View> of(const Store& store, const ReadTransaction& txn, const PersonId& person, Instant now);

  // In all listings `from` is the `next` of the page before, or empty for the first page.
  Result<wire::PersonView> whoami() const;
  Result<wire::DutiesView> duties() const;
  Result<wire::Page<wire::AgencyView>> agencies(std::string_view from) const;
  Result<wire::Page<wire::PersonView>> persons(std::string_view from) const;

  Result<wire::Page<wire::CaseView>> cases(std::string_view from) const;
  Viewed<wire::CaseView> find_case(std::string_view id_or_reference) const;

  // Errc::not_found names a year of the case's dates whose bank holidays are not known.
  Viewed<wire::ReviewView> review(std::string_view id_or_reference) const;
  // Returns the chain from which `review` is made, together with the records of the review safe. A client that reads
  // them need not believe the view.
  Viewed<EntryPage> review_chain(const CaseId& id, std::string_view from) const;
  Result<wire::CalendarView> calendar() const;

  Viewed<wire::Page<wire::SafeView>> safes(const std::optional<CaseId>& id, std::string_view from) const;
  Viewed<wire::SafeView> safe(const SafeId& id) const;
  Viewed<wire::SafeKeysView> safe_keys(const SafeId& id) const;
  // Return chains of the safe: its keys, their recovery, and its records with what was declared about them.
  Viewed<EntryPage> keys_chain(const SafeId& id, std::string_view from) const;
  Viewed<EntryPage> recovery_chain(const SafeId& id, std::string_view from) const;
  Viewed<EntryPage> records_chain(const SafeId& id, std::string_view from) const;
  // Returns the notes that declarations and items name.
  Viewed<wire::Page<wire::SealedNote>> notes(const SafeId& id, std::string_view from) const;
  Viewed<wire::Page<wire::RecordView>> records(const SafeId& id, const RecordFilter& filter,
                                               std::string_view from) const;
  // Returns the entry that sealed the record.
  Viewed<EntryPage> sealing(const RecordId& id) const;
  Viewed<wire::RecordView> record(const RecordId& id) const;

  Viewed<wire::Page<wire::CopyView>> copies(const CopyFilter& filter, std::string_view from) const;
  Viewed<wire::CopyView> copy(std::string_view id_or_number) const;
  Viewed<wire::Page<wire::CopyRecordView>> copy_records(const CopyId& id, std::string_view from) const;
  // Returns the entries that sealed its records, that issued it and that prepared it.
  Viewed<EntryPage> copy_entries(const CopyId& id, std::string_view from) const;
  // Releases keys, so call it only once the copy's entries are durable. This is so for every copy that a snapshot
  // shows.
  Viewed<wire::Page<wire::CopyHeader>> copy_headers(const CopyId& id, std::string_view from) const;
  Viewed<wire::Page<wire::CopyHeader>> copy_files(const CopyId& id, std::string_view from) const;
  Viewed<Bytes> copy_index(const CopyId& id) const;
  Viewed<PayloadPermit> payload(const CopyId& id, const RecordId& record) const;

  // Permits somebody to begin an upload if they may secure records anywhere.
  Viewed<std::monostate> may_upload() const;

  Result<std::vector<Digest>> consistency(std::uint64_t from, std::uint64_t to) const;
  Result<wire::Page<wire::EntryView>> envelopes(std::string_view from) const;
  Result<EntryPage> directory(std::string_view from) const;
  Viewed<wire::Page<wire::EntryView>> trail(const TrailFilter& filter, std::string_view from) const;

  // Returns whether this person may read the body of that entry. The permission table decides: `read_directory` for
  // entries of the directory; for others `read_entry`, or the action that lets somebody read one of the entry's
  // listings.
  Result<bool> may_read(const audit::Envelope& envelope, const wire::EntryBody& body) const;

 private:
  View(const Store& store, const ReadTransaction& txn, Standing standing, Instant now)
      : store_(&store), txn_(&txn), standing_(std::move(standing)), now_(now) {}

  Result<bool> reads_listing(wire::Listing listing, const wire::Concerned& ids) const;
  Result<EntryPage> entry_page(std::vector<audit::LeafIndex> seqs) const;
  // `beginning`: the entry of another chain whose act began this one.
  Result<EntryPage> chain_page(audit::ChainNumber chain, std::optional<audit::LeafIndex> beginning,
                               std::string_view from) const;
  template <Action action>
  Viewed<EntryPage> safe_chain(const SafeId& id, ChainSort sort, std::string_view from) const;

  // Returns the place once the action is permitted there. It compiles only with an action that is asked of such a
  // place, so that refusal_of_read comes to the same refusal.
  template <Action action>
    requires(place_of_read(action) == ReadPlace::case_)
  Viewed<CasePlace> enter(const CaseId& id) const {
    return enter_by_id(id, action);
  }
  template <Action action>
    requires(place_of_read(action) == ReadPlace::safe)
  Viewed<SafePlace> enter(const SafeId& id) const {
    return enter_by_id(id, action);
  }
  template <Action action>
    requires(place_of_read(action) == ReadPlace::copy)
  Viewed<CopyPlace> enter(const CopyId& id) const {
    return enter_by_id(id, action);
  }
  template <class Id>
  Viewed<PlaceOf<Id>> enter_by_id(const Id& id, Action action) const {
    TRY(auto place, standing_.find(id));
    if (!place) return no_such_thing(action);
    if (auto refused = refusal(action, *place)) return std::move(*refused);
    return std::move(*place);
  }

  Result<std::string> text(const std::optional<Digest>& digest, std::string_view otherwise) const;
  // Returns the texts and random bytes that prove the words in a review's view.
  Result<std::vector<wire::ShownTextView>> shown_texts(const ReviewStatus& review) const;
  Result<std::optional<std::string>> words(
      const std::optional<Digest>& digest) const;  // the free text, or nothing without a digest
  Result<wire::AgencyReviewView> show(const CaseRow& row, const AgencyReviewRow& agency,
                                      const review::Calendar& calendar, bool whole) const;
  Result<wire::DecisionView> show(const DecisionRow& row, const DirectoryRow& directory) const;
  Result<void> add_the_rest(wire::ReviewView& view, const CaseRow& row, const ReviewStatus& review) const;
  Result<wire::PersonView> show(const PersonRow& row) const;
  wire::CaseView show(const CaseRow& row) const;
  Result<wire::SafeView> show(const SafeRow& row) const;
  Result<wire::RecordView> show(const RecordRow& row, bool with_descriptor) const;
  wire::CopyView show(const CopyRow& row) const;
  Result<Bytes> stored(BesideTable table, ByteView key, const Digest& digest) const;
  Result<wire::Page<wire::CopyHeader>> header_page(const CopyRow& copy, bool rewritten, std::string_view from) const;

  const Store* store_;          // not owned
  const ReadTransaction* txn_;  // not owned
  Standing standing_;
  Instant now_;
};

// Returns the refusal of a read by `action`, found from the ids in its signed target. A View of the same state refuses
// the same. Returns nothing if the read is permitted, or if the action is not one of reading. The gate asks it again
// before it records a refusal, and replay asks it when it finds a recorded one.
Result<std::optional<Refusal>> refusal_of_read(const State& state, const ReadTransaction& txn, const Actor& actor,
                                               Action action, std::string_view target,
                                               PolicyVersion policy = kPolicyVersion);

}  // namespace strongroom::access
