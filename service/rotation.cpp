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

// What does not open now would end the rotation half-way, for good.
Result<void> open_every_value(const access::Store& store) {
  TRY(const auto txn, store.engine().read());
  for (const SealedTable* table : store.tables()) {
    const auto opened =
        table->scan(*txn, {}, {}, [](vault::ByteView, vault::ByteView) -> Result<bool> { return true; });
    if (!opened)
      return Error{opened.code(), "nothing was changed: in the table " + table->name() + " " + opened.error().message +
                                      ". Mend that first: strongroomd check says what it is"};
  }
  return {};
}

// One commit. What the engine has to grow for is tried again.
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

// Returns what the vault is opened with from now on.
Result<Unlocked> begin(const Rotation& rotation, const Opener& seal, const Opener& new_seal) {
  TRY(Unlocked old, unlock_vault(rotation.directory, seal));
  TRY(const OpenVault held, open_unlocked(rotation.directory, old));  // nobody serves it, and nobody opens it now
  TRY_VOID(open_every_value(*held.store));
  TRY(auto key, old.keyring.rotate(old.key, new_seal, rotation.cost));
  return Unlocked{std::move(old.keyring), std::move(key), std::move(old.key), std::move(old.config)};
}

Result<Unlocked> go_on(const Rotation& rotation, const Opener& new_seal) {
  auto unlocked = unlock_vault(rotation.directory, new_seal);
  if (!unlocked && unlocked.code() == Errc::wrong_key)
    return Error{Errc::conflict, "a rotation was begun with another new seal: run it again with that one"};
  return unlocked;
}

}  // namespace

Result<RotationReport> rotate_vault_key(const Rotation& rotation, const Opener& seal, const Opener& new_seal) {
  TRY(const vault::FileDescriptor lock, lock_settings(rotation.directory, SettingsLock::change));
  TRY_VOID(check_format(rotation.directory));
  TRY_VOID(refuse_readable_by_others(rotation.directory));
  TRY(const Keyring keyring, Keyring::load(rotation.directory));
  RotationReport report;
  report.went_on = keyring.is_rotating();
  TRY(Unlocked unlocked, report.went_on ? go_on(rotation, new_seal) : begin(rotation, seal, new_seal));
  TRY(report.seal, unlocked.keyring.seal_opened_by(new_seal));
  TRY(const OpenVault opened, open_unlocked(rotation.directory, unlocked));
  for (const SealedTable* table : opened.store->tables())
    TRY_VOID(seal_table_anew(opened.store->engine(), *table, rotation, report));
  TRY_VOID(replace_tls(rotation.directory, opened.tls, opened.successions, opened.store->sealer()));
  TRY_VOID(unlocked.keyring.forget_previous());
  return report;
}

}  // namespace service
