#include "cli/client/files/verified_payload.h"

#include "cli/client/files/stage.h"
#include "vault/age/file.h"
#include "vault/base/file.h"

namespace cli::client {
namespace {

constexpr std::size_t kReadSize = 1U << 20;

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

}  // namespace

// The ciphertext is given to `hashing` and `opening`, and `opening` gives the plaintext to `writing`.
struct VerifiedPayload::Pipeline {
  explicit Pipeline(VerifiedPayload& payload)
      : writing([&payload](ByteView bytes) { return payload.plain_(bytes); }),
        plain({&writing}),
        hashing([&payload](ByteView bytes) -> Result<void> {
          payload.digest_.update(bytes);
          return {};
        }),
        opening([&payload](ByteView bytes) { return payload.decryptor_.push(bytes); }),
        sealed({&hashing, &opening}) {}
  Result<void> finish() {
    TRY_VOID(sealed.flush());
    TRY_VOID(hashing.finish());
    return opening.finish();
  }

  // In this order, so that each is destroyed before the stage to which it gives bytes.
  Stage writing;
  StageFeed plain;
  Stage hashing;
  Stage opening;
  StageFeed sealed;
};

VerifiedPayload::~VerifiedPayload() = default;

VerifiedPayload::VerifiedPayload(const vault::age::FileKey& key, const PayloadFacts& facts,
                                 std::function<Result<void>(ByteView)> plain)
    : facts_(facts), plain_(std::move(plain)), decryptor_(key, [this](ByteView bytes) -> Result<void> {
        hash_.update(bytes);
        size_ += bytes.size();
        if (!plain_) return {};
        return pipeline_ ? pipeline_->plain.push(bytes) : plain_(bytes);
      }) {
  if (facts_.length > kWholePayload) pipeline_ = std::make_unique<Pipeline>(*this);
}

Result<void> VerifiedPayload::push(ByteView ciphertext) {
  length_ += ciphertext.size();
  if (length_ > facts_.length) return tampered("a record is longer than the one that was sealed");
  if (pipeline_) return pipeline_->sealed.push(ciphertext);
  digest_.update(ciphertext);
  return decryptor_.push(ciphertext);
}

Result<void> VerifiedPayload::finish() {
  if (length_ != facts_.length) return tampered("a record is shorter than the one that was sealed");
  if (pipeline_) TRY_VOID(pipeline_->finish());
  if (digest_.finish() != facts_.payload) return tampered("a record's ciphertext is not what was sealed");
  auto ended = decryptor_.finish();
  if (!ended) return tampered("a record does not decrypt: " + ended.error().message);
  if (pipeline_) {
    TRY_VOID(pipeline_->plain.flush());
    TRY_VOID(pipeline_->writing.finish());
  }
  if (size_ != facts_.size || hash_.finish() != facts_.sha256)
    return tampered("a record's content is not what its description says");
  return {};
}

Result<void> verify_file(const std::filesystem::path& path, std::span<const vault::age::Identity> identities,
                         const PayloadFacts& facts, const std::function<Result<void>(ByteView)>& plain,
                         std::atomic<std::uint64_t>* bytes) {
  TRY(vault::File file, vault::File::open_to_read(path, vault::Links::not_followed));
  const vault::age::Reader read = [&](std::span<std::byte> into) { return file.read(into); };
  auto opened = vault::age::read_header(read);
  if (!opened)
    return opened.code() == Errc::io ? opened.error() : tampered(vault::text_of(path) + " is not an age file");
  TRY(const vault::age::FileKey key, vault::age::open_header(opened->header, identities));
  VerifiedPayload payload(key, facts, plain);
  vault::Bytes buffer(kReadSize);
  for (;;) {
    TRY(const std::size_t got, opened->payload(buffer));
    if (got == 0) break;
    TRY_VOID(payload.push(ByteView(buffer).first(got)));
    if (bytes != nullptr) *bytes += got;
  }
  return payload.finish();
}

}  // namespace cli::client
