#include "audit/note.h"

#include <gtest/gtest.h>

#include "audit/checkpoint.h"

namespace audit {
namespace {

using vault::crypto::SigningKey;

constexpr std::string_view kText = "Strongroom test\n\nwith an empty line\n";

NoteKey key_of(std::string_view name, const SigningKey& key, NoteKeyType type = NoteKeyType::ed25519) {
  return {std::string(name), type, key.verify_key()};
}

std::string signed_by(std::string_view name, const SigningKey& key, std::size_t times = 1) {
  return format_note({std::string(kText), std::vector(times, sign_note(kText, name, key))});
}

TEST(Note, IsReadBackAsItWasWrittenAndVerifies) {
  const SigningKey key = SigningKey::generate();
  const std::string bytes = signed_by("example.com/log", key);
  const auto note = parse_note(bytes);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->text, kText);
  EXPECT_EQ(format_note(*note), bytes);
  const std::vector keys{key_of("example.com/log", key)};
  EXPECT_EQ(verify_note(*note, keys)->size(), 1U);
}

TEST(Note, ABadSignatureOfATrustedKeyCondemnsANoteThatAnotherTrustedKeySigned) {
  const SigningKey good = SigningKey::generate(), bad = SigningKey::generate();
  Note note{std::string(kText), {sign_note(kText, "good", good), sign_note("another\n", "bad", bad)}};
  EXPECT_TRUE(verify_note(note, std::vector{key_of("good", good)}));
  EXPECT_EQ(verify_note(note, std::vector{key_of("good", good), key_of("bad", bad)}).code(), Errc::tampered);
}

TEST(Note, ASecondLineOfATrustedKeyMustVerifyToo) {
  const SigningKey key = SigningKey::generate();
  Note note{std::string(kText), {sign_note(kText, "log", key), sign_note("another\n", "log", key)}};
  EXPECT_EQ(verify_note(note, std::vector{key_of("log", key)}).code(), Errc::tampered);
}

TEST(Note, NoTrustedKeyIsAnotherAnswerThanABadSignature) {
  const SigningKey key = SigningKey::generate();
  const Note note = *parse_note(signed_by("log", key));
  EXPECT_EQ(verify_note(note, {}).code(), Errc::wrong_key);
  EXPECT_EQ(verify_note(note, std::vector{key_of("log", SigningKey::generate())}).code(), Errc::wrong_key);
  EXPECT_EQ(verify_note(note, std::vector{key_of("log2", key)}).code(), Errc::wrong_key);
  EXPECT_EQ(verify_note(note, std::vector{key_of("log", key, NoteKeyType::cosignature)}).code(), Errc::wrong_key);
}

TEST(Note, AHundredSignaturesAreReadAndOneMoreIsNot) {
  const SigningKey key = SigningKey::generate();
  EXPECT_TRUE(parse_note(signed_by("log", key, kMaxNoteSignatures)));
  EXPECT_EQ(parse_note(signed_by("log", key, kMaxNoteSignatures + 1)).code(), Errc::malformed);
}

TEST(Note, TheSizeLimitIsInclusive) {
  const SigningKey key = SigningKey::generate();
  std::string text(kMaxNoteBytes, 'x');
  text.back() = '\n';
  const std::size_t more = format_note({text, {sign_note(text, "log", key)}}).size() - text.size();
  text = text.substr(more);
  EXPECT_TRUE(parse_note(format_note({text, {sign_note(text, "log", key)}})));
  text = "x" + text;
  EXPECT_EQ(parse_note(format_note({text, {sign_note(text, "log", key)}})).code(), Errc::too_large);
}

TEST(KeyName, SpacesOfAnyScriptPlusAndControlCharactersAreRefused) {
  for (const char* name : {"a", "example.com/log", "w\u00e9.example/\u2603"}) EXPECT_TRUE(is_key_name(name)) << name;
  for (const char* name : {"", "a b", "a+b", "a\tb", "a\u00a0b", "a\u2003b", "a\u3000b", "a\u0085", "\xff"})
    EXPECT_FALSE(is_key_name(name)) << name;
  EXPECT_TRUE(is_key_name(std::string(kMaxKeyNameBytes, 'a')));
  EXPECT_FALSE(is_key_name(std::string(kMaxKeyNameBytes + 1, 'a')));
}

TEST(NoteKey, IsReadBackAsItWasWrittenForEitherType) {
  const SigningKey key = SigningKey::generate();
  for (const NoteKeyType type : {NoteKeyType::ed25519, NoteKeyType::cosignature}) {
    const NoteKey written = key_of("example.com/log", key, type);
    EXPECT_EQ(*parse_note_key(format_note_key(written)), written);
  }
}

TEST(Cosignature, CoversItsTimeAndTheWholeText) {
  const SigningKey witness = SigningKey::generate();
  const std::vector keys{key_of("witness", witness, NoteKeyType::cosignature)};
  Note note{std::string(kText), {cosign_note(kText, "witness", witness, 1679315147)}};
  EXPECT_EQ(verify_note(note, keys)->front().unix_seconds, 1679315147U);
  Note other_text = note;
  other_text.text += "more\n";
  EXPECT_EQ(verify_note(other_text, keys).code(), Errc::tampered);
  note.signatures.front().signature[7] ^= std::byte{1};
  EXPECT_EQ(verify_note(note, keys).code(), Errc::tampered);
}

class SignedCheckpointTest : public ::testing::Test {
 protected:
  SigningKey key_ = SigningKey::generate();
  Checkpoint checkpoint_{"example.com/log", TreeSize{1}, leaf_hash(vault::as_bytes("leaf")), {}};
};

TEST_F(SignedCheckpointTest, VerifiesUnderItsLogsKeyAndOrigin) {
  const auto made = sign_checkpoint(checkpoint_, key_);
  ASSERT_TRUE(made);
  const auto verified = verify_checkpoint(made->note, "example.com/log", key_.verify_key());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->checkpoint, checkpoint_);
  EXPECT_EQ(verified->note, made->note);
}

