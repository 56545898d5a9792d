// A program that encrypts an export: it reads what it is given and writes into an open file. The
// passphrase reaches it through a pipe of its own, never through arguments or variables.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::engine {

// Used by one task. Destroyed before it is finished: the program is ended.
class ExportCipher {
 public:
  // `program`: "gpg" (gpg --decrypt reads it) or "openssl" (openssl enc -d -aes-256-cbc -pbkdf2).
  // invalid_argument: the key can't be a passphrase of theirs, because it has more than one line.
  // not_found: the program isn't there. Borrows `output`, an open file.
  static base::Result<std::unique_ptr<ExportCipher>> start(const std::string& program,
                                                           const base::SecretBytes& key,
                                                           int output);
  ~ExportCipher();
  ExportCipher(const ExportCipher&) = delete;
  ExportCipher& operator=(const ExportCipher&) = delete;

  base::Result<void> write(base::ByteView bytes, const std::stop_token& stop);
  // Waits for the program's end; io with what it said if it failed.
  base::Result<void> finish(const std::stop_token& stop);

 private:
  struct State;
  explicit ExportCipher(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

// What a name that is encrypted so ends with.
[[nodiscard]] std::string cipher_suffix(const std::string& program);

}  // namespace holdfast::engine
