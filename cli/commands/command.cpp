#include "cli/commands/command.h"

namespace cli {
namespace {

std::map<const CLI::App*, Action>& actions() {
  static std::map<const CLI::App*, Action> all;
  return all;
}

}  // namespace

const Action* action_of(const CLI::App* command) {
  const auto found = actions().find(command);
  return found == actions().end() ? nullptr : &found->second;
}

void set_action(const CLI::App& command, Action action) {
  actions()[&command] = std::move(action);
}

CLI::App& add_bare_command(CLI::App& parent, const std::string& name, const std::string& description,
                           const std::string& example) {
  CLI::App& command = *parent.add_subcommand(name, description);
  command.fallthrough();  // people type --json and --yes after the command too
  command.set_help_flag("-h,--help", "Explain this command");
  if (!example.empty()) command.footer("Example:\n  " + example);
  return command;
}

CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App& group = add_bare_command(parent, name, description, "");
  group.require_subcommand(1);
  return group;
}

void add_commands(CLI::App& app) {
  add_people_commands(app);
  add_case_commands(app);
  add_nominate_commands(app);
  add_secure_commands(app);
  add_record_commands(app);
  add_copy_commands(app);
  add_physical_commands(app);
  add_declare_commands(app);
  add_originals_commands(app);
  add_trail_commands(app);
  add_document_commands(app);
  add_review_commands(app);
  add_completion_commands(app);
}

void CaseArgument::add_flags(CLI::App& command) {
  command.add_option("CASE", case_, "Its reference or id")->required();
}

void SafeArgument::add_flags(CLI::App& command) {
  command.add_option("SAFE", safe, "Its id")->required();
}

void FreeText::add_flags(CLI::App& command, const std::string& help) {
  auto* text = command.add_option("--" + name_, text_, help)->type_name("TEXT");
  command.add_option("--" + name_ + "-file", file_, "Read it from this file (\"-\": standard input)")
      ->type_name("FILE")
      ->excludes(text);
}

Result<vault::Digest> stage_required(Context& context, const FreeText& text) {
  TRY(const std::string words, text.require());
  return context.session().stage_text(words);
}

Result<std::optional<vault::Digest>> stage_optional(Context& context, const FreeText& text) {
  TRY(const std::optional<std::string> words, text.ask());
  if (!words) return std::optional<vault::Digest>();
  TRY(const vault::Digest digest, context.session().stage_text(*words));
  return std::optional(digest);
}

Result<vault::Date> parse_day(std::string_view option, const std::string& text) {
  auto date = vault::parse_date(text);
  if (!date)
    return Error{Errc::invalid_argument,
                 std::string(option) + ": \"" + printable(text) + "\" is not a date of the form 2026-11-22"};
  return date;
}

Result<vault::Instant> parse_moment(const std::string& text) {
  if (auto instant = vault::parse_rfc3339(text)) return *instant;
  // The forms that people type are made whole: "2026-11-22", "2026-11-22T09:30", "2026-11-22T09:30:00Z".
  std::string full = text;
  if (!full.empty() && full.back() == 'Z') full.pop_back();
  if (full.size() == 10) full += "T00:00";
  if (full.size() == 16) full += ":00";
  if (full.size() == 19) full += ".000";
  if (auto instant = vault::parse_rfc3339(full + "Z")) return *instant;
  return Error{Errc::invalid_argument, "\"" + printable(text) + "\" is not a time such as 2026-11-22T09:30Z (UTC)"};
}

}  // namespace cli
