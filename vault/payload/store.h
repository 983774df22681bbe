// Stores bulk ciphertext: uploads, which become the payloads of records. The only implementation is segment files
// (payload/segments.h). An engine that outgrows one machine would bring its own.
//
// The life of a payload: `create` reserves its length, `write` appends, `sync` makes the received bytes durable, and
// `seal` turns the complete, durable upload into a record's payload inside the transaction that appends the entry. From
// then on it never changes, until `dispose`. A transaction frees the extents first, and `punch` gives the space back to
// the disk afterwards, so that an aborted transaction loses nothing.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/base/time.h"
#include "vault/base/type_id.h"
#include "vault/engine/engine.h"
#include "vault/keyring/sealed_table.h"
#include "vault/payload/digest.h"

namespace vault::payload {

struct UploadTag {
  static constexpr std::string_view kPrefix = "upload";
};
struct RecordTag {
  static constexpr std::string_view kPrefix = "rec";
};
using UploadId = TypeId<UploadTag>;
using RecordId = TypeId<RecordTag>;

inline constexpr std::uint64_t kMaxPayloadBytes = 1ULL << 40;
inline constexpr std::size_t kMaxUploads = 16'384;
inline constexpr std::size_t kMaxUploadsPerOwner = 2048;  // several interrupted runs of a client leave that many behind
// The limit for the lengths of one owner's open uploads together, whether sent or not. A single upload may be longer if
// the owner has no other open.
inline constexpr std::uint64_t kMaxOpenBytesPerOwner = 256ULL << 30;
inline constexpr std::size_t kMaxBatchUploads = 256;       // whole uploads in one call
inline constexpr std::uint64_t kMaxBatchBytes = 8U << 20;  // all uploads of the call together
inline constexpr std::size_t kMaxOwnerBytes = 128;

struct UploadStatus {
  std::string owner;  // opaque: the caller decides who may resume it
  std::uint64_t length = 0;
  std::uint64_t offset = 0;   // received so far: where the next write begins
  std::uint64_t durable = 0;  // where it would resume after a power cut
  Instant created;
};

struct WholeUpload {
  UploadId id;
  ByteView bytes;
};

struct Payload {
  std::uint64_t length = 0;
  Digest digest{};  // the payload digest
  bool operator==(const Payload&) const = default;
};

struct SealedPayload {
  RecordId record;
  Payload payload;
};

// Reads one payload for one download. It has looked up where the bytes are and keeps no transaction open, so a slow
// download does not keep old pages of the database in use. Thread safe. Must not outlive its store.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual const Payload& payload() const = 0;
  // Fills all of `out` from `offset`. Errc::invalid_argument beyond the end; Errc::tampered if the bytes are missing.
  virtual Result<void> read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

// Thread safe. Every call may block on the disk, so call it where that is allowed. Functions that take a transaction
// work within it. The others may begin one, so a thread that has a write transaction open must not call them.
class Store {
 public:
  virtual ~Store() = default;

  // Reserves `length` bytes. Does nothing if the upload exists with the same owner and length, so a caller may retry.
  // Errc::invalid_argument for a length of 0 or an owner that is empty or too long; Errc::too_large; Errc::limited (too
  // many uploads, or too long together); Errc::conflict (the id is taken); Errc::full.
  virtual Result<void> create(const UploadId& id, std::string_view owner, std::uint64_t length) = 0;
  // Stores uploads that arrive whole, all of them or none. They are complete and durable when this returns. It costs
  // one sync and one commit (shared with other callers), even for many uploads. Same errors as `create`, and
  // Errc::invalid_argument for no upload, Errc::too_large beyond kMaxBatchUploads or kMaxBatchBytes.
  virtual Result<void> receive(std::span<const WholeUpload> uploads, std::string_view owner) = 0;
  // Errc::not_found if the upload was never made, was discarded or is sealed.
  virtual Result<UploadStatus> status(const UploadId& id) const = 0;
  // Appends the bytes and returns the next offset. They are not durable yet: only `sync` makes them so. Errc::conflict
  // if `offset` is not status().offset; Errc::too_large beyond the length; Errc::busy while another write is running.
  // After a sync has failed with Errc::io the upload is condemned: every call returns Errc::io, and the upload must be
  // discarded and begun again.
  virtual Result<std::uint64_t> write(const UploadId& id, std::uint64_t offset, ByteView bytes) = 0;
  // Makes every byte durable for which `write` had returned before this call. Uploads that are given together share
  // syncs and the commit. After a failure none of them may be taken as durable.
  virtual Result<void> sync(std::span<const UploadId> ids) = 0;
  Result<void> sync(const UploadId& id) { return sync(std::span(&id, 1)); }
  // Ends the upload and frees its space. Errc::not_found.
  virtual Result<void> discard(const UploadId& id) = 0;

  // Returns the payload of a complete and durable upload as `txn` sees it. Errc::not_found; Errc::conflict while bytes
  // are missing or not synced.
  virtual Result<Payload> finished(const engine::ReadTransaction& txn, const UploadId& id) const = 0;
  // Makes the upload the payload of `record` when `txn` commits. Same errors as `finished`, and Errc::conflict if the
  // record has a payload.
  virtual Result<Payload> seal(engine::WriteTransaction& txn, const UploadId& id, const RecordId& record) = 0;
  // Frees a record's payload when `txn` commits. The bytes are on the disk until the next `punch`. Returns false if
  // there was no payload.
  virtual Result<bool> dispose(engine::WriteTransaction& txn, const RecordId& record) = 0;

  virtual Result<std::optional<Payload>> find(const engine::ReadTransaction& txn, const RecordId& record) const = 0;
  virtual Result<std::unique_ptr<Reader>> open(const RecordId& record) const = 0;  // Errc::not_found

  // Returns at most `max` sealed payloads in the order of their records, from the beginning or after `after`.
  virtual Result<std::vector<SealedPayload>> list(const engine::ReadTransaction& txn,
                                                  const std::optional<RecordId>& after, std::size_t max) const = 0;

  // Reads all of a payload again and compares it with `expected`. Errc::tampered names the first altered block;
  // Errc::not_found; Errc::cancelled when `go_on`, which is called before each block, returns false.
  virtual Result<void> verify(const RecordId& record, const Digest& expected,
                              const std::function<bool()>& go_on = {}) const = 0;

  // Background work, in bounded steps. Discards at most `max` uploads to which nothing was written since `before`, and
  // returns how many it discarded.
  virtual Result<std::size_t> discard_orphans(Instant before, std::size_t max) = 0;
  // Gives at most `max` freed extents back to the disk, and returns how many. Returns 0 while there is a hold.
  virtual Result<std::size_t> punch(std::size_t max) = 0;
  // Nothing is punched while the returned object lives. A backup needs this, because it copies the engine's rows first
  // and the payloads that they name later. Must not outlive the store.
  class Hold {
   public:
    virtual ~Hold() = default;
  };
  virtual std::unique_ptr<Hold> hold() = 0;

  // Returns the tables, all of class `local`, for a rotation of the vault key and for `check`.
  virtual std::vector<const keyring::SealedTable*> tables() const = 0;
};

}  // namespace vault::payload
