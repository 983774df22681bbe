// Bulk ciphertext: uploads that become the payloads of records (DESIGN 8). The default is segment files
// (payload/segments.h); engines that outgrow a machine bring their own.
//
// The life of a payload: `create` reserves its length, `write` appends, `sync` makes what was received durable, and
// `seal` turns the complete, durable upload into a record's payload inside the transaction that appends the entry. From
// then on it never changes, until `dispose`. Where bytes lie is let go in a transaction and punched out afterwards.
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
// Of the lengths of one owner's open uploads together, sent or not. One that is longer may be open alone.
inline constexpr std::uint64_t kMaxOpenBytesPerOwner = 256ULL << 30;
inline constexpr std::size_t kMaxBatchUploads = 256;       // that come whole, in one call
inline constexpr std::uint64_t kMaxBatchBytes = 8U << 20;  // of all of them together
inline constexpr std::size_t kMaxOwnerBytes = 128;

struct UploadStatus {
  std::string owner;  // opaque: the caller decides who may resume it
  std::uint64_t length = 0;
  std::uint64_t offset = 0;   // received so far: where the next write begins
  std::uint64_t durable = 0;  // where it would go on after a power cut
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

// One payload, for one download: knows where the bytes are and holds no transaction. Thread safe. Must not outlive its
// store.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual const Payload& payload() const = 0;
  // All of `out`, from `offset`. Errc::invalid_argument beyond the end; Errc::tampered if the bytes are not there.
  virtual Result<void> read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

// Thread safe. Every call may block on the disk; run it where that is allowed. Functions with a transaction of the
// caller's belong to that transaction; the others must not be called by a thread that has a write transaction open.
class Store {
 public:
  virtual ~Store() = default;

  // Reserves `length` bytes. Again with the same owner and length: nothing happens. Errc::invalid_argument for no
  // length or an owner that is empty or too long, Errc::too_large, Errc::limited (too many uploads, or too long
  // together), Errc::conflict (the id is taken), Errc::full.
  virtual Result<void> create(const UploadId& id, std::string_view owner, std::uint64_t length) = 0;
  // Uploads that come whole, all of them or none: complete and durable when it returns, for one sync and one commit
  // (shared with others'), whatever their number. Errors as `create`; Errc::invalid_argument for none,
  // Errc::too_large beyond kMaxBatchUploads or kMaxBatchBytes.
  virtual Result<void> receive(std::span<const WholeUpload> uploads, std::string_view owner) = 0;
  // Errc::not_found: never made, discarded, or sealed.
  virtual Result<UploadStatus> status(const UploadId& id) const = 0;
  // Appends; returns the next offset. Receipt is not durability. Errc::conflict for another offset than
  // status().offset, Errc::too_large beyond the length, Errc::busy while another write goes on. After Errc::io from a
  // sync the upload is condemned: it answers Errc::io for ever and has to be discarded and begun again.
  virtual Result<std::uint64_t> write(const UploadId& id, std::uint64_t offset, ByteView bytes) = 0;
  // On success everything that `write` had returned for before this call is durable. Many at once share what they can;
  // on failure nothing is promised of any.
  virtual Result<void> sync(std::span<const UploadId> ids) = 0;
  Result<void> sync(const UploadId& id) { return sync(std::span(&id, 1)); }
  // Lets the upload go. Errc::not_found.
  virtual Result<void> discard(const UploadId& id) = 0;

  // A complete and durable upload as `txn` sees it. Errc::not_found; Errc::conflict while bytes are missing or not
  // synced.
  virtual Result<Payload> finished(const engine::ReadTransaction& txn, const UploadId& id) const = 0;
  // Makes it the payload of `record` when `txn` commits. As `finished`; Errc::conflict if the record has a payload.
  virtual Result<Payload> seal(engine::WriteTransaction& txn, const UploadId& id, const RecordId& record) = 0;
  // Lets a record's payload go when `txn` commits; the bytes go with the next `punch`. False if there was none.
  virtual Result<bool> dispose(engine::WriteTransaction& txn, const RecordId& record) = 0;

  virtual Result<std::optional<Payload>> find(const engine::ReadTransaction& txn, const RecordId& record) const = 0;
  virtual Result<std::unique_ptr<Reader>> open(const RecordId& record) const = 0;  // Errc::not_found

  // Sealed payloads by record, from the first after `after` (the first of all without it), at most `max`.
  virtual Result<std::vector<SealedPayload>> list(const engine::ReadTransaction& txn,
                                                  const std::optional<RecordId>& after, std::size_t max) const = 0;

  // Reads all of a payload again. Errc::tampered names the first altered block; Errc::not_found; Errc::cancelled once
  // `go_on` returns false (asked before each block).
  virtual Result<void> verify(const RecordId& record, const Digest& expected,
                              const std::function<bool()>& go_on = {}) const = 0;

  // Background work, in bounded steps. Discards at most `max` uploads that nothing was written to since `before`;
  // returns how many.
  virtual Result<std::size_t> discard_orphans(Instant before, std::size_t max) = 0;
  // Gives at most `max` let-go extents back to the disk; returns how many. None while somebody holds.
  virtual Result<std::size_t> punch(std::size_t max) = 0;
  // Nothing is punched while the returned object lives: for a backup, which copies the engine first. Must not outlive
  // the store.
  class Hold {
   public:
    virtual ~Hold() = default;
  };
  virtual std::unique_ptr<Hold> hold() = 0;

  // All of class local. For re-sealing and `check`.
  virtual std::vector<const keyring::SealedTable*> tables() const = 0;
};

}  // namespace vault::payload
