// The file systems that the kernel makes up as they are read: /proc, /sys and their like hold
// nothing to back up.
#pragma once

namespace holdfast::source {

// Whether an open directory lies on one. False if that can't be found out.
[[nodiscard]] bool lies_on_kernel_file_system(int fd);

}  // namespace holdfast::source
