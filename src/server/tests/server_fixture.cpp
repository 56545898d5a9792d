// Plain sockets with a receive timeout.
#include "server_fixture.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <stdexcept>

#include "base/check.hpp"

namespace holdfast::server {

RawClient::RawClient(const std::string& address) {
  const auto target = socket_address(parse_address(address).value());
  fd_ = io::Fd(::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  CHECK(::connect(fd_.get(), target.get(), target.size) == 0, "connect");
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string RawClient::receive(std::size_t size) {
  std::string in;
  std::array<char, 4096> bytes;
  while (in.size() < size) {
    const auto count = ::recv(fd_.get(), bytes.data(), std::min(bytes.size(), size - in.size()), 0);
    if (count <= 0) break;
    in.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return in;
}

std::string RawClient::receive_all() { return receive(std::string::npos); }

bool RawClient::is_closed_within(base::Duration timeout) {
  const base::SystemClock clock{};
  const auto end = clock.monotonic() + timeout;
  while (clock.monotonic() < end) {
    pollfd one{fd_.get(), POLLIN, 0};
    if (::poll(&one, 1, 20) <= 0) continue;
    std::array<char, 4096> bytes;
    if (::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) <= 0) return true;
  }
  return false;
}

void RawClient::finish() { ::shutdown(fd_.get(), SHUT_WR); }

std::string exchange(const std::string& address, std::string_view bytes) {
  RawClient client(address);
  client.send(bytes);
  return client.receive_all();
}

std::string status_in(const std::string& answer) {
  if (!answer.starts_with("HTTP/1.1 ") || answer.size() < 12) return "none";
  return answer.substr(9, 3);
}

TestServer::TestServer(ServerOptions options) {
  if (options.listen.empty()) options.listen = "127.0.0.1:0";
  if (options.token.empty()) options.token = secret(test_token);
  server = HttpServer::start(std::move(options), routes(), executor).value();
}

TestServer::~TestServer() {
  release();
  server.reset();
}

void TestServer::release() {
  const std::lock_guard lock(mutex_);
  is_released_ = true;
  changed_->notify_all();
}

int TestServer::slow_running() {
  const std::lock_guard lock(mutex_);
  return slow_running_;
}

std::vector<Route> test_routes() {
  using Access = Route::Access;
  const auto says = [](std::string text) {
    return [text](const Request&) { return Response{.content_type = "text/plain", .body = text}; };
  };
  return {
      {"GET", "/open", says("open"), Access::open, Route::Runs::at_once},
      {"GET", "/local", says("local"), Access::local},
      {"GET", "/token", says("token"), Access::token},
      {"POST", "/echo",
       [](const Request& request) {
         std::string text = request.path + "\n" + request.body;
         for (const auto& [name, value] : request.query) text += "\n" + name + "=" + value;
         return Response{.body = text};
       },
       Access::open},
      {"GET", "/throws",
       [](const Request&) -> Response { throw std::runtime_error("in a handler"); }, Access::open},
      {"GET", "/big", [](const Request&) { return Response{.body = std::string(64 << 20, 'x')}; },
       Access::open},
      {"GET", "/things/:id",
       [](const Request& request) { return Response{.body = request.parameters.at("id")}; },
       Access::open},
  };
}

std::vector<Route> TestServer::routes() {
  auto all = test_routes();
  all.push_back({"GET", "/slow",
                 [this](const Request&) {
                   std::unique_lock lock(mutex_);
                   ++slow_running_;
                   while (!is_released_) changed_->wait(lock);
                   --slow_running_;
                   return Response{.body = "at last"};
                 },
                 Route::Access::open});
  return all;
}

}  // namespace holdfast::server
