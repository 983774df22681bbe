#include "vault/crypto/start.h"

#include <openssl/evp.h>

#include <memory>

namespace vault::crypto {

Result<void> start_crypto() {
  const auto lacks = [](const char* name) {
    return Error{Errc::internal, std::string("OpenSSL has no ") + name +
                                     ": its configuration (OPENSSL_CONF) leaves it out. Run this program with a "
                                     "configuration that loads the default provider"};
  };
  for (const char* const name : {"SHA256", "SHA512"})
    if (!std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)>(EVP_MD_fetch(nullptr, name, nullptr), EVP_MD_free))
      return lacks(name);
  constexpr const char* kCipher = "ChaCha20-Poly1305";
  if (!std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)>(EVP_CIPHER_fetch(nullptr, kCipher, nullptr),
                                                               EVP_CIPHER_free))
    return lacks(kCipher);
  return {};
}

}  // namespace vault::crypto
