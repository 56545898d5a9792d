// HttpProtocol: requests and answers of HTTP/1.1 as bytes (RFC 9110, RFC 9112). Pure, and strict:
// what two readers could understand differently is refused, for that is what smuggling lives on. A
// connection carries one request, so a body has a Content-Length or isn't there; chunked bodies are
// refused (411).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "server/message.hpp"

namespace holdfast::server {

// Why a request is not answered otherwise.
struct Refusal {
  int status = 400;
  std::string message;
};

struct RequestHead {
  std::string method;
  std::vector<std::string> segments;  // of the path, decoded; "/" has none
  std::map<std::string, std::string> query;
  std::string host;           // lower case, without port and brackets; empty: not given
  std::string authorization;  // empty: not given
  std::uint64_t content_length = 0;

  [[nodiscard]] std::string path() const;
};

// Where a head ends, in bytes that came so far.
struct HeadEnd {
  enum class Found { more, here, never } found = Found::more;  // never: it can't become a head
  std::size_t size = 0;                                        // with the empty line
};
// `from`: what was looked at before.
[[nodiscard]] HeadEnd find_head_end(std::string_view bytes, std::size_t from);

// `head`: with its empty line.
[[nodiscard]] std::variant<RequestHead, Refusal> parse_request_head(std::string_view head);

// "Allow: GET\r\n" and the like.
struct AnswerParts {
  std::string headers = {};
  enum class Body { with, without } body = Body::with;  // without: the answer to HEAD
};
[[nodiscard]] std::string encode_response(const Response& response, const AnswerParts& parts = {});

[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

// For a client. `bearer`: empty, or a token.
[[nodiscard]] std::string encode_request(const Request& request, std::string_view host,
                                         std::string_view bearer);

struct ResponseHead {
  int status = 0;
  std::string content_type;
  std::optional<std::uint64_t> content_length;  // nothing: up to the connection's end
};
// damaged: it is no answer of HTTP/1.1 that this client understands.
base::Result<ResponseHead> parse_response_head(std::string_view head);

}  // namespace holdfast::server
