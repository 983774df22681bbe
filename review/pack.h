// Makes packs, which are documents that are sent together as one folder: the pack for the meeting (4.5.1) and the
// submission to the national Panel (4.7.1). The folder contains the files and `manifest.sha256`, so that the receiver
// can check them with `sha256sum -c manifest.sha256`. Everything here is a value; nothing is written.
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

// Writes "<hex>  <name>\n" for each file, in the order of their names. Errc::invalid_argument for a name that is not
// allowed in a folder or a manifest, or is the manifest's own; Errc::conflict for a name that is used twice;
// Errc::too_large over kMaxPackFiles.
Result<std::string> manifest_of(std::span<const PackFile> files);

// Returns Document 4 and the letter that goes with it (Document 5), each as the filled form, as a page and as text, and
// the manifest last. Errc::invalid_argument unless both are complete, belong to the same case, and agree on meeting and
// decision.
Result<std::vector<PackFile>> panel_pack(const FilledForm& document_4, const FilledForm& document_5);

// The documents that must be shared with those attending the meeting (4.5.1).
struct MeetingPack {
  bool has_document_1 = false;
  bool notified = false;  // the local authority has made a formal notification
  bool has_notification = false;
  std::vector<std::string> returned;      // agencies whose Document 2 is in the pack, a nil return too
  std::vector<std::string> not_returned;  // agencies that were asked and whose Document 2 is not in the pack
};
// Describes in words what is missing. Returns nothing if the pack is complete.
std::vector<std::string> missing_from(const MeetingPack& pack);

}  // namespace strongroom::review
