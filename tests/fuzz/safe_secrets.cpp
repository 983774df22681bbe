// Reads the contents of an age file that opens: the input is the plaintext of a wrap, of a share and of an earlier
// epoch's secret, encrypted to the reader as anybody can. Requires that it is accepted only if it is, to the byte, the
// text that this program writes.
#include "cli/client/proof/safe_secrets.h"
#include "tests/fuzz/require.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"

using namespace cli::client;

namespace fuzz = vault::fuzz;
namespace age = vault::age;

namespace {

age::Identity identity_of(unsigned char byte) {
  std::array<std::byte, 32> bytes;
  bytes.fill(std::byte{byte});
  return age::Identity(vault::crypto::AgreementSecret::copy_of(bytes));
}
ShareSecret share_of(unsigned char byte) {
  std::array<std::byte, ShareSecret::kSize> bytes;
  bytes.fill(std::byte{byte});
  return ShareSecret::copy_of(bytes);
}
template <class Id>
Id id_of(unsigned char byte) {
  std::array<std::byte, 16> uuid;
  uuid.fill(std::byte{byte});
  return Id::from_uuid(uuid);
}

// One safe of two epochs, with fixed keys and shares, so that the corpus fits it.
struct Example {
  age::Identity reader = identity_of(1);
  age::Identity first = identity_of(2), second = identity_of(3);
  std::vector<ShareSecret> shares;
  VerifiedSafe safe;

  Example() {
    for (const int byte : {4, 5, 2}) shares.push_back(share_of(static_cast<unsigned char>(byte)));
    safe.safe = id_of<access::SafeId>(7);
    for (std::uint64_t number = 0; number < 2; ++number) {
      SafeEpoch epoch;
      epoch.epoch = number;
      epoch.recipient = number == 0 ? first.recipient() : second.recipient();
      for (unsigned char partner = 0; partner < 3; ++partner)
        epoch.commitments.push_back({id_of<access::AgencyId>(static_cast<unsigned char>(8 + partner)),
                                     vault::crypto::sha256(ByteView(shares[partner].expose()))});
      safe.epochs.push_back(std::move(epoch));
    }
  }
};

bool is_plaintext_of(const Result<Bytes>& file, const age::Identity& reader, ByteView input) {
  const auto plain = age::decrypt_small(*file, std::span(&reader, 1));
  return plain && std::ranges::equal(*plain, input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool started = vault::start_secure_memory().has_value();
  static Example example;
  fuzz::require(started);
  const auto input = std::as_bytes(std::span(data, size));
  const auto file = age::encrypt_small(input, std::span(&example.reader.recipient(), 1));
  fuzz::require(file.has_value());

  const auto wrap = open_wrap(*file, example.reader, example.safe.safe, example.safe.epochs.back());
  if (wrap) {
    fuzz::require(wrap->identity.recipient() == example.second.recipient() && wrap->shares.size() == 3);
    fuzz::require(
        is_plaintext_of(make_wrap(example.safe.safe, 1, wrap->identity, wrap->shares, example.reader.recipient()),
                        example.reader, input));
  } else {
    fuzz::require(wrap.code() == Errc::tampered || wrap.code() == Errc::unknown_version);
  }
  const auto share = open_share(*file, example.reader, example.safe, 1, id_of<access::AgencyId>(9));
  if (share)
    fuzz::require(std::ranges::equal(share->expose(), example.shares[1].expose()));
  else
    fuzz::require(share.code() == Errc::tampered || share.code() == Errc::unknown_version);

  // The same bytes are also read as the file itself.
  fuzz::require(!open_wrap(input, example.reader, example.safe.safe, example.safe.epochs.back()));
  return 0;
}
