// Opening by paths of any length: the kernel takes PATH_MAX bytes a call, trees go deeper.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "io/file.hpp"

namespace holdfast::source {

// Opens `path` relative to `directory` (AT_FDCWD for absolute ones), piece by piece if it is long.
// Symlinks on the way are followed; the last component only without O_NOFOLLOW in `flags`. The
// errno, or 0 and `out`.
[[nodiscard]] int open_long_path(int directory, std::string_view path, int flags, io::Fd& out);

// The same with no symlink followed anywhere and no way out of `directory`, whoever changes the
// tree meanwhile. `path` is relative, without "." and ".."; empty: `directory` itself.
[[nodiscard]] int open_beneath(int directory, std::string_view path, int flags, io::Fd& out);

}  // namespace holdfast::source
