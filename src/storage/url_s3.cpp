// s3:// URLs: bucket and prefix, and the options of the query.
#include <algorithm>
#include <array>

#include "base/units.hpp"
#include "url_parts.hpp"

namespace holdfast::storage {

namespace {

constexpr std::array<std::string_view, 13> keys = {
    "endpoint",     "region", "style",     "profile", "storage-class", "sse",        "sse-kms-key",
    "sse-key-file", "lock",   "lock-mode", "ca-file", "proxy",         "consistency"};

constexpr std::size_t prefix_size_max = 480;  // S3's keys have 1,024 bytes, ours up to 512

base::Error secret_in_url() {
  return malformed_url("a key or password does not belong into an s3: URL",
                       "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile of the "
                       "shared credentials file (?profile=NAME)");
}

base::Error wrong_value(std::string_view key, std::string hint) {
  return malformed_url("'" + std::string(key) + "' has a wrong value in the s3: URL",
                       std::move(hint));
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

base::Result<std::string> parse_bucket(std::string_view text) {
  if (text.find_first_of("@:") != std::string_view::npos) return secret_in_url();
  const bool good =
      text.size() >= 3 && text.size() <= 255 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c == '.' || is_word({&c, 1}); }) &&
      text.front() != '.' && text.find("..") == std::string_view::npos;
  if (!good) {
    return malformed_url("the name of the bucket is missing or no name of a bucket",
                         "write s3://BUCKET/PREFIX; a bucket's name has 3 to 63 of a-z, 0-9, '-' "
                         "and '.'");
  }
  return std::string(text);
}

// Without slashes around it.
base::Result<std::string> parse_prefix(std::string_view text) {
  std::string prefix = TRY(percent_decoded(text, "s3"));
  while (prefix.ends_with('/')) prefix.pop_back();
  prefix.erase(0, prefix.find_first_not_of('/'));
  const bool printable = std::all_of(prefix.begin(), prefix.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
  bool good = printable && prefix.size() <= prefix_size_max;
  for (std::size_t begin = 0; good && !prefix.empty();) {
    const std::size_t end = std::min(prefix.find('/', begin), prefix.size());
    const std::string_view part = std::string_view(prefix).substr(begin, end - begin);
    good = !part.empty() && part != "." && part != "..";
    if (end == prefix.size()) break;
    begin = end + 1;
  }
  if (!good) {
    return malformed_url("the prefix in the s3: URL cannot be used",
                         "use up to 480 printable ASCII characters, without empty parts, '.' and "
                         "'..' between the slashes");
  }
  return prefix;
}

// "scheme://host:port", in its shortest form.
base::Result<std::string> parse_server(std::string_view text, std::string_view key) {
  const std::string hint = "write " + std::string(key) + "=https://HOST:PORT or http://HOST:PORT";
  const std::size_t begin = text.find("://");
  const std::string_view scheme = text.substr(0, std::min(begin, text.size()));
  if (begin == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return wrong_value(key, hint);
  }
  std::string_view host = text.substr(begin + 3);
  while (host.ends_with('/')) host.remove_suffix(1);
  if (host.find('@') != std::string_view::npos) return secret_in_url();
  if (host.find_first_of("/?#") != std::string_view::npos) return wrong_value(key, hint);
  const HostAndPort parsed = TRY(parse_host(host, "s3"));
  std::string server = std::string(scheme) + "://";
  const bool ipv6 = parsed.host.find(':') != std::string::npos;
  server += ipv6 ? "[" + parsed.host + "]" : parsed.host;
  if (parsed.port != 0) server += ":" + std::to_string(parsed.port);
  return server;
}

base::Result<base::Duration> parse_lock(const std::string& value) {
  const auto lock = base::parse_duration(value);
  // S3 counts retention in days at its own defaults; a century is a slip of the finger.
  if (!lock.ok() || lock.value() < base::minutes(1) || lock.value() > base::days(36500)) {
    return wrong_value("lock", "write lock=30d: how long what is stored cannot be deleted");
  }
  return lock.value();
}

base::Result<std::string> parse_word(const std::string& key, const std::string& value) {
  if (!is_word(value)) return wrong_value(key, "write " + key + "=NAME");
  return value;
}

base::Result<void> apply(S3Url& url, const std::string& key, const std::string& value) {
  if (key == "endpoint") {
    url.endpoint = TRY(parse_server(value, key));
  } else if (key == "proxy") {
    url.proxy = TRY(parse_server(value, key));
  } else if (key == "region") {
    url.region = TRY(parse_word(key, value));
  } else if (key == "storage-class") {
    url.storage_class = TRY(parse_word(key, value));
  } else if (key == "profile") {
    url.profile = value;
  } else if (key == "style") {
    if (value != "path" && value != "virtual") {
      return wrong_value(key, "write style=path or style=virtual");
    }
    url.style = value == "path" ? S3Url::Style::path : S3Url::Style::virtual_host;
  } else if (key == "sse") {
    if (value != "s3" && value != "kms" && value != "customer") {
      return wrong_value(key, "write sse=s3, sse=kms or sse=customer");
    }
    url.encryption = value == "s3"    ? S3Url::Encryption::s3
                     : value == "kms" ? S3Url::Encryption::kms
                                      : S3Url::Encryption::customer;
  } else if (key == "sse-kms-key") {
    url.kms_key = value;
  } else if (key == "sse-key-file") {
    url.customer_key_file = value;
  } else if (key == "lock") {
    url.lock = TRY(parse_lock(value));
  } else if (key == "lock-mode") {
    if (value != "compliance" && value != "governance") {
      return wrong_value(key, "write lock-mode=compliance or lock-mode=governance");
    }
    url.lock_mode =
        value == "compliance" ? S3Url::LockMode::compliance : S3Url::LockMode::governance;
  } else if (key == "ca-file") {
    url.ca_file = value;
  } else if (key == "consistency") {
    if (value != "strong") return wrong_value(key, "write consistency=strong, or leave it out");
    url.consistency = S3Url::Consistency::strong;
  }
  return {};
}

base::Result<void> check_together(const S3Url& url) {
  const bool customer = url.encryption == S3Url::Encryption::customer;
  if (customer == url.customer_key_file.empty()) {
    return malformed_url("sse=customer and sse-key-file belong together in an s3: URL",
                         "give both: sse=customer&sse-key-file=FILE, a file of 32 bytes");
  }
  if (!url.kms_key.empty() && url.encryption != S3Url::Encryption::kms) {
    return malformed_url("sse-kms-key needs sse=kms in an s3: URL",
                         "write sse=kms&sse-kms-key=KEY");
  }
  if (customer && url.endpoint.starts_with("http://")) {
    return malformed_url("sse=customer would send its key over plain http",
                         "use an https endpoint");
  }
  if (url.lock_mode == S3Url::LockMode::governance && !url.lock) {
    return malformed_url("lock-mode needs lock in an s3: URL",
                         "write lock=30d&lock-mode=governance");
  }
  return {};
}

std::string_view style_name(S3Url::Style style) {
  switch (style) {
    case S3Url::Style::automatic: return "";
    case S3Url::Style::path: return "path";
    case S3Url::Style::virtual_host: return "virtual";
  }
  return "";
}

std::string_view encryption_name(S3Url::Encryption encryption) {
  switch (encryption) {
    case S3Url::Encryption::none: return "";
    case S3Url::Encryption::s3: return "s3";
    case S3Url::Encryption::kms: return "kms";
    case S3Url::Encryption::customer: return "customer";
  }
  return "";
}

// In the largest unit that fits, as parse_duration reads it.
std::string lock_text(base::Duration lock) {
  const std::int64_t seconds = lock.nanoseconds / base::nanoseconds_per_second;
  if (seconds % 86400 == 0) return std::to_string(seconds / 86400) + "d";
  return std::to_string(seconds) + "s";
}

}  // namespace

base::Result<S3Url> parse_s3_url(std::string_view rest) {
  if (rest.find('#') != std::string_view::npos) {
    return malformed_url("an s3: URL has no '#' part", "write %23 for such a byte");
  }
  const auto question = rest.find('?');
  const std::string_view place = rest.substr(0, question);
  const auto slash = std::min(place.find('/'), place.size());
  S3Url url;
  url.bucket = TRY(parse_bucket(place.substr(0, slash)));
  url.prefix = TRY(parse_prefix(place.substr(slash)));
  if (question != std::string_view::npos) {
    for (const auto& [key, value] : TRY(parse_query(rest.substr(question + 1), "s3", keys))) {
      TRY(apply(url, key, value));
    }
  }
  TRY(check_together(url));
  return url;
}

std::string format_s3_url(const S3Url& url) {
  std::string text = "s3://" + url.bucket;
  if (!url.prefix.empty()) text += "/" + percent_encoded_path(url.prefix);
  append_query(text,
               {{"endpoint", url.endpoint},
                {"region", url.region},
                {"style", std::string(style_name(url.style))},
                {"profile", url.profile},
                {"storage-class", url.storage_class},
                {"sse", std::string(encryption_name(url.encryption))},
                {"sse-kms-key", url.kms_key},
                {"sse-key-file", url.customer_key_file},
                {"lock", url.lock ? lock_text(*url.lock) : ""},
                {"lock-mode", url.lock_mode == S3Url::LockMode::governance ? "governance" : ""},
                {"ca-file", url.ca_file},
                {"proxy", url.proxy},
                {"consistency", url.consistency == S3Url::Consistency::strong ? "strong" : ""}});
  return text;
}

}  // namespace holdfast::storage
