// ServiceNotifier: tells the service manager how the daemon fares, by sd_notify(3)'s protocol: one
// datagram of NAME=VALUE lines to the socket that NOTIFY_SOCKET names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "io/file.hpp"

namespace holdfast::daemon {

// Nobody listening is no error: a daemon may be started by hand.
class ServiceNotifier {
 public:
  // `socket`: a path, or an abstract name that begins with @; empty: nobody is told.
  explicit ServiceNotifier(std::string socket);

  void ready(std::string_view status) const;
  void status(std::string_view status) const;
  void reloading(base::Duration monotonic) const;
  void stopping() const;
  void alive() const;

 private:
  void send(std::string_view lines) const;
  std::string socket_;
  io::Fd fd_;
};

}  // namespace holdfast::daemon
