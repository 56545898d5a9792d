// A tiny HTTP server that answers what a test tells it to, and remembers what it was asked.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "io/executor.hpp"
#include "io/file.hpp"

namespace holdfast::wire {

struct ScriptedAnswer {
  std::string bytes;  // as they go over the line
  enum class Then { keep, close, reset, silence } then = Then::keep;
};

struct ReceivedRequest {
  std::string head;  // request line and headers
  std::string body;
  // The value of a (lower-case) header; empty if it is absent.
  [[nodiscard]] std::string header(const std::string& name) const;
  [[nodiscard]] std::string line() const { return head.substr(0, head.find("\r\n")); }
};

// "HTTP/1.1 <status>" with headers, each ended by CRLF, and a Content-Length.
[[nodiscard]] std::string http_answer(const std::string& status, const std::string& body,
                                      const std::string& headers = {});

// On the loopback, one task a connection.
class ScriptedServer {
 public:
  using Script = std::function<ScriptedAnswer(const ReceivedRequest&)>;
  explicit ScriptedServer(Script script);
  ~ScriptedServer();

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<ReceivedRequest> received() const;
  [[nodiscard]] int connections() const;

 private:
  void accept_all();
  void serve(int fd);

  const Script script_;
  io::ThreadExecutor executor_;
  io::Fd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<ReceivedRequest> received_;
  std::vector<int> open_;
  std::vector<std::unique_ptr<io::Task>> tasks_;
  bool ending_ = false;
  std::unique_ptr<io::Task> accepter_;
};

inline std::string ReceivedRequest::header(const std::string& name) const {
  for (std::size_t at = head.find("\r\n"); at != std::string::npos;
       at = head.find("\r\n", at + 2)) {
    const auto colon = head.find(':', at + 2);
    if (colon == std::string::npos) return {};
    std::string found = head.substr(at + 2, colon - at - 2);
    std::transform(found.begin(), found.end(), found.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (found == name) return head.substr(colon + 2, head.find("\r\n", colon) - colon - 2);
  }
  return {};
}

inline std::string http_answer(const std::string& status, const std::string& body,
                               const std::string& headers) {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  listener_ = io::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  CHECK(::listen(listener_.get(), 64) == 0, "listen");
  CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0, "port");
  port_ = ntohs(address.sin_port);
  accepter_ = executor_.spawn("accept", [this] { accept_all(); });
}

inline ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_.get(), SHUT_RDWR);
  accepter_->join();
  tasks_.clear();
}

inline void ScriptedServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (ending_) {
      ::close(fd);
      return;
    }
    open_.push_back(fd);
    tasks_.push_back(executor_.spawn("serve", [this, fd] { serve(fd); }));
  }
}

inline std::vector<ReceivedRequest> ScriptedServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

inline int ScriptedServer::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(tasks_.size());
}

inline void ScriptedServer::serve(int fd) {
  std::string buffer;
  const auto more = [&] {
    char bytes[65536];
    const auto count = ::recv(fd, bytes, sizeof bytes, 0);
    if (count > 0) buffer.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  };
  for (bool going = true; going;) {
    while (buffer.find("\r\n\r\n") == std::string::npos && going) going = more();
    if (!going) break;
    ReceivedRequest request;
    const auto end = buffer.find("\r\n\r\n") + 4;
    request.head = buffer.substr(0, end);
    buffer.erase(0, end);
    const std::string length = request.header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (buffer.size() < size && going) going = more();
    if (!going) break;
    request.body = buffer.substr(0, size);
    buffer.erase(0, size);
    {
      const std::lock_guard lock(mutex_);
      received_.push_back(request);
    }
    const ScriptedAnswer answer = script_(request);
    (void)::send(fd, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL);
    if (answer.then == ScriptedAnswer::Then::silence) {
      while (more()) continue;
    }
    if (answer.then == ScriptedAnswer::Then::reset) {
      const linger now{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    going = answer.then == ScriptedAnswer::Then::keep;
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

}  // namespace holdfast::wire
