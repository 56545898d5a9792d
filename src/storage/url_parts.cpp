// Percent coding, hosts and queries (RFC 3986). Messages name keys, never values: a value may be a
// secret that was put in the wrong place.
#include "url_parts.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/bytes.hpp"

namespace holdfast::storage {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_encoded(std::string_view text, std::string_view special) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && special.find(c) == std::string_view::npos) {
      encoded += c;
      continue;
    }
    char escaped[4];
    std::snprintf(escaped, sizeof escaped, "%%%02X", byte);
    encoded += escaped;
  }
  return encoded;
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_ipv6_byte(char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == '.' || c == ':';
}

}  // namespace

base::Error malformed_url(std::string message, std::string hint) {
  return base::Error(base::ErrorCode::invalid_argument, std::move(message))
      .with_hint(std::move(hint));
}

base::Result<std::string> percent_decoded(std::string_view text, std::string_view scheme) {
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
      return malformed_url(
          "a '%' in the " + std::string(scheme) + ": URL is not followed by two hexadecimal digits",
          scheme == "file" ? "write %25 for a percent sign, or give the plain path"
                           : "write %25 for a percent sign");
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string percent_encoded_path(std::string_view path) {
  return percent_encoded(path, "%?#\"<>[\\]^`{|}");
}

std::string percent_encoded_value(std::string_view value) {
  return percent_encoded(value, "%&#+\"<>[\\]^`{|}");
}

base::Result<HostAndPort> parse_host(std::string_view text, std::string_view scheme) {
  HostAndPort parsed;
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  std::string_view rest = lower;
  const bool bracketed = rest.starts_with('[');
  const auto end = bracketed ? rest.find(']') : rest.find(':');
  parsed.host =
      rest.substr(bracketed ? 1 : 0, bracketed && end != std::string_view::npos ? end - 1 : end);
  const bool good =
      !parsed.host.empty() && !(bracketed && end == std::string_view::npos) &&
      std::all_of(parsed.host.begin(), parsed.host.end(), bracketed ? is_ipv6_byte : is_host_byte);
  if (!good || parsed.host.starts_with('-')) {
    return malformed_url("the host in the " + std::string(scheme) + ": URL is missing or no host",
                         "write a name or an address; an IPv6 address needs brackets: [::1]");
  }
  rest.remove_prefix(std::min(
      rest.size(), end == std::string_view::npos ? rest.size() : end + (bracketed ? 1 : 0)));
  if (rest.empty()) return parsed;
  unsigned port = 0;
  const char* const last = rest.data() + rest.size();
  const auto read = std::from_chars(rest.data() + 1, last, port);
  if (rest.front() != ':' || read.ec != std::errc() || read.ptr != last || port == 0 ||
      port > 65535) {
    return malformed_url("the port in the " + std::string(scheme) + ": URL is not a port",
                         "write a number from 1 to 65535 after the ':'");
  }
  parsed.port = static_cast<std::uint16_t>(port);
  return parsed;
}

base::Result<QueryPairs> parse_query(std::string_view text, std::string_view scheme,
                                     std::span<const std::string_view> known) {
  QueryPairs pairs;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    if (item.empty()) continue;
    const auto equals = item.find('=');
    const std::string key(item.substr(0, equals));
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const bool is_word = key.size() <= 32 && std::all_of(key.begin(), key.end(), is_host_byte);
      return malformed_url((is_word ? "'" + key + "' is not a key" : "there is an unknown key") +
                               std::string(" of the query of a ") + std::string(scheme) + ": URL",
                           "the keys are " + joined(known));
    }
    const auto same = [&](const auto& pair) { return pair.first == key; };
    if (std::any_of(pairs.begin(), pairs.end(), same)) {
      return malformed_url("'" + key + "' comes twice in the URL", "give it once");
    }
    std::string value;
    if (equals != std::string_view::npos) {
      value = TRY(percent_decoded(item.substr(equals + 1), scheme));
    }
    const bool printable = std::all_of(
        value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
    if (value.empty() || !printable || value.size() > 4096) {
      return malformed_url("'" + key + "' has no usable value in the URL",
                           "write " + key + "=VALUE, or leave it out");
    }
    pairs.emplace_back(key, std::move(value));
  }
  return pairs;
}

void append_query(std::string& url, const QueryPairs& pairs) {
  char before = '?';
  for (const auto& [key, value] : pairs) {
    if (value.empty()) continue;
    url += before + key + "=" + percent_encoded_value(value);
    before = '&';
  }
}

}  // namespace holdfast::storage
