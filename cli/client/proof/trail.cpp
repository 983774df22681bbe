#include "cli/client/proof/trail.h"

#include "access/replay.h"
#include "audit/entry.h"
#include "audit/tree.h"

namespace cli::client {
namespace {

Error at_entry(std::uint64_t seq, std::string_view why) {
  return {Errc::tampered, "entry " + std::to_string(seq) + ": " + std::string(why)};
}

// The envelopes so far, their tree, and the last entry of each chain.
struct Ledger {
  audit::Frontier tree;
  std::vector<audit::Envelope> envelopes;
  std::map<audit::ChainTag, std::size_t> last;  // the seq of each chain's latest entry

  Result<void> append(std::string_view text) {
    const std::uint64_t seq = envelopes.size();
    auto envelope = audit::decode_envelope(vault::as_bytes(text));
    if (!envelope) return at_entry(seq, "its envelope is malformed");
    if (envelope->seq.value != seq) return at_entry(seq, "it is at another place in the ledger than it says");
    if (seq > 0 && envelope->time < envelopes.back().time) return at_entry(seq, "it is older than the entry before it");
    const auto before = last.find(envelope->chain);
    const bool continues = before == last.end() ? envelope->n == 0 && !envelope->prev
                                                : envelope->n == envelopes[before->second].n + 1 && envelope->prev &&
                                                      envelope->prev->value == before->second;
    if (!continues) return at_entry(seq, "its chain has a gap before it");
    tree.append(audit::leaf_hash(vault::as_bytes(text)));
    last[envelope->chain] = seq;
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
      .size = ledger.envelopes.size(), .root = vault::hex(ledger.tree.root()), .chains = ledger.last.size()};

  // Verifies who caused each entry, and counts how many entries of each chain may be read.
  std::map<audit::ChainTag, std::uint64_t> readable;
  TRY_VOID(each_readable(session, ledger, [&](const VerifiedEntry& entry) -> Result<void> {
    ++trail.bodies;
    ++readable[entry.envelope.chain];
    if (!entry.body.request) return {};
    ++trail.signatures;
    // The directory's own entries were verified when it was loaded. Its enrolments were caused by invitations, not
    // persons.
    if (entry.envelope.chain == directory.chain().tag()) return {};
    if (auto signer = directory.verify_caused(entry); !signer)
      return at_entry(entry.envelope.seq.value, signer.error().message);
    return {};
  }));

  // Replays the chains that may be read whole, in the ledger's order. Entries of other chains only take their place.
  const auto is_whole = [&](const audit::ChainTag& chain) {
    const auto found = readable.find(chain);
    return found != readable.end() && found->second == ledger.envelopes[ledger.last.at(chain)].n + 1;
  };
  if (!is_whole(directory.chain().tag())) return Error{Errc::tampered, "entries of the directory were withheld"};
  if (reads_everything(directory, session.person()))
    for (const auto& [chain, last] : ledger.last)
      if (!is_whole(chain)) return at_entry(last, "entries of its chain were withheld from somebody who may read them");
  TRY(const auto replay, access::Replay::begin(directory.authority()));
  std::uint64_t next = 0;
  const auto skip_to = [&](std::uint64_t seq) -> Result<void> {
    for (; next < seq; ++next) TRY_VOID(replay->next(ledger.envelopes[next], std::nullopt));
    return {};
  };
  TRY_VOID(each_readable(session, ledger, [&](const VerifiedEntry& entry) -> Result<void> {
    if (!is_whole(entry.envelope.chain)) return {};
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
