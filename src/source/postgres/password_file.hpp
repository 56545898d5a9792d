// PasswordFile: a libpq password file without a name, in memory: child processes of ours can open
// it by its path below /proc, and nothing is left of it however we end.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace holdfast::source {

class PasswordFile {
 public:
  // For every server, database and user. invalid_argument: it holds a line's end or a zero byte,
  // which such a file can't.
  static base::Result<PasswordFile> make(base::ByteView password);
  // For PGPASSFILE, as long as this lives; the same user and root can open it.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  PasswordFile(io::Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  io::Fd file_;
  std::string path_;
};

}  // namespace holdfast::source
