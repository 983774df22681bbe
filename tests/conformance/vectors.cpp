#include "tests/conformance/vectors.h"

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace vault::test {
namespace {

std::filesystem::path directory_from(const char* variable, const char* otherwise) {
  const char* value = std::getenv(variable);
  return value != nullptr ? value : otherwise;
}

}  // namespace

std::filesystem::path vectors_directory() {
  if (const char* given = std::getenv("STRONGROOM_VECTORS")) return given;
  return directory_from("STRONGROOM_SOURCE_DIR", ".") / "../shared/vectors";
}

std::filesystem::path npm_directory() {
  return directory_from("STRONGROOM_BINARY_DIR", ".") / "conformance";
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  invariant(!in.bad() && in.is_open(), "a test's file can be read: " + path.string());
  return to_bytes(text);
}

void write_file(const std::filesystem::path& path, ByteView bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  invariant(out.good(), "a test's file can be written: " + path.string());
}

boost::json::value read_json(const std::filesystem::path& path) {
  const Bytes bytes = read_file(path);
  return boost::json::parse(boost::json::string_view(as_text(bytes)));
}

std::string text_field(const boost::json::value& object, std::string_view key) {
  return std::string(object.as_object().at(boost::json::string_view(key)).as_string());
}

Bytes hex_field(const boost::json::value& object, std::string_view key) {
  auto bytes = unhex(text_field(object, key));
  invariant(bytes.has_value(), "a vector's field is hexadecimal");
  return *std::move(bytes);
}

}  // namespace vault::test
