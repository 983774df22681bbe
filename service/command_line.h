// The parts that all commands of strongroomd share: seals, exit codes, progress and questions. Data is printed on
// stdout and everything for people on stderr. Progress and questions need a terminal.
#pragma once
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/certificate.h"
#include "vault/base/result.h"
#include "vault/keyring/keyring.h"

namespace service {

inline constexpr int kDone = 0;
inline constexpr int kWrongCommandLine = 2;
inline constexpr int kNotConsistent = 5;

int exit_code(vault::Errc code);

// The flags for one seal: a key file or a passphrase.
struct SealOptions {
  std::string key_file;
  std::string passphrase_file;

  void add_flags(CLI::App& app);  // of the seal that opens the vault
  // Adds --PREFIX-keyfile and --PREFIX-passphrase-file.
  enum class Wanted { always, perhaps };
  void add_flags(CLI::App& app, const std::string& prefix, const std::string& title, Wanted wanted = Wanted::always);
  bool is_given() const { return !key_file.empty() || !passphrase_file.empty(); }
  vault::Result<vault::keyring::Opener> read() const;
  std::vector<std::string> arguments() const;  // that give the same seal to another process
};

// A certificate and key that the operator gives. Both are given, or neither.
struct TlsOptions {
  std::filesystem::path certificate;
  std::filesystem::path key;

  void add_flags(CLI::App& app);
  vault::Result<std::optional<TlsIdentity>> read() const;
};

// The commonest flags: the vault's directory, and the seal that opens it.
struct VaultOptions {
  std::filesystem::path directory;
  SealOptions seal;

  void add_flags(CLI::App& app);
};
void add_directory(CLI::App& app, std::filesystem::path& directory);  // only the directory

// The command that the user gave. It runs after parsing and returns the exit code.
using Command = std::function<vault::Result<int>()>;

// Adds a command and its example to the help.
CLI::App& add_command(CLI::App& to, const std::string& name, const std::string& summary, const std::string& example);
// Adds the command of an options struct, which has `void add_flags(CLI::App&)` and `Result<int> run() const`. If the
// user gives this command, it is put into `chosen`.
template <class Options>
void add_command(CLI::App& to, Command& chosen, const std::string& name, const std::string& summary,
                 const std::string& example) {
  const auto options = std::make_shared<Options>();  // lives as long as the callback, which `to` keeps
  CLI::App& command = add_command(to, name, summary, example);
  options->add_flags(command);
  command.callback([options, &chosen] { chosen = [options] { return options->run(); }; });
}

// One line on stderr that shows a step and how much of it is done, drawn at most ten times a second. It draws nothing
// if stderr is no terminal. Not thread safe.
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

// Asks y/N on the terminal. Without a terminal, returns Errc::invalid_argument with the advice to give --yes.
vault::Result<bool> confirm(std::string_view question);

std::string size_for_people(std::uint64_t bytes);  // "1.4 MiB"

}  // namespace service
