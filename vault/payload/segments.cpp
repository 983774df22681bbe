#include "vault/payload/segments.h"

#include "vault/payload/segment_store.h"

namespace vault::payload {

Result<std::unique_ptr<Store>> open_segments(engine::Engine& engine, const keyring::Sealer& sealer,
                                             const std::filesystem::path& directory, SegmentOptions options) {
  if (options.segment_bytes == 0 || options.segment_bytes % kExtentAlignment != 0 || !options.disk || !options.clock)
    return Error{Errc::invalid_argument, "a segment's size must be a multiple of 4 KiB"};
  if (options.sync_interval < kBlockSize)
    return Error{Errc::invalid_argument, "uploads are synced at block borders, so the interval must be at least 1 MiB"};
  TRY_VOID(make_private_directory(directory));
  TRY_VOID(sync_directory(directory));
  const auto table = [&](std::string_view name) {
    return SealedTable::make(engine, sealer, name, keyring::TableClass::local);
  };
  TRY(SealedTable uploads, table("payload.uploads"));
  TRY(SealedTable records, table(kRecordsTable));
  TRY(SealedTable blocks, table("payload.blocks"));
  TRY(SealedTable holes, table("payload.holes"));
  TRY(SealedTable state, table("payload.state"));
  auto store = std::make_unique<SegmentStore>(
      engine, Tables{std::move(uploads), std::move(records), std::move(blocks), std::move(holes), std::move(state)},
      directory, std::move(options));
  TRY_VOID(store->load());
  return store;
}

}  // namespace vault::payload
