// What an agency says of what it holds (4.3.5): the acts by which it declares, lists its physical items and records who
// has them. The words of each act are sealed notes (proof/holdings.h).
#pragma once
#include "cli/client/proof/holdings.h"

namespace cli::client {

inline constexpr std::size_t kMaxItemTextBytes = 2000;      // of one text of an item's note
inline constexpr std::size_t kMaxSourceNameBytes = 200;     // of a declaration's source
inline constexpr std::size_t kMaxDeclarationBytes = 60000;  // of the form's JSON; sealed it is a beside value

// The form as somebody wrote it; `searched`, `missing` and `note` may be left out. Errc::invalid_argument names the
// field ("sources[1].until: …"), Errc::too_large over kMaxDeclarationBytes.
Result<DeclarationForm> read_declaration(std::string_view text);

struct DeclareRequest {
  std::uint64_t version = 0;          // this one's: the last and 1
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
  ItemWords words;  // its item is made here
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
  std::optional<access::Purpose> purpose;  // both exactly for a loan
  std::optional<vault::Date> due;
  ItemWords words;
};
Result<ActAnswer> change_custody(Session& session, const VerifiedSafe& safe, CustodyRequest request);

}  // namespace cli::client
