// HttpClient: HTTP/1.1 with kept connections and HTTP/2, many requests at once from one thread.
// Callers block in perform(); the transfers themselves run on the client's own task, on libcurl's
// multi interface. Redirects are not followed, cookies not kept, nothing is retried: an answer is
// an answer, whatever its status.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "io/executor.hpp"

namespace holdfast::wire {

struct HttpOptions {
  std::string ca_file;  // certificates to trust instead of the system's
  // "http://host:port"; empty: none; nothing: as the usual variables of the environment say.
  std::optional<std::string> proxy;
  std::size_t connections_max = 128;  // to one server; further requests wait for one
  base::Duration connect_timeout = base::seconds(20);
  base::Duration stall_timeout = base::seconds(60);  // without a byte in either direction
  std::string user_agent = "holdfast";
  // Of the bodies of all requests together; over any two seconds they hold within a tenth. Above 0;
  // nothing: unlimited.
  std::optional<std::uint64_t> upload_bytes_per_second = {};
  std::optional<std::uint64_t> download_bytes_per_second = {};
};

struct HttpHeader {
  std::string name;  // in answers: lower case
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://, percent-encoded; sent as it is
  std::vector<HttpHeader> headers;
  base::ByteView body;  // borrowed until perform() returns
  // Where the body of a successful (2xx) answer goes, instead of HttpResponse::body.
  std::optional<base::MutableByteView> into;
  std::uint64_t body_size_max = base::MiB;  // of HttpResponse::body; failures have 64 KiB or more
  std::optional<base::Duration> stall_timeout;  // instead of the client's
  std::optional<base::Duration> total_timeout;  // nothing: as long as bytes flow
  // `none`: straight to the server, whatever the client's options and the environment say.
  enum class Proxy { as_configured, none } proxy = Proxy::as_configured;
  std::stop_token stop;  // ends the transfer; perform() then fails with `cancelled`
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  base::Bytes body;
  std::uint64_t into_size = 0;  // bytes written to HttpRequest::into
  // The body was longer than `into` or `body_size_max`; the rest was not transferred.
  bool body_cut = false;
  // The kept connection broke and the request was sent once more on a new one: the first may have
  // had its effect.
  bool sent_again = false;

  // The first header of that (lower-case) name; empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool is_success() const { return status >= 200 && status < 300; }
};

// Thread-safe. Borrows the executor.
class HttpClient {
 public:
  HttpClient(io::Executor& executor, HttpOptions options);
  // Ends what is under way.
  ~HttpClient();

  // unavailable (a retry may help): no connection, a broken one, silence. permission_denied: the
  // server's certificate is not trusted. invalid_argument: no URL for HTTP. Errors name the server,
  // never more of the URL.
  base::Result<HttpResponse> perform(const HttpRequest& request);

 private:
  class Engine;
  const std::unique_ptr<Engine> engine_;
};

// "host:port" of a URL, for messages.
[[nodiscard]] std::string server_of(std::string_view url);

}  // namespace holdfast::wire
