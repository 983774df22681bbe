// The first thing that both programs do in main.
#pragma once

namespace vault {

// Call it before anything else. Afterwards a write beyond a file-size limit (ulimit -f, LimitFSIZE=) fails with EFBIG,
// which is Errc::full, and does not end the process by SIGXFSZ.
void prepare_process();

}  // namespace vault
