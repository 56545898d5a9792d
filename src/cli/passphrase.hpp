// Where passphrases come from: a file, a command, the environment, or the terminal; never an
// argument.
#pragma once

#include <stop_token>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "invocation.hpp"

namespace holdfast::cli {

// Which passphrase is wanted, and the names of the ways to give it.
struct PassphraseRequest {
  std::string what;            // "passphrase", "new passphrase"
  std::string file_option;     // "key-file"
  std::string command_option;  // "key-command"
  std::string variable;        // "BACKUP_ENCRYPTION_KEY"
  enum class Ask { once, twice } ask = Ask::once;
};

// That which opens the repository; `ask` twice where it is chosen now (init).
[[nodiscard]] PassphraseRequest repository_passphrase(
    PassphraseRequest::Ask ask = PassphraseRequest::Ask::once);
// That of a key that is being made.
[[nodiscard]] PassphraseRequest new_passphrase();

// That of the other repository, where a command reads from one and writes into another.
[[nodiscard]] PassphraseRequest from_passphrase();

// Takes the first that is given: file, command, `from_environment`, terminal. invalid_argument with
// the ways in the hint if there is none, if it is empty, or if a key file can be read by others.
base::Result<base::SecretBytes> obtain_passphrase(const PassphraseRequest& request,
                                                  const Invocation& invocation,
                                                  const base::SecretBytes& from_environment,
                                                  const std::stop_token& stop);

// The content of a key file without one newline at its end.
base::Result<base::SecretBytes> read_key_file(const std::string& path);
// The first line that `line` prints, run by sh.
base::Result<base::SecretBytes> run_key_command(const std::string& line,
                                                const std::stop_token& stop);

constexpr std::size_t passphrase_size_max = 64 * 1024;

}  // namespace holdfast::cli
