// The shared files of AWS's tools (~/.aws/credentials and ~/.aws/config): sections of keys and
// values. And the answers of the services that hand out credentials for a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wire/s3_credentials.hpp"

namespace holdfast::wire {

using ProfileValues = std::map<std::string, std::string>;

// The values of one profile; empty if it isn't there. In the config file a section is called
// "profile NAME" unless it is "default". Lines that are none are skipped. invalid_argument above a
// mebibyte.
[[nodiscard]] base::Result<ProfileValues> parse_profile(std::string_view text,
                                                        std::string_view profile);

// The JSON of instance metadata and of a container's endpoint.
[[nodiscard]] base::Result<S3Credentials> parse_metadata_credentials(std::string_view json);
// The XML of AssumeRoleWithWebIdentity.
[[nodiscard]] base::Result<S3Credentials> parse_token_service_answer(std::string_view xml);

}  // namespace holdfast::wire
