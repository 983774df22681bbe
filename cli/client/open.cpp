#include "cli/client/open.h"

#include "cli/client/files/stage.h"
#include "cli/client/files/staged_file.h"
#include "vault/age/armor.h"
#include "vault/age/file.h"
#include "vault/age/identity_file.h"
#include "vault/base/file.h"

namespace cli::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexName = "index.age";
constexpr std::string_view kExtension = ".age";

// Returns false for an armored file, because its header cannot be read before it is unarmored.
bool needs_passphrase(ByteView beginning) {
  if (vault::age::looks_armored(beginning)) return false;
  const auto header = vault::age::parse_header_so_far(beginning);
  return header && *header && vault::age::is_single_scrypt(**header);
}

Result<Bytes> decrypt_index(const fs::path& path, const Openers& openers) {
  TRY(const Bytes file, vault::read_file_limited(path, access::kMaxIndexBytes));
  if (!needs_passphrase(file)) return vault::age::decrypt_small(file, openers.identities);
  TRY(const vault::SecretText passphrase, openers.passphrase("Passphrase of " + vault::text_of(path)));
  return vault::age::decrypt_small_with_passphrase(file, passphrase);
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code failed;
  if (!folder.empty()) fs::create_directories(folder, failed);
  if (failed) return vault::system_error(failed, "cannot make " + vault::text_of(folder));
  return {};
}

// `opened` is completed later, when the file gets its name.
Result<void> open_indexed(const fs::path& folder, const fs::path& into, const IndexedFile& file, const Openers& openers,
                          CopyProgress& progress, StagedFiles& names, OpenedRecord& opened) {
  TRY(const std::string inner, raw_path(file));
  TRY(StagedFile staged, StagedFile::create(into, inner, file.size));
  TRY_VOID(verify_file(
      folder / vault::path_of(file.file), openers.identities, facts_of(file),
      [&](ByteView bytes) { return staged.write(bytes); }, &progress.bytes));
  if (const auto time = vault::parse_rfc3339(file.modified)) staged.set_modified(*time);
  opened.file = into / vault::path_of(inner);
  return names.add(std::move(staged), file.size, [&opened](Result<void> named) -> Result<void> {
    if (!named) opened.failure = named.error();
    return {};
  });
}

}  // namespace

Result<std::vector<vault::age::Identity>> read_identities(const fs::path& file, const PassphraseSource& passphrase) {
  TRY(const Bytes bytes, vault::read_file_limited(file, vault::age::kMaxIdentityFileSize * 2));
  TRY(vault::age::IdentityFile identities, vault::age::read_identity_file(bytes, [&]() {
        return passphrase ? passphrase("Passphrase of " + vault::text_of(file))
                          : Result<vault::SecretText>(Errc::invalid_argument, "the identity file needs a passphrase");
      }));
  return std::move(identities.identities);
}

Result<std::vector<OpenedRecord>> open_copy(const fs::path& folder, const fs::path& into, const Openers& openers,
                                            CopyProgress& progress) {
  TRY(Bytes plain, decrypt_index(folder / kIndexName, openers));
  auto index = decode_index(vault::as_text(plain));
  vault::wipe(plain);
  if (!index) return index.error();
  TRY_VOID(make_folder(into));
  std::vector<OpenedRecord> opened(index->records.size());
  StagedFiles names;
  TRY_VOID(for_each_parallel(opened.size(), kFilesInFlight, [&](std::size_t i) -> Result<void> {
    if (progress.stop) return Error{Errc::cancelled, "stopped"};
    const IndexedFile& file = index->records[i];
    opened[i] = {into / vault::path_of(file.path), file.size, {}};
    if (auto one = open_indexed(folder, into, file, openers, progress, names, opened[i]); !one)
      opened[i].failure = one.error();
    ++progress.files;
    return {};
  }));
  TRY_VOID(names.finish());
  return opened;
}

Result<OpenedRecord> open_file(const fs::path& path, const fs::path& into, const Openers& openers) {
  fs::path target = into;
  std::error_code ignored;
  if (fs::is_directory(into, ignored)) {
    const std::string name = vault::text_of(path.filename());
    if (name.size() <= kExtension.size() || !name.ends_with(kExtension))
      return Error{Errc::invalid_argument, "the file's name does not end in .age: name the file to make with -o"};
    target = into / vault::path_of(name.substr(0, name.size() - kExtension.size()));
  }
  TRY(vault::File file, vault::File::open_to_read(path));
  Bytes beginning(vault::age::kMaxHeaderSize);
  TRY(const std::size_t got, file.read_at(0, beginning));
  beginning.resize(got);

  const fs::path parent = target.has_parent_path() ? target.parent_path() : fs::path(".");
  TRY_VOID(make_folder(parent));
  TRY(StagedFile staged, StagedFile::create(parent, vault::text_of(target.filename())));
  const vault::age::Reader read = [&](std::span<std::byte> bytes) { return file.read(bytes); };
  const vault::age::Writer write = [&](ByteView bytes) { return staged.write(bytes); };
  OpenedRecord opened{target, 0, {}};
  if (needs_passphrase(beginning)) {
    TRY(const vault::SecretText passphrase, openers.passphrase("Passphrase of " + vault::text_of(path)));
    TRY(opened.size, vault::age::decrypt_with_passphrase(read, write, passphrase));
  } else {
    TRY(opened.size, vault::age::decrypt(read, write, openers.identities));
  }
  TRY_VOID(staged.commit());
  return opened;
}

}  // namespace cli::client
