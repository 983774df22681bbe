// declare: an agency's signed statement of where it looked, what became of each source, and what is missing (4.3.5).
#include <iostream>

#include "cli/client/declare.h"
#include "cli/commands/command.h"
#include "vault/base/file.h"

namespace cli {
namespace {

struct Declare : SafeArgument {
  std::optional<std::string> form;
  bool nothing_held = false, show = false;
  std::vector<std::string> searched;
  std::optional<std::uint64_t> replaces;

  void add_flags(CLI::App& command) {
    SafeArgument::add_flags(command);
    auto* from_form = command.add_option("--form", form, "The declaration as JSON (below)")->type_name("FILE");
    auto* nothing = command.add_flag("--nothing-held", nothing_held, "The agency has nothing to secure");
    auto* showing = command.add_flag("--show", show, "Show every version instead; keyholders see names and notes too");
    nothing->excludes(from_form);
    showing->excludes(from_form)->excludes(nothing);
    command.add_option("--searched", searched, "The subjects that were searched for: child-1,parent-1")->delimiter(',');
    command.add_option("--replaces", replaces, "Only if this is the last version so far (0: none)");
  }
};

// The form's own words are sealed. Without a key there are only the kinds and states that the signed act says.
json::object declaration_json(const client::Declaration& declaration) {
  const wire::DeclarationMade& said = declaration.said;
  json::object object{{"version", said.version},           {"time", vault::to_rfc3339(declaration.by.time)},
                      {"seq", declaration.by.seq},         {"person", declaration.by.actor.to_string()},
                      {"nothing_held", said.nothing_held}, {"searched", wire::to_json(said.searched)},
                      {"records", said.records},           {"items", said.items}};
  object["sources"] = declaration.form ? wire::to_json(declaration.form->sources) : wire::to_json(said.sources);
  if (declaration.form) {
    object["missing"] = wire::to_json(declaration.form->missing);
    if (declaration.form->note) object["note"] = *declaration.form->note;
  } else {
    json::array missing;
    for (const access::GapKind kind : said.gaps) missing.push_back({{"kind", wire::enum_name(kind)}});
    object["missing"] = std::move(missing);
  }
  return object;
}

void print_declaration(Context& context, const client::Declaration& declaration) {
  const wire::DeclarationMade& said = declaration.said;
  std::cout << "Version " << said.version << ", " << vault::to_string(vault::london_date(declaration.by.time))
            << ", by " << printable(context.name_of(declaration.by.actor)) << "; searched for " << joined(said.searched)
            << '\n';
  if (said.nothing_held) std::cout << "Nothing is held.\n";
  if (!said.sources.empty()) {
    Table table({"source", "kind", "state", "until", "why"});
    for (std::size_t i = 0; i < said.sources.size(); ++i) {
      const wire::DeclaredSource& source = said.sources[i];
      table.add({declaration.form ? declaration.form->sources[i].name : "(for keyholders)",
                 wire::enum_name(source.kind), wire::enum_name(source.state),
                 source.until ? vault::to_string(*source.until) : "",
                 source.reason ? wire::enum_name(*source.reason) : ""});
    }
    table.print("");
  }
  for (std::size_t i = 0; i < said.gaps.size(); ++i)
    std::cout << "Missing (" << wire::enum_name(said.gaps[i])
              << "): " << (declaration.form ? printable(declaration.form->missing[i].what) : "(for keyholders)")
              << '\n';
  if (declaration.form && declaration.form->note) std::cout << printable(*declaration.form->note) << '\n';
}

Result<void> show(Context& context, const access::SafeId& id) {
  TRY(const auto readable, client::open_for_reading(context.session(), context.directory(), id));
  TRY(const client::Holdings holdings,
      client::read_holdings(context.session(), context.directory(), readable.safe, readable.keys()));
  if (context.as_json) {
    json::array array;
    for (const client::Declaration& declaration : holdings.declarations) array.push_back(declaration_json(declaration));
    print_json(array);
    return {};
  }
  for (const client::Declaration& declaration : holdings.declarations) print_declaration(context, declaration);
  if (holdings.declarations.empty()) note("this safe has no declaration yet");
  return {};
}

Result<void> declare(Context& context, const access::SafeId& id, const Declare& options,
                     std::optional<client::DeclarationForm> form) {
  TRY(const auto view, context.session().get<wire::SafeView>("/v1/safes/" + id.to_string()));
  if (options.replaces && *options.replaces != view.declaration)
    return Error{Errc::conflict, "the last version is " + std::to_string(view.declaration) + ", not " +
                                     std::to_string(*options.replaces) + ": read it with --show before you replace it"};
  client::DeclareRequest request;
  request.version = view.declaration + 1;
  request.nothing_held = options.nothing_held;
  request.searched = !options.searched.empty() ? options.searched : form ? form->searched : std::vector<std::string>();
  if (request.searched.empty()) {
    TRY(const auto case_, context.session().get<wire::CaseView>("/v1/cases/" + view.case_.to_string()));
    request.searched = case_.subjects;
    note("This says that every subject of the case was searched for. If not, name those that were with --searched.");
  }
  request.form = std::move(form);
  TRY(const auto safe, client::verify_safe(context.session(), context.directory(), id));
  TRY_VOID(client::declare(context.session(), safe, request));
  TRY(const auto after, context.session().get<wire::SafeView>("/v1/safes/" + id.to_string()));
  if (context.as_json) {
    print_json({{"safe", id.to_string()},
                {"version", request.version},
                {"nothing_held", request.nothing_held},
                {"searched", wire::to_json(request.searched)},
                {"sources", after.sources},
                {"open_sources", after.open_sources},
                {"secured", after.secured}});
    return {};
  }
  std::cout << "declared, version " << request.version << '\n';
  if (after.open_sources > 0)
    note(std::to_string(after.open_sources) + " of " + std::to_string(after.sources) +
         " sources are still open. The agency counts as secured once all are closed: declare again then.");
  return {};
}

Result<void> run(Context& context, const Declare& options) {
  if (!options.form && !options.nothing_held && !options.show)
    return Error{Errc::invalid_argument, "give one of --form FILE, --nothing-held and --show"};
  // A wrong form is reported before the service, or a passphrase, is asked for.
  std::optional<client::DeclarationForm> form;
  if (options.form) {
    auto bytes = vault::read_file_limited(*options.form, client::kMaxDeclarationBytes);
    if (!bytes) return Error{bytes.code(), "cannot read the form: " + bytes.error().message};
    TRY(form, client::read_declaration(vault::as_text(*bytes)));
  }
  TRY_VOID(context.connect());
  TRY(const auto id, context.find_safe(options.safe));
  return options.show ? show(context, id) : declare(context, id, options, std::move(form));
}

}  // namespace

void add_declare_commands(CLI::App& app) {
  add_command<Declare>(
      app, "declare", "Declare what was searched, secured and missing; signed, in versions (by the agency's lead)",
      "strongroom declare SAFE --form declaration.json\n  strongroom declare SAFE --nothing-held\n"
      "The form:\n"
      "  {\"form\":\"declaration\",\"v\":1,\"searched\":[\"child-1\"],\n"
      "   \"sources\":[{\"name\":\"Case system\",\"kind\":\"system\",\"state\":\"blocked-in-place\"},\n"
      "              {\"name\":\"Shared drive\",\"kind\":\"share\",\"state\":\"still-open\",\n"
      "               \"reason\":\"ongoing-care\",\"until\":\"2026-12-01\"}],\n"
      "   \"missing\":[{\"kind\":\"destroyed\",\"what\":\"Diary of 2019\"}],\"note\":\"…\"}\n"
      "Kinds of sources: system, share, mailbox, device, cupboard, archive, third-party, other. States: removed,\n"
      "blocked-in-place, still-open (with reason ongoing-care, technical, awaiting-somebody, with-third-party, legal "
      "or\n"
      "other, and until). Kinds of what is missing: destroyed, lost, not-found, withheld, held-elsewhere, other.");
}

}  // namespace cli
