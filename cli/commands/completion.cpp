// completion: a shell script made from the commands themselves, so that it cannot fall behind them.
#include <iostream>

#include "cli/commands/context.h"

namespace cli {
namespace {

// The words that may follow `path` ("case refer"): its subcommands and options.
void collect(const CLI::App* app, const std::string& path, std::string& cases) {
  std::string words;
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
    words += sub->get_name() + " ";
    collect(sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), cases);
  }
  for (const CLI::App* level = app; level != nullptr; level = level->get_parent())
    for (const CLI::Option* option : level->get_options())
      for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  cases += "    '" + path + "') words='" + words + "' ;;\n";
}

}  // namespace

void add_completion_command(CLI::App& app) {
  auto* command = add_command(app, "completion", "Print completion for a shell",
                              "strongroom completion bash >/etc/bash_completion.d/strongroom");
  auto shell = std::make_shared<std::string>("bash");
  command->add_option("SHELL", *shell)->check(CLI::IsMember({"bash"}));
  on_run(command, [&app, shell](Context&) -> Result<void> {
    std::string cases;
    collect(&app, "", cases);
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
  });
}

}  // namespace cli
