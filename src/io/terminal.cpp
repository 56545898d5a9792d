// The terminal, by ioctl and termios.
#include "io/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace holdfast::io {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t secret_size_max = 4096;
constexpr int stop_check_interval_ms = 100;

// Turns echo off; back on when it goes.
class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    silent.c_lflag |= ICANON | ISIG;
    active_ = ::tcsetattr(fd, TCSAFLUSH, &silent) == 0;
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  ~EchoOff() {
    if (active_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  [[nodiscard]] bool active() const noexcept { return active_; }

 private:
  int fd_;
  termios before_{};
  bool active_ = false;
};

// True when there is something to read (or the end), false when asked to stop.
Result<bool> wait_readable(int fd, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wanted, 1, stop_check_interval_ms);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR)
      return Error::from_errno(errno, "cannot wait for the terminal");
  }
  return false;
}

Error cancelled() { return {ErrorCode::cancelled, "no passphrase was entered"}; }

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

std::optional<unsigned> terminal_width(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

Result<Fd> open_terminal() {
  auto terminal = open_file("/dev/tty", O_RDWR | O_NOCTTY);
  if (terminal.ok()) return terminal;
  return Error(ErrorCode::unsupported, "there is no terminal to ask for the passphrase on")
      .with_hint("give it by BACKUP_ENCRYPTION_KEY, --key-file or --key-command");
}

Result<base::SecretBytes> prompt_secret(const Fd& terminal, const std::string& prompt,
                                        const std::stop_token& stop) {
  const EchoOff silence(terminal.get());
  if (!silence.active()) return Error::from_errno(errno, "cannot turn the terminal's echo off");
  TRY(write_all(terminal.get(), base::as_bytes(prompt)));
  base::SecretBytes line(secret_size_max);
  std::size_t size = 0;
  while (true) {
    if (size == line.size()) {
      return Error(ErrorCode::invalid_argument, "a passphrase has at most 4096 bytes");
    }
    if (!TRY(wait_readable(terminal.get(), stop))) return cancelled();
    const auto got = ::read(terminal.get(), line.writable().data() + size, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0 && errno != EIO) return Error::from_errno(errno, "cannot read from the terminal");
    if (got <= 0) return cancelled();
    if (line.view()[size] == '\n') break;
    ++size;
  }
  TRY(write_all(terminal.get(), base::as_bytes("\n")));  // the user's own was not echoed
  return base::SecretBytes(line.view().first(size));
}

}  // namespace holdfast::io
