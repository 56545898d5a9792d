// A server with a few routes, and a client that says whatever a test tells it to.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "address.hpp"
#include "io/executor.hpp"
#include "io/file.hpp"
#include "server/http_client.hpp"
#include "server/http_server.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::server {

inline const std::string test_token = "0123456789abcdef0123456789abcdef";

inline base::SecretBytes secret(const std::string& text) {
  return base::SecretBytes(base::as_bytes(text));
}

// A socket that knows no HTTP. Waits ten seconds at most.
class RawClient {
 public:
  explicit RawClient(const std::string& address);
  // False once the server has closed.
  bool send(std::string_view bytes);
  // Up to the end of the connection.
  std::string receive_all();
  // Up to `size` bytes.
  std::string receive(std::size_t size);
  // Whether the server closes within `timeout`.
  bool is_closed_within(base::Duration timeout);
  void finish();
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  io::Fd fd_;
};

// Sends all of it and gives what comes back.
std::string exchange(const std::string& address, std::string_view bytes);

// "200", "404", … of an answer; "none" if it is none.
std::string status_in(const std::string& answer);

// /open, /local, /token; /slow, which answers when it is let; /echo; /throws; /things/:id.
class TestServer {
 public:
  explicit TestServer(ServerOptions options = {});
  ~TestServer();
  HttpServer* operator->() { return server.get(); }
  [[nodiscard]] std::string address() const { return server->address(); }
  // Lets the handlers of /slow answer.
  void release();
  [[nodiscard]] int slow_running();

  io::ThreadExecutor executor;
  std::unique_ptr<HttpServer> server;

 private:
  std::vector<Route> routes();
  std::mutex mutex_;
  std::unique_ptr<io::Signal> changed_ = executor.make_signal();
  bool is_released_ = false;
  int slow_running_ = 0;
};

std::vector<Route> test_routes();

}  // namespace holdfast::server
