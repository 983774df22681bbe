// Every read that the service has, by everybody, about things that exist: the refusal that the view gives is the one
// that the gate and replay derive from the target.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "service/answers.h"
#include "tests/access/world.h"

namespace service {
namespace {

using access::Action;
using access::Refusal;
using access::View;
using access::Viewed;
using strongroom::access::testing::Identity;
using strongroom::access::testing::World;

class RefusedReads : public ::testing::Test {
 protected:
  using Values = std::map<std::string, std::vector<std::string>, std::less<>>;
  RefusedReads() {
    world_.populate();
    world_.open_case();
    world_.live_through_everything();
    constable_ = world_.invite(world_.police_root, world_.police, {access::Role::practitioner}, "Constable");
    people_ = {&world_.authority_root, &world_.icb_root, &world_.police_root,  &world_.administrator, &world_.spoc,
               &world_.reviewer,       &world_.lead,     &world_.first,        &world_.second,        &world_.depositor,
               &world_.other_lead,     &constable_,      &world_.custodians[0]};
    values_ = {
        {"case", {world_.case_id.to_string(), world_.other_case.to_string(), world_.reference}},
        {"safe", {world_.safe.id.to_string(), world_.review_safe.id.to_string(), world_.other_safe.id.to_string()}},
        {"record", {world_.records[0].to_string()}},
        {"copy", {world_.copy.to_string(), "C-0001"}},
        {"agency", {world_.school.to_string()}},
        {"person", {world_.first.id.to_string()}},
        {"number", {"1"}},
        {"kind", {"records.sealed"}},
        {"class", {"case-notes"}},
        {"subject", {"child-1"}},
        {"since", {"2020-01-01T00:00:00.000Z"}},
        {"until", {"2100-01-01T00:00:00.000Z"}},
        {"overdue", {"true"}},
        {"mine", {"true"}},
        {"from", {"1"}},
        {"to", {"2"}}};
  }

  // What stands in a path's braces, by its name, in every way that there is.
  std::vector<net::Fields> paths(std::string_view pattern) const {
    std::vector<net::Fields> all{{}};
    for (std::size_t at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1)) {
      const std::string name(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
      std::vector<net::Fields> longer;
      for (const net::Fields& path : all)
        for (const std::string& value : values_.at(name)) {
          longer.push_back(path);
          longer.back().emplace_back(name, value);
        }
      all = std::move(longer);
    }
    return all;
  }
  // No query, each parameter by itself in every way, and all of them at once.
  std::vector<std::string> queries(const std::vector<std::string_view>& accepted) const {
    std::vector<std::string> all{"?"};
    std::string together;
    for (const std::string_view name : accepted) {
      const auto& values = values_.find(name)->second;
      for (const std::string& value : values) all.push_back("?" + std::string(name) + "=" + value);
      together += (together.empty() ? "?" : "&") + std::string(name) + "=" + values.front();
    }
    if (accepted.size() > 1) all.push_back(together);
    return all;
  }
  static std::string path_of(std::string_view pattern, const net::Fields& path) {
    std::string text(pattern);
    for (const auto& [name, value] : path) text.replace(text.find("{" + name + "}"), name.size() + 2, value);
    return text;
  }

  // The view's own refusal; the one from the target must be the same, whatever else the client adds to it.
  template <class T>
  void compare(const Identity& who, std::string_view pattern, const std::string& target, const Viewed<T>& live) {
    const auto* refusal = live ? std::get_if<Refusal>(&*live) : nullptr;
    if (refusal == nullptr) return;
    refused_.insert(std::string(pattern));
    const access::Actor actor{who.id.to_string(), who.id, std::nullopt};
    for (const std::string& signed_target : {target, target + (target.contains('?') ? "&" : "?") + "known=7"}) {
      const auto again = access::refusal_of_read(world_.store().state(), *txn_, actor, refusal->action, signed_target);
      ASSERT_TRUE(again && *again) << signed_target;
      const std::string about = signed_target + " " + wire::enum_name(refusal->action);
      EXPECT_EQ((*again)->action, refusal->action) << about;
      EXPECT_EQ((*again)->rule, refusal->rule) << about;
      EXPECT_EQ((*again)->hidden, refusal->hidden) << about;
      EXPECT_EQ(wire::encode((*again)->ids), wire::encode(refusal->ids)) << about;
    }
  }
  // For everybody, with every path; `read` gives what the view gave.
  void each_path(std::string_view pattern,
                 const std::function<void(const Identity&, const View&, const net::Fields&)>& read) {
    for (const Identity* who : people_) {
      const auto view = View::of(world_.store(), *txn_, who->id, world_.now());
      ASSERT_TRUE(view) << who->id.to_string() << " is not enrolled";
      for (const net::Fields& path : paths(pattern)) read(*who, *view, path);
    }
  }

