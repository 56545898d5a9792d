// Asking the source for what isn't kept.
#include "recent_reader.hpp"

#include "base/units.hpp"

namespace holdfast::engine {

namespace {
constexpr std::size_t nodes_size_max = 8 * base::MiB;
constexpr std::size_t chunks_size_max = 24 * base::MiB;
}  // namespace

RecentReader::RecentReader(repository::ContentReader& source)
    : source_(source), nodes_(nodes_size_max), chunks_(chunks_size_max) {}

base::Result<base::Bytes> RecentReader::get(const repository::ChunkId& id) {
  if (const auto kept = nodes_.find(id)) return *kept;
  auto node = TRY(source_.get(id));
  nodes_.keep(id, std::make_shared<const base::Bytes>(node), node.size());
  return node;
}

base::Result<void> RecentReader::fetch(std::span<const repository::ChunkId> ids,
                                       const Receive& receive, std::stop_token stop) {
  if (ids.size() != 1) return source_.fetch(ids, receive, std::move(stop));
  if (const auto kept = chunks_.find(ids[0])) return receive(ids[0], base::ByteView(*kept));
  const auto keep_and_give = [&](const repository::ChunkId& id,
                                 base::Result<base::ByteView> plaintext) -> base::Result<void> {
    if (plaintext.ok()) {
      const auto view = plaintext.value();
      chunks_.keep(id, std::make_shared<const base::Bytes>(view.begin(), view.end()), view.size());
    }
    return receive(id, std::move(plaintext));
  };
  return source_.fetch(ids, keep_and_give, std::move(stop));
}

}  // namespace holdfast::engine
