// Finding entries by key, and directories whose own entry is missing.
#include "engine/snapshot_tree.hpp"

#include <algorithm>

#include "base/units.hpp"
#include "recent.hpp"
#include "repository/path_key.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::engine {

namespace {

constexpr std::size_t listed_cost_max = 4 * base::MiB;
constexpr std::uint32_t directory_mode = 0555;

PlacedEntry directory_at(base::ByteView key) {
  PlacedEntry directory;
  directory.key.assign(key.begin(), key.end());
  directory.attributes.mode = directory_mode;
  return directory;
}

// About what it takes in memory.
std::size_t cost_of(const PlacedEntry& entry) {
  const auto* extents = std::get_if<std::vector<repository::Extent>>(&entry.content);
  return sizeof entry + 3 * entry.key.size() +
         (extents == nullptr ? 0 : extents->size() * sizeof(repository::Extent));
}

}  // namespace

struct SnapshotTree::Listed {
  Recent<std::string, PlacedEntry> entries{listed_cost_max};  // by path
};

SnapshotTree::SnapshotTree(repository::NodeSource& nodes, repository::TreeRoot root)
    : nodes_(nodes), root_(root), listed_(std::make_unique<Listed>()) {}

SnapshotTree::~SnapshotTree() = default;

base::Result<PlacedEntry> SnapshotTree::placed(const repository::Entry& entry) const {
  PlacedEntry found{.key = entry.key,
                    .kind = entry.kind,
                    .size = entry.size,
                    .content = entry.content,
                    .attributes = TRY(source::decode_attributes(entry.attributes))};
  if (entry.kind != repository::EntryKind::hard_link || !found.attributes.hard_link_key)
    return found;
  repository::TreeCursor cursor(nodes_, root_);
  TRY(cursor.seek(*found.attributes.hard_link_key));
  const auto* target = TRY(cursor.peek());
  if (target == nullptr || target->key != *found.attributes.hard_link_key ||
      target->kind == repository::EntryKind::hard_link) {
    return base::Error(base::ErrorCode::damaged,
                       "a hard link without the file it shares its content with");
  }
  return placed(*target);
}

base::Result<PlacedEntry> SnapshotTree::find(const std::string& path) const {
  if (const auto listed = listed_->entries.find(path)) return *listed;
  const auto key = TRY(repository::key_of_path(path));
  repository::TreeCursor cursor(nodes_, root_);
  TRY(cursor.seek(key));
  const auto* entry = TRY(cursor.peek());
  if (entry != nullptr && entry->key == key) return placed(*entry);
  if (key.empty() || (entry != nullptr && repository::is_within(entry->key, key)))
    return directory_at(key);
  return base::Error(base::ErrorCode::not_found,
                     "the snapshot holds no '" + base::printable(path) + "'");
}

base::Result<void> SnapshotTree::list(const std::string& path, const Visit& visit) const {
  const auto key = TRY(repository::key_of_path(path));
  const auto below = key.empty() ? 0 : key.size() + 1;
  repository::TreeCursor cursor(nodes_, root_);
  TRY(cursor.seek(key));
  while (const auto* entry = TRY(cursor.peek())) {
    if (!repository::is_within(entry->key, key)) break;
    if (entry->key == key) {
      (void)TRY(cursor.next());
      continue;
    }
    const auto end = std::find(entry->key.begin() + static_cast<std::ptrdiff_t>(below),
                               entry->key.end(), base::Byte{0});
    const base::Bytes child(entry->key.begin(), end);
    const std::string name(base::as_text(base::ByteView(child).subspan(below)));
    const auto lying = child == entry->key ? TRY(placed(*entry)) : directory_at(child);
    listed_->entries.keep((path == "/" ? "" : path) + "/" + name,
                          std::make_shared<const PlacedEntry>(lying), cost_of(lying) + path.size());
    TRY(visit(name, lying));
    TRY(cursor.seek(repository::end_of_subtree(child)));
  }
  return {};
}

}  // namespace holdfast::engine
