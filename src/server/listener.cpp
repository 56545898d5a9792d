// bind and listen, with what a Unix socket needs before and after.
#include "listener.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace holdfast::server {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int backlog = 512;

Result<void> prepare_folder(const std::string& path) {
  const auto folder = path.substr(0, std::max<std::size_t>(1, path.rfind('/')));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error::from_errno(errno, folder).with_hint("make the folder of the socket first");
  }
  struct stat found{};
  if (::stat(folder.c_str(), &found) != 0) return Error::from_errno(errno, folder);
  const bool is_ours = found.st_uid == ::geteuid() || found.st_uid == 0;
  if (!S_ISDIR(found.st_mode) || !is_ours || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error(ErrorCode::permission_denied,
                 fmt::format("others can put a socket of theirs into {}", folder))
        .with_hint("give the socket a folder that only its owner can write to");
  }
  return {};
}

// Removes what a daemon that was killed left behind.
Result<void> clear_path(const Address& address) {
  struct stat found{};
  if (::lstat(address.path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return Error::from_errno(errno, address.path);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return Error(ErrorCode::already_exists, address.path + " is there and is no socket")
        .with_hint("remove it, or choose another path");
  }
  const io::Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto target = socket_address(address);
  // A full queue (EAGAIN) has somebody behind it, too.
  if (::connect(probe.get(), target.get(), target.size) == 0 || errno != ECONNREFUSED) {
    return Error(ErrorCode::conflict, "somebody listens on " + address.path)
        .with_hint("stop the other daemon, or give this one a socket of its own");
  }
  if (::unlink(address.path.c_str()) != 0 && errno != ENOENT) {
    return Error::from_errno(errno, address.path);
  }
  return {};
}

Error no_bind(int reason, const Address& address) {
  if (reason == EADDRINUSE) {
    return Error(ErrorCode::already_exists, address.text() + " is taken")
        .with_hint("another program listens there: choose another port");
  }
  return Error::from_errno(reason, "listening on " + address.text());
}

std::uint16_t port_of(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  if (bound.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &bound, sizeof six);
    return ntohs(six.sin6_port);
  }
  sockaddr_in four{};
  std::memcpy(&four, &bound, sizeof four);
  return ntohs(four.sin_port);
}

}  // namespace

Result<Listener> Listener::open(const Address& address) {
  const bool is_unix = address.kind == Address::Kind::unix_socket;
  if (is_unix) {
    TRY(prepare_folder(address.path));
    TRY(clear_path(address));
  }
  const auto wanted = socket_address(address);
  io::Fd fd(::socket(wanted.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Error::from_errno(errno, "a socket for " + address.text());
  const int on = 1;
  if (is_unix) {
    // The file gets the mode that its socket has.
    if (::fchmod(fd.get(), 0600) != 0) return Error::from_errno(errno, address.path);
  } else {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (wanted.family() == AF_INET6) {
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
  }
  if (::bind(fd.get(), wanted.get(), wanted.size) != 0) return no_bind(errno, address);
  Listener made(std::move(fd), address);
  if (is_unix) {
    struct stat file{};
    if (::chmod(address.path.c_str(), 0600) != 0 || ::stat(address.path.c_str(), &file) != 0) {
      return Error::from_errno(errno, address.path);
    }
    made.device_ = file.st_dev;
    made.inode_ = file.st_ino;
  }
  if (::listen(made.fd(), backlog) != 0) return no_bind(errno, address);
  if (!is_unix) made.address_.port = port_of(made.fd());
  return made;
}

void Listener::close() noexcept {
  if (!fd_.valid()) return;
  struct stat file{};
  if (address_.kind == Address::Kind::unix_socket && inode_ != 0 &&
      ::lstat(address_.path.c_str(), &file) == 0 && file.st_dev == device_ &&
      file.st_ino == inode_) {
    ::unlink(address_.path.c_str());
  }
  fd_.reset();
}

}  // namespace holdfast::server
