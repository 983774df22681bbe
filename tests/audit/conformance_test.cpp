// Runs published vectors: Merkle proofs of transparency-dev, signed notes, checkpoints and cosignatures of C2SP, and a
// real log of tessera. Each is read from its file, and the counts are asserted, so that none can go missing unnoticed.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "audit/tree.h"

namespace audit {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

fs::path vectors() {
  if (const char* given = std::getenv("STRONGROOM_VECTORS")) return given;
  const char* source = std::getenv("STRONGROOM_SOURCE_DIR");
  return fs::path(source != nullptr ? source : ".") / ".." / "shared" / "vectors";
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

json::value read_json(const fs::path& path) {
  return json::parse(read_text(path));
}

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

std::string unbase64_text(const json::value& value) {
  return vault::to_text(*vault::unbase64(text_of(value), vault::Base64::padded));
}

Result<Digest> hash_of(const json::value& value) {
  TRY(const Bytes bytes, vault::unbase64(text_of(value), vault::Base64::padded));
  return to_digest(bytes);
}

// Some roots are the text "don't care", with or without a number. Our types hold exactly 32 bytes, so we use a hash of
// the text.
Result<Digest> root_of(const json::value& value) {
  TRY(const Bytes bytes, vault::unbase64(text_of(value), vault::Base64::padded));
  if (vault::as_text(bytes).starts_with("don't care")) return leaf_hash(bytes);
  return to_digest(bytes);
}

Result<Proof> proof_of(const json::value& value) {
  Proof proof;
  if (value.is_null()) return proof;
  for (const json::value& one : value.as_array()) {
    TRY(const Digest hash, hash_of(one));
    proof.push_back(hash);
  }
  return proof;
}

std::vector<NoteKey> keys_of(const json::value& vkeys) {
  std::vector<NoteKey> keys;
  for (const json::value& one : vkeys.as_array()) keys.push_back(*parse_note_key(text_of(one)));
  return keys;
}

std::string name_and_id(const NoteKey& key) {
  return key.name + "+" + vault::hex(vault::big_endian32(key.id()));
}

class Vectors : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(vectors())) GTEST_SKIP() << "no published vectors at " << vectors();
  }
  // Runs `verify` over each case of a folder and compares with its `wantErr`.
  static void proofs(const char* folder, const std::function<Result<void>(const json::object&)>& verify) {
    std::size_t cases = 0, accepted = 0;
    for (const auto& file : fs::recursive_directory_iterator(vectors() / "merkle-tdev" / "testdata" / folder)) {
      if (file.path().extension() != ".json") continue;
      const json::value root = read_json(file.path());
      const bool ok = verify(root.as_object()).has_value();
      EXPECT_NE(ok, root.as_object().at("wantErr").as_bool()) << file.path();
      ++cases;
      accepted += ok ? 1 : 0;
    }
    EXPECT_EQ(cases, 98U);
    EXPECT_EQ(accepted, 6U);
  }
};

TEST_F(Vectors, InclusionProofsOfTransparencyDev) {
  proofs("inclusion", [](const json::object& c) -> Result<void> {
    TRY(const Digest leaf, hash_of(c.at("leafHash")));
    TRY(const Digest root, hash_of(c.at("root")));
    TRY(const Proof proof, proof_of(c.at("proof")));
    return verify_inclusion(leaf, LeafIndex{c.at("leafIdx").to_number<std::uint64_t>()},
                            TreeSize{c.at("treeSize").to_number<std::uint64_t>()}, proof, root);
  });
}

TEST_F(Vectors, ConsistencyProofsOfTransparencyDev) {
  proofs("consistency", [](const json::object& c) -> Result<void> {
    TRY(const Digest first, root_of(c.at("root1")));
    TRY(const Digest second, root_of(c.at("root2")));
    TRY(const Proof proof, proof_of(c.at("proof")));
    return verify_consistency(TreeSize{c.at("size1").to_number<std::uint64_t>()},
                              TreeSize{c.at("size2").to_number<std::uint64_t>()}, proof, first, second);
  });
}

