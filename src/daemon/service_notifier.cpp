// The datagrams.
#include "service_notifier.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace holdfast::daemon {

ServiceNotifier::ServiceNotifier(std::string socket) : socket_(std::move(socket)) {
  if (socket_.empty() || socket_.size() >= sizeof(sockaddr_un::sun_path)) {
    socket_.clear();
    return;
  }
  fd_ = io::Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

void ServiceNotifier::send(std::string_view lines) const {
  if (socket_.empty() || !fd_.valid()) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  (void)::sendto(fd_.get(), lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

void ServiceNotifier::ready(std::string_view status) const {
  send(fmt::format("READY=1\nSTATUS={}\n", status));
}
void ServiceNotifier::status(std::string_view status) const {
  send(fmt::format("STATUS={}\n", status));
}
void ServiceNotifier::reloading(base::Duration monotonic) const {
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n", monotonic.nanoseconds / 1000));
}
void ServiceNotifier::stopping() const { send("STOPPING=1\n"); }
void ServiceNotifier::alive() const { send("WATCHDOG=1\n"); }

}  // namespace holdfast::daemon
