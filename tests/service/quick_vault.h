// A vault in a directory, as `strongroomd init` makes it, whose seal costs next to nothing.
#pragma once
#include <gtest/gtest.h>

#include "service/vault_directory.h"

namespace service::test {

inline constexpr vault::Instant kNow{1'790'000'000'000};
inline constexpr vault::crypto::Argon2Cost kQuick{.passes = 1, .memory_bytes = 64U << 10};

inline void make_quick_vault(const std::filesystem::path& directory, const vault::keyring::Opener& seal) {
  const auto made = make_vault({.directory = directory,
                                .origin = "vault.example/partnership",
                                .url = "https://vault.example:8443",
                                .tls = std::nullopt,
                                .cost = kQuick},
                               seal, kNow);
  ASSERT_TRUE(made) << made.error().message;
}

}  // namespace service::test
