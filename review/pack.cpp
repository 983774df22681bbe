#include "review/pack.h"

#include <algorithm>

#include "review/print.h"
#include "vault/crypto/hash.h"

namespace strongroom::review {
namespace {

bool is_allowed(std::string_view name) {
  if (name.empty() || name.size() > kMaxPackNameBytes || name.front() == '.' || name == kManifestName) return false;
  if (!vault::is_utf8(name)) return false;
  // sha256sum would escape a backslash and a line feed, and our names need neither.
  return std::ranges::none_of(name, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '/' || c == '\\' || byte < 0x20 || byte == 0x7f;
  });
}

void add_document(const FilledForm& filled, const std::string& name, std::vector<PackFile>& files) {
  files.push_back({name + ".html", print_html(*filled.form, filled.values)});
  files.push_back({name + ".json", write_form(*filled.form, filled.values)});
  files.push_back({name + ".txt", print_text(*filled.form, filled.values)});
}

Result<void> require_document(const FilledForm& filled, int document) {
  if (filled.form == nullptr || filled.form->document != document)
    return Error{Errc::invalid_argument, "this is not Document " + std::to_string(document)};
  return require_complete(filled);
}

}  // namespace

vault::Digest PackFile::sha256() const {
  return vault::crypto::sha256(vault::as_bytes(content));
}

Result<std::string> manifest_of(std::span<const PackFile> files) {
  if (files.size() > kMaxPackFiles)
    return Error{Errc::too_large, "a pack has at most " + std::to_string(kMaxPackFiles) + " files"};
  std::vector<const PackFile*> sorted;
  for (const PackFile& file : files) {
    if (!is_allowed(file.name))
      return Error{Errc::invalid_argument, "a file of the pack has a name that is not allowed"};
    sorted.push_back(&file);
  }
  std::ranges::sort(sorted, {}, &PackFile::name);
  if (std::ranges::adjacent_find(sorted, {}, &PackFile::name) != sorted.end())
    return Error{Errc::conflict, "two files of the pack have the same name"};
  std::string text;
  for (const PackFile* file : sorted) text += vault::hex(file->sha256()) + "  " + file->name + "\n";
  return text;
}

Result<std::vector<PackFile>> panel_pack(const FilledForm& document_4, const FilledForm& document_5) {
  TRY_VOID(require_document(document_4, 4));
  TRY_VOID(require_document(document_5, 5));
  for (const char* field : {"reference", "meeting_date", "decision"})
    if (document_4.values.at(field) != document_5.values.at(field))
      return Error{Errc::invalid_argument,
                   "Documents 4 and 5 do not agree: " + document_4.form->find(field)->label + " (" + field + ")"};
  std::vector<PackFile> files;
  add_document(document_4, "document-4-rapid-review", files);
  add_document(document_5, "document-5-letter", files);
  TRY(std::string manifest, manifest_of(files));
  files.push_back({std::string(kManifestName), std::move(manifest)});
  return files;
}

std::vector<std::string> missing_from(const MeetingPack& pack) {
  std::vector<std::string> missing;
  if (!pack.has_document_1) missing.emplace_back("the referral form, Document 1 (4.5.1)");
  if (pack.notified && !pack.has_notification)
    missing.emplace_back("the notification that the local authority has made (4.5.1)");
  if (pack.returned.empty() && pack.not_returned.empty())
    missing.emplace_back("the scoping of every agency: none was asked (4.3.1)");
  for (const std::string& agency : pack.not_returned) missing.push_back("Document 2 of " + agency + " (4.5.1)");
  return missing;
}

}  // namespace strongroom::review
