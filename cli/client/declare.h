// The acts by which an agency accounts for what it holds (4.3.5): it makes declarations, lists its physical items, and
// records who has them. The words of each act are sealed notes (proof/holdings.h).
#pragma once
#include "cli/client/proof/holdings.h"

namespace cli::client {

inline constexpr std::size_t kMaxItemTextBytes = 2000;      // of one text in an item's note
inline constexpr std::size_t kMaxSourceNameBytes = 200;     // of a declaration's source
inline constexpr std::size_t kMaxDeclarationBytes = 60000;  // of the form's JSON; it fits a beside value once sealed

// Reads a form that somebody wrote. `searched`, `missing` and `note` may be left out. Errc::invalid_argument names the
// field ("sources[1].until: …"), Errc::too_large over kMaxDeclarationBytes.
Result<DeclarationForm> read_declaration(std::string_view text);

struct DeclareRequest {
  std::uint64_t version = 0;          // of this declaration: one more than the last
  std::vector<std::string> searched;  // the case's subjects
  std::optional<DeclarationForm> form;
  bool nothing_held = false;
};
Result<ActAnswer> declare(Session& session, const VerifiedSafe& safe, const DeclareRequest& request);

struct AddItemRequest {
  access::RecordClass class_ = access::RecordClass::other;
  std::optional<std::string> subject;
  std::uint64_t pages = 0;
  bool late = false;
  ItemWords words;  // add_item sets the item's id
};
struct AddedItem {
  access::ItemId item;
  std::uint64_t number = 0;
};
Result<AddedItem> add_item(Session& session, const VerifiedSafe& safe, AddItemRequest request);

struct CustodyRequest {
  access::ItemId item;
  access::CustodyChange change = access::CustodyChange::moved;
  std::optional<std::uint64_t> pages;
  std::optional<access::Purpose> purpose;  // with `due`, for a loan, and only then
  std::optional<vault::Date> due;
  ItemWords words;
};
Result<ActAnswer> change_custody(Session& session, const VerifiedSafe& safe, CustodyRequest request);

}  // namespace cli::client
