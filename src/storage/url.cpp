// Location URLs: which form it is, then that form's own rules (RFC 8089 for file:).
#include "storage/url.hpp"

#include <cstdio>
#include <utility>

#include "base/bytes.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

Error malformed(std::string message, std::string hint) {
  return Error(ErrorCode::invalid_argument, std::move(message)).with_hint(std::move(hint));
}

bool is_scheme_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '-' || c == '.';
}

// "file" of "file:///x"; empty if the text does not start like a URL.
std::string scheme_of(std::string_view text) {
  std::string scheme;
  for (const char c : text) {
    if (c == ':') return scheme;
    if (!is_scheme_byte(c)) return {};
    scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Result<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return malformed("a '%' in the file: URL is not followed by two hexadecimal digits",
                       "write %25 for a percent sign, or give the plain path");
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

base::Result<LocationUrl> path_url(std::string path) {
  if (path.find('\0') != std::string::npos) {
    return malformed("the path of the location contains a zero byte", "correct the path");
  }
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  LocationUrl url;
  url.path = std::move(path);
  return url;
}

// `rest` is what follows "file:".
base::Result<LocationUrl> file_url(std::string_view rest) {
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::string_view host = rest.substr(0, rest.find('/'));
    if (!host.empty() && host != "localhost") {
      return malformed("a file: URL cannot name another host",
                       "write three slashes: file:///path (sftp:// will reach other hosts)");
    }
    rest.remove_prefix(host.size());
  }
  if (!rest.starts_with("/")) {
    return malformed("the path of a file: URL must be absolute", "write file:///path");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return malformed("a file: URL has no '?' or '#' part", "write %3F or %23 for such a byte");
  }
  return path_url(TRY(percent_decoded(rest)));
}

}  // namespace

base::Result<LocationUrl> parse_location_url(std::string_view text) {
  if (text.empty()) {
    return malformed("the URL of the repository is empty",
                     "give --to URL or --from URL, a path or file:///path");
  }
  const std::string scheme = scheme_of(text);
  if (scheme == "file") return file_url(text.substr(scheme.size() + 1));
  if (scheme == "s3" || scheme == "sftp") {
    return Error(ErrorCode::unsupported, scheme + ":// locations are not supported by this version")
        .with_hint("use a directory: a path or file:///path; " + scheme + " comes later");
  }
  if (!scheme.empty() && text.substr(scheme.size() + 1).starts_with("//")) {
    return Error(ErrorCode::unsupported, "'" + scheme + "://' is not a scheme that holdfast knows")
        .with_hint("use a path or file:///path");
  }
  // "user@host:path", "rest:..." and a mistyped scheme must not become a directory of that name.
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && colon < text.find('/')) {
    return malformed(
        "there is a ':' before the first '/' of the location, and it is no URL that holdfast knows",
        "for a directory of that name put ./ before it");
  }
  return path_url(std::string(text));
}

std::string format_location_url(const LocationUrl& url) {
  if (!url.path.starts_with("/")) {
    const auto colon = url.path.find(':');
    const bool ambiguous = colon != std::string::npos && colon < url.path.find('/');
    return ambiguous ? "./" + url.path : url.path;
  }
  std::string text = "file://";
  for (const char c : url.path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f &&
        std::string_view("%?#\"<>[\\]^`{|}").find(c) == std::string_view::npos) {
      text += c;
      continue;
    }
    char escaped[4];
    std::snprintf(escaped, sizeof escaped, "%%%02X", byte);
    text += escaped;
  }
  return text;
}

}  // namespace holdfast::storage
