// Location URLs: how a user names the place of a repository.
//   /srv/backup   ./backup   backup     a directory
//   file:///srv/backup                  the same, with %NN for bytes that have a meaning in URLs
//   s3://...  sftp://...                not in this version
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::storage {

struct LocationUrl {
  enum class Scheme { file };
  Scheme scheme = Scheme::file;
  std::string
      path;  // as given for a plain path, absolute for file://; no trailing slashes, never empty
};

// invalid_argument for what makes no sense, unsupported for a scheme that this version doesn't
// know. Messages never repeat more of a URL than its scheme: others may hold passwords.
[[nodiscard]] base::Result<LocationUrl> parse_location_url(std::string_view text);
// The URL form, which parse_location_url reads back: "file:///srv/a%20b". A relative path stays a
// path.
[[nodiscard]] std::string format_location_url(const LocationUrl& url);

}  // namespace holdfast::storage
