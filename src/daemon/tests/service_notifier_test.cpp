// ServiceNotifier: the datagrams as the manager reads them.
#include "../service_notifier.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>

#include "support/temporary_directory.hpp"

namespace holdfast::daemon {

namespace {

TEST(ServiceNotifier, SpeaksTheManagersLanguage) {
  const TemporaryDirectory directory;
  const auto path = directory / "notify";
  const io::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto heard = [&] {
    std::array<char, 256> buffer{};
    const auto got = ::recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
  };
  const ServiceNotifier notifier(path);
  notifier.ready("fine");
  EXPECT_EQ(heard(), "READY=1\nSTATUS=fine\n");
  notifier.alive();
  EXPECT_EQ(heard(), "WATCHDOG=1\n");
  notifier.reloading(base::seconds(2));
  EXPECT_EQ(heard(), "RELOADING=1\nMONOTONIC_USEC=2000000\n");
  notifier.stopping();
  EXPECT_EQ(heard(), "STOPPING=1\n");
}

TEST(ServiceNotifier, NobodyListeningIsNoTrouble) {
  ServiceNotifier("").alive();
  ServiceNotifier("/nowhere/at/all").alive();
  ServiceNotifier(std::string(500, 'x')).alive();
}

}  // namespace

}  // namespace holdfast::daemon
