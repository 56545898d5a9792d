// How much processor time the control group of this process may use: a container with two cores'
// worth of quota on a machine with sixty-four must not start sixty-four workers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::io {

// Whole cores, rounded up, that the text of a cgroup v2 `cpu.max` grants; nothing if it sets no
// limit or is malformed.
[[nodiscard]] std::optional<unsigned> parse_cpu_max(std::string_view text);

// The path of the v2 group in the text of /proc/self/cgroup ("0::/a/b"); nothing if there is none.
[[nodiscard]] std::optional<std::string> parse_cgroup_path(std::string_view text);

// The tightest limit among the groups from `path` up to the mount point `root`.
[[nodiscard]] std::optional<unsigned> cpu_quota_below(const std::string& root, std::string path);

[[nodiscard]] std::optional<unsigned> cpu_quota_of_this_process();

}  // namespace holdfast::io
