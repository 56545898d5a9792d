// Listener: the socket at an address, and, if it is a path, the file there.
#pragma once

#include "address.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace holdfast::server {

class Listener {
 public:
  // A Unix socket is 0600, in a folder that is made 0700 if it isn't there and to which nobody else
  // may write; one that nobody listens on any more is replaced. Errors as HttpServer::start.
  static base::Result<Listener> open(const Address& address);
  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener() { close(); }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  // With the port that it got.
  [[nodiscard]] const Address& address() const noexcept { return address_; }
  // Takes the file away, too, unless another stands in its place.
  void close() noexcept;

 private:
  Listener(io::Fd fd, Address address) : fd_(std::move(fd)), address_(std::move(address)) {}
  io::Fd fd_;
  Address address_;
  unsigned long device_ = 0;
  unsigned long inode_ = 0;
};

}  // namespace holdfast::server
