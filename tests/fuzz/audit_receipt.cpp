// Requires that each receipt and update that a client gets has only one encoding, and that verification survives any
// claim in them.
#include "audit/receipt.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kOrigin = "vault.example/ledger";
  const std::string_view input = vault::as_text(std::as_bytes(std::span(data, size)));
  if (const auto receipt = audit::decode_receipt(input)) {
    vault::fuzz::require(audit::encode_receipt(*receipt) == input);
    // The key is nobody's, so no input can be accepted.
    vault::fuzz::require(!audit::verify_receipt(*receipt, kOrigin, {}));
    for (const audit::ReceiptEntry& entry : receipt->entries)
      static_cast<void>(audit::verify_inclusion(audit::leaf_hash(entry.envelope), entry.index,
                                                audit::TreeSize{receipt->entries.size()}, entry.proof, {}));
  }
  if (const auto update = audit::decode_log_update(input)) {
    vault::fuzz::require(audit::encode_log_update(*update) == input);
    vault::fuzz::require(!audit::verify_update(*update, {}, kOrigin, {}));
    static_cast<void>(audit::verify_consistency(audit::TreeSize{1}, update->from, update->consistency, {}, {}));
  }
  return 0;
}
