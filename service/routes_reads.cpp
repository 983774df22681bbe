// The routes that answer reads with JSON. Each names its parameters and its view.
#include "service/answers.h"

namespace service {
namespace {

using access::Refusal;
using access::View;
using access::Viewed;
using vault::Result;

wire::json::object page_json(wire::json::value items, const std::optional<std::string>& next) {
  wire::json::object page{{"items", std::move(items)}};
  if (next) page["next"] = *next;
  return page;
}

// Translate the result of a view to the data of an answer.
Shown shown_of(const access::EntryPage& page) {
  return {page_json(wire::json::array(), page.next), page.receipt, page.end};
}
Shown shown_of(const std::vector<vault::Digest>& proof) {
  return {wire::json::object{{"proof", wire::to_json(proof)}}, {}, {}};
}
template <class T>
Shown shown_of(const T& data) {
  return {wire::to_json(data), {}, {}};
}
template <class T>
Viewed<Shown> show(Result<T> viewed) {
  if (!viewed) return viewed.error();
  return std::variant<Shown, Refusal>(shown_of(*viewed));
}
template <class T>
Viewed<Shown> show(Viewed<T> viewed) {
  if (!viewed) return viewed.error();
  if (auto* refusal = std::get_if<Refusal>(&*viewed)) return std::variant<Shown, Refusal>(std::move(*refusal));
  return std::variant<Shown, Refusal>(shown_of(std::get<T>(*viewed)));
}

Viewed<Shown> safes(const View& view, const Parameters& given) {
  TRY(const auto of_case, given.of_query<access::CaseId>("case"));
  return show(view.safes(of_case, given.text("from")));
}

Viewed<Shown> records(const View& view, const Parameters& given) {
  TRY(const auto safe, given.of_path<access::SafeId>("safe"));
  access::RecordFilter filter;
  TRY(filter.class_, given.of_query<access::RecordClass>("class"));
  TRY(filter.subject, given.of_query<std::string>("subject"));
  return show(view.records(safe, filter, given.text("from")));
}

Viewed<Shown> copies(const View& view, const Parameters& given) {
  access::CopyFilter filter;
  TRY(filter.case_, given.of_query<access::CaseId>("case"));
  TRY(filter.number, given.number("number"));
  TRY(filter.overdue, given.flag("overdue"));
  TRY(filter.mine, given.flag("mine"));
  return show(view.copies(filter, given.text("from")));
}

Viewed<Shown> trail(const View& view, const Parameters& given) {
  access::TrailFilter filter;
  TRY(filter.case_, given.of_query<access::CaseId>("case"));
  TRY(filter.agency, given.of_query<access::AgencyId>("agency"));
  TRY(filter.person, given.of_query<access::PersonId>("person"));
  TRY(filter.record, given.of_query<access::RecordId>("record"));
  TRY(filter.copy, given.of_query<access::CopyId>("copy"));
  TRY(filter.kind, given.of_query<std::string>("kind"));
  TRY(filter.since, given.of_query<vault::Instant>("since"));
  TRY(filter.until, given.of_query<vault::Instant>("until"));
  return show(view.trail(filter, given.text("from")));
}

Viewed<Shown> consistency(const View& view, const Parameters& given) {
  TRY(const auto from, given.number("from"));
  TRY(const auto to, given.number("to"));
  if (!from || !to)
    return vault::Error{vault::Errc::invalid_argument, "from and to must be given, and must be sizes of the ledger"};
  return show(view.consistency(*from, *to));
}

// Reads one thing, whose id is in the path.
template <class Id, class Call>
Read by_id(std::string_view name, Call call) {
  return [name, call](const View& view, const Parameters& given) -> Viewed<Shown> {
    TRY(const Id id, given.of_path<Id>(name));
    return show(call(view, id, given));
  };
}

}  // namespace

std::vector<ReadRoute> read_routes() {
  using Names = std::vector<std::string_view>;
  std::vector<ReadRoute> routes;
  const auto get = [&routes](std::string_view pattern, const Names& accepted, Read read) {
    routes.push_back({pattern, accepted, std::move(read)});
  };
  const Names none;
  const Names from = {"from"};

  get("/v1/whoami", none, [](const View& view, const Parameters&) { return show(view.whoami()); });
  get("/v1/duties", none, [](const View& view, const Parameters&) { return show(view.duties()); });
  get("/v1/agencies", from,
      [](const View& view, const Parameters& given) { return show(view.agencies(given.text("from"))); });
  get("/v1/persons", from,
      [](const View& view, const Parameters& given) { return show(view.persons(given.text("from"))); });

  get("/v1/cases", from,
      [](const View& view, const Parameters& given) { return show(view.cases(given.text("from"))); });
  get("/v1/cases/{case}", none,
      [](const View& view, const Parameters& given) { return show(view.find_case(given.path("case"))); });
  get("/v1/cases/{case}/review", none,
      [](const View& view, const Parameters& given) { return show(view.review(given.path("case"))); });
  get("/v1/cases/{case}/chains/review", from,
      by_id<access::CaseId>("case", [](const View& view, const auto& id, const Parameters& given) {
        return view.review_chain(id, given.text("from"));
      }));
  get("/v1/calendar", none, [](const View& view, const Parameters&) { return show(view.calendar()); });

  get("/v1/safes", {"case", "from"}, safes);
  get("/v1/safes/{safe}", none,
      by_id<access::SafeId>("safe", [](const View& view, const auto& id, const Parameters&) { return view.safe(id); }));
  get("/v1/safes/{safe}/keys", none,
      by_id<access::SafeId>("safe",
                            [](const View& view, const auto& id, const Parameters&) { return view.safe_keys(id); }));
  get("/v1/safes/{safe}/chains/keys", from,
      by_id<access::SafeId>("safe", [](const View& view, const auto& id, const Parameters& given) {
        return view.keys_chain(id, given.text("from"));
      }));
  get("/v1/safes/{safe}/chains/recovery", from,
      by_id<access::SafeId>("safe", [](const View& view, const auto& id, const Parameters& given) {
        return view.recovery_chain(id, given.text("from"));
      }));
  get("/v1/safes/{safe}/chains/records", from,
      by_id<access::SafeId>("safe", [](const View& view, const auto& id, const Parameters& given) {
        return view.records_chain(id, given.text("from"));
      }));
  get("/v1/safes/{safe}/notes", from,
      by_id<access::SafeId>("safe", [](const View& view, const auto& id, const Parameters& given) {
        return view.notes(id, given.text("from"));
      }));
  get("/v1/safes/{safe}/records", {"from", "class", "subject"}, records);
  get("/v1/records/{record}", none,
      by_id<access::RecordId>("record",
                              [](const View& view, const auto& id, const Parameters&) { return view.record(id); }));

  get("/v1/records/{record}/sealing", none,
      by_id<access::RecordId>("record",
                              [](const View& view, const auto& id, const Parameters&) { return view.sealing(id); }));

  get("/v1/copies", {"case", "from", "overdue", "mine", "number"}, copies);
  get("/v1/copies/{copy}", none,
      [](const View& view, const Parameters& given) { return show(view.copy(given.path("copy"))); });
  get("/v1/copies/{copy}/records", from,
      by_id<access::CopyId>("copy", [](const View& view, const auto& id, const Parameters& given) {
        return view.copy_records(id, given.text("from"));
      }));
  get("/v1/copies/{copy}/entries", from,
      by_id<access::CopyId>("copy", [](const View& view, const auto& id, const Parameters& given) {
        return view.copy_entries(id, given.text("from"));
      }));
  get("/v1/copies/{copy}/headers", from,
      by_id<access::CopyId>("copy", [](const View& view, const auto& id, const Parameters& given) {
        return view.copy_headers(id, given.text("from"));
      }));
  get("/v1/copies/{copy}/files", from,
      by_id<access::CopyId>("copy", [](const View& view, const auto& id, const Parameters& given) {
        return view.copy_files(id, given.text("from"));
      }));

  get("/v1/log/consistency", {"from", "to"}, consistency);
  get("/v1/log/envelopes", from,
      [](const View& view, const Parameters& given) { return show(view.envelopes(given.text("from"))); });
  get("/v1/log/directory", from,
      [](const View& view, const Parameters& given) { return show(view.directory(given.text("from"))); });
  get("/v1/trail", {"case", "agency", "person", "record", "copy", "kind", "since", "until", "from"}, trail);
  return routes;
}

void add_read_routes(net::Router& router, Service* service) {
  for (ReadRoute& route : read_routes())
    router.route(net::Verb::get, route.pattern, kEnrolled,
                 read_route(service, std::move(route.accepted), std::move(route.read)));
}

}  // namespace service
