#include "net/status.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace net {
namespace {

using vault::Errc;

std::vector<Errc> every_code() {
  std::vector<Errc> codes;
  for (int i = 0; i <= static_cast<int>(Errc::internal); ++i) codes.push_back(static_cast<Errc>(i));
  return codes;
}

TEST(Status, OfEveryCodeIsThatOfTheFormatsPage) {
  const std::map<Errc, unsigned> table{{Errc::invalid_argument, 400},
                                       {Errc::malformed, 400},
                                       {Errc::too_large, 413},
                                       {Errc::refused, 403},
                                       {Errc::not_found, 404},
                                       {Errc::conflict, 409},
                                       {Errc::busy, 409},
                                       {Errc::tampered, 422},
                                       {Errc::wrong_key, 422},
                                       {Errc::unknown_version, 422},
                                       {Errc::unsupported, 422},
                                       {Errc::retry, 503},
                                       {Errc::unavailable, 503},
                                       {Errc::cancelled, 503},
                                       {Errc::limited, 429},
                                       {Errc::full, 507},
                                       {Errc::io, 500},
                                       {Errc::internal, 500}};
  EXPECT_EQ(table.size(), every_code().size());
  for (const auto& [code, status] : table) {
    EXPECT_EQ(status_of(code, Fault::callers), status) << to_string(code);
    EXPECT_EQ(status_of(code, Fault::ours), status == 422 ? 500U : status) << to_string(code);
  }
}

// The functions that look through all codes end at the last one.
TEST(Status, TheLastCodeIsInternal) {
  const auto next = static_cast<Errc>(static_cast<int>(Errc::internal) + 1);
  EXPECT_EQ(to_string(next), to_string(Errc::internal)) << "a code after it would have a name of its own";
}

TEST(Status, AProblemsTypeGivesExactlyTheCodeThatItWasMadeOf) {
  for (const Errc code : every_code()) EXPECT_EQ(errc_of_problem_type(problem_type(code)), code) << to_string(code);
  EXPECT_EQ(problem_type(Errc::not_found), "urn:strongroom:problem:not_found");
  for (const char* other : {"", "about:blank", "not_found", "urn:strongroom:problem:", "urn:strongroom:problem:newer",
                            "urn:strongroom:problem:not_found "})
    EXPECT_EQ(errc_of_problem_type(other), std::nullopt) << other;
}

TEST(Status, GivesACodeWithTheSameStatus) {
  for (const Errc code : every_code()) {
    for (const Fault fault : {Fault::callers, Fault::ours}) {
      const unsigned status = status_of(code, fault);
      if (status == 422) continue;
      EXPECT_EQ(status_of(errc_of_status(status), fault), status) << to_string(code);
    }
  }
  EXPECT_EQ(errc_of_status(422), Errc::internal) << "nothing but a problem of ours may say that data was altered";
}

TEST(Status, OfTheServersOwnRefusalsHasACode) {
  const std::map<unsigned, Errc> table{{400, Errc::malformed},   {404, Errc::not_found},   {405, Errc::not_found},
                                       {408, Errc::unavailable}, {411, Errc::malformed},   {413, Errc::too_large},
                                       {414, Errc::too_large},   {417, Errc::malformed},   {431, Errc::too_large},
                                       {500, Errc::internal},    {503, Errc::unavailable}, {505, Errc::malformed}};
  for (const auto& [status, code] : table) EXPECT_EQ(errc_of_status(status), code) << status;
  for (const unsigned unknown : {0U, 200U, 302U, 410U, 418U, 499U, 501U, 599U})
    EXPECT_EQ(errc_of_status(unknown), Errc::internal) << unknown;
}

}  // namespace
}  // namespace net
