// sftp:// URLs: user, host, port, path.
#include <algorithm>
#include <array>

#include "url_parts.hpp"

namespace holdfast::storage {

namespace {

constexpr std::array<std::string_view, 2> keys = {"identity-file", "known-hosts-file"};

base::Result<std::string> parse_user(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    return malformed_url("a password does not belong into an sftp: URL",
                         "use an ssh key or agent: sftp://USER@HOST/PATH");
  }
  std::string user = TRY(percent_decoded(text, "sftp"));
  const bool printable = std::all_of(user.begin(), user.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
  if (user.empty() || !printable) {
    return malformed_url("the user in the sftp: URL is empty or no name",
                         "write sftp://USER@HOST/PATH, or leave USER@ out");
  }
  return user;
}

base::Result<std::string> parse_path(std::string_view text) {
  std::string path = TRY(percent_decoded(text, "sftp"));
  if (path.find('\0') != std::string::npos) {
    return malformed_url("the path of the sftp: URL contains a zero byte", "correct the path");
  }
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.starts_with("/~/")) path.erase(0, path.find_first_not_of('/', 2));
  if (path.empty() || path == "/" || path == "/~") {
    return malformed_url("the sftp: URL names no directory",
                         "write sftp://USER@HOST/srv/backup, or /~/backup below the home");
  }
  return path;
}

}  // namespace

base::Result<SftpUrl> parse_sftp_url(std::string_view rest) {
  if (rest.find('#') != std::string_view::npos) {
    return malformed_url("an sftp: URL has no '#' part", "write %23 for such a byte");
  }
  const auto question = rest.find('?');
  const std::string_view place = rest.substr(0, question);
  const auto slash = std::min(place.find('/'), place.size());
  std::string_view host = place.substr(0, slash);
  SftpUrl url;
  if (const auto at = host.rfind('@'); at != std::string_view::npos) {
    url.user = TRY(parse_user(host.substr(0, at)));
    host.remove_prefix(at + 1);
  }
  HostAndPort parsed = TRY(parse_host(host, "sftp"));
  url.host = std::move(parsed.host);
  if (parsed.port != 0) url.port = parsed.port;
  url.path = TRY(parse_path(place.substr(slash)));
  if (question != std::string_view::npos) {
    for (auto& [key, value] : TRY(parse_query(rest.substr(question + 1), "sftp", keys))) {
      (key == "identity-file" ? url.identity_file : url.known_hosts_file) = std::move(value);
    }
  }
  return url;
}

std::string format_sftp_url(const SftpUrl& url) {
  std::string text = "sftp://";
  if (!url.user.empty()) {
    for (const char c : url.user) {
      text += c == '@'   ? "%40"
              : c == ':' ? "%3A"
              : c == '/' ? "%2F"
                         : percent_encoded_path({&c, 1});
    }
    text += "@";
  }
  const bool ipv6 = url.host.find(':') != std::string::npos;
  text += ipv6 ? "[" + url.host + "]" : url.host;
  if (url.port) text += ":" + std::to_string(*url.port);
  if (!url.path.starts_with('/')) text += "/~/";
  text += percent_encoded_path(url.path);
  append_query(text,
               {{"identity-file", url.identity_file}, {"known-hosts-file", url.known_hosts_file}});
  return text;
}

}  // namespace holdfast::storage
