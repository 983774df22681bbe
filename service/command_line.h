// What the commands of strongroomd share: how the vault key is given, exit codes, progress and questions. Data goes to
// stdout, everything for people to stderr; bars and questions only where there is a terminal.
#pragma once
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/result.h"
#include "vault/keyring/keyring.h"

namespace service {

inline constexpr int kDone = 0;
inline constexpr int kWrongCommandLine = 2;
inline constexpr int kNotConsistent = 5;

int exit_code(vault::Errc code);

// How the vault key is sealed: one of the two.
struct SealOptions {
  std::string key_file;
  std::string passphrase_file;

  void add_to(CLI::App& app);
  // --PREFIX-keyfile and --PREFIX-passphrase-file.
  enum class Wanted { always, perhaps };
  void add_to(CLI::App& app, const std::string& prefix, const std::string& title, Wanted wanted = Wanted::always);
  bool is_given() const { return !key_file.empty() || !passphrase_file.empty(); }
  vault::Result<vault::keyring::Opener> read() const;
  std::vector<std::string> arguments() const;
};

using Command = std::function<vault::Result<int>()>;
// Adds a command with its example.
using AddCommand = std::function<CLI::App*(CLI::App& to, const std::string& name, const std::string& summary,
                                           const std::string& example)>;

// One line on stderr, redrawn at most ten times a second: what is done, how much of how much. Silent where stderr is no
// terminal. Not thread safe.
class Progress {
 public:
  Progress();
  ~Progress();  // ends its line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(std::string_view what, std::uint64_t done, std::uint64_t total);

 private:
  bool visible_;
  bool drawn_ = false;
  std::string what_;
  std::chrono::steady_clock::time_point last_;
};

// y/N on the terminal. Without a terminal: Errc::invalid_argument that says to give --yes.
vault::Result<bool> confirm(std::string_view question);

std::string size_for_people(std::uint64_t bytes);  // "1.4 MiB"

}  // namespace service
