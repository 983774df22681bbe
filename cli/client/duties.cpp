#include "cli/client/duties.h"

#include "cli/client/copies.h"
#include "cli/client/files/large_upload.h"
#include "cli/client/proof/safe_secrets.h"
#include "cli/client/roots.h"

namespace cli::client {
namespace {

class Syncing {
 public:
  Syncing(Session& session, const Directory& directory, const Ask& ask, const std::optional<access::SafeId>& only)
      : session_(&session), directory_(&directory), ask_(&ask), only_(only) {}

  Result<std::vector<DutyDone>> run() {
    TRY(const auto lines, session_->finish_outbox());
    for (const std::string& line : lines) done_.push_back({"outbox", "", true, line, Errc::internal});
    TRY(wire::DutiesView duties, fetch());
    for (const wire::EpochDuty& duty : duties.confirmations)
      TRY_VOID(report("confirm", duty.safe.to_string(), "Confirmed the nomination for " + duty.safe.to_string(),
                      confirm(duty)));
    for (const wire::EpochDuty& duty : duties.epochs)
      TRY_VOID(report("epoch", duty.safe.to_string(), "Began a new epoch of " + duty.safe.to_string(), start(duty)));
    if (!duties.confirmations.empty() || !duties.epochs.empty()) {
      TRY(duties, fetch());  // because wraps and shares depend on both
    }
    TRY_VOID(wrap_all(duties.wraps));
    for (const wire::ShareDuty& duty : duties.shares)
      TRY_VOID(report("shares", duty.safe.to_string(), "Completed the recovery shares of " + duty.safe.to_string(),
                      complete(duty)));
    for (const access::CopyId& copy : duties.preparations)
      TRY_VOID(report("prepare", copy.to_string(), "Prepared " + copy.to_string() + " for its holder", prepare(copy)));
    for (const access::CopyId& copy : duties.deliveries)
      TRY_VOID(report("deliver", copy.to_string(), "Acknowledged the delivery of " + copy.to_string(),
                      acknowledge_delivery(*session_, copy)));
    return std::move(done_);
  }

 private:
  Result<wire::DutiesView> fetch() { return session_->get<wire::DutiesView>("/v1/duties"); }

  Result<void> report(std::string duty, std::string subject, std::string text, const Result<void>& result) {
    if (result) {
      done_.push_back({std::move(duty), std::move(subject), true, std::move(text), Errc::internal});
      return {};
    }
    if (result.code() == Errc::unavailable) return result;
    std::string what = "Still owed (" + duty + ", " + subject + "): " + result.error().message;
    done_.push_back({std::move(duty), std::move(subject), false, std::move(what), result.code()});
    return {};
  }

  // Confirms a nomination, after checking that the wrap opens and agrees with the safe's certified key and commitments.
  Result<void> confirm(const wire::EpochDuty& duty) {
    TRY(const VerifiedSafe safe, verify_safe(*session_, *directory_, duty.safe));
    TRY_VOID(open_safe(*session_, safe));
    TRY_VOID(session_->act(wire::ConfirmNomination{duty.safe, safe.current().epoch}));
    return {};
  }

  Result<void> start(const wire::EpochDuty& duty) {
    TRY(const VerifiedSafe safe, verify_safe(*session_, *directory_, duty.safe));
    if (safe.current().epoch != duty.epoch) return {};  // another keyholder was faster
    TRY(const SafeSecrets secrets, open_safe(*session_, safe));
    // Only those who hold the key of this epoch get the next one.
    std::vector<access::PersonId> keyholders;
    for (const auto& [person, state] : safe.nominations) {
      const bool is_nominated = state == access::NominationState::active || state == access::NominationState::pending;
      if (is_nominated && safe.current().wraps.contains(person)) keyholders.push_back(person);
    }
    TRY(NewEpoch epoch, make_epoch(*directory_, duty.safe, duty.epoch + 1, keyholders, &secrets.identities.back()));
    TRY_VOID(session_->stage(epoch.values));
    TRY_VOID(session_->act(wire::StartEpoch{duty.safe, duty.epoch + 1, std::move(epoch.key)}));
    return {};
  }

  // The safes whose keys one person waits for, verified.
  struct Waiting {
    std::vector<VerifiedSafe> safes;
    std::optional<Question> question;  // about the safes whose keys they never held
  };

  // Asks once about each person, even if they were nominated for several safes.
  Result<void> wrap_all(const std::vector<wire::WrapDuty>& duties) {
    std::map<access::PersonId, Waiting> waiting;
    for (const wire::WrapDuty& duty : duties) {
      if (only_ && duty.safe != *only_) continue;
      const auto looked = look_at(duty, waiting[duty.person]);
      if (!looked) TRY_VOID(report_wrap(duty.safe, duty.person, looked));
    }
    for (const auto& [person, theirs] : waiting) {
      const Result<void> agreed = theirs.question ? agree(*theirs.question) : Result<void>();
      for (const VerifiedSafe& safe : theirs.safes) {
        const bool is_new = theirs.question && listed(theirs.question->safes, safe.safe);
        TRY_VOID(report_wrap(safe.safe, person, is_new && !agreed ? agreed : wrap(safe, person)));
      }
    }
    return {};
  }
  static bool listed(const std::vector<Question::Safe>& safes, const access::SafeId& safe) {
    return std::ranges::find(safes, safe, &Question::Safe::safe) != safes.end();
  }
  Result<void> report_wrap(const access::SafeId& safe, const access::PersonId& person, const Result<void>& result) {
    return report("wrap", safe.to_string(), "Wrapped the key of " + safe.to_string() + " for " + person.to_string(),
                  result);
  }

