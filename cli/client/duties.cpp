#include "cli/client/duties.h"

#include "cli/client/copies.h"
#include "cli/client/large_upload.h"

namespace cli::client {
namespace {

class Syncing {
 public:
  Syncing(Session& session, const Directory& directory) : session_(&session), directory_(&directory) {}

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
      TRY(duties, fetch());  // what is owed for keys depends on both
    }
    for (const wire::WrapDuty& duty : duties.wraps)
      TRY_VOID(report("wrap", duty.safe.to_string(),
                      "Wrapped the key of " + duty.safe.to_string() + " for " + duty.person.to_string(), wrap(duty)));
    for (const wire::ShareDuty& duty : duties.shares)
      TRY_VOID(report("shares", duty.safe.to_string(), "Completed the recovery shares of " + duty.safe.to_string(),
                      complete(duty)));
    for (const access::CopyId& copy : duties.preparations)
      TRY_VOID(report("prepare", copy.to_string(), "Prepared " + copy.to_string() + " for its holder",
                      prepare_copy(*session_, *directory_, copy)));
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

  // The nominee's half: the wrap is for this very key, and its shares are those that the opening commits to.
  Result<void> confirm(const wire::EpochDuty& duty) {
    TRY(const VerifiedSafe safe, verify_safe(*session_, *directory_, duty.safe));
    TRY_VOID(open_safe(*session_, safe));
    TRY_VOID(session_->act(wire::ConfirmNomination{duty.safe, safe.current().epoch}));
    return {};
  }

  Result<void> start(const wire::EpochDuty& duty) {
    TRY(const VerifiedSafe safe, verify_safe(*session_, *directory_, duty.safe));
    if (safe.current().epoch != duty.epoch) return {};  // somebody else was faster
    TRY(const SafeSecrets secrets, open_safe(*session_, safe));
    std::vector<access::PersonId> keyholders;
    for (const auto& [person, state] : safe.nominations) {
      const bool pending_with_key = state == access::NominationState::pending && safe.current().wraps.contains(person);
      if (state == access::NominationState::active || pending_with_key) keyholders.push_back(person);
    }
    TRY(NewEpoch epoch, make_epoch(*directory_, duty.safe, duty.epoch + 1, keyholders, &secrets.identities.back()));
    TRY_VOID(session_->stage(epoch.values));
    TRY_VOID(session_->act(wire::StartEpoch{duty.safe, duty.epoch + 1, std::move(epoch.key)}));
    return {};
  }

  Result<void> wrap(const wire::WrapDuty& duty) {
    TRY(const VerifiedSafe safe, verify_safe(*session_, *directory_, duty.safe));
    const auto nomination = safe.nominations.find(duty.person);
    if (nomination == safe.nominations.end() || nomination->second != access::NominationState::pending)
      return Error{Errc::tampered, "the service asks to wrap a safe's key for somebody whom nobody nominated"};
    if (safe.current().wraps.contains(duty.person)) return {};
    TRY(const Person* person, directory_->certified(duty.person));
    TRY(const SafeSecrets secrets, open_safe(*session_, safe));
    const std::uint64_t epoch = safe.current().epoch;
    TRY(const Bytes file, make_wrap(duty.safe, epoch, secrets.identities.back(), secrets.shares, person->recipient));
    TRY(const Digest digest, session_->stage(file));
    TRY_VOID(session_->act(wire::WrapNomination{duty.safe, epoch, {duty.person, digest}}));
    return {};
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
  std::vector<DutyDone> done_;
};

}  // namespace

Result<std::vector<DutyDone>> sync(Session& session, Directory& directory) {
  TRY_VOID(directory.update(session));
  TRY(auto done, Syncing(session, directory).run());
  static_cast<void>(forget_gone_uploads(session));  // keeping house is no duty: the next sync tries again
  return done;
}

}  // namespace cli::client
