// Backups of a vault, made while it is served, and vaults made again from them (DESIGN 8, 11).
//
// A backup is a directory for one vault, made anew or carried on with each run:
//   backup.json          what the last complete run left: names a snapshot, its files' digests; sealed by the vault key
//   snapshot-00000007/   keyring.json, config.json, tls/, db/data.mdb as they were then
//   payload/             segments; grows by what is new, at the place where it is in the vault
//   making/, unfinished.json   of a run that goes on, or was cut short: the next one goes on from there
// Format: docs/formats.md. Payloads in a backup are ciphertext and everything else is sealed: who has it has nothing
// without the vault key, and no record without a keyholder too.
//
// 1. The database is copied before segments, so that it refers to nothing that is not there; meanwhile nothing is
//    punched (vault::payload::hold_segments).
// 2. backup.json is replaced once all it names is durable and was read again; until then the last backup is whole.
// 3. Payloads that the vault has disposed of are given back here too, after that.
// 4. Uploads that are not sealed are not backed up: nobody was told that they are done.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "access/store.h"
#include "vault/keyring/keyring.h"
#include "vault/payload/segments.h"

namespace service {

namespace access = strongroom::access;

// What goes on: "copying", bytes so far and in all (0: not known). False ends the run with Errc::cancelled.
using Advance = std::function<bool(std::string_view what, std::uint64_t done, std::uint64_t total)>;

struct BackupOptions {
  std::filesystem::path directory;
  std::filesystem::path target;
  bool verify_all = false;  // read every payload in the backup again, not only those that this run copied
  std::uint64_t reserve = vault::payload::kPayloadReserve;
  vault::Clock clock = vault::system_clock();
  Advance advance;
};

struct BackupReport {
  std::string origin;
  std::uint64_t number = 0;  // of the run, from 1
  std::uint64_t size = 0;    // entries of the ledger
  vault::Digest root{};      // of its tree
  vault::Instant time;
  std::uint64_t records = 0;         // with a payload
  std::uint64_t bytes = 0;           // of payloads
  std::uint64_t copied_records = 0;  // by this run
  std::uint64_t copied_bytes = 0;
  std::uint64_t verified_records = 0;  // payloads read again in the backup by this run
  std::uint64_t dropped_records = 0;   // disposed of in the vault since the last run
};

// Errc::invalid_argument for a target inside the vault or around it; Errc::conflict for one that holds something else,
// another vault's backup, or one of a longer or another history; Errc::busy while another run works in it;
// Errc::tampered when the vault, or what was written, is not what it should be; Errc::full before the target's reserve
// is touched.
vault::Result<BackupReport> back_up(const BackupOptions& options, const vault::keyring::Opener& seal);

struct RestoreOptions {
  std::filesystem::path backup;
  std::filesystem::path directory;  // absent, empty, or of a restore that was cut short
  std::uint64_t reserve = vault::payload::kPayloadReserve;
  Advance advance;
};

// The vault of the last complete run, checked whole (every payload read again) before it becomes one. Errc::conflict
// for a directory that holds anything; Errc::not_found when there is no complete backup; Errc::tampered when anything
// in it was altered; `seal` is one that the vault had when it was backed up.
vault::Result<BackupReport> restore(const RestoreOptions& options, const vault::keyring::Opener& seal);

}  // namespace service
