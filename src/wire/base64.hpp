// Base64 (RFC 4648, section 4), as HTTP headers carry digests.
#pragma once

#include <string>

#include "base/bytes.hpp"

namespace holdfast::wire {

[[nodiscard]] std::string to_base64(base::ByteView bytes);

}  // namespace holdfast::wire
