#include "service/scrub.h"

#include <algorithm>

#include "vault/payload/digest.h"

namespace service {

namespace wire = access::wire;
using vault::Errc;
using vault::Error;
using vault::Result;
using vault::payload::RecordId;
using vault::payload::SealedPayload;

namespace {

constexpr std::string_view kRow = "scrub";
constexpr std::chrono::minutes kPauseBetweenTurns{1};

// Whether the error means that bytes are missing or altered, and not, for example, that we were stopped.
bool is_damage(Errc code) {
  return code == Errc::tampered || code == Errc::malformed || code == Errc::io;
}

}  // namespace

Pace::Time Pace::after(std::uint64_t bytes, Time now) {
  constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
  due_ =
      std::max(due_, now) + std::chrono::nanoseconds(bytes * kNanosecondsPerSecond / std::max<std::uint64_t>(rate_, 1));
  return due_;
}

Result<std::optional<ScrubState>> Scrub::state() const {
  TRY(const auto txn, store_.engine().read());
  TRY(const auto row, store_.jobs().get(*txn, vault::as_bytes(kRow)));
  if (!row) return std::optional<ScrubState>();
  TRY(ScrubState state, wire::decode<ScrubState>(vault::as_text(*row), wire::Strictness::tolerant));
  return std::optional(std::move(state));
}

Result<void> Scrub::save(const ScrubState& state) {
  TRY(const auto txn, store_.engine().write());
  TRY_VOID(store_.jobs().put(*txn, vault::as_bytes(kRow), vault::as_bytes(wire::encode(state))));
  return txn->commit();
}

Result<void> Scrub::begin() {
  ScrubState fresh;
  fresh.started = clock_();
  return save(fresh);
}

Result<void> Scrub::put_off() {
  ScrubState none;
  none.started = clock_();
  none.finished = none.started;
  return save(none);
}

Result<bool> Scrub::step(const GoOn& go_on) {
  TRY(auto known, state());
  if (!known || known->finished) return false;
  ScrubState& at = *known;
  std::optional<RecordId> after;
  if (at.after) {
    TRY(after, RecordId::parse(*at.after));
  }
  std::vector<SealedPayload> page;
  {
    TRY(const auto txn, store_.engine().read());
    TRY(page, store_.payload().list(*txn, after, kScrubStepRecords));
  }
  std::uint64_t bytes = 0;
  for (const SealedPayload& sealed : page) {
    const auto verified = store_.payload().verify(sealed.record, sealed.payload.digest, [&] {
      return go_on(std::min<std::uint64_t>(vault::payload::kBlockSize, sealed.payload.length));
    });
    if (!verified && is_damage(verified.code())) {
      if (at.damaged.size() < kMaxScrubFindings)
        at.damaged.push_back({sealed.record.to_string(), verified.error().message});
      else
        ++at.more_damaged;
    } else if (!verified && verified.code() != Errc::not_found) {  // not_found: it was disposed of in the meantime
      TRY_VOID(save(at));
      return verified.error();
    }
    at.after = sealed.record.to_string();
    ++at.records;
    at.bytes += sealed.payload.length;
    bytes += sealed.payload.length;
    if (bytes >= kScrubStepBytes) break;
  }
  if (page.empty()) at.finished = clock_();
  TRY_VOID(save(at));
  return !at.finished;
}

ScrubJob::ScrubJob(access::Store& store, vault::Clock clock, Log& log)
    : scrub_(store, clock), clock_(std::move(clock)), log_(log) {}

ScrubJob::~ScrubJob() {
  stop();
}

void ScrubJob::publish(const ScrubState& state) {
  damaged_ = state.damaged.size() + state.more_damaged;
  if (state.finished && state.records != 0) last_finished_ = state.finished->unix_ms / vault::kMillisecondsPerSecond;
  for (; reported_ < state.damaged.size(); ++reported_) {
    const ScrubFinding& found = state.damaged[reported_];
    log_.failure("scrub", {Errc::tampered, found.record + ": " + found.problem});
  }
}

Result<bool> ScrubJob::turn(const Scrub::GoOn& go_on) {
  TRY(auto state, scrub_.state());
  if (!state) {
    TRY_VOID(scrub_.put_off());
    return false;
  }
  publish(*state);
  if (state->finished) {
    if (clock_().unix_ms - state->finished->unix_ms < kScrubEveryMs) return false;
    TRY_VOID(scrub_.begin());
    reported_ = 0;
  }
  TRY(const bool more, scrub_.step(go_on));
  TRY(state, scrub_.state());
  publish(*state);
  return more;
}

void ScrubJob::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void ScrubJob::run(const std::stop_token& stop) {
  using Time = std::chrono::steady_clock;
  Pace pace(kBackgroundScrubBytesPerSecond, Time::now());
  const auto go_on = [&](std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, pace.after(bytes, Time::now()), [] { return false; });
    return !stop.stop_requested();
  };
  while (!stop.stop_requested()) {
    const auto went = turn(go_on);
    if (!went && went.code() != Errc::cancelled) log_.failure("scrub", went.error());
    if (went && *went) continue;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, kPauseBetweenTurns, [] { return false; });
  }
}

void ScrubJob::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace service
