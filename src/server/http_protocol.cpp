// The grammar, a rule a function.
#include "http_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/bytes.hpp"

namespace holdfast::server {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t method_size_max = 16;
constexpr std::size_t target_size_max = 4096;
constexpr std::size_t headers_max = 100;
constexpr std::size_t parameters_max = 32;
constexpr std::string_view line_end = "\r\n";

bool is_token_character(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         others.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

// Of a header's value: visible, space, tab, and bytes above ASCII.
bool is_field_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(), [](char c) { return lower(c); });
  return made;
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { plus, space };

// Nothing if an escape is none, or stands for a control character.
std::optional<std::string> percent_decoded(std::string_view text, Plus plus) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus == Plus::space) c = ' ';
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = digit(text[i + 1]);
      const int low = digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    made += c;
  }
  return made;
}

// Calls `each` with the parts between `separator`; false if one of them was refused.
template <typename Call>
bool split(std::string_view text, char separator, const Call& each) {
  for (;;) {
    const auto end = text.find(separator);
    if (!each(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

// A dot segment would mean another path to whoever resolves it, and an escaped slash one more
// segment to whoever decodes first: neither has a use here.
bool read_path(std::string_view path, RequestHead& head) {
  if (!path.starts_with('/')) return false;
  if (path == "/") return true;
  return split(path.substr(1), '/', [&](std::string_view part) {
    auto decoded = percent_decoded(part, Plus::plus);
    if (!decoded || *decoded == "." || *decoded == "..") return false;
    if (decoded->find_first_of("/\\") != std::string::npos) return false;
    head.segments.push_back(std::move(*decoded));
    return true;
  });
}

bool read_query(std::string_view query, RequestHead& head) {
  return split(query, '&', [&](std::string_view part) {
    if (part.empty()) return true;
    const auto equal = part.find('=');
    auto name = percent_decoded(part.substr(0, equal), Plus::space);
    auto value = equal == std::string_view::npos
                     ? std::optional<std::string>("")
                     : percent_decoded(part.substr(equal + 1), Plus::space);
    if (!name || name->empty() || !value || head.query.size() == parameters_max) return false;
    return head.query.emplace(std::move(*name), std::move(*value)).second;
  });
}

std::optional<Refusal> read_target(std::string_view target, RequestHead& head) {
  if (target.size() > target_size_max) return Refusal{414, "the target is too long"};
  const bool is_plain = std::all_of(target.begin(), target.end(),
                                    [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
  const auto mark = target.find('?');
  if (!is_plain || !read_path(target.substr(0, mark), head)) {
    return Refusal{400, "the path is none: it begins with a slash and has no dot segments"};
  }
  if (mark != std::string_view::npos && !read_query(target.substr(mark + 1), head)) {
    return Refusal{400, "the query is none: each name once, percent-encoded"};
  }
  return std::nullopt;
}

// "GET /path HTTP/1.1"; whether it is 1.1 is left in `minor`.
std::optional<Refusal> read_request_line(std::string_view line, RequestHead& head, int& minor) {
  const Refusal no_line{400, "the first line is no request of HTTP"};
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return no_line;
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(method) || method.size() > method_size_max) return no_line;
  if (!version.starts_with("HTTP/") || version.size() != 8 || version[6] != '.' ||
      digit(version[5]) < 0 || digit(version[5]) > 9 || digit(version[7]) < 0 ||
      digit(version[7]) > 9) {
    return no_line;
  }
  if (version[5] != '1') return Refusal{505, "this server speaks HTTP/1.1"};
  minor = digit(version[7]);
  head.method = method;
  return read_target(target, head);
}

// Splits "name: value"; nothing if it is no header, or continues the one before it.
std::optional<std::pair<std::string, std::string_view>> read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
  const auto value = trimmed(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), is_field_character)) return std::nullopt;
  return std::pair{lower(line.substr(0, colon)), value};
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  if (text.empty() || text.size() > 18) return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// "name", "name:80", "[::1]:80" → the name in lower case; nothing if it is no host.
std::optional<std::string> host_name(std::string_view value) {
  std::string_view name = value;
  std::string_view port;
  if (value.starts_with('[')) {
    const auto end = value.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    name = value.substr(1, end - 1);
    port = value.substr(end + 1);
  } else if (const auto colon = value.find(':'); colon != std::string_view::npos) {
    name = value.substr(0, colon);
    port = value.substr(colon);
  }
  if (!port.empty() &&
      (port.front() != ':' || port.size() > 6 ||
       !std::all_of(port.begin() + 1, port.end(), [](char c) { return c >= '0' && c <= '9'; }))) {
    return std::nullopt;
  }
  const bool is_plain = std::all_of(name.begin(), name.end(),
                                    [](char c) { return is_token_character(c) || c == ':'; });
  if (name.empty() || !is_plain) return std::nullopt;
  return lower(name);
}

// Which of the headers that decide something were there.
struct Fields {
  bool has_host = false;
  bool has_length = false;
  bool has_coding = false;
  bool has_authorization = false;
};

std::optional<Refusal> read_header(const std::string& name, std::string_view value, Fields& seen,
                                   RequestHead& head) {
  const auto twice = [&] { return Refusal{400, name + " stands there twice"}; };
  if (name == "host") {
    if (std::exchange(seen.has_host, true)) return twice();
    const auto host = host_name(value);
    if (!host) return Refusal{400, "the Host header names no host"};
    head.host = *host;
  } else if (name == "content-length") {
    if (std::exchange(seen.has_length, true)) return twice();
    const auto number = read_number(value);
    if (!number) return Refusal{400, "the Content-Length is no number"};
    head.content_length = *number;
  } else if (name == "transfer-encoding") {
    seen.has_coding = true;
  } else if (name == "authorization") {
    if (std::exchange(seen.has_authorization, true)) return twice();
    head.authorization = value;
  } else if (name == "expect") {
    return Refusal{417, "this server takes a body without being asked"};
  }
  return std::nullopt;
}

std::optional<Refusal> judge(const Fields& seen, int minor) {
  if (seen.has_coding && seen.has_length) {
    return Refusal{400, "Transfer-Encoding and Content-Length contradict each other"};
  }
  if (seen.has_coding) return Refusal{411, "a body needs a Content-Length here"};
  if (!seen.has_host && minor >= 1) return Refusal{400, "the Host header is missing"};
  return std::nullopt;
}

}  // namespace

std::string RequestHead::path() const {
  std::string text;
  for (const auto& segment : segments) text += "/" + segment;
  return text.empty() ? "/" : text;
}

HeadEnd find_head_end(std::string_view bytes, std::size_t from) {
  using Found = HeadEnd::Found;
  // No line but the first begins the head, and no other protocol's first byte passes here.
  if (!bytes.empty() && !is_token_character(bytes.front())) return {Found::never, 0};
  for (std::size_t i = from; i < bytes.size(); ++i) {
    if (bytes[i] == '\0') return {Found::never, 0};
    if (bytes[i] != '\n') continue;
    if (i == 0 || bytes[i - 1] != '\r') return {Found::never, 0};
    if (i >= 3 && bytes[i - 2] == '\n') return {Found::here, i + 1};
  }
  return {};
}

std::variant<RequestHead, Refusal> parse_request_head(std::string_view bytes) {
  RequestHead head;
  Fields seen;
  int minor = 0;
  std::size_t lines = 0;
  while (!bytes.empty()) {
    const auto end = bytes.find(line_end);
    if (end == std::string_view::npos) return Refusal{400, "the head does not end"};
    const auto line = bytes.substr(0, end);
    bytes.remove_prefix(end + line_end.size());
    if (lines++ == 0) {
      if (auto refusal = read_request_line(line, head, minor)) return *refusal;
      continue;
    }
    if (line.empty()) break;
    if (lines > headers_max + 1) return Refusal{431, "there are too many headers"};
    const auto field = read_field(line);
    if (!field) return Refusal{400, "a line of the head is no header"};
    if (auto refusal = read_header(field->first, field->second, seen, head)) return *refusal;
  }
  if (lines == 0 || !bytes.empty()) return Refusal{400, "the head does not end"};
  if (auto refusal = judge(seen, minor)) return *refusal;
  return head;
}

std::string_view reason_phrase(int status) noexcept {
  static constexpr std::array<std::pair<int, std::string_view>, 24> phrases{{
      {200, "OK"},
      {202, "Accepted"},
      {204, "No Content"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  }};
  for (const auto& [number, phrase] : phrases) {
    if (number == status) return phrase;
  }
  return "Answer";
}

std::string encode_response(const Response& response, const AnswerParts& parts) {
  const auto& type = response.content_type;
  const bool is_type = !type.empty() && std::all_of(type.begin(), type.end(), is_field_character);
  auto text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n"
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{}\r\n",
      response.status, reason_phrase(response.status),
      is_type ? std::string_view(type) : std::string_view("application/octet-stream"),
      response.body.size(), parts.headers);
  if (parts.body == AnswerParts::Body::with) text += response.body;
  return text;
}

namespace {

std::string percent_encoded(std::string_view text, std::string_view kept) {
  constexpr std::string_view unreserved = "-._~";
  std::string made;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || unreserved.find(c) != std::string_view::npos ||
                          kept.find(c) != std::string_view::npos;
    made += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return made;
}

}  // namespace

std::string encode_request(const Request& request, std::string_view host, std::string_view bearer) {
  auto text = fmt::format("{} {}", request.method, percent_encoded(request.path, "/"));
  char before = '?';
  for (const auto& [name, value] : request.query) {
    text += fmt::format("{}{}={}", std::exchange(before, '&'), percent_encoded(name, ""),
                        percent_encoded(value, ""));
  }
  text += fmt::format(" HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", host);
  if (!bearer.empty()) text += fmt::format("Authorization: Bearer {}\r\n", bearer);
  if (!request.body.empty() || request.method == "POST") {
    text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n",
                        request.body.size());
  }
  return text + "\r\n" + request.body;
}

Result<ResponseHead> parse_response_head(std::string_view bytes) {
  const auto no_answer = [](std::string_view why) {
    return Error(ErrorCode::damaged, fmt::format("the answer is not HTTP: {}", why));
  };
  ResponseHead head;
  const auto first = bytes.substr(0, bytes.find(line_end));
  const auto code = first.size() >= 12 ? read_number(first.substr(9, 3)) : std::nullopt;
  if (!first.starts_with("HTTP/1.") || first[8] != ' ' || !code || *code < 200 || *code > 599) {
    return no_answer("its first line has no status");
  }
  head.status = static_cast<int>(*code);
  bytes.remove_prefix(first.size());
  while (bytes.starts_with(line_end) && bytes.size() > line_end.size()) {
    bytes.remove_prefix(line_end.size());
    const auto line = bytes.substr(0, bytes.find(line_end));
    bytes.remove_prefix(line.size());
    if (line.empty()) break;
    const auto field = read_field(line);
    if (!field) return no_answer("a line is no header");
    if (field->first == "content-type") head.content_type = field->second;
    if (field->first == "transfer-encoding") return no_answer("its body is chunked");
    if (field->first != "content-length") continue;
    head.content_length = read_number(field->second);
    if (!head.content_length) return no_answer("its Content-Length is no number");
  }
  return head;
}

}  // namespace holdfast::server
