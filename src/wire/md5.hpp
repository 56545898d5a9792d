// MD5 (RFC 1321): only because S3 wants it beside a customer's key, and servers with some requests.
// It protects nothing.
#pragma once

#include <array>

#include "base/bytes.hpp"

namespace holdfast::wire {

[[nodiscard]] std::array<base::Byte, 16> md5(base::ByteView data);

}  // namespace holdfast::wire
