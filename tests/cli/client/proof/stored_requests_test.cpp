// Every verifier of a client refuses an entry that says something else than its signed request, for every kind of
// entry. The operator in these tests has the vault's key: they rewrite an entry and its envelope, and sign nothing.
#include <gtest/gtest.h>

#include <set>

#include "cli/client/proof/directory.h"
#include "cli/client/proof/review_course.h"
#include "cli/client/proof/safe_chain.h"
#include "cli/client/records.h"
#include "cli/client/session/act_receipt.h"
#include "tests/access/mutations.h"
#include "tests/access/signed_request.h"
#include "tests/access/world.h"

namespace cli::client {
namespace {

using access::testing::each_mutation_of_entry;
using access::testing::kAuthority;
using vault::crypto::VerifyKey;

constexpr audit::ChainNumber kDirectory = wire::number_at_genesis(access::ChainSort::directory);

// A ledger with every kind of entry, and the directory that a client makes of it.
class StoredRequests : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    world_ = new access::testing::World();
    world_->populate();
    world_->open_case();
    world_->live_through_everything();
    world_->live_through_a_review();
    entries_ = new std::vector<VerifiedEntry>();
    const auto txn = *world_->store().engine().read();
    const std::uint64_t size = world_->store().ledger().size(*txn)->value;
    for (std::uint64_t seq = 0; seq < size; ++seq) {
      const auto text = vault::to_text(*world_->store().ledger().body(*txn, audit::LeafIndex{seq}));
      VerifiedEntry entry;
      entry.envelope = *world_->store().ledger().envelope(*txn, audit::LeafIndex{seq});
      entry.body = *wire::decode<wire::EntryBody>(text, wire::Strictness::exact);
      entries_->push_back(std::move(entry));
    }
    DirectoryChain chain(std::string(kAuthority), *world_->store().state().log(), {});
    for (const VerifiedEntry& entry : *entries_)
      if (entry.envelope.chain == kDirectory) {
        const auto applied = chain.apply(entry.envelope, entry.body);
        ASSERT_TRUE(applied) << applied.error().message;
      }
    directory_ = new Directory(std::move(chain), std::string(kAuthority));
  }
  static void TearDownTestSuite() {
    delete directory_;
    delete entries_;
    delete world_;
  }

  static bool in_directory(const VerifiedEntry& entry) { return entry.envelope.chain == kDirectory; }
  // Entries as they are in a listing for one verifier.
  static std::vector<VerifiedEntry> entries_where(const std::function<bool(const wire::EntryBody&)>& is_one) {
    std::vector<VerifiedEntry> found;
    for (const VerifiedEntry& entry : *entries_)
      if (!in_directory(entry) && is_one(entry.body)) found.push_back(entry);
    return found;
  }
  // Calls `verify` with each entry of the list mutated in each way; all of these must be refused, except what a client
  // with this one chain cannot know. The list itself is accepted.
  static void expect_mutations_refused(std::vector<VerifiedEntry> list,
                                       const std::function<Result<void>(std::span<const VerifiedEntry>)>& verify) {
    ASSERT_FALSE(list.empty());
    const auto right = verify(list);
    ASSERT_TRUE(right) << right.error().message;
    std::map<std::string, int> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const wire::EntryBody body = list[i].body;
      if (!body.request || ++seen[body.kind] > 2) continue;
      each_mutation_of_entry(body, [&](const std::string& path, const wire::EntryBody& other) {
        if (is_computed(body, path)) return;
        list[i].body = other;
        EXPECT_FALSE(verify(list)) << body.kind << ": " << path << "\n" << wire::encode(other);
      });
      list[i].body = body;
    }
  }
  // The ids that an entry concerns, where its detail does not name them, follow from where its thing is: replay
  // compares them, and clients use them for nothing but listings.
  static bool is_computed(const wire::EntryBody& body, const std::string& path) {
    if (!path.starts_with("/ids/")) return false;
    const std::string name = path.substr(5, path.find(' ') - 5);
    return !body.detail.as_object().contains(name);
  }
  static VerifyKey key_of(const wire::EntryBody& body) {
    if (const auto person = access::PersonId::parse(*body.actor)) return directory_->find(*person)->signing_key;
    const auto txn = *world_->store().engine().read();
    return (*world_->store().state().invitation(*txn, *access::InvitationId::parse(*body.actor)))->key;
  }

  static inline access::testing::World* world_ = nullptr;
  static inline std::vector<VerifiedEntry>* entries_ = nullptr;
  static inline Directory* directory_ = nullptr;
};

