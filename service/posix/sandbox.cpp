#include "service/sandbox.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#include "vault/base/secret.h"

namespace service {

vault::Result<void> enter_sandbox() {
  constexpr mode_t kOthers = 077;
  ::umask(kOthers);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return vault::Error{vault::Errc::internal,
                        "the system refused to let this process give up new privileges (PR_SET_NO_NEW_PRIVS)"};
  return vault::start_secure_memory();
}

}  // namespace service
