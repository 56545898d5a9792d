// A file of memfd_create.
#include "password_file.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

Result<PasswordFile> PasswordFile::make(base::ByteView password) {
  io::Fd file(::memfd_create("holdfast-postgres", MFD_CLOEXEC));
  // Others' access bits would make libpq ignore it.
  if (!file.valid() || ::fchmod(file.get(), 0600) != 0) {
    return Error::from_errno(errno, "cannot make a password file in memory");
  }
  base::SecretBytes line(password.size() * 2 + 9);
  auto out = line.writable();
  std::size_t size = 0;
  for (const char c : std::string_view("*:*:*:*:")) out[size++] = static_cast<base::Byte>(c);
  for (const auto byte : password) {
    if (byte == '\n' || byte == '\r' || byte == 0) {
      return Error(ErrorCode::invalid_argument,
                   "the password of the server holds a line's end or a zero byte")
          .with_hint("does the variable, file or command give more than the password?");
    }
    if (byte == ':' || byte == '\\') out[size++] = '\\';
    out[size++] = byte;
  }
  out[size++] = '\n';
  TRY_CONTEXT(io::write_all(file.get(), line.view().first(size)), "writing the password file");
  auto path = fmt::format("/proc/{}/fd/{}", ::getpid(), file.get());
  return PasswordFile(std::move(file), std::move(path));
}

}  // namespace holdfast::source
