// audit: the trail for people to read, and the proof that it is whole.
#include <csignal>
#include <iostream>
#include <thread>

#include "cli/client/copies.h"
#include "cli/client/proof/trail.h"
#include "cli/commands/command.h"

namespace cli {
namespace {

constexpr std::chrono::seconds kFollowEvery{2};
volatile std::sig_atomic_t following = 1;

// --- audit trail ----------------------------------------------------------------------------------------------------

struct AuditTrail {
  std::optional<std::string> case_, agency, person, record, copy, kind, since, until;
  bool follow = false;

  void add_flags(CLI::App& command) {
    command.add_option("--case", case_, "About this case")->type_name("CASE");
    command.add_option("--agency", agency, "About this agency")->type_name("AGENCY");
    command.add_option("--person", person, "Who acted, or whom it names")->type_name("PERSON");
    command.add_option("--record", record, "About this record")->type_name("RECORD");
    command.add_option("--copy", copy, "About this copy")->type_name("COPY");
    command.add_option("--kind", kind, "Such as copy.issued or access.refused")->type_name("KIND");
    command.add_option("--since", since, "From this time on, such as 2026-11-22T09:30Z")->type_name("TIME");
    command.add_option("--until", until, "Before this time")->type_name("TIME");
    command.add_flag("--follow", follow, "Keep showing new entries, until Ctrl-C");
  }
};

std::string escape_query(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' || c == '~')
      out += c;
    else
      out += "%" + vault::hex(vault::as_bytes(std::string_view(&c, 1)));
  }
  return out;
}

Result<std::string> query_of(Context& context, const AuditTrail& options) {
  std::string query;
  const auto add = [&](std::string_view name, std::string_view value) {
    query += (query.empty() ? "?" : "&") + std::string(name) + "=" + escape_query(value);
  };
  if (options.case_) {
    TRY(const auto id, context.find_case(*options.case_));
    add("case", id.to_string());
  }
  if (options.agency) {
    TRY(const auto id, context.find_agency(*options.agency));
    add("agency", id.to_string());
  }
  if (options.person) {
    TRY(const auto id, context.find_person(*options.person));
    add("person", id.to_string());
  }
  if (options.record) {
    TRY(const auto id, context.find_record(*options.record));
    add("record", id.to_string());
  }
  if (options.copy) {
    TRY(const auto copy, context.find_copy(*options.copy));
    add("copy", copy.copy.to_string());
  }
  if (options.kind) add("kind", *options.kind);
  if (options.since) {
    TRY(const auto since, parse_moment(*options.since));
    add("since", vault::to_rfc3339(since));
  }
  if (options.until) {
    TRY(const auto until, parse_moment(*options.until));
    add("until", vault::to_rfc3339(until));
  }
  return query;
}

// Says in a few words what an entry records.
std::string summary(Context& context, const wire::EntryBody& body) {
  const auto find = [&](std::string_view member) -> const json::value* {
    return body.detail.is_object() ? body.detail.get_object().if_contains(member) : nullptr;
  };
  const auto text = [&](std::string_view member) -> std::string {
    const json::value* found = find(member);
    if (found == nullptr) return "";
    return found->is_string() ? std::string(found->get_string()) : json::serialize(*found);
  };
  const auto records = [&] {
    const json::value* found = find("records");
    const std::size_t count = found != nullptr && found->is_array() ? found->get_array().size() : 0;
    return std::to_string(count) + (count == 1 ? " record" : " records");
  };
  std::string out;
  if (body.kind == "access.refused") {
    out = "REFUSED " + text("action") + ": " + text("rule");
  } else if (body.kind == "case.referred") {
    out = text("reference");
  } else if (body.kind == "records.sealed") {
    out = records();
  } else if (body.kind == "copy.issued") {
    const json::value* number = find("number");
    const auto read = number != nullptr ? wire::from_json<std::uint64_t>(*number) : Result<std::uint64_t>(0);
    out = client::copy_name(read ? *read : 0) + ", " + records() + ", " + text("purpose") + ", due " + text("due");
  } else if (body.kind == "copy.returned") {
    out = records() + " " + text("how");
  } else if (body.kind == "epoch.started") {
    out = "epoch " + text("epoch");
  }
  if (body.ids.person) out += (out.empty() ? "" : ", ") + ("for " + context.name_of(*body.ids.person));
  return out;
}

std::string actor_name(Context& context, const wire::EntryBody& body) {
  if (!body.actor) return "(the vault)";
  const auto person = access::PersonId::parse(*body.actor);
  return person ? context.name_of(*person) : *body.actor;
}

// Decodes a page of entries. Errc::tampered if a body is not the one that its envelope commits to. An envelope without
// a body, which this person may not read, is left out.
Result<std::vector<std::pair<audit::Envelope, wire::EntryBody>>> read_page(const std::vector<wire::EntryView>& items) {
  std::vector<std::pair<audit::Envelope, wire::EntryBody>> entries;
  for (const wire::EntryView& view : items) {
    const auto envelope = audit::decode_envelope(vault::as_bytes(view.envelope));
    if (!envelope) return Error{Errc::tampered, "the trail contains an envelope that cannot be read"};
    if (!view.body) continue;
    TRY_VOID(audit::verify_body(*envelope, vault::as_bytes(*view.body)));
    auto body = wire::read_entry(*view.body);
    if (!body) return Error{Errc::tampered, "the trail contains a body that cannot be read"};
    entries.emplace_back(*envelope, std::move(*body));
  }
  return entries;
}

json::value entry_json(const audit::Envelope& envelope, const wire::EntryBody& body) {
  json::object object{{"seq", envelope.seq.value}, {"time", vault::to_rfc3339(envelope.time)}, {"kind", body.kind}};
  object["actor"] = body.actor ? json::value(*body.actor) : json::value(nullptr);
  object["chain"] = envelope.chain.value;
  object["n"] = envelope.n;
  object["ids"] = wire::to_json(body.ids);
  object["detail"] = body.detail;
  return object;
}

// With --follow each entry is printed at once; otherwise they are collected, so that a table's columns fit.
struct Listing {
  json::array array;
  Table table{{"seq", "time", "kind", "who", "what"}};
};

void add_entry(Context& context, bool follow, const audit::Envelope& envelope, const wire::EntryBody& body,
               Listing& listing) {
  if (context.as_json) {
    json::value entry = entry_json(envelope, body);
    if (follow)
      print_json(entry);
    else
      listing.array.push_back(std::move(entry));
  } else if (follow) {
    std::cout << envelope.seq.value << "  " << vault::to_rfc3339(envelope.time) << "  " << body.kind << "  "
              << printable(actor_name(context, body)) << "  " << printable(summary(context, body)) << std::endl;
  } else {
    listing.table.add({std::to_string(envelope.seq.value), vault::to_rfc3339(envelope.time), body.kind,
                       actor_name(context, body), summary(context, body)});
  }
}

Result<void> run(Context& context, const AuditTrail& options) {
  TRY_VOID(context.connect());
  TRY(const std::string query, query_of(context, options));
  const std::string base = "/v1/trail" + query;
  Listing listing;
  std::optional<std::string> from;
  std::uint64_t next_seq = 0;
  if (options.follow) std::signal(SIGINT, [](int) { following = 0; });
  while (std::cout) {  // if standard output fails, nobody reads the rest; main reports it
    TRY(const auto page, context.session().get<wire::Page<wire::EntryView>>(
                             from ? base + (query.empty() ? "?" : "&") + "from=" + *from : base));
    TRY(const auto entries, read_page(page.items));
    for (const auto& [envelope, body] : entries) {
      next_seq = envelope.seq.value + 1;
      // They are the ledger's own, and say nothing that the entry before them does not say.
      if (body.kind == wire::ChainBegun::kKind && options.kind != body.kind) continue;
      add_entry(context, options.follow, envelope, body, listing);
    }
    from = page.next;
    if (from) continue;
    if (!options.follow || following == 0) break;
    std::this_thread::sleep_for(kFollowEvery);
    if (following == 0) break;
    from = std::to_string(next_seq);
  }
  if (options.follow) return {};
  if (context.as_json)
    print_json(listing.array);
  else
    listing.table.print("there is no such entry that you may read");
  return {};
}

// --- audit verify, checkpoint ---------------------------------------------------------------------------------------

struct AuditVerify {};

Result<void> run(Context& context, const AuditVerify&) {
  TRY_VOID(context.connect());
  TRY(const auto trail, client::verify_trail(context.session(), context.directory()));
  if (context.as_json) {
    json::value object = wire::to_json(trail);
    object.as_object()["verified"] = true;
    print_json(object);
    return {};
  }
  std::cout << "verified: " << trail.size << " entries in " << trail.chains << " chains make the signed root "
            << trail.root << "\n          " << trail.bodies << " of them you may read; " << trail.signatures
            << " were caused by people, each signed with a certified key; " << trail.replayed
            << " were derived again from the signed requests\n";
  return {};
}

struct AuditCheckpoint {};

Result<void> run(Context& context, const AuditCheckpoint&) {
  TRY_VOID(context.connect());
  TRY_VOID(context.session().get_json("/v1/whoami"));  // any answer brings the latest checkpoint
  const auto kept = context.session().checkpoint();
  if (!kept) return Error{Errc::not_found, "no checkpoint is known yet"};
  if (context.as_json) {
    print_json({{"origin", kept->checkpoint.origin},
                {"size", kept->checkpoint.size.value},
                {"root", vault::hex(kept->checkpoint.root)},
                {"note", kept->note}});
  } else {
    std::cout << kept->note;
  }
  return {};
}

}  // namespace

void add_trail_commands(CLI::App& app) {
  auto& group = add_group(app, "audit", "The trail: who did what, and its proof");
  add_command<AuditTrail>(group, "trail", "What was done, by whom and when",
                          "strongroom audit trail --case RR-2026-0001 --kind copy.issued");
  add_command<AuditVerify>(group, "verify", "Prove every entry that you may read, and the whole tree",
                           "strongroom audit verify");
  add_command<AuditCheckpoint>(group, "checkpoint", "The log's latest signed statement, which this machine keeps",
                               "strongroom audit checkpoint");
}

}  // namespace cli
