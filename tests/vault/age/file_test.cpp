#include "vault/age/file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "vault/age/armor.h"

namespace vault::age {
namespace {

constexpr std::size_t kUnit = kChunksPerUnit * kChunkSize;

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 7;
  for (auto& b : bytes) {
    state = state * 1664525 + 1013904223;
    b = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

struct AgeFile : testing::Test {
  Identity identity = Identity::generate();
  std::span<const Identity> identities{&identity, 1};
  std::span<const Recipient> recipients{&identity.recipient(), 1};

  Bytes encrypted(ByteView plain, const EncryptOptions& options = {}) {
    Bytes file;
    const auto size = encrypt(read_from(plain), append_to(file), recipients, options);
    EXPECT_TRUE(size);
    EXPECT_EQ(*size, plain.size());
    return file;
  }
};

TEST_F(AgeFile, EverySizeAroundAUnitBorderSurvivesOnAnyNumberOfThreads) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunkSize, kUnit - 1, kUnit, kUnit + 1, 2 * kUnit,
                                 5 * kUnit - 1, 5 * kUnit + kChunkSize}) {
    const Bytes plain = pattern(size);
    for (const unsigned threads : {1U, 2U, 5U}) {
      const Bytes file = encrypted(plain, {.threads = {threads}});
      Bytes back;
      const auto decrypted = decrypt(read_from(file), append_to(back), identities, {threads});
      ASSERT_TRUE(decrypted) << size << ' ' << threads << ' ' << decrypted.error().message;
      EXPECT_EQ(*decrypted, size);
      EXPECT_EQ(back, plain);
      EXPECT_EQ(file.size(), read_header(read_from(file))->header.bytes.size() + ciphertext_size(size));
    }
  }
}

TEST_F(AgeFile, TheSmallAndTheStreamedWaysReadEachOther) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, kChunkSize, kUnit + 5}) {
    const Bytes plain = pattern(size);
    EXPECT_EQ(*decrypt_small(encrypted(plain), identities), plain);
    const Bytes small = *encrypt_small(plain, recipients);
    Bytes back;
    EXPECT_TRUE(decrypt(read_from(small), append_to(back), identities));
    EXPECT_EQ(back, plain);
  }
}

TEST_F(AgeFile, ReadersThatGiveAFewBytesAtATimeAreReadToTheEnd) {
  const Bytes plain = pattern(kUnit + 1234);
  const auto trickle = [](ByteView bytes) {
    return [bytes, step = std::size_t{0}](std::span<std::byte> into) mutable -> Result<std::size_t> {
      const std::size_t size = std::min({into.size(), bytes.size(), 1 + step++ % 5000});
      std::copy_n(bytes.begin(), size, into.begin());
      bytes = bytes.subspan(size);
      return size;
    };
  };
  for (const bool armored : {false, true}) {
    Bytes file, back;
    ASSERT_TRUE(encrypt(trickle(plain), append_to(file), recipients, {.armor = armored}));
    ASSERT_TRUE(decrypt(trickle(file), append_to(back), identities));
    EXPECT_EQ(back, plain);
  }
}

TEST_F(AgeFile, AnArmoredFileIsTheArmorOfAFileAndIsRecognised) {
  const Bytes plain = pattern(3 * kUnit);
  const Bytes file = encrypted(plain, {.armor = true, .threads = {2}});
  ASSERT_TRUE(looks_armored(file));
  const auto binary = unarmor(as_text(file));
  ASSERT_TRUE(binary);
  EXPECT_EQ(armor(*binary), as_text(file));
  EXPECT_EQ(*decrypt_small(file, identities), plain);
  EXPECT_EQ(*decrypt_small(*binary, identities), plain);
  Bytes back;
  const std::string surrounded = "\n\n" + to_text(file) + "\n";
  EXPECT_TRUE(decrypt(read_from(as_bytes(surrounded)), append_to(back), identities));
  EXPECT_EQ(back, plain);
}

