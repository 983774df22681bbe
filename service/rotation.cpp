#include "service/rotation.h"

#include "service/vault_directory.h"
#include "vault/base/file.h"

namespace service {
namespace {

using vault::Bytes;
using vault::Errc;
using vault::Error;
using vault::Result;
using vault::keyring::Keyring;
using vault::keyring::Opener;
using vault::keyring::SealedTable;

// A value that cannot be opened would stop the rotation in the middle, and it could never be finished.
Result<void> open_every_value(const access::Store& store) {
  TRY(const auto txn, store.engine().read());
  for (const SealedTable* table : store.tables()) {
    const auto opened =
        table->scan(*txn, {}, {}, [](vault::ByteView, vault::ByteView) -> Result<bool> { return true; });
    if (!opened)
      return Error{opened.code(), "nothing was changed, because the table " + table->name() +
                                      " cannot be read: " + opened.error().message +
                                      ". Run strongroomd check, repair that first, and then rotate"};
  }
  return {};
}

// Does one commit, and tries again if the engine had to grow first.
Result<SealedTable::SealedAnew> step(vault::engine::Engine& engine, const SealedTable& table, vault::ByteView from) {
  for (;;) {
    TRY(const auto txn, engine.write());
    auto done = table.seal_anew(*txn, from, kRotationBytes);
    Result<void> committed;
    if (done && done->pairs > 0) committed = txn->commit();
    if (done && !committed) done = committed.error();
    if (done || done.code() != Errc::retry) return done;
  }
}

Result<void> seal_table_anew(vault::engine::Engine& engine, const SealedTable& table, const Rotation& rotation,
                             RotationReport& report) {
  std::optional<Bytes> from = Bytes();
  while (from) {
    TRY(auto done, step(engine, table, *from));
    report.values += done.pairs;
    report.bytes += done.bytes;
    from = std::move(done.next);
    if (rotation.advance && !rotation.advance(report.bytes))
      return Error{Errc::cancelled, "the rotation is not finished: run it again"};
  }
  return {};
}

// Returns the keys that open the vault from now on.
Result<Unlocked> begin(const Rotation& rotation, const Opener& seal, const Opener& new_seal) {
  TRY(Unlocked old, unlock_vault(rotation.directory, seal));
  TRY(const OpenVault held,
      open_unlocked(rotation.directory,
                    old));  // shows that no other process has it open, and prevents that one opens it
  TRY_VOID(open_every_value(*held.store));
  TRY(auto key, old.keyring.rotate(old.key, new_seal, rotation.cost));
  return Unlocked{std::move(old.keyring), std::move(key), std::move(old.key), std::move(old.config)};
}

Result<Unlocked> resume(const Rotation& rotation, const Opener& new_seal) {
  auto unlocked = unlock_vault(rotation.directory, new_seal);
  if (!unlocked && unlocked.code() == Errc::wrong_key)
    return Error{Errc::conflict, "an earlier rotation was begun with another new seal: run it again with that one"};
  return unlocked;
}

}  // namespace

Result<RotationReport> rotate_vault_key(const Rotation& rotation, const Opener& seal, const Opener& new_seal) {
  TRY(const vault::File lock, lock_settings(rotation.directory, SettingsLock::change));
  TRY_VOID(check_format(rotation.directory));
  TRY_VOID(refuse_readable_by_others(rotation.directory));
  TRY(const Keyring keyring, Keyring::load(rotation.directory));
  RotationReport report;
  report.resumed = keyring.is_rotating();
  TRY(Unlocked unlocked, report.resumed ? resume(rotation, new_seal) : begin(rotation, seal, new_seal));
  TRY(report.seal, unlocked.keyring.seal_opened_by(new_seal));
  TRY(const OpenVault opened, open_unlocked(rotation.directory, unlocked));
  for (const SealedTable* table : opened.store->tables())
    TRY_VOID(seal_table_anew(opened.store->engine(), *table, rotation, report));
  TRY_VOID(replace_tls(rotation.directory, opened.tls, opened.successions, opened.store->sealer()));
  TRY_VOID(unlocked.keyring.forget_previous());
  return report;
}

}  // namespace service
