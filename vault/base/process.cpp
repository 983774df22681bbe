#include "vault/base/process.h"

#include <csignal>

namespace vault {

void prepare_process() {
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace vault
