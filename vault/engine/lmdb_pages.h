// Checks LMDB's own structure for `check`, as its file format describes it (data version 1: LMDB 0.9). The library
// trusts its pages, so a flipped bit can hide a row, show an old version of a page, or undo the last commit, all
// without an error.
#pragma once
#include <lmdb.h>

#include "vault/base/file.h"

namespace vault::engine {

// Walks every table of the snapshot that `txn` reads. Checks that keys ascend, that each row is found by its key, that
// there are as many rows as the table counts, and that no row is in a page that is free. Also checks that the file's
// two meta pages are one commit apart. Errc::tampered names the table. The library may end the process on damaged
// pages.
Result<void> verify_pages(MDB_txn* txn, const File& data);

}  // namespace vault::engine