TEST_F(StoredRequests, EveryActOfTheRegisterMadeAnEntryHere) {
  std::set<std::string> acts, kinds;
  for (const VerifiedEntry& entry : *entries_) {
    kinds.insert(entry.body.kind);
    if (!entry.body.request) continue;
    const auto request = wire::verify_cause(entry.body, entry.envelope.time, key_of(entry.body), std::nullopt);
    ASSERT_TRUE(request) << request.error().message;
    acts.insert(wire::act_of(*request).value_or(""));
  }
  for (const std::string_view kind : wire::command_kinds()) EXPECT_TRUE(acts.contains(std::string(kind))) << kind;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, wire::Events>>([&](auto type) {
    EXPECT_TRUE(kinds.contains(std::string(decltype(type)::type::kKind))) << decltype(type)::type::kKind;
  });
}

TEST_F(StoredRequests, OfTheDirectoryAreComparedWhole) {
  DirectoryChain chain(std::string(kAuthority), *world_->store().state().log(), {});
  std::map<std::string, int> seen;
  for (const VerifiedEntry& entry : *entries_) {
    if (!in_directory(entry)) continue;
    if (entry.body.request && ++seen[entry.body.kind] <= 2)
      each_mutation_of_entry(entry.body, [&](const std::string& path, const wire::EntryBody& other) {
        if (is_computed(entry.body, path)) return;
        DirectoryChain before = chain;
        EXPECT_FALSE(before.apply(entry.envelope, other)) << entry.body.kind << ": " << path;
      });
    ASSERT_TRUE(chain.apply(entry.envelope, entry.body));
  }
  EXPECT_GE(seen.size(), 6U);
}

// A client verifies the cause of every entry that it may read (`audit verify`), and every other listing begins so.
TEST_F(StoredRequests, OfAnyKindAreComparedByTheirCause) {
  std::vector<VerifiedEntry> caused =
      entries_where([](const wire::EntryBody& body) { return body.request && body.actor->starts_with("person_"); });
  expect_mutations_refused(std::move(caused), [](std::span<const VerifiedEntry> list) -> Result<void> {
    // Only the mutated entry needs to be verified again, because the list was accepted before.
    for (const VerifiedEntry& entry : list) {
      const VerifiedEntry& right = (*entries_)[entry.envelope.seq.value];
      if (wire::encode(entry.body) == wire::encode(right.body)) continue;
      TRY_VOID(directory_->verify_caused(entry));
    }
    return {};
  });
}

TEST_F(StoredRequests, OfReceiptsAreComparedWithTheCommandThatWasSent) {
  std::set<std::string> acts;
  for (std::size_t i = 0; i < entries_->size(); ++i) {
    const VerifiedEntry& first = (*entries_)[i];
    if (!first.body.request || first.body.kind == "access.refused") continue;
    if (i > 0 && (*entries_)[i - 1].body.request == first.body.request) continue;
    std::vector<VerifiedEntry> receipt;
    for (std::size_t j = i; j < entries_->size() && (*entries_)[j].body.request == first.body.request; ++j)
      receipt.push_back((*entries_)[j]);
    const VerifyKey key = key_of(first.body);
    const auto verified = wire::verify_cause(first.body, first.envelope.time, key, std::string(kAuthority));
    ASSERT_TRUE(verified);
    PendingCommand pending;
    pending.nonce = verified->parameters().nonce;
    pending.keyid = *first.body.actor;
    pending.kind = *wire::act_of(*verified);
    pending.body = verified->body();
    if (!acts.insert(pending.kind).second) continue;
    expect_mutations_refused(receipt, [&](std::span<const VerifiedEntry> list) {
      return check_receipt(pending, list, key, std::string(kAuthority));
    });
    // The receipt must have the act's own entry, and must not have it twice.
    EXPECT_FALSE(check_receipt(pending, std::span(receipt).subspan(1), key, std::string(kAuthority))) << pending.kind;
    receipt.push_back(receipt.front());
    EXPECT_FALSE(check_receipt(pending, receipt, key, std::string(kAuthority))) << pending.kind;
  }
  EXPECT_EQ(acts.size(), wire::command_kinds().size());
}