TEST_F(Vectors, SignedNotes) {
  const json::value file = read_json(vectors() / "tlog-note" / "note.json");
  const json::array& cases = file.at("cases").as_array();
  EXPECT_EQ(cases.size(), 33U);
  for (const json::value& c : cases) {
    const std::string bytes = unbase64_text(c.at("note_b64"));
    std::string outcome = "ok";
    json::array names;
    const auto note = parse_note(bytes);
    if (!note) {
      outcome = "malformed";
      EXPECT_EQ(note.code(), Errc::malformed) << c.at("id");
    } else if (const auto verified = verify_note(*note, keys_of(c.at("vkeys")))) {
      for (const VerifiedSignature& one : *verified) names.emplace_back(name_and_id(one.key));
      EXPECT_EQ(format_note(*note), bytes) << c.at("id");
    } else {
      outcome = verified.code() == Errc::wrong_key ? "no-trusted-signature" : "bad-signature";
    }
    EXPECT_EQ(outcome, text_of(c.at("expect"))) << c.at("id");
    EXPECT_EQ(names, c.at("verified_keys").as_array()) << c.at("id");
  }
}

TEST_F(Vectors, VerificationKeysOfNotes) {
  const json::value file = read_json(vectors() / "tlog-note" / "note.json");
  const json::value& vkeys = file.at("vkeys");
  EXPECT_EQ(vkeys.at("good").as_array().size(), 7U);
  for (const json::value& one : vkeys.at("good").as_array()) {
    const auto key = parse_note_key(text_of(one));
    ASSERT_TRUE(key) << one;
    EXPECT_EQ(format_note_key(*key), text_of(one));
  }
  EXPECT_EQ(vkeys.at("bad").as_array().size(), 5U);
  for (const json::value& one : vkeys.at("bad").as_array())
    EXPECT_FALSE(parse_note_key(text_of(one.at("vkey")))) << one;
  // "also_bad" asks for every proper substring of the first, and for the first with any one byte incremented.
  const std::string good = text_of(vkeys.at("good").as_array().front());
  for (std::size_t begin = 0; begin < good.size(); ++begin)
    for (std::size_t length = 0; begin + length <= good.size(); ++length)
      if (length != good.size()) EXPECT_FALSE(parse_note_key(good.substr(begin, length)));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    ++changed[i];
    EXPECT_FALSE(parse_note_key(changed)) << changed;
  }
}

TEST_F(Vectors, ASigningKeyOfGoGivesTheSameNote) {
  const json::value file = read_json(vectors() / "tlog-note" / "note.json");
  const json::value& c = file.at("deterministic_sign");
  const std::string skey = text_of(c.at("skey"));
  const std::string_view prefix = "PRIVATE+KEY+PeterNeumann+c74f20a3+";
  ASSERT_TRUE(skey.starts_with(prefix));
  const Bytes typed = *vault::unbase64(skey.substr(prefix.size()), vault::Base64::padded);
  ASSERT_EQ(typed.size(), 33U);
  const vault::crypto::SigningKey key(vault::crypto::SigningSeed::copy_of(ByteView(typed).subspan<1, 32>()));
  const std::string text = unbase64_text(c.at("text_b64"));
  EXPECT_EQ(format_note({text, {sign_note(text, "PeterNeumann", key)}}), unbase64_text(c.at("note_b64")));
}

TEST_F(Vectors, BodiesOfCheckpoints) {
  const json::value file = read_json(vectors() / "tlog-note" / "checkpoint-bodies.json");
  const json::array& cases = file.at("cases").as_array();
  EXPECT_EQ(cases.size(), 25U);
  for (const json::value& c : cases) {
    const std::string body = unbase64_text(c.at("body_b64"));
    const auto checkpoint = parse_checkpoint(body);
    EXPECT_EQ(checkpoint.has_value(), c.at("valid").as_bool()) << c.at("id");
    if (!checkpoint) {
      EXPECT_EQ(checkpoint.code(), Errc::malformed) << c.at("id");
      continue;
    }
    EXPECT_EQ(checkpoint->origin, text_of(c.at("origin"))) << c.at("id");
    EXPECT_EQ(std::to_string(checkpoint->size.value), text_of(c.at("size"))) << c.at("id");
    EXPECT_EQ(json::value_from(checkpoint->extensions), c.at("extensions")) << c.at("id");
    EXPECT_EQ(format_checkpoint(*checkpoint), body) << c.at("id");
  }
}

