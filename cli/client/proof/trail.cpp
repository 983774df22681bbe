#include "cli/client/proof/trail.h"

#include <algorithm>

#include "access/replay.h"
#include "audit/heads.h"
#include "audit/tree.h"

namespace cli::client {
namespace {

constexpr audit::ChainNumber kDirectory = wire::number_at_genesis(access::ChainSort::directory);
constexpr audit::ChainNumber kCases = wire::number_at_genesis(access::ChainSort::cases);
constexpr audit::ChainNumber kRefusals = wire::number_at_genesis(access::ChainSort::refusals);
constexpr audit::ChainNumber kService = wire::number_at_genesis(access::ChainSort::service);

Error at_entry(std::uint64_t seq, std::string_view why) {
  return {Errc::tampered, "entry " + std::to_string(seq) + ": " + std::string(why)};
}

// The envelopes so far, their tree, and the heads of their chains.
struct Ledger {
  audit::Frontier tree;
  std::vector<audit::Envelope> envelopes;
  audit::HeadsVerifier heads;

  Result<void> append(std::string_view text) {
    const std::uint64_t seq = envelopes.size();
    auto envelope = audit::decode_envelope(vault::as_bytes(text));
    if (!envelope) return at_entry(seq, "its envelope is malformed");
    if (envelope->seq.value != seq) return at_entry(seq, "it is at another place in the ledger than it says");
    if (seq > 0 && envelope->time < envelopes.back().time) return at_entry(seq, "it is older than the entry before it");
    const Digest leaf = audit::leaf_hash(vault::as_bytes(text));
    TRY_VOID(heads.next(*envelope, leaf));
    tree.append(leaf);
    envelopes.push_back(std::move(*envelope));
    return {};
  }
};

// Fetches envelopes until they make the ledger of the checkpoint that was kept last, and compares the root.
Result<Ledger> fetch_ledger(Session& session, const std::function<void(std::uint64_t)>& progress) {
  Ledger ledger;
  while (true) {
    TRY(const auto page,
        session.get<wire::Page<wire::EntryView>>("/v1/log/envelopes?from=" + std::to_string(ledger.envelopes.size())));
    const auto latest = session.checkpoint();
    if (!latest) return Error{Errc::tampered, "the service gave no checkpoint"};
    const std::uint64_t size = latest->checkpoint.size.value;
    for (const wire::EntryView& entry : page.items) {
      if (ledger.envelopes.size() == size) break;  // the other entries are newer than the checkpoint
      TRY_VOID(ledger.append(entry.envelope));
    }
    if (progress) progress(ledger.envelopes.size());
    if (ledger.envelopes.size() == size) {
      if (ledger.tree.root() != latest->checkpoint.root)
        return Error{Errc::tampered, "the ledger's entries do not make the root that the log has signed"};
      return ledger;
    }
    if (page.items.empty()) return Error{Errc::tampered, "the ledger is shorter than its checkpoint says"};
  }
}

// Passes each entry that this person may read to `take`, in ascending order, after it has shown that the envelope binds
// the body.
Result<void> each_readable(Session& session, const Ledger& ledger,
                           const std::function<Result<void>(VerifiedEntry)>& take) {
  std::optional<std::string> from;
  std::uint64_t least = 0;  // because no entry may come twice
  do {
    TRY(auto page, session.get<wire::Page<wire::EntryView>>(from ? "/v1/trail?from=" + *from : "/v1/trail"));
    for (wire::EntryView& view : page.items) {
      auto envelope = audit::decode_envelope(vault::as_bytes(view.envelope));
      if (!envelope || !view.body) return Error{Errc::tampered, "the trail contains an entry without its body"};
      const std::uint64_t seq = envelope->seq.value;
      if (seq >= ledger.envelopes.size()) continue;  // newer than the checkpoint that is being verified
      if (seq < least) return at_entry(seq, "the trail is out of order");
      least = seq + 1;
      if (*envelope != ledger.envelopes[seq]) return at_entry(seq, "its envelope is not the one in the ledger");
      if (!audit::verify_body(*envelope, vault::as_bytes(*view.body)))
        return at_entry(seq, "its body is not the one in the ledger");
      auto body = wire::read_entry(*view.body);
      if (!body) return at_entry(seq, "its body is malformed");
      TRY_VOID(take({std::move(*envelope), std::move(*body), std::move(view)}));
    }
    if (page.next && page.next == from) return Error{Errc::tampered, "the trail does not end"};
    from = std::move(page.next);
  } while (from);
  return {};
}

// The entries that this person may read, counted by chain.
class Readable {
 public:
  void add(const VerifiedEntry& entry) {
    ++counts_[entry.envelope.chain];
    const auto& about = entry.body.ids.case_;
    if (!about) return;
    if (entry.body.kind == wire::CaseReferred::kKind) referred_.insert(*about);
    // The chains that an entry begins follow directly after it, so nobody can say that there are fewer.
    const std::size_t begun = wire::chains_begun_by(entry.body.kind).size();
    for (std::size_t i = 1; i <= begun; ++i) beginnings_[*about].insert(entry.envelope.seq.value + i);
  }
  bool is_whole(const Ledger& ledger, audit::ChainNumber chain) const {
    const auto found = counts_.find(chain);
    return found != counts_.end() && found->second == ledger.heads.head(chain).n + 1;
  }
  // The cases whose referral may be read, and every chain of theirs and of their safes.
  std::set<access::CaseId> whole_cases(const Ledger& ledger) const {
    std::set<access::CaseId> whole;
    for (const auto& [about, beginnings] : beginnings_)
      if (referred_.contains(about) && std::ranges::all_of(beginnings, [&](std::uint64_t seq) {
            return seq < ledger.envelopes.size() && is_whole(ledger, ledger.envelopes[seq].chain);
          }))
        whole.insert(about);
    return whole;
  }

