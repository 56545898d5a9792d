// A socket as it is.
#include "transport.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace holdfast::server {

namespace {

Transport::Moved moved(ssize_t count, Transport::Progress wanted) {
  using Progress = Transport::Progress;
  if (count > 0) return {Progress::done, static_cast<std::size_t>(count)};
  if (count < 0 && errno == EAGAIN) return {wanted, 0};
  return {Progress::ended, 0};
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int fd) : fd_(fd) {}

  Progress handshake() override { return Progress::done; }
  Moved read(char* into, std::size_t size) override { return receive_some(fd_, into, size); }
  Moved write(std::string_view bytes) override {
    ssize_t count = 0;
    do {
      count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    return moved(count, Progress::wants_write);
  }
  void finish() override { ::shutdown(fd_, SHUT_WR); }

 private:
  const int fd_;
};

}  // namespace

Transport::Moved receive_some(int fd, char* into, std::size_t size) {
  ssize_t count = 0;
  do {
    count = ::recv(fd, into, size, 0);
  } while (count < 0 && errno == EINTR);
  return moved(count, Transport::Progress::wants_read);
}

std::unique_ptr<Transport> make_plain_transport(int fd) {
  return std::make_unique<PlainTransport>(fd);
}

}  // namespace holdfast::server
