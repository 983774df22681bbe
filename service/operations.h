// The commands of operating a vault: seal, rotate, cert, backup, restore, scrub. CLI.md says what they are called;
// docs/ operations.md when to run them.
#pragma once
#include "service/command_line.h"

namespace service {

// Adds them to `app`; the one that is asked for is put into `command`, which runs after parsing.
void add_operations(CLI::App& app, const AddCommand& add, Command& command);

}  // namespace service