  Result<void> look_at(const wire::WrapDuty& duty, Waiting& theirs) {
    TRY(VerifiedSafe safe, verify_safe(*session_, *directory_, duty.safe));
    const auto nomination = safe.nominations.find(duty.person);
    if (nomination == safe.nominations.end() || nomination->second != access::NominationState::pending)
      return Error{Errc::tampered, "the service asks to wrap a safe's key for somebody whom nobody nominated"};
    if (safe.current().wraps.contains(duty.person)) return {};
    TRY(const Person* person, directory_->certified(duty.person));
    const Nominated& nominated = safe.nominated.at(duty.person);
    if (!nominated.has_held) {
      if (!theirs.question)
        theirs.question =
            Question{.person = duty.person, .fingerprint = fingerprint(*person), .safes = {}, .copy = std::nullopt};
      theirs.question->safes.push_back({.safe = duty.safe,
                                        .agency = safe.agency,
                                        .case_ = safe.case_,
                                        .by = nominated.by,
                                        .signed_at = nominated.time});
    }
    theirs.safes.push_back(std::move(safe));
    return {};
  }

  Result<void> wrap(const VerifiedSafe& safe, const access::PersonId& nominee) {
    TRY(const Person* person, directory_->certified(nominee));
    TRY(const SafeSecrets secrets, open_safe(*session_, safe));
    const std::uint64_t epoch = safe.current().epoch;
    TRY(const Bytes file, make_wrap(safe.safe, epoch, secrets.identities.back(), secrets.shares, person->recipient));
    TRY(const Digest digest, session_->stage(file));
    TRY_VOID(session_->act(wire::WrapNomination{safe.safe, epoch, {nominee, digest}}));
    return {};
  }

  Result<void> prepare(const access::CopyId& copy) {
    return prepare_copy(*session_, *directory_, copy, [&](const SignedIssue& issue) -> Result<void> {
      TRY(const bool remembered, recall_issuing(session_->home(), issue.command));
      if (remembered) return {};
      TRY(const Person* holder, directory_->certified(issue.command.holder));
      return agree({.person = holder->id,
                    .fingerprint = fingerprint(*holder),
                    .safes = {{.safe = issue.safe.safe,
                               .agency = issue.safe.agency,
                               .case_ = issue.safe.case_,
                               .by = session_->person(),
                               .signed_at = issue.signed_at}},
                    .copy = Question::Copy{.copy = copy,
                                           .number = issue.number,
                                           .records = issue.command.records.size(),
                                           .purpose = issue.command.purpose,
                                           .due = issue.command.due}});
    });
  }

  Result<void> agree(const Question& question) {
    switch ((*ask_)(question)) {
      case Consent::yes:
        return {};
      case Consent::no:
        return Error{Errc::conflict,
                     "you did not agree that " + question.person.to_string() +
                         " gets it. Your next command asks again" +
                         (question.copy ? "" : ", until a lead or SPOC ends the nomination (strongroom nominate end)")};
      case Consent::unanswered:
        return Error{Errc::conflict,
                     "whether " + question.person.to_string() +
                         " gets it needs your agreement: run strongroom sync at a terminal, or strongroom "
                         "sync --yes once you have compared the fingerprint with them"};
    }
    return Error{Errc::internal, "no such answer"};
  }

  Result<void> complete(const wire::ShareDuty& duty) {
    TRY(const VerifiedSafe safe, verify_safe(*session_, *directory_, duty.safe));
    TRY(const SafeSecrets secrets, open_safe(*session_, safe));
    TRY(NewShares made, make_shares(*directory_, safe, secrets.shares, duty.custodians));
    if (made.shares.empty()) return {};
    TRY_VOID(session_->stage(made.values));
    TRY_VOID(session_->act(wire::CompleteShares{duty.safe, safe.current().epoch, std::move(made.shares)}));
    return {};
  }

  Session* session_;
  const Directory* directory_;
  const Ask* ask_;
  std::optional<access::SafeId> only_;
  std::vector<DutyDone> done_;
};

}  // namespace

Consent ask_nobody(const Question&) {
  return Consent::unanswered;
}

Result<std::vector<DutyDone>> sync(Session& session, Directory& directory, const Ask& ask,
                                   const std::optional<access::SafeId>& only) {
  TRY_VOID(directory.update(session));
  TRY(auto done, Syncing(session, directory, ask, only).run());
  static_cast<void>(forget_gone_uploads(session));  // if this fails, the next sync tries again
  return done;
}

}  // namespace cli::client
