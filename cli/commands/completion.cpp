// completion: a shell script made from the commands themselves, so that it always lists all of them.
#include <iostream>

#include "cli/commands/command.h"

namespace cli {
namespace {

struct Completion {
  const CLI::App* app = nullptr;  // found by `add_flags`
  std::string shell = "bash";

  void add_flags(CLI::App& command) {
    app = command.get_parent();
    command.add_option("SHELL", shell, "The shell")->check(CLI::IsMember({"bash"}));
  }
};

// Adds the words that may follow `path`, for example "case refer": its subcommands and options.
void collect(const CLI::App* app, const std::string& path, std::string& cases) {
  std::string words;
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
    words += sub->get_name() + " ";
    collect(sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), cases);
  }
  // The options of the groups above it, and those above all commands, may follow too.
  for (const CLI::App* level = app; level != nullptr; level = level->get_parent())
    for (const CLI::Option* option : level->get_options())
      for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  cases += "    '" + path + "') words='" + words + "' ;;\n";
}

Result<void> run(Context&, const Completion& options) {
  std::string cases;
  collect(options.app, "", cases);
  // The loop takes the words before the cursor as a path, and shortens it until it is one that is listed: what follows
  // the command's own words are its arguments.
  std::cout << "# bash completion for strongroom, made by `strongroom completion bash`\n"
               "_strongroom() {\n"
               "  local current=${COMP_WORDS[COMP_CWORD]} path='' words='' word\n"
               "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
               "    case $word in -*) break ;; *) path=\"${path:+$path }$word\" ;; esac\n"
               "  done\n"
               "  while :; do\n"
               "    case $path in\n"
            << cases
            << "    esac\n"
               "    [ -n \"$words\" ] || [ -z \"$path\" ] && break\n"
               "    case $path in *' '*) path=${path% *} ;; *) path='' ;; esac\n"
               "  done\n"
               "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
               "  case $current in -*) ;; *) COMPREPLY+=($(compgen -f -- \"$current\")) ;; esac\n"
               "}\n"
               "complete -F _strongroom strongroom\n";
  return {};
}

}  // namespace

void add_completion_commands(CLI::App& app) {
  add_command<Completion>(app, "completion", "Print completion for a shell",
                          "strongroom completion bash >/etc/bash_completion.d/strongroom");
}

}  // namespace cli