TEST_F(AgeFile, AnArmoredFileCutBeforeItsEndLineIsRefused) {
  const Bytes file = encrypted(pattern(1000), {.armor = true});
  const std::string_view text = as_text(file);
  const std::string_view cut = text.substr(0, text.find("-----END"));
  Bytes back;
  EXPECT_EQ(decrypt(read_from(as_bytes(cut)), append_to(back), identities).code(), Errc::malformed);
  EXPECT_TRUE(back.empty());
}

TEST_F(AgeFile, APassphraseOpensWhatItClosed) {
  const Bytes plain = pattern(100);
  Bytes file, back;
  ASSERT_TRUE(encrypt_with_passphrase(read_from(plain), append_to(file), SecretText("correct horse"), 4));
  EXPECT_TRUE(decrypt_with_passphrase(read_from(file), append_to(back), SecretText("correct horse")));
  EXPECT_EQ(back, plain);
  EXPECT_EQ(*decrypt_small_with_passphrase(file, SecretText("correct horse")), plain);
  EXPECT_EQ(decrypt_with_passphrase(read_from(file), append_to(back), SecretText("wrong")).code(), Errc::wrong_key);
  EXPECT_EQ(decrypt(read_from(file), append_to(back), identities).code(), Errc::wrong_key);
}

TEST_F(AgeFile, WhatIsWrittenBeforeAnAlteredUnitIsTheBeginningAndNoMore) {
  const Bytes plain = pattern(6 * kUnit + 10);
  Bytes file = encrypted(plain);
  const std::size_t header = read_header(read_from(file))->header.bytes.size();
  file[header + kPayloadNonceSize + 3 * kChunksPerUnit * kSealedChunkSize + 5] ^= std::byte{1};
  for (const unsigned threads : {1U, 2U, 4U}) {
    Bytes back;
    EXPECT_EQ(decrypt(read_from(file), append_to(back), identities, {threads}).code(), Errc::tampered);
    EXPECT_EQ(back.size(), 3 * kUnit);
    EXPECT_TRUE(std::ranges::equal(back, ByteView(plain).first(back.size())));
  }
}

TEST_F(AgeFile, TruncationsAndTrailingDataAreRefusedAtUnitBorders) {
  const Bytes file = encrypted(pattern(2 * kUnit));
  const std::size_t payload = read_header(read_from(file))->header.bytes.size();
  const std::size_t unit = kChunksPerUnit * kSealedChunkSize;
  for (const std::size_t cut : {payload + 16, payload + 17, payload + 16 + unit, payload + 16 + unit - kSealedChunkSize,
                                payload + 16 + unit + 1, file.size() - kSealedChunkSize, file.size() - 1}) {
    Bytes back;
    EXPECT_EQ(decrypt(read_from(ByteView(file).first(cut)), append_to(back), identities, {2}).code(), Errc::tampered)
        << cut;
    EXPECT_EQ(decrypt_small(ByteView(file).first(cut), identities).code(), Errc::tampered) << cut;
  }
  for (std::size_t cut = payload; cut < payload + 16; ++cut) {
    Bytes back;
    EXPECT_EQ(decrypt(read_from(ByteView(file).first(cut)), append_to(back), identities).code(), Errc::malformed);
  }
  Bytes longer = file, back;
  longer.push_back(std::byte{0});
  EXPECT_EQ(decrypt(read_from(longer), append_to(back), identities, {2}).code(), Errc::tampered);
}

TEST_F(AgeFile, AFlippedByteAnywhereIsRefused) {
  const Bytes file = encrypted(pattern(40));
  for (std::size_t i = 0; i < file.size(); ++i) {
    Bytes changed = file, back;
    changed[i] ^= std::byte{0x01};
    EXPECT_FALSE(decrypt(read_from(changed), append_to(back), identities)) << i;
    EXPECT_TRUE(back.empty()) << i;
    EXPECT_FALSE(decrypt_small(changed, identities)) << i;
  }
}