TEST_F(SignedCheckpointTest, AnotherKeyIsAWrongKeyAndAnotherBodyIsTampered) {
  const std::string note = sign_checkpoint(checkpoint_, key_)->note;
  EXPECT_EQ(verify_checkpoint(note, "example.com/log", SigningKey::generate().verify_key()).code(), Errc::wrong_key);
  EXPECT_EQ(verify_checkpoint(note, "example.com/other", key_.verify_key()).code(), Errc::wrong_key);
  std::string larger = note;
  larger.replace(larger.find("\n1\n"), 3, "\n2\n");
  EXPECT_EQ(verify_checkpoint(larger, "example.com/log", key_.verify_key()).code(), Errc::tampered);
}

TEST_F(SignedCheckpointTest, AnOriginThatTheKeyDoesNotNameIsRefused) {
  Checkpoint other = checkpoint_;
  other.origin = "example.com/other";
  const std::string text = format_checkpoint(other);
  const std::string note = format_note({text, {sign_note(text, "example.com/log", key_)}});
  EXPECT_EQ(verify_checkpoint(note, "example.com/log", key_.verify_key()).code(), Errc::tampered);
}

TEST_F(SignedCheckpointTest, AnEmptyLedgerHasTheEmptyRoot) {
  checkpoint_.size = TreeSize{0};
  EXPECT_EQ(verify_checkpoint(sign_checkpoint(checkpoint_, key_)->note, "example.com/log", key_.verify_key()).code(),
            Errc::tampered);
  checkpoint_.root = empty_root();
  EXPECT_TRUE(verify_checkpoint(sign_checkpoint(checkpoint_, key_)->note, "example.com/log", key_.verify_key()));
}

TEST_F(SignedCheckpointTest, AnOriginThatIsNoKeyNameIsNotSigned) {
  checkpoint_.origin = "two words";
  EXPECT_EQ(sign_checkpoint(checkpoint_, key_).code(), Errc::invalid_argument);
}

}  // namespace
}  // namespace audit
