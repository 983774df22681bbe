// replay FILE-OR-DIRECTORY…: runs a fuzz target once on each file, where libFuzzer is not linked.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/require.h"

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(in), {});
    if (!in.is_open() || in.bad()) {
      std::cerr << "replay: cannot read " << file << '\n';
      return 2;
    }
    std::cerr << "replay: " << file.filename().string() << '\n';  // before the run, so that a crash has a name
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::cerr << "replay: " << files.size() << " inputs\n";
  return files.empty() ? 2 : 0;
}
