// Reading cpu.max along the path of this process's control group.
#include "cpu_limit.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "base/bytes.hpp"
#include "io/file.hpp"

namespace holdfast::io {

namespace {

constexpr std::uint64_t small_file_max = 64 * 1024;

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::optional<unsigned> parse_cpu_max(std::string_view text) {
  const auto quota = take_number(text);
  if (!quota || text.empty() || text.front() != ' ') return std::nullopt;  // "max 100000"
  text.remove_prefix(1);
  const auto period = take_number(text);
  if (!period || *period == 0) return std::nullopt;
  const std::uint64_t cores = *quota / *period + (*quota % *period != 0 ? 1 : 0);
  constexpr std::uint64_t most = std::numeric_limits<unsigned>::max();
  return static_cast<unsigned>(std::clamp<std::uint64_t>(cores, 1, most));
}

std::optional<std::string> parse_cgroup_path(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    if (line.starts_with("0::/")) return std::string(line.substr(3));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

std::optional<unsigned> cpu_quota_below(const std::string& root, std::string path) {
  std::optional<unsigned> tightest;
  while (true) {
    const auto text = read_file(root + (path == "/" ? "" : path) + "/cpu.max", small_file_max);
    if (text.ok()) {
      const auto cores = parse_cpu_max(base::as_text(text.value()));
      if (cores) tightest = tightest ? std::min(*tightest, *cores) : *cores;
    }
    if (path.empty() || path == "/") return tightest;
    path.resize(path.rfind('/'));
  }
}

std::optional<unsigned> cpu_quota_of_this_process() {
  const auto text = read_file("/proc/self/cgroup", small_file_max);
  if (!text.ok()) return std::nullopt;
  const auto path = parse_cgroup_path(base::as_text(text.value()));
  return path ? cpu_quota_below("/sys/fs/cgroup", *path) : std::nullopt;
}

}  // namespace holdfast::io
