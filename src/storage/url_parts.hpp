// The parts that location URLs are made of: percent coding, hosts, queries. Private to the parsers
// of url.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "storage/url.hpp"

namespace holdfast::storage {

// invalid_argument with a hint.
[[nodiscard]] base::Error malformed_url(std::string message, std::string hint);

// `scheme` is for the message.
[[nodiscard]] base::Result<std::string> percent_decoded(std::string_view text,
                                                        std::string_view scheme);
// Escapes all but what stands for itself in a path.
[[nodiscard]] std::string percent_encoded_path(std::string_view path);
// The same for a value of a query.
[[nodiscard]] std::string percent_encoded_value(std::string_view value);

struct HostAndPort {
  std::string host;        // lower case, an IPv6 address without brackets
  std::uint16_t port = 0;  // 0: not given
};
// "host", "host:22", "[::1]:22".
[[nodiscard]] base::Result<HostAndPort> parse_host(std::string_view text, std::string_view scheme);

// The decoded pairs of "a=b&c=d". Each key is one of `known` and comes once.
using QueryPairs = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] base::Result<QueryPairs> parse_query(std::string_view text, std::string_view scheme,
                                                   std::span<const std::string_view> known);
// Appends "?a=b&c=d" of the pairs whose value is not empty.
void append_query(std::string& url, const QueryPairs& pairs);

// `rest` is what follows "s3://".
[[nodiscard]] base::Result<S3Url> parse_s3_url(std::string_view rest);
[[nodiscard]] std::string format_s3_url(const S3Url& url);
// `rest` is what follows "sftp://".
[[nodiscard]] base::Result<SftpUrl> parse_sftp_url(std::string_view rest);
[[nodiscard]] std::string format_sftp_url(const SftpUrl& url);

}  // namespace holdfast::storage
