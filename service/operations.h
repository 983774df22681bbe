// The commands that operate a vault: seal, rotate, cert, backup, restore, scrub. docs/operations.md tells when to run
// them.
#pragma once
#include "service/command_line.h"

namespace service {

// Adds the commands to `app`. The one that the user gives is put into `chosen`.
void add_operations(CLI::App& app, Command& chosen);

}  // namespace service
