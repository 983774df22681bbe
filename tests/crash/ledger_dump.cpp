// Prints every entry of a vault that nobody serves, one JSON object a line: seq, envelope, body. Tests use it to
// compare a vault after a crash with the answers that clients got before it.
#include <boost/json.hpp>
#include <iostream>

#include "service/vault_directory.h"
#include "vault/base/secret.h"

namespace {

vault::Result<void> dump(const std::filesystem::path& directory, const std::filesystem::path& key_file) {
  TRY(const auto opened, service::open_vault(directory, vault::keyring::KeyFile{key_file}));
  const auto& store = *opened.store;
  TRY(const auto txn, store.engine().read());
  TRY(const audit::TreeSize size, store.ledger().size(*txn));
  for (std::uint64_t seq = 0; seq < size.value; ++seq) {
    TRY(const vault::Bytes envelope, store.ledger().envelope_bytes(*txn, audit::LeafIndex{seq}));
    TRY(const vault::Bytes body, store.ledger().body(*txn, audit::LeafIndex{seq}));
    std::cout << boost::json::object{{"seq", seq},
                                     {"envelope", vault::as_text(envelope)},
                                     {"body", vault::as_text(body)}}
              << "\n";
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "crash_ledger_dump VAULT KEYFILE\n";
    return 2;
  }
  if (const auto started = vault::start_secure_memory(); !started) return 1;
  if (const auto dumped = dump(argv[1], argv[2]); !dumped) {
    std::cerr << dumped.error().message << "\n";
    return 1;
  }
  return 0;
}
