// Privileges that a process of ours gives up before it does anything. Afterwards it makes no files that others can
// read, no core dumps, cannot be traced by other processes of its user, and starts no program that gains privileges.
#pragma once
#include "vault/base/result.h"

namespace service {

// Sets umask 077 and "no new privileges", and calls vault::start_secure_memory (no core dumps, not dumpable). Call it
// first in `main`, before there are threads or secrets. Errc::internal.
vault::Result<void> enter_sandbox();

}  // namespace service
