// Finds and reads published vectors and installed peers.
#pragma once
#include <boost/json/value.hpp>
#include <filesystem>
#include <string>

#include "vault/base/bytes.h"

namespace vault::test {

// Returns STRONGROOM_VECTORS, or ../shared/vectors beside the project.
std::filesystem::path vectors_directory();
// Returns the folder of the build that install-npm fills.
std::filesystem::path npm_directory();

// These abort on failure, because a vector that cannot be read means a broken checkout.
Bytes read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, ByteView bytes);
boost::json::value read_json(const std::filesystem::path& path);
Bytes hex_field(const boost::json::value& object, std::string_view key);
std::string text_field(const boost::json::value& object, std::string_view key);

}  // namespace vault::test
