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

}  // namespace

Result<RotationReport> rotate_vault_key(const Rotation& rotation, const Opener& seal, const Opener& new_seal) {
  TRY(const vault::FileDescriptor lock, lock_settings(rotation.directory, SettingsLock::change));
  TRY_VOID(check_format(rotation.directory));
  TRY(Keyring keyring, Keyring::load(rotation.directory));
  RotationReport report;
  report.went_on = keyring.is_rotating();
  // The same command goes on with what it has begun: then the new seal opens, and the old one does not.
  const Opener& opens = !report.went_on || keyring.unlock(new_seal) ? new_seal : seal;
  if (!report.went_on) {
    TRY(const OpenVault whole, open_vault(rotation.directory, seal));  // and nobody serves it
    TRY(const auto key, keyring.unlock(seal));
    TRY_VOID(keyring.rotate(key, new_seal, rotation.cost));
  }
  TRY(const OpenVault opened, open_vault(rotation.directory, opens));
  for (const SealedTable* table : opened.store->tables())
    TRY_VOID(seal_table_anew(opened.store->engine(), *table, rotation, report));
  TRY_VOID(replace_tls(rotation.directory, opened.tls, opened.successions, opened.store->sealer()));
  TRY_VOID(keyring.forget_previous());
  TRY(report.seal, keyring.seal_opened_by(opens));
  return report;
}

}  // namespace service
