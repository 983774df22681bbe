// The form that all commands have. A struct holds a command's options; `add_flags` says which it accepts, and `run`
// does the work. The end of each file lists its commands with their help:
//
//   struct SafeShow {
//     std::string safe;
//     void add_flags(CLI::App& command) { command.add_option("SAFE", safe, "Its id")->required(); }
//   };
//   Result<void> run(Context& context, const SafeShow& options);
//
//   add_command<SafeShow>(group, "show", "Show one safe", "strongroom safe show SAFE");
#pragma once
#include "cli/commands/context.h"

namespace cli {

// A command's body. The program prints the error and ends with its exit code.
using Action = std::function<Result<void>(Context&)>;
// Finds the action of a command. Null for a word that only groups other commands.
const Action* action_of(const CLI::App* command);

// --- adding commands ------------------------------------------------------------------------------------------------

// Adds all commands. The program, completion and the tests have no other list.
void add_commands(CLI::App& app);

// Adds a word that only groups other commands, for example `case`.
CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& description);

// For `add_command` only.
CLI::App& add_bare_command(CLI::App& parent, const std::string& name, const std::string& description,
                           const std::string& example);
void set_action(const CLI::App& command, Action action);

// `description` is one line. `example` ends the command's --help. A command without options has an empty struct.
template <class Options>
CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& description,
                      const std::string& example) {
  CLI::App& command = add_bare_command(parent, name, description, example);
  // The parser writes into the options. The action reads them later, and keeps them alive until then.
  const auto options = std::make_shared<Options>();
  if constexpr (!std::is_empty_v<Options>) options->add_flags(command);
  set_action(command, [options](Context& context) -> Result<void> { return run(context, *options); });
  return command;
}

// --- options that many commands have --------------------------------------------------------------------------------

// For commands whose first argument is a case: `struct CaseShow : CaseArgument {}`.
struct CaseArgument {
  std::string case_;
  void add_flags(CLI::App& command);
};
// For commands whose first argument is a safe.
struct SafeArgument {
  std::string safe;
  void add_flags(CLI::App& command);
};

// Free text, given as --NAME TEXT or --NAME-file FILE, or asked for at the terminal.
class FreeText {
 public:
  explicit FreeText(std::string name) : name_(std::move(name)) {}
  void add_flags(CLI::App& command, const std::string& help = "Why; do not name the child");
  bool is_given() const { return text_ || file_; }
  // Errc::invalid_argument if it was not given and there is no terminal to ask at.
  Result<std::string> require() const { return free_text(name_, text_, file_); }
  // Nothing if it was not given and there is no terminal to ask at, or an empty line is the answer.
  Result<std::optional<std::string>> ask() const { return optional_text(name_, text_, file_); }

 private:
  std::string name_;
  std::optional<std::string> text_;
  std::optional<std::filesystem::path> file_;
};
// As `require` and `ask`, and then staged, so that an act can name the text by its digest.
Result<vault::Digest> stage_required(Context& context, const FreeText& text);
Result<std::optional<vault::Digest>> stage_optional(Context& context, const FreeText& text);

// Checks, while the command line is parsed, that an option is a word of a fixed list (access/wire/ids.h).
template <class E>
CLI::Validator word_of() {
  const std::vector<std::string> words = wire::enum_names<E>();
  return CLI::IsMember(words);
}

// Reads a day such as 2026-11-22. Errc::invalid_argument names the option.
Result<vault::Date> parse_day(std::string_view option, const std::string& text);
// Reads RFC 3339, or a shorter form in UTC: "2026-11-22", "2026-11-22T09:30Z". Errc::invalid_argument.
Result<vault::Instant> parse_moment(const std::string& text);

// --- the commands of each file, for add_commands --------------------------------------------------------------------

void add_people_commands(CLI::App& app);
void add_case_commands(CLI::App& app);
void add_nominate_commands(CLI::App& app);
void add_secure_commands(CLI::App& app);
void add_record_commands(CLI::App& app);
void add_copy_commands(CLI::App& app);
void add_physical_commands(CLI::App& app);
void add_declare_commands(CLI::App& app);
void add_originals_commands(CLI::App& app);
void add_trail_commands(CLI::App& app);
void add_document_commands(CLI::App& app);
void add_review_commands(CLI::App& app);
void add_completion_commands(CLI::App& app);

}  // namespace cli
