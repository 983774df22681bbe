// Makes a backup of a vault, also while the vault is served, and restores a vault from its backup.
//
// A backup is a directory for one vault. The first run makes it, and each later run adds to it:
//   backup.json          describes the last complete run: its snapshot and the digests of its files; sealed by the
//   vault key snapshot-00000007/   keyring.json, config.json, tls/, db/data.mdb as they were at that run payload/
//   segments: each payload is at the same place as in the vault making/, unfinished.json   belong to a run that has not
//   ended; the next run resumes it
// Format: docs/formats.md. Payloads are ciphertext and everything else is sealed. So a backup tells nothing to anyone
// who lacks the vault key, and no record to anyone who is not also a keyholder.
//
// 1. The database is copied before the segments, so that it refers to nothing that is missing. Until the run ends, no
//    space in the segments is freed (vault::payload::hold_segments).
// 2. backup.json is replaced only after everything that it names is durable and was read again. Until then the previous
//    backup is complete.
// 3. After that, the space of payloads that the vault has disposed of is freed in the backup too.
// 4. Uploads that are not sealed are not backed up, because nobody was told that they are complete.
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

// Called during a run with its step (for example "copying payloads"), the bytes done and all bytes (0: not known). If
// it returns false, the run ends with Errc::cancelled.
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
  std::uint64_t number = 0;  // runs are numbered from 1
  std::uint64_t size = 0;    // entries of the ledger
  vault::Digest root{};      // of the ledger's tree
  vault::Instant time;
  std::uint64_t records = 0;         // that have a payload
  std::uint64_t bytes = 0;           // of these payloads
  std::uint64_t copied_records = 0;  // by this run
  std::uint64_t copied_bytes = 0;
  std::uint64_t verified_records = 0;  // payloads read again in the backup by this run
  std::uint64_t dropped_records = 0;   // disposed of in the vault since the last run
};

// Errc::invalid_argument if the target is inside the vault or contains it. Errc::conflict if it contains other files,
// the backup of another vault, or a backup with a longer or another history. Errc::busy while another run works in it.
// Errc::tampered if the vault is not consistent, or if the bytes that were written are read back differently.
// Errc::full if the copy would use the target's reserve.
vault::Result<BackupReport> back_up(const BackupOptions& options, const vault::keyring::Opener& seal);

struct RestoreOptions {
  std::filesystem::path backup;
  std::filesystem::path directory;  // does not exist, is empty, or contains a restore that was interrupted
  std::uint64_t reserve = vault::payload::kPayloadReserve;
  Advance advance;
};

// Restores the vault of the last complete run. The directory becomes a vault only after everything was checked and
// every payload was read. `seal` must be one that the vault had when it was backed up. Errc::conflict if the directory
// is not empty. Errc::not_found if there is no complete backup. Errc::tampered if anything in the backup was altered.
vault::Result<BackupReport> restore(const RestoreOptions& options, const vault::keyring::Opener& seal);

}  // namespace service
