// Reading passphrases. Every buffer that holds one is wiped, and no message repeats one.
#include "passphrase.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "io/child_process.hpp"
#include "io/file.hpp"
#include "io/terminal.hpp"
#include "repository/identity.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::SecretBytes;

// A pipe has no owner to protect it from; a file that others can read has given away what it holds
// already.
Result<void> check_private(const struct stat& status, const std::string& path,
                           base::ByteView content) {
  if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IROTH | S_IWOTH)) == 0) return {};
  return Error(ErrorCode::invalid_argument,
               fmt::format("key file {} can be read or written by everyone", path))
      .with_hint(fmt::format("chmod 600 {}; and if others may have read it, {}", path,
                             repository::is_identity(content)
                                 ? "replace the identity (holdfast key generate, key add "
                                   "--recipient, key remove)"
                                 : "change the passphrase (holdfast key change-password)"));
}

// Neither empty nor an identity that can't be one; `where` it came from, for the error.
Result<SecretBytes> usable(SecretBytes secret, const std::string& where) {
  if (secret.empty())
    return Error(ErrorCode::invalid_argument, "the passphrase is empty").with_context(where);
  if (repository::is_identity(secret.view()))
    TRY_CONTEXT(repository::parse_identity(secret.view()), where);
  return secret;
}

Result<SecretBytes> ask_terminal(const PassphraseRequest& request, const std::stop_token& stop) {
  auto terminal = io::open_terminal();
  if (!terminal.ok()) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("no {} was given, and there is no terminal to ask", request.what))
        .with_hint(fmt::format("set {}, or give --{} FILE or --{} COMMAND", request.variable,
                               request.file_option, request.command_option));
  }
  auto first = TRY(io::prompt_secret(terminal.value(), request.what + ": ", stop));
  if (request.ask == PassphraseRequest::Ask::twice) {
    const auto second = TRY(io::prompt_secret(terminal.value(), request.what + " again: ", stop));
    if (!std::ranges::equal(first.view(), second.view())) {
      return Error(ErrorCode::invalid_argument, "the two passphrases differ")
          .with_hint("run the command again");
    }
  }
  return usable(std::move(first), "terminal");
}

}  // namespace

PassphraseRequest repository_passphrase(PassphraseRequest::Ask ask) {
  return {.what = "passphrase",
          .file_option = "key-file",
          .command_option = "key-command",
          .variable = "BACKUP_ENCRYPTION_KEY",
          .ask = ask};
}

PassphraseRequest new_passphrase() {
  return {.what = "new passphrase",
          .file_option = "new-key-file",
          .command_option = "new-key-command",
          .variable = "HOLDFAST_NEW_KEY",
          .ask = PassphraseRequest::Ask::twice};
}

PassphraseRequest from_passphrase() {
  return {.what = "passphrase of the repository to copy from",
          .file_option = "from-key-file",
          .command_option = "from-key-command",
          .variable = "HOLDFAST_FROM_KEY",
          .ask = PassphraseRequest::Ask::once};
}

Result<SecretBytes> read_key_file(const std::string& path) {
  const auto file = TRY_CONTEXT(io::open_file(path, O_RDONLY), "key file");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return Error::from_errno(errno, path);
  if (S_ISDIR(status.st_mode)) return Error(ErrorCode::invalid_argument, path + " is a directory");
  SecretBytes buffer(passphrase_size_max + 1);
  auto size = TRY_CONTEXT(io::read_some(file.get(), buffer.writable()), "key file");
  TRY(check_private(status, path, buffer.view().first(size)));
  if (size > passphrase_size_max) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("key file {} is larger than 64 KiB", path))
        .with_hint("its whole content is the passphrase; is it the right file?");
  }
  if (size > 0 && buffer.view()[size - 1] == '\n') --size;
  return usable(SecretBytes(buffer.view().first(size)), "key file " + path);
}

Result<SecretBytes> run_key_command(const std::string& line, const std::stop_token& stop) {
  auto command = io::shell_command(line);
  command.hidden_variables = {"BACKUP_ENCRYPTION_KEY", "HOLDFAST_NEW_KEY", "HOLDFAST_FROM_KEY"};
  const auto output = TRY_CONTEXT(io::run_child(command, stop), "key command");
  const auto all = output.view();
  const auto end = std::find(all.begin(), all.end(), static_cast<base::Byte>('\n'));
  return usable(SecretBytes(all.first(static_cast<std::size_t>(end - all.begin()))), "key command");
}

Result<SecretBytes> obtain_passphrase(const PassphraseRequest& request,
                                      const Invocation& invocation,
                                      const SecretBytes& from_environment,
                                      const std::stop_token& stop) {
  const auto file = invocation.option(request.file_option);
  const auto command = invocation.option(request.command_option);
  if (file && command) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("--{} and --{} exclude each other", request.file_option,
                             request.command_option))
        .with_hint("give one of them");
  }
  if (file) return read_key_file(*file);
  if (command) return run_key_command(*command, stop);
  if (!from_environment.empty()) return usable(from_environment.clone(), request.variable);
  return ask_terminal(request, stop);
}

}  // namespace holdfast::cli
