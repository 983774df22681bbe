#include "cli/client/desk.h"

#include "vault/base/terminal.h"

namespace cli::client {

PassphraseSource passphrase_from_file(std::filesystem::path file) {
  return [file = std::move(file)](std::string_view) -> Result<vault::SecretText> {
    TRY(vault::File from, vault::File::open_to_read(file));
    return vault::read_secret_line(from, kMaxPassphraseBytes);
  };
}

PassphraseSource passphrase_from_terminal() {
  return [](std::string_view prompt) -> Result<vault::SecretText> {
    auto passphrase = vault::ask_secretly(prompt, kMaxPassphraseBytes);
    if (!passphrase && passphrase.code() == Errc::not_found)
      return Error{Errc::invalid_argument, "there is no terminal to ask for the passphrase; use --passphrase-file"};
    return passphrase;
  };
}

}  // namespace cli::client
