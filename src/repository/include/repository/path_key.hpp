// Keys of files: the absolute path's components joined by zero bytes, so that bytewise order is
// depth-first order and a directory comes right before what it holds.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::repository {

// "/usr/lib" -> "usr\0lib"; "/" -> "". The path must be absolute; "//" and "/./" are folded, ".."
// is refused.
base::Result<base::Bytes> key_of_path(std::string_view path);
// The reverse. Damaged if a component is empty, ".", ".." or holds '/': a hostile tree must not
// leave the target.
base::Result<std::string> path_of_key(base::ByteView key);
// Whether `key` is `ancestor` or lies below it.
[[nodiscard]] bool is_within(base::ByteView key, base::ByteView ancestor);
// The smallest key greater than everything below `key`: "usr\1" for "usr". Empty for the empty key
// (there is none).
[[nodiscard]] base::Bytes end_of_subtree(base::ByteView key);

}  // namespace holdfast::repository
