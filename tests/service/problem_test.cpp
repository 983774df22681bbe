#include "service/problem.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace service {
namespace {

using vault::Errc;
using vault::Error;

TEST(Problem, IsWrittenAsRfc9457Says) {
  Problem problem = problem_of(Error{Errc::refused, "Only the agency's lead opens a safe."}, Fault::callers);
  problem.rule = "lead";
  const auto json = boost::json::parse(to_json(problem)).as_object();
  EXPECT_EQ(json.at("type").as_string(), "urn:strongroom:problem:refused");
  EXPECT_EQ(json.at("status").as_int64(), 403);
  EXPECT_EQ(json.at("detail").as_string(), "Only the agency's lead opens a safe.");
  EXPECT_EQ(json.at("rule").as_string(), "lead");
  EXPECT_FALSE(json.contains("log"));
}

TEST(Problem, OfOursNeverTellsItsInnerCause) {
  for (const Errc code : {Errc::io, Errc::internal, Errc::full})
    EXPECT_EQ(problem_of(Error{code, "cannot sync /var/lib/vault/db"}, Fault::callers).detail.find("/var"),
              std::string::npos);
  EXPECT_EQ(problem_of(Error{Errc::tampered, "row 7 of besides"}, Fault::ours).detail.find("besides"),
            std::string::npos);
}

TEST(Problem, OfAlteredDataIsTheCallersOrOurs) {
  EXPECT_EQ(problem_of(Error{Errc::tampered, "a header"}, Fault::callers).status, 422U);
  EXPECT_EQ(problem_of(Error{Errc::tampered, "a header"}, Fault::ours).status, 500U);
}

TEST(Problem, OfASignatureIsAlwaysTheSame) {
  EXPECT_EQ(unauthenticated().status, 401U);
  EXPECT_EQ(to_json(unauthenticated()), to_json(unauthenticated()));
}

}  // namespace
}  // namespace service
