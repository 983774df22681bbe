// Where the published vectors are: STRONGROOM_VECTORS, or ../shared/vectors from the project's root.
#pragma once
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace strongroom::access::wire {

inline std::filesystem::path vectors() {
  if (const char* given = std::getenv("STRONGROOM_VECTORS")) return given;
  const char* source = std::getenv("STRONGROOM_SOURCE_DIR");
  return std::filesystem::path(source != nullptr ? source : ".") / ".." / "shared" / "vectors";
}

inline boost::json::value read_json(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return boost::json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
}

inline std::string text_of(const boost::json::value& value) {
  return std::string(value.as_string());
}

}  // namespace strongroom::access::wire
