// Making them absolute.
#include "engine/source_paths.hpp"

#include <filesystem>

namespace holdfast::engine {

std::string absolute_path(const strategy::Strategy& strategy, const std::string& path) {
  const auto joined = std::filesystem::path(strategy.folder) / path;
  auto text = joined.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

std::vector<std::string> source_paths(const strategy::Strategy& strategy,
                                      const strategy::Component& component) {
  std::vector<std::string> paths;
  for (const auto& path : component.source.list("paths")) {
    paths.push_back(absolute_path(strategy, path));
  }
  return paths;
}

}  // namespace holdfast::engine