TEST_F(AgeFile, TheFirstErrorOfACallbackStopsThePipelineAndComesBack) {
  const Bytes plain = pattern(kUnit);
  for (const unsigned threads : {1U, 3U}) {
    // The reader is endless, so this ends only if reading stops.
    std::atomic<int> reads = 0, writes = 0;
    const Reader endless = [&](std::span<std::byte> into) -> Result<std::size_t> {
      ++reads;
      std::ranges::fill(into, std::byte{1});
      return into.size();
    };
    const Writer full = [&](ByteView) -> Result<void> {
      if (++writes > 3) return Error{Errc::full, "no space"};
      return {};
    };
    EXPECT_EQ(encrypt(endless, full, recipients, {.threads = {threads}}).code(), Errc::full);
    EXPECT_EQ(writes, 4);
    EXPECT_LE(reads, 4 + static_cast<int>(2 * threads));  // no thread is more than a unit ahead, so memory is bounded

    int units = 0;
    const Reader failing = [&](std::span<std::byte> into) -> Result<std::size_t> {
      if (++units > 2) return Error{Errc::io, "the disk refused"};
      std::ranges::fill(into, std::byte{1});
      return into.size();
    };
    Bytes file;
    EXPECT_EQ(encrypt(failing, append_to(file), recipients, {.threads = {threads}}).code(), Errc::io);
  }
}

TEST_F(AgeFile, NeitherCallbackIsEverCalledByTwoThreadsAtOnce) {
  std::atomic<int> reading = 0, writing = 0;
  std::atomic<bool> overlapped = false;
  std::size_t left = 20 * kUnit;
  const Reader reader = [&](std::span<std::byte> into) -> Result<std::size_t> {
    if (++reading != 1) overlapped = true;
    const std::size_t size = std::min(into.size(), left);
    left -= size;
    std::this_thread::yield();
    --reading;
    return size;
  };
  std::uint64_t written = 0;
  const Writer writer = [&](ByteView bytes) -> Result<void> {
    if (++writing != 1) overlapped = true;
    written += bytes.size();
    std::this_thread::yield();
    --writing;
    return {};
  };
  EXPECT_EQ(*encrypt_payload(FileKey::generate(), reader, writer, {4}), 20 * kUnit);
  EXPECT_EQ(written, ciphertext_size(20 * kUnit));
  EXPECT_FALSE(overlapped);
}

TEST_F(AgeFile, AHeaderTakenOffAndMadeAgainForAnotherKeyStillOpensThePayload) {
  const Bytes plain = pattern(kUnit + 1);
  const Bytes file = encrypted(plain);
  const Reader reader = read_from(file);
  const OpenedFile opened = *read_header(reader);
  EXPECT_TRUE(is_single_x25519(opened.header));
  const FileKey key = *open_header(opened.header, identities);
  const Identity holder = Identity::generate();
  Bytes rewritten = *make_header(key, std::span(&holder.recipient(), 1));
  append(rewritten, ByteView(file).subspan(opened.header.bytes.size()));
  EXPECT_EQ(*decrypt_small(rewritten, std::span(&holder, 1)), plain);
  EXPECT_EQ(decrypt_small(rewritten, identities).code(), Errc::wrong_key);
  Bytes back;
  EXPECT_EQ(*decrypt_payload(key, opened.payload, append_to(back)), plain.size());
  EXPECT_EQ(back, plain);
}

TEST_F(AgeFile, FilesOverTheSmallLimitAreRefusedBeforeTheyAreDecrypted) {
  Bytes plain(kMaxSmallPlain);
  Bytes file = *encrypt_small(plain, recipients);
  EXPECT_EQ(decrypt_small(file, identities)->size(), kMaxSmallPlain);
  file.push_back(std::byte{0});
  EXPECT_EQ(decrypt_small(file, identities).code(), Errc::too_large);
  plain.push_back(std::byte{0});
  EXPECT_EQ(encrypt_small(plain, recipients).code(), Errc::too_large);
}

TEST_F(AgeFile, WhatIsNoAgeFileIsMalformed) {
  Bytes back;
  for (const std::string_view text : {"", "hello", "age-encryption.org/v1\n", "-----BEGIN CERTIFICATE-----\nAAAA\n"})
    EXPECT_EQ(decrypt(read_from(as_bytes(text)), append_to(back), identities).code(), Errc::malformed) << text;
}

}  // namespace
}  // namespace vault::age
