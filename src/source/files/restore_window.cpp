// Numbers the chunks of a window and sorts their uses.
#include "restore_window.hpp"

#include <algorithm>

namespace holdfast::source {

std::uint32_t RestoreWindow::index_of(const repository::ChunkId& id) {
  const auto [at, added] = chunk_index.try_emplace(id, static_cast<std::uint32_t>(chunks.size()));
  if (added) chunks.push_back(id);
  return at->second;
}

void RestoreWindow::seal() {
  std::ranges::stable_sort(uses, {}, &ChunkUse::chunk);
  first_use.assign(chunks.size() + 1, 0);
  for (const auto& use : uses) ++first_use[use.chunk + 1];
  for (std::size_t i = 1; i < first_use.size(); ++i) first_use[i] += first_use[i - 1];
}

}  // namespace holdfast::source
