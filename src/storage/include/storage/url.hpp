// Location URLs: how a user names the place of a repository.
//   /srv/backup   ./backup   backup     a directory
//   file:///srv/backup                  the same, with %NN for bytes that have a meaning in URLs
//   s3://bucket/prefix?endpoint=https://host:9000&region=eu-central-1
//   sftp://user@host:22/srv/backup      sftp://user@host/~/backup is below the user's home
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::storage {

// s3://bucket/prefix, and what its query says. Keys: endpoint, region, style, profile,
// storage-class, sse, sse-kms-key, sse-key-file, lock, lock-mode, ca-file, proxy.
struct S3Url {
  enum class Style { automatic, path, virtual_host };
  enum class Encryption { none, s3, kms, customer };
  enum class LockMode { compliance, governance };

  std::string bucket;
  std::string prefix;    // without slashes around it; empty: the whole bucket
  std::string endpoint;  // "http://host:port" or "https://host"; empty: AWS in that region
  std::string region;    // empty: as the profile says, else us-east-1
  Style style = Style::automatic;  // path where there is an endpoint, else virtual_host
  std::string profile;             // of the shared credentials file
  std::string storage_class;       // as S3 calls it: "STANDARD_IA"; empty: the bucket's default
  Encryption encryption = Encryption::none;  // what the server does besides ours
  std::string kms_key;                       // Encryption::kms; empty: the bucket's default key
  std::string customer_key_file;             // Encryption::customer: a file of 32 bytes
  std::optional<base::Duration> lock;        // how long what is put stays locked against deletion
  LockMode lock_mode = LockMode::compliance;
  std::string ca_file;  // certificates to trust instead of the system's
  std::string proxy;    // "http://host:port"; empty: as the environment says
  // What the bucket's owner vouches for. `strong`: listings show at once what was stored and
  // removed, and one clock gives all times.
  enum class Consistency { unknown, strong } consistency = Consistency::unknown;

  bool operator==(const S3Url&) const = default;
};

// sftp://user@host:port/path. Keys of the query: identity-file, known-hosts-file.
struct SftpUrl {
  std::string user;                   // empty: the one who runs the program
  std::string host;                   // without the brackets of an IPv6 address
  std::optional<std::uint16_t> port;  // nothing: as ~/.ssh/config says, or 22
  // Absolute, or, from "/~/x", "x" below the user's home. No trailing slashes, never empty.
  std::string path;
  std::string identity_file;     // a private key; empty: the agent's and the usual ones
  std::string known_hosts_file;  // empty: as ~/.ssh/config says, or ~/.ssh/known_hosts

  bool operator==(const SftpUrl&) const = default;
};

struct LocationUrl {
  enum class Scheme { file, s3, sftp };
  Scheme scheme = Scheme::file;
  // Scheme::file: as given for a plain path, absolute for file://; no trailing slashes, never
  // empty.
  std::string path;
  S3Url s3;      // Scheme::s3
  SftpUrl sftp;  // Scheme::sftp

  bool operator==(const LocationUrl&) const = default;
};

// invalid_argument, with a hint, for what makes no sense, unknown schemes and unknown keys of a
// query. Passwords and keys are refused in a URL, and messages never repeat more of one than its
// scheme and the names of its keys.
[[nodiscard]] base::Result<LocationUrl> parse_location_url(std::string_view text);
// The URL form, which parse_location_url reads back: "file:///srv/a%20b". A relative path stays a
// path.
[[nodiscard]] std::string format_location_url(const LocationUrl& url);

}  // namespace holdfast::storage
