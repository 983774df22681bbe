// Documents that leave together as a folder: the pack of the meeting (4.5.1) and the submission to the national Panel
// (4.7.1). The folder holds the files and `manifest.sha256`, which `sha256sum -c manifest.sha256` checks. As values:
// nothing is written here.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "review/forms.h"

namespace strongroom::review {

inline constexpr std::string_view kManifestName = "manifest.sha256";
inline constexpr std::size_t kMaxPackFiles = 1000;
inline constexpr std::size_t kMaxPackNameBytes = 200;

struct PackFile {
  std::string name;  // within the folder: one part, printable, no leading dot
  std::string content;
  vault::Digest sha256() const;
};

// "<hex>  <name>\n" for each file, in the order of their names. Errc::invalid_argument for a name that cannot stand in
// a folder or a manifest, or is the manifest's; conflict for one that stands twice; too_large over kMaxPackFiles.
Result<std::string> manifest_of(std::span<const PackFile> files);

// Document 4 and the letter that goes with it (Document 5), each as it is filled in, as a page and as text, and the
// manifest last. Errc::invalid_argument unless both are complete, of the same case, and agree on meeting and decision.
Result<std::vector<PackFile>> panel_pack(const FilledForm& document_4, const FilledForm& document_5);

// What 4.5.1 asks to be shared with those attending.
struct MeetingPack {
  bool has_document_1 = false;
  bool notified = false;  // the local authority has made a formal notification
  bool has_notification = false;
  std::vector<std::string> returned;      // agencies whose Document 2 is there, a nil return too
  std::vector<std::string> not_returned;  // asked, and it is not
};
// What is missing, in words; empty when the pack is complete.
std::vector<std::string> missing_from(const MeetingPack& pack);

}  // namespace strongroom::review
