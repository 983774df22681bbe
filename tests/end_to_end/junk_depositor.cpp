// Acts as a depositor whose program is not ours: seals one record whose payload and description open, but hold nothing
// that a record should. `junk_depositor SAFE`, with STRONGROOM_HOME and STRONGROOM_PASSPHRASE_FILE; prints the record's
// id.
#include <cstdlib>
#include <iostream>

#include "cli/client/desk.h"
#include "cli/client/records.h"
#include "cli/client/session/upload.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"
#include "vault/payload/digest.h"

namespace {

using namespace cli::client;

Result<access::RecordId> seal_junk(std::string_view words) {
  TRY(const access::SafeId id, access::SafeId::parse(words));
  TRY(Home home, Home::open(Home::default_path()));
  TRY(const Pins pins, home.pins());
  World world;
  TRY(world.carry, carrier_to(pins.url, pins.tls_pin));
  const char* passphrase = std::getenv("STRONGROOM_PASSPHRASE_FILE");  // NOLINT
  TRY(const auto session, Session::start(std::move(home), passphrase_from_file(passphrase), std::move(world)));
  TRY(const Directory directory, Directory::load(*session));
  TRY(const VerifiedSafe safe, verify_safe(*session, directory, id));

  const auto sealed = [&](std::string_view text) {
    return vault::age::encrypt_small(vault::as_bytes(text), std::span(&safe.current().recipient, 1));
  };
  TRY(const Bytes file, sealed("not what it says"));
  const std::string_view text = vault::as_text(file);
  const std::size_t header = text.find('\n', text.find("\n--- ") + 1) + 1;  // after the line with the MAC
  TRY(const Bytes descriptor, sealed("junk"));
  const ByteView payload = ByteView(file).subspan(header);
  TRY(const Upload upload, Upload::create(*session, payload.size(), payload));
  TRY(const auto digests,
      session->stage(std::vector{Bytes(file.begin(), file.begin() + static_cast<long>(header)), descriptor}));
  vault::payload::PayloadDigest digest;
  digest.update(payload);
  wire::NewRecord record;
  record.record = session->make_id<access::RecordId>();
  record.upload = upload.id();
  record.header = digests[0];
  record.descriptor = digests[1];
  record.length = payload.size();
  record.payload = digest.finish();
  record.class_ = access::RecordClass::case_notes;
  TRY_VOID(session->act(wire::SealRecords{id, safe.current().epoch, {record}, {}}));
  return record.record;
}

}  // namespace

int main(int argc, char** argv) {
  if (!vault::start_secure_memory()) return 1;
  const auto record = seal_junk(argc == 2 ? argv[1] : "");
  if (!record) {
    std::cerr << record.error().message << "\n";
    return 1;
  }
  std::cout << record->to_string() << "\n";
  return 0;
}
