// Requires that an accepted header encodes to the bytes that it was read from, and that no shorter beginning is a
// header.
#include <algorithm>

#include "tests/fuzz/require.h"
#include "vault/age/header.h"

using namespace vault;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const auto header = age::parse_header(input);
  if (!header) return 0;
  const ByteView bytes = header->bytes;
  fuzz::require(bytes.size() <= size && std::ranges::equal(bytes, input.first(bytes.size())));
  fuzz::require(age::encode_header(header->stanzas, header->mac) == header->bytes);
  const auto shorter = age::parse_header_so_far(bytes.first(bytes.size() - 1));
  fuzz::require(shorter && !*shorter);

  const age::Identity identity(crypto::AgreementSecret::copy_of(std::array<std::byte, 32>{std::byte{1}}));
  const auto opened = age::open_header(*header, std::span(&identity, 1));
  // A header that is one well-formed X25519 stanza can only fail because of the key, or because of a share of low
  // order.
  if (age::is_single_x25519(*header)) fuzz::require(!opened && opened.code() != Errc::internal);
  (void)age::open_scrypt_header(*header, SecretText("p"), 2);
  return 0;
}
