#include "vault/engine/lmdb_pages.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/engine/engine.h"

namespace vault::engine {
namespace {

// The handle of the table in which LMDB lists the free pages.
constexpr MDB_dbi kFreeTable = 0;
// The offset of the transaction's number in a meta page. Before it come the page header, magic, version, address, map
// size, two tables' rows and last page.
constexpr std::size_t kPageHeaderSize = 16;
constexpr std::uint64_t kMetaTxnOffset = kPageHeaderSize + 4 + 4 + 8 + 8 + 2 * 48 + 8;

using PageNumber = std::uint64_t;

Error damaged(const std::string& what) {
  return {Errc::tampered, what};
}

std::string shown_name(ByteView name) {
  return "table " + std::string(as_text(name));
}

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

Result<Cursor> cursor_in(MDB_txn* txn, MDB_dbi dbi) {
  MDB_cursor* made = nullptr;
  if (const int rc = mdb_cursor_open(txn, dbi, &made); rc != 0) return damaged(mdb_strerror(rc));
  return Cursor(made);
}

ByteView view_of(const MDB_val& value) {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

// Knows which pages are free in this snapshot.
class FreePages {
 public:
  static Result<FreePages> of(MDB_txn* txn) {
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(mdb_txn_env(txn), &info);
    mdb_env_stat(mdb_txn_env(txn), &stat);
    FreePages pages(info.me_last_pgno + 1, stat.ms_psize);
    TRY(const Cursor cursor, cursor_in(txn, kFreeTable));
    MDB_val key;
    MDB_val value;
    int rc = 0;
    while ((rc = mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT)) == 0) TRY_VOID(pages.add(view_of(value)));
    if (rc != MDB_NOTFOUND) return damaged(std::string("the list of free pages: ") + mdb_strerror(rc));
    return pages;
  }

  // Whether the page that contains this byte of the map belongs to the snapshot. Each page begins with its own number.
  bool holds(const void* in_page) const {
    const auto address = reinterpret_cast<std::uintptr_t>(in_page);
    PageNumber number = 0;
    std::memcpy(&number, reinterpret_cast<const void*>(address - address % page_size_), sizeof number);
    return number < free_.size() && !free_[number];
  }

 private:
  FreePages(std::size_t pages, std::size_t page_size) : free_(pages), page_size_(page_size) {}

  // Adds the pages of one row. It contains a count, then that many page numbers, and perhaps room for more.
  Result<void> add(ByteView row) {
    PageNumber number = 0;
    if (row.size() < sizeof number || row.size() % sizeof number != 0)
      return damaged("the list of free pages has a row of the wrong size");
    std::memcpy(&number, row.data(), sizeof number);
    const std::uint64_t count = number;
    if (count > row.size() / sizeof number - 1) return damaged("the list of free pages has fewer pages than it counts");
    for (std::size_t i = 1; i <= count; ++i) {
      std::memcpy(&number, row.data() + i * sizeof number, sizeof number);
      if (number >= free_.size() || free_[number])
        return damaged("the list of free pages has a page twice, or one that does not exist");
      free_[number] = true;
    }
    return {};
  }

  std::vector<bool> free_;  // by number
  std::size_t page_size_;
};

// Checks a table and calls `visit` with each key, after the row has also been found by that key. A walk only follows
// the order of pages, and a search only the keys in the branches: if a bit was flipped in a branch, they disagree.
template <class Visit>
Result<void> walk(MDB_txn* txn, MDB_dbi dbi, const FreePages& pages, Visit visit) {
  TRY(const Cursor cursor, cursor_in(txn, dbi));
  MDB_stat stat;
  if (mdb_stat(txn, dbi, &stat) != 0) return damaged("its number of rows cannot be read");
  std::uint64_t rows = 0;
  std::optional<Bytes> before;
  MDB_val key;
  MDB_val value;
  int rc = 0;
  while ((rc = mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT)) == 0) {
    if (++rows > stat.ms_entries) return damaged("it has more rows than it counts");
    if (key.mv_size == 0 || key.mv_size > kMaxKeySize) return damaged("a key has an impossible size");
    if (before && !key_less(*before, view_of(key))) return damaged("its keys are not in order");
    if (!pages.holds(key.mv_data) || (value.mv_size != 0 && !pages.holds(value.mv_data)))
      return damaged("a row is in a free page");
    MDB_val found;
    if (mdb_get(txn, dbi, &key, &found) != 0 || found.mv_data != value.mv_data || found.mv_size != value.mv_size)
      return damaged("a row is not found by its key");
    before = to_bytes(view_of(key));
    TRY_VOID(visit(view_of(key)));
  }
  if (rc != MDB_NOTFOUND) return damaged(mdb_strerror(rc));
  if (rows != stat.ms_entries) return damaged("it has fewer rows than it counts");
  return {};
}

Result<std::uint64_t> number_at(const File& file, std::uint64_t offset) {
  std::uint64_t number = 0;
  TRY(const std::size_t got, file.read_at(offset, std::as_writable_bytes(std::span(&number, 1))));
  if (got != sizeof number) return damaged("the database ends within its meta pages");
  return number;
}

// Commits write the two meta pages in turn, and the one with the higher transaction number counts. If that number were
// lowered, the vault would look as it did before the last commit.
Result<void> verify_meta(const File& file, std::size_t page_size) {
  TRY(const std::uint64_t even, number_at(file, kMetaTxnOffset));
  TRY(const std::uint64_t odd, number_at(file, page_size + kMetaTxnOffset));
  if (even == 0 && odd == 0) return {};  // nothing was ever committed
  const bool one_apart = even + 1 == odd || odd + 1 == even;
  if (!one_apart || even % 2 != 0) return damaged("the database's meta pages do not follow each other");
  return {};
}

}  // namespace

Result<void> verify_pages(MDB_txn* txn, const File& data) {
  MDB_stat stat;
  mdb_env_stat(mdb_txn_env(txn), &stat);
  TRY_VOID(verify_meta(data, stat.ms_psize));
  TRY(const FreePages pages, FreePages::of(txn));
  MDB_dbi table_of_tables = 0;
  if (const int rc = mdb_dbi_open(txn, nullptr, 0, &table_of_tables); rc != 0) return damaged(mdb_strerror(rc));
  std::vector<std::string> names;
  const auto all = walk(txn, table_of_tables, pages, [&](ByteView name) -> Result<void> {
    names.emplace_back(as_text(name));
    return {};
  });
  if (!all) return Error{all.code(), "the table of tables: " + all.error().message};
  for (const std::string& name : names) {
    MDB_dbi dbi = 0;
    if (const int rc = mdb_dbi_open(txn, name.c_str(), 0, &dbi); rc != 0)
      return damaged(shown_name(as_bytes(name)) + ": " + mdb_strerror(rc));
    unsigned flags = 0;
    if (mdb_dbi_flags(txn, dbi, &flags) != 0 || flags != 0)
      return damaged(shown_name(as_bytes(name)) + ": it has flags that this program never sets");
    const auto whole = walk(txn, dbi, pages, [](ByteView) -> Result<void> { return {}; });
    if (!whole) return Error{whole.code(), shown_name(as_bytes(name)) + ": " + whole.error().message};
  }
  return {};
}

}  // namespace vault::engine