 private:
  std::map<audit::ChainNumber, std::uint64_t> counts_;
  std::map<access::CaseId, std::set<std::uint64_t>> beginnings_;  // the seqs of the first entries of chains
  std::set<access::CaseId> referred_;
};

// Whether the permission table lets this person read every entry of every case.
bool reads_everything(const Directory& directory, const access::PersonId& id) {
  const Person* person = directory.find(id);
  if (person == nullptr) return false;
  return access::permit(access::Action::read_entry, person->capacities()).permitted();
}

}  // namespace

Result<VerifiedTrail> verify_trail(Session& session, Directory& directory,
                                   const std::function<void(std::uint64_t)>& progress) {
  TRY(const Ledger ledger, fetch_ledger(session, progress));
  TRY_VOID(directory.update(session));
  VerifiedTrail trail{
      .size = ledger.envelopes.size(), .root = vault::hex(ledger.tree.root()), .chains = ledger.heads.chains()};

  // Verifies who caused each entry, and counts how many entries of each chain may be read.
  Readable readable;
  TRY_VOID(each_readable(session, ledger, [&](const VerifiedEntry& entry) -> Result<void> {
    ++trail.bodies;
    readable.add(entry);
    if (!entry.body.request) return {};
    ++trail.signatures;
    // The directory's own entries were verified when it was loaded. Its enrolments were caused by invitations, not
    // persons. A refusal may be of an invitation too; the replay derives it.
    if (entry.envelope.chain == kDirectory) return {};
    if (entry.envelope.chain == kRefusals && access::InvitationId::parse(entry.body.actor.value_or(""))) return {};
    if (auto signer = directory.verify_caused(entry); !signer)
      return at_entry(entry.envelope.seq.value, signer.error().message);
    return {};
  }));
  for (const audit::ChainNumber chain : {kDirectory, kService})
    if (!readable.is_whole(ledger, chain))
      return Error{Errc::tampered, "entries of the directory or of the service were withheld"};
  if (reads_everything(directory, session.person()))
    for (std::uint64_t chain = 0; chain < ledger.heads.chains(); ++chain)
      if (!readable.is_whole(ledger, {chain}))
        return at_entry(ledger.heads.head({chain}).seq.value,
                        "entries of its chain were withheld from somebody who may read them");

  // Replays the cases that may be read whole, in the ledger's order. Other entries only take their place.
  const std::set<access::CaseId> cases = readable.whole_cases(ledger);
  const auto is_replayed = [&](const VerifiedEntry& entry) {
    const audit::ChainNumber chain = entry.envelope.chain;
    if (chain == kDirectory || chain == kService) return true;
    if (chain == kRefusals) return readable.is_whole(ledger, chain);
    const auto& about = entry.body.ids.case_;
    return about ? cases.contains(*about) : chain == kCases;  // where only the chain's beginning is about no case
  };
  TRY(const auto replay, access::Replay::begin(directory.authority(), access::kPolicyVersion, session.log_key()));
  std::uint64_t next = 0;
  const auto skip_to = [&](std::uint64_t seq) -> Result<void> {
    for (; next < seq; ++next) TRY_VOID(replay->next(ledger.envelopes[next], std::nullopt));
    return {};
  };
  TRY_VOID(each_readable(session, ledger, [&](const VerifiedEntry& entry) -> Result<void> {
    if (!is_replayed(entry)) return {};
    TRY_VOID(skip_to(entry.envelope.seq.value));
    TRY_VOID(replay->next(entry.envelope, vault::as_bytes(*entry.text.body)));
    ++next;
    ++trail.replayed;
    return {};
  }));
  TRY_VOID(skip_to(ledger.envelopes.size()));
  TRY_VOID(replay->finish());
  return trail;
}

}  // namespace cli::client