TEST_F(StoredRequests, OfASafesKeysAreComparedWhole) {
  for (const access::SafeId& safe : {world_->safe.id, world_->review_safe.id, world_->other_safe.id}) {
    const std::set<std::string> kinds{
        "safe.opened",      "case.referred",     "nomination.made",    "nomination.wrapped", "nomination.confirmed",
        "nomination.ended", "nomination.paused", "nomination.resumed", "epoch.started",      "shares.completed"};
    expect_mutations_refused(entries_where([&](const wire::EntryBody& body) {
                               return kinds.contains(body.kind) && (body.ids.safe == safe);
                             }),
                             [&](std::span<const VerifiedEntry> list) -> Result<void> {
                               TRY_VOID(verify_safe_chain(*directory_, safe, list));
                               return {};
                             });
  }
}

TEST_F(StoredRequests, OfSealingsAreComparedWhole) {
  expect_mutations_refused(entries_where([](const wire::EntryBody& body) { return body.kind == "records.sealed"; }),
                           [](std::span<const VerifiedEntry> list) -> Result<void> {
                             TRY_VOID(trust_sealings(*directory_, VerifiedSafe(), list));
                             return {};
                           });
}

TEST_F(StoredRequests, OfAReviewAreComparedWhole) {
  std::size_t reviews = 0;
  for (const VerifiedEntry& entry : *entries_) {
    if (entry.body.kind != "case.referred") continue;
    const access::CaseId id = *entry.body.ids.case_;
    const access::SafeId review_safe = wire::from_json<wire::CaseReferred>(entry.body.detail)->review_safe;
    // The course of a review has everything of its review safe except keys and copies.
    auto list = entries_where([&](const wire::EntryBody& body) {
      return body.ids.case_ == id && body.ids.safe == review_safe && body.kind != "access.refused";
    });
    ++reviews;
    expect_mutations_refused(
        [&] {
          std::erase_if(list, [](const VerifiedEntry& one) {
            const std::string_view kind = one.body.kind;
            return kind.starts_with("nomination.") || kind.starts_with("copy.") || kind.starts_with("epoch.") ||
                   kind.starts_with("shares.");
          });
          return list;
        }(),
        [&](std::span<const VerifiedEntry> shown) -> Result<void> {
          TRY_VOID(read_course(*directory_, id, shown));
          return {};
        });
  }
  EXPECT_GE(reviews, 3U);
}

// The two attacks that showed the mistake (docs/mistakes.md), on every kind: the signed digest beside another body.
TEST_F(StoredRequests, NeverHaveABodyAndADigest) {
  for (const VerifiedEntry& entry : *entries_) {
    if (!entry.body.request) continue;
    auto json = wire::to_json(entry.body).as_object();
    auto& request = json["request"].as_object();
    const std::string digest = vault::hex(wire::body_sha256(entry.body.request->content));
    const bool has_body = request.contains("body");
    request[has_body ? "body_sha256" : "body"] = has_body ? digest : "{}";
    if (!has_body && !request.contains("body_sha256")) request["body_sha256"] = digest;
    const auto decoded = wire::decode<wire::EntryBody>(wire::json::serialize(json), wire::Strictness::tolerant);
    ASSERT_FALSE(decoded) << wire::json::serialize(json);
    EXPECT_EQ(decoded.code(), vault::Errc::malformed);
  }
}

// A refused upload keeps the digest of its body; no act does, refused or not.
TEST_F(StoredRequests, OmitNoCommand) {
  std::size_t acts = 0;
  for (const VerifiedEntry& entry : *entries_) {
    if (!entry.body.request || !std::holds_alternative<std::string>(entry.body.request->content)) continue;
    wire::EntryBody body = entry.body;
    body.request->content = wire::OmittedBody{wire::body_sha256(body.request->content)};
    const auto verified = wire::verify_cause(body, entry.envelope.time, key_of(body), std::nullopt);
    EXPECT_EQ(verified.has_value(), !entry.body.request->target.starts_with("/v1/acts/")) << body.kind;
    ++acts;
  }
  EXPECT_GE(acts, wire::command_kinds().size());
}

}  // namespace
}  // namespace cli::client