  World world_;
  Identity constable_;
  std::vector<const Identity*> people_;
  Values values_;
  std::unique_ptr<vault::engine::ReadTransaction> txn_;
  std::set<std::string> refused_;  // patterns, of which somebody was refused something
};

TEST_F(RefusedReads, ComeToTheSameFromTheViewAndFromTheTarget) {
  txn_ = *world_.store().engine().read();
  std::set<std::string> patterns;
  for (const ReadRoute& route : read_routes()) {
    patterns.insert(std::string(route.pattern));
    each_path(route.pattern, [&](const Identity& who, const View& view, const net::Fields& path) {
      for (const std::string& query : queries(route.accepted)) {
        const auto parameters = Parameters::parse(path, query, route.accepted);
        ASSERT_TRUE(parameters) << query;
        compare(who, route.pattern, path_of(route.pattern, path) + (query == "?" ? "" : query),
                route.read(view, *parameters));
      }
    });
  }

  // What is read, and is not JSON; and the one thing that is sent and refused as a read is.
  const std::string index = "/v1/copies/{copy}/index";
  const std::string payload = "/v1/copies/{copy}/records/{record}/payload";
  const std::string uploads = "/v1/uploads";
  const auto copy_of = [&](const net::Fields& path) { return access::CopyId::parse(path.front().second); };
  each_path(index, [&](const Identity& who, const View& view, const net::Fields& path) {
    if (const auto copy = copy_of(path)) compare(who, index, path_of(index, path), view.copy_index(*copy));
  });
  each_path(payload, [&](const Identity& who, const View& view, const net::Fields& path) {
    if (const auto copy = copy_of(path))
      compare(who, payload, path_of(payload, path), view.payload(*copy, world_.records[0]));
  });
  each_path(uploads, [&](const Identity& who, const View& view, const net::Fields& path) {
    compare(who, uploads, path_of(uploads, path), view.may_upload());
  });
  patterns.insert({index, payload});
  std::set<std::string> signed_gets;
  for (const RouteDescription& route : describe_routes())
    if (route.method == "GET" && route.is_signed) signed_gets.insert(route.path);
  EXPECT_EQ(patterns, signed_gets);

  // These show what somebody may see and refuse nobody who is enrolled.
  const std::set<std::string> open{"/v1/whoami",          "/v1/duties",        "/v1/agencies",
                                   "/v1/persons",         "/v1/cases",         "/v1/calendar",
                                   "/v1/log/consistency", "/v1/log/envelopes", "/v1/log/directory"};
  patterns.insert(uploads);
  for (const std::string& pattern : patterns) EXPECT_NE(open.contains(pattern), refused_.contains(pattern)) << pattern;
}

// An act cannot be recorded as a refused read, whatever its request was.
TEST_F(RefusedReads, AreOfActionsOfReadingOnly) {
  txn_ = *world_.store().engine().read();
  const access::Actor actor{constable_.id.to_string(), constable_.id, std::nullopt};
  const std::string target = "/v1/safes/" + world_.safe.id.to_string();
  for (const Action action : wire::kEnumValues<Action>) {
    const auto refusal = access::refusal_of_read(world_.store().state(), *txn_, actor, action, target);
    ASSERT_TRUE(refusal) << wire::enum_name(action);
    if (!access::place_of_read(action)) {
      EXPECT_FALSE(*refusal) << wire::enum_name(action);
    }
  }
}

}  // namespace
}  // namespace service
