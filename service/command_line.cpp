#include "service/command_line.h"

#include <array>
#include <cstdio>
#include <iostream>

#include "vault/base/terminal.h"

namespace service {

using vault::Errc;
using vault::Error;
using vault::Result;

int exit_code(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
    case Errc::malformed:
    case Errc::too_large:
      return kWrongCommandLine;
    case Errc::refused:
      return 3;
    case Errc::not_found:
      return 4;
    case Errc::tampered:
    case Errc::wrong_key:
    case Errc::unknown_version:
    case Errc::unsupported:
      return kNotConsistent;
    case Errc::conflict:
    case Errc::busy:
      return 6;
    case Errc::full:
    case Errc::retry:
    case Errc::limited:
    case Errc::unavailable:
    case Errc::cancelled:
    case Errc::io:
    case Errc::internal:
      return 1;
  }
  return 1;
}

CLI::App& add_command(CLI::App& to, const std::string& name, const std::string& summary, const std::string& example) {
  CLI::App* added = to.add_subcommand(name, summary);
  added->footer("Example:\n  " + example + "\n");
  return *added;
}

void add_directory(CLI::App& app, std::filesystem::path& directory) {
  app.add_option("DIR", directory, "The vault's directory")->required();
}

void VaultOptions::add_flags(CLI::App& app) {
  add_directory(app, directory);
  seal.add_flags(app);
}

void TlsOptions::add_flags(CLI::App& app) {
  auto* its_certificate = app.add_option("--tls-cert", certificate,
                                         "Your own certificate (PEM); without it, a self-signed certificate is made")
                              ->type_name("PEM");
  auto* its_key =
      app.add_option("--tls-key", key, "The key of your certificate (PEM, without a passphrase)")->type_name("PEM");
  its_certificate->needs(its_key);
  its_key->needs(its_certificate);
}

Result<std::optional<TlsIdentity>> TlsOptions::read() const {
  if (certificate.empty()) return std::optional<TlsIdentity>();
  TRY(TlsIdentity identity, read_tls_identity(certificate, key));
  return std::optional(std::move(identity));
}

void SealOptions::add_flags(CLI::App& app) {
  add_flags(app, "seal", "The seal that opens the vault key. Keep it apart from the vault and its backups.");
}

void SealOptions::add_flags(CLI::App& app, const std::string& prefix, const std::string& title, Wanted wanted) {
  auto* group = app.add_option_group(prefix, title);
  group
      ->add_option(
          "--" + prefix + "-keyfile", key_file,
          "A file of 32 to 4096 random bytes, outside the vault; a command that makes a seal also makes a missing "
          "file")
      ->type_name("FILE");
  group->add_option("--" + prefix + "-passphrase-file", passphrase_file, "A file whose first line is the passphrase")
      ->type_name("FILE");
  group->require_option(wanted == Wanted::always ? 1 : 0, 1);
}

Result<vault::keyring::Opener> SealOptions::read() const {
  if (!key_file.empty()) return vault::keyring::Opener(vault::keyring::KeyFile{vault::path_of(key_file)});
  constexpr std::size_t kMaxLine = vault::keyring::kMaxPassphraseBytes + 2;
  vault::WipedBytes line(kMaxLine);
  TRY(vault::File file, vault::File::open_to_read(vault::path_of(passphrase_file)));
  std::size_t size = 0;
  while (size < kMaxLine) {
    TRY(const std::size_t got, file.read(line.span().subspan(size)));
    if (got == 0) break;
    size += got;
  }
  std::string_view text = vault::as_text(line.view().first(size));
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return vault::keyring::Opener(vault::SecretText(text));
}

std::vector<std::string> SealOptions::arguments() const {
  if (!key_file.empty()) return {"--seal-keyfile", key_file};
  return {"--seal-passphrase-file", passphrase_file};
}

Progress::Progress() : visible_(vault::is_terminal(vault::Standard::error)) {}

Progress::~Progress() {
  if (drawn_) std::cerr << "\n";
}

void Progress::show(std::string_view what, std::uint64_t done, std::uint64_t total) {
  constexpr std::chrono::milliseconds kRedraw{100};
  const auto now = std::chrono::steady_clock::now();
  if (!visible_ || (drawn_ && what == what_ && done < total && now - last_ < kRedraw)) return;
  if (drawn_ && what != what_) std::cerr << "\n";
  what_ = what;
  last_ = now;
  drawn_ = true;
  std::cerr << "\r\x1b[K" << what << "  " << size_for_people(done);
  if (total != 0) std::cerr << " of " << size_for_people(total);
  std::cerr << std::flush;
}

Result<bool> confirm(std::string_view question) {
  if (!vault::is_terminal(vault::Standard::input))
    return Error{Errc::invalid_argument,
                 "this cannot be undone, and there is no terminal to ask on: give --yes to confirm"};
  const std::string answer = vault::ask(std::string(question) + " [y/N] ");
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string size_for_people(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  constexpr double kStep = 1024;
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= kStep && unit + 1 < kUnits.size()) {
    value /= kStep;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

}  // namespace service
