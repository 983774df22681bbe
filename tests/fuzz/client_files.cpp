// Reads the files that others write for a client, or that are in its own home: descriptors, the index of a copy, sealed
// notes, declarations, names that are not UTF-8, pins, pending commands and journals. Requires that an accepted path
// never leads out of its folder.
#include <filesystem>

#include "cli/client/copies.h"
#include "cli/client/declare.h"
#include "cli/client/session/home.h"
#include "tests/fuzz/require.h"

using namespace cli::client;

namespace fuzz = vault::fuzz;

namespace {

// Judges the path again, by other means than the decoder.
bool stays_inside(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos) return false;
  for (const auto& part : std::filesystem::path(path))
    if (part == ".." || part == "." || part.empty()) return false;
  return true;
}

// A file of a newer program is read tolerantly; written again it has only one text.
template <class T>
void check_json(std::string_view text) {
  const auto value = wire::decode<T>(text, wire::Strictness::tolerant);
  if (!value) return;
  const std::string once = wire::encode(*value);
  const auto again = wire::decode<T>(once, wire::Strictness::exact);
  fuzz::require(again && wire::encode(*again) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto descriptor = decode_descriptor(text)) {
    const auto path = raw_path(*descriptor);
    const auto name = raw_name(*descriptor);
    fuzz::require(path && name && stays_inside(*path) && stays_inside(*name));
    fuzz::require(name->find('/') == std::string::npos && descriptor->path.size() <= kMaxPathBytes);
    if (const auto once = encode_descriptor(*descriptor)) fuzz::require(decode_descriptor(*once).has_value());
  }
  if (const auto index = decode_index(text)) {
    for (const IndexedFile& file : index->records) {
      const auto path = file.encoded.value_or(false) ? decode_path(file.path) : Result<std::string>(file.path);
      fuzz::require(path && stays_inside(*path) && stays_inside(file.file));
      fuzz::require(file.file.find('/') == std::string::npos);
    }
    fuzz::require(decode_index(wire::encode(*index)).has_value());
  }
  const EncodedPath encoded = encode_path(text);
  fuzz::require(encoded.encoded ? *decode_path(encoded.text) == text : encoded.text == text);
  if (const auto raw = decode_path(text)) fuzz::require(raw->size() <= size);
  fuzz::require(!media_type_of(text).empty());

  if (const auto form = read_declaration(text)) {
    const auto again = read_declaration(wire::encode(*form));
    fuzz::require(again && wire::encode(*again) == wire::encode(*form));
  }

  check_json<DeclarationForm>(text);
  check_json<ItemWords>(text);
  check_json<Pins>(text);
  check_json<PendingCommand>(text);
  check_json<SecuredFile>(text);
  check_json<wire::EntryView>(text);
  check_json<wire::EntryBody>(text);
  return 0;
}
