#include "cli/client/act_receipt.h"

#include <algorithm>
#include <array>

#include "access/wire/commands.h"
#include "access/wire/http_signature.h"
#include "cli/client/directory.h"

namespace cli::client {
namespace {

namespace json = wire::json;

// What the command of each act becomes. Its members stand in the entry's detail with the same values; where `each`
// names a list of the command, there is one entry for each of its items, and the item stands in that one.
struct ActKind {
  std::string_view command;
  std::string_view event;
  std::string_view each = {};
};
constexpr auto kActKinds = std::to_array<ActKind>({
    {"person.invite", "person.invited"},
    {"person.enrol", "person.enrolled"},
    {"person.join", "person.joined"},
    {"person.revoke", "person.revoked"},
    {"agency.add", "agency.added"},
    {"case.refer", "case.referred"},
    {"case.ask", "agencies.asked"},
    {"safe.open", "safe.opened"},
    {"nomination.make", "nomination.made"},
    {"nomination.wrap", "nomination.wrapped"},
    {"nomination.confirm", "nomination.confirmed"},
    {"nomination.end", "nomination.ended"},
    {"nomination.pause", "nomination.paused"},
    {"nomination.resume", "nomination.resumed"},
    {"epoch.start", "epoch.started"},
    {"shares.complete", "shares.completed"},
    {"records.seal", "records.sealed"},
    {"copy.issue", "copy.issued"},
    {"copy.prepare", "copy.prepared"},
    {"copy.collect", "copy.collected"},
    {"copy.deliver", "copy.delivered"},
    {"copy.return", "copy.returned"},
    {"copy.reassign", "copy.reassigned", "copies"},
    {"declaration.make", "declaration.made"},
    {"item.add", "item.added"},
    {"item.change", "item.changed"},
    {"originals.remove", "originals.removed"},
    {"duties.answer", "duties.answered"},
    {"duty.record", "duty.recorded"},
    {"templates.send", "templates.sent", "templates"},
    {"scoping.return", "scoping.returned"},
    {"meeting.schedule", "meeting.scheduled"},
    {"pack.share", "pack.shared", "packs"},
    {"attendance.record", "attendance.recorded"},
    {"review.decide", "review.decided"},
    {"decision.answer", "decision.answered"},
    {"decision.endorse", "decision.endorsed"},
    {"outcome.send", "outcome.sent"},
    {"panel.answer", "panel.answered"},
    {"outcome.inform", "outcome.informed", "agencies"},
    {"outcome.acknowledge", "outcome.acknowledged"},
    {"inspectorate.record", "inspectorate.recorded"},
    {"review.close", "review.closed"},
    {"review.drop", "review.dropped"},
    {"review.step-back", "review.stepped-back"},
    {"clock.move", "clock.moved"},
    {"calendar.import", "calendar.imported"},
});

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

// A list's item in the entry that is its own: the members of an object, or the id that names it.
bool stands_in(const json::value& detail, const json::value& item) {
  if (item.is_object()) return carries(detail, item);
  const json::object* members = detail.if_object();
  return members != nullptr &&
         std::ranges::any_of(*members, [&](const auto& member) { return member.value() == item; });
}

bool is_what_was_asked(const ActKind& act, const json::value& command, std::span<const VerifiedEntry> entries) {
  if (act.each.empty()) {
    const wire::EntryBody& first = entries.front().body;
    const bool same = act.command == wire::ReturnCopy::kKind ? carries(first.detail, command, {"records"})
                                                             : carries(first.detail, command, {"proof", "upload"});
    return first.kind == act.event && same;
  }
  const json::object* members = command.if_object();
  const json::value* list = members == nullptr ? nullptr : members->if_contains(act.each);
  if (list == nullptr || !list->is_array() || list->get_array().size() != entries.size()) return false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const wire::EntryBody& body = entries[i].body;
    if (body.kind != act.event || !carries(body.detail, command, {act.each}) ||
        !stands_in(body.detail, list->get_array()[i]))
      return false;
  }
  return true;
}

}  // namespace

Result<void> check_receipt(const PendingCommand& pending, std::span<const VerifiedEntry> entries,
                           const vault::crypto::VerifyKey& key, const std::string& authority) {
  if (entries.empty()) return tampered("the service says that it is done, but gives no receipt");
  for (const VerifiedEntry& entry : entries) {
    const wire::EntryBody& body = entry.body;
    if (body.actor != pending.keyid || !body.request || body.request->body != pending.body)
      return tampered("the receipt is for another command");
    const wire::EntryRequest& stored = *body.request;
    const auto parameters = wire::verify_stored_request(stored, key);
    if (!parameters) return tampered("the receipt holds a request that this person did not sign");
    const std::string_view path = std::string_view(stored.target).substr(0, stored.target.find('?'));
    if (parameters->nonce != pending.nonce || parameters->keyid != pending.keyid || stored.method != "POST" ||
        stored.authority != authority || path != "/v1/acts/" + pending.kind)
      return tampered("the receipt is for another command");
  }
  const auto* known = std::ranges::find(kActKinds, std::string_view(pending.kind), &ActKind::command);
  vault::invariant(known != kActKinds.end(), "a command of this program has a row among the acts");
  TRY(const json::value command, wire::parse_json(pending.body));
  if (!is_what_was_asked(*known, command, entries))
    return tampered("the entry in the ledger is not what was asked for");
  return {};
}

std::string_view event_of_act(std::string_view command) {
  const auto* known = std::ranges::find(kActKinds, command, &ActKind::command);
  return known == kActKinds.end() ? std::string_view() : known->event;
}

}  // namespace cli::client