TEST_F(Vectors, ARealCheckpointWithItsWitnesses) {
  const json::value file = read_json(vectors() / "tlog-note" / "cosignatures.json");
  ASSERT_EQ(file.at("real").as_array().size(), 1U);
  const json::value& c = file.at("real").as_array().front();
  const auto verified = verify_note(*parse_note(unbase64_text(c.at("note_b64"))), keys_of(c.at("vkeys")));
  ASSERT_TRUE(verified);
  const json::array& expected = c.at("verified").as_array();
  ASSERT_EQ(verified->size(), 5U);
  ASSERT_EQ(expected.size(), 5U);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(name_and_id((*verified)[i].key), text_of(expected[i].at("key")));
    EXPECT_EQ(static_cast<int>((*verified)[i].key.type), expected[i].at("type").as_int64());
    if (!expected[i].at("timestamp").is_null())
      EXPECT_EQ((*verified)[i].unix_seconds, expected[i].at("timestamp").to_number<std::uint64_t>());
  }
}

TEST_F(Vectors, CosignaturesAreReproducedByteForByte) {
  const json::value file = read_json(vectors() / "tlog-note" / "cosignatures.json");
  EXPECT_EQ(file.at("synthetic").as_array().size(), 3U);
  for (const json::value& c : file.at("synthetic").as_array()) {
    const auto key_from = [](const json::value& one) {
      const Bytes seed = *vault::unhex(text_of(one.at("seed_hex")));
      return vault::crypto::SigningKey(vault::crypto::SigningSeed::copy_of(ByteView(seed).first<32>()));
    };
    Note note{unbase64_text(c.at("body_b64")), {}};
    note.signatures.push_back(sign_note(note.text, text_of(c.at("log").at("name")), key_from(c.at("log"))));
    std::vector<NoteKey> keys{*parse_note_key(text_of(c.at("log").at("vkey")))};
    for (const json::value& one : c.at("cosigners").as_array()) {
      note.signatures.push_back(cosign_note(note.text, text_of(one.at("name")), key_from(one),
                                            one.at("timestamp").to_number<std::uint64_t>()));
      keys.push_back(*parse_note_key(text_of(one.at("vkey"))));
    }
    EXPECT_EQ(format_note(note), unbase64_text(c.at("note_b64"))) << c.at("id");
    EXPECT_EQ(verify_note(note, keys)->size(), 4U) << c.at("id");
  }
}

TEST_F(Vectors, FaultyCosignaturesAreRefused) {
  const json::value file = read_json(vectors() / "tlog-note" / "cosignatures.json");
  const json::array& cases = file.at("negative").as_array();
  EXPECT_EQ(cases.size(), 10U);
  for (const json::value& c : cases) {
    const std::vector key{*parse_note_key(text_of(c.at("vkey")))};
    const auto verified = verify_note(*parse_note(unbase64_text(c.at("note_b64"))), key);
    EXPECT_EQ(verified.has_value(), text_of(c.at("expect")) == "accept") << c.at("id");
  }
}

TEST_F(Vectors, ARealLogOfTessera) {
  const fs::path log = vectors() / "tessera-log" / "testdata" / "log";
  const NoteKey key = *parse_note_key("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
  // A bundle is up to 256 entries, each after its length.
  const Bytes bundle = vault::to_bytes(read_text(log / "tile" / "entries" / "000.p" / "15"));
  std::vector<Bytes> entries;
  for (ByteView rest = bundle; !rest.empty();) {
    const std::size_t length = std::to_integer<std::size_t>(rest[0]) << 8 | std::to_integer<std::size_t>(rest[1]);
    entries.push_back(vault::to_bytes(rest.subspan(2, length)));
    rest = rest.subspan(2 + length);
  }
  ASSERT_EQ(entries.size(), 15U);
  Frontier frontier;
  Bytes tile;
  for (std::size_t size = 0; size <= entries.size(); ++size) {
    if (size > 0) {
      const Digest leaf = leaf_hash(entries[size - 1]);
      frontier.append(leaf);
      vault::append(tile, leaf);
      EXPECT_EQ(vault::to_text(tile), read_text(log / "tile" / "0" / "000.p" / std::to_string(size)));
    }
    const auto signed_ = verify_checkpoint(read_text(log / ("checkpoint." + std::to_string(size))), key.name, key.key);
    ASSERT_TRUE(signed_) << size;
    EXPECT_EQ(signed_->checkpoint.size, TreeSize{size});
    EXPECT_EQ(signed_->checkpoint.root, frontier.root()) << size;
  }
}

}  // namespace
}  // namespace audit
