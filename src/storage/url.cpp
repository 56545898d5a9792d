// Location URLs: which form it is, then that form's own rules (RFC 8089 for file:).
#include "storage/url.hpp"

#include <utility>

#include "base/bytes.hpp"
#include "url_parts.hpp"

namespace holdfast::storage {

namespace {

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

base::Result<LocationUrl> path_url(std::string path) {
  if (path.find('\0') != std::string::npos) {
    return malformed_url("the path of the location contains a zero byte", "correct the path");
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
      return malformed_url(
          "a file: URL cannot name another host",
          "write three slashes: file:///path (sftp://host/path reaches other hosts)");
    }
    rest.remove_prefix(host.size());
  }
  if (!rest.starts_with("/")) {
    return malformed_url("the path of a file: URL must be absolute", "write file:///path");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return malformed_url("a file: URL has no '?' or '#' part", "write %3F or %23 for such a byte");
  }
  return path_url(TRY(percent_decoded(rest, "file")));
}

}  // namespace

base::Result<LocationUrl> parse_location_url(std::string_view text) {
  if (text.empty()) {
    return malformed_url("the URL of the repository is empty",
                         "give --to URL or --from URL, a path or file:///path");
  }
  const std::string scheme = scheme_of(text);
  if (scheme == "file") return file_url(text.substr(scheme.size() + 1));
  const std::string_view rest = scheme.empty() ? text : text.substr(scheme.size() + 1);
  LocationUrl url;
  if (scheme == "s3" && rest.starts_with("//")) {
    url.scheme = LocationUrl::Scheme::s3;
    url.s3 = TRY(parse_s3_url(rest.substr(2)));
    return url;
  }
  if (scheme == "sftp" && rest.starts_with("//")) {
    url.scheme = LocationUrl::Scheme::sftp;
    url.sftp = TRY(parse_sftp_url(rest.substr(2)));
    return url;
  }
  if (scheme == "s3" || scheme == "sftp") {
    return malformed_url("two slashes are missing after '" + scheme + ":'",
                         scheme == "s3" ? "write s3://BUCKET/PREFIX?endpoint=https://HOST"
                                        : "write sftp://USER@HOST/PATH");
  }
  if (!scheme.empty() && rest.starts_with("//")) {
    return malformed_url("'" + scheme + "://' is not a scheme that holdfast knows",
                         "use a path, file:///PATH, s3://BUCKET/PREFIX or sftp://USER@HOST/PATH");
  }
  // "user@host:path", "rest:..." and a mistyped scheme must not become a directory of that name.
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && colon < text.find('/')) {
    return malformed_url(
        "there is a ':' before the first '/' of the location, and it is no URL that holdfast knows",
        "for a directory of that name put ./ before it");
  }
  return path_url(std::string(text));
}

std::string format_location_url(const LocationUrl& url) {
  if (url.scheme == LocationUrl::Scheme::s3) return format_s3_url(url.s3);
  if (url.scheme == LocationUrl::Scheme::sftp) return format_sftp_url(url.sftp);
  if (!url.path.starts_with("/")) {
    const auto colon = url.path.find(':');
    const bool ambiguous = colon != std::string::npos && colon < url.path.find('/');
    return ambiguous ? "./" + url.path : url.path;
  }
  return "file://" + percent_encoded_path(url.path);
}

}  // namespace holdfast::storage
