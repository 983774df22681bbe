// What a process of ours gives up before it does anything: files that others may read, core dumps, being traced by its
// own user, and privileges gained by what it starts.
#pragma once
#include "vault/base/result.h"

namespace service {

// umask 077, no new privileges, and as vault::start_secure_memory (no core dumps, not dumpable). First thing in main:
// before threads and before any secret. Errc::internal.
vault::Result<void> enter_sandbox();

// Whether secrets stay out of swap: guarded pages are locked as far as RLIMIT_MEMLOCK allows, and silently not beyond.
bool can_lock_memory();

}  // namespace service
