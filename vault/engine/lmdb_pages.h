// LMDB's own structure, read as its file format has it (data version 1: LMDB 0.9), for `check`. The library trusts its
// pages: a flipped bit can hide a row, show an old version of a page, or go back by one commit without an error.
#pragma once
#include <lmdb.h>

#include "vault/base/result.h"

namespace vault::engine {

// Every table of the snapshot that `txn` reads, each walked in LMDB's order: keys ascend, each is found where the order
// says it is, there are as many as the table counts, and no row stands in a page that is free. And the file's two meta
// pages are one commit apart. Errc::tampered names the table. Damaged pages may end the process within the library.
Result<void> verify_pages(MDB_txn* txn, int data_file);

}  // namespace vault::engine
