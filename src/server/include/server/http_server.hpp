// HttpServer: HTTP/1.1 for few, small requests from anybody who can reach it. One task moves the
// bytes of all connections, a few others run the handlers, so that a client that is slow, silent or
// hostile costs a place among the connections and nothing else: when all places are taken, the one
// that has waited longest for its client goes. Each connection carries one request.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "io/executor.hpp"
#include "server/message.hpp"

namespace holdfast::server {

// Called from several tasks at once.
using Handler = std::function<Response(const Request&)>;

struct Route {
  std::string method;  // "GET" (answers HEAD too) or "POST"
  std::string path;  // "/api/v1/runs/:id/cancel": a segment that begins with a colon is a parameter
  Handler handler;
  // Who may: anybody who reaches the server; on the loopback anybody, elsewhere those with the
  // token; those with the token. On a Unix socket its owner may all.
  enum class Access { open, local, token } access = Access::token;
  // at_once: the handler never waits for anything, and answers although all workers are busy.
  enum class Runs { on_worker, at_once } runs = Runs::on_worker;
};

struct ServerOptions {
  // "127.0.0.1:9840", "[::1]:0" (0: any free port), "localhost:9840", "unix:/run/holdfast/socket".
  std::string listen;
  // Bearer token of routes that want one; at least 16 visible characters. Empty: nobody gets in
  // there but through a Unix socket.
  base::SecretBytes token = {};
  std::string certificate_file = {};  // PEM, the whole chain; with key_file: TLS 1.2 or newer
  std::string key_file = {};
  // By which the server may be called besides its address; on the loopback, where a request for any
  // other name is refused (a web page that was made to look local), and elsewhere if there are any.
  std::vector<std::string> host_names = {};
  std::size_t connections_max = 256;
  std::size_t head_size_max = 16 * base::KiB;
  std::size_t body_size_max = base::MiB;
  base::Duration request_timeout = base::seconds(10);   // from its beginning to its last byte
  base::Duration response_timeout = base::seconds(30);  // until the client has taken it
  unsigned workers = 4;
};

class HttpServer {
 public:
  // Listens when it returns. Borrows the executor. Errors: invalid_argument (options; beyond the
  // loopback without token or TLS), already_exists (the port is taken, the path is no socket),
  // conflict (somebody listens on the Unix socket), permission_denied (the key is readable by
  // others, others can write to the socket's folder), io.
  static base::Result<std::unique_ptr<HttpServer>> start(ServerOptions options,
                                                         std::vector<Route> routes,
                                                         io::Executor& executor);
  // As stop().
  ~HttpServer();

  // Where it listens, with the port that it got: what ask() takes.
  [[nodiscard]] std::string address() const;
  // Takes no more connections and ends within a second, whatever clients do; then waits for the
  // handlers that still run. What they answer after that second is lost. Any number of times.
  void stop();

 private:
  class State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::server
