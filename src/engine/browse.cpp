// Listing, finding and comparing what snapshots hold.
#include "engine/browse.hpp"

#include <algorithm>

#include "repository/path_key.hpp"
#include "repository/repository_reader.hpp"
#include "repository/tree_diff.hpp"
#include "source/files/gitignore.hpp"

namespace holdfast::engine {

namespace {

base::Result<BrowsedEntry> browsed(const repository::Entry& entry) {
  return BrowsedEntry{.path = TRY(repository::path_of_key(entry.key)),
                      .kind = entry.kind,
                      .size = entry.size,
                      .attributes = TRY(source::decode_attributes(entry.attributes))};
}

std::size_t depth_of(base::ByteView key) {
  return key.empty()
             ? 0
             : 1 + static_cast<std::size_t>(std::count(key.begin(), key.end(), base::Byte{0}));
}

}  // namespace

base::Result<void> list_entries(repository::Repository& repository,
                                const repository::SnapshotRecord& snapshot, const std::string& path,
                                Depth depth, const BrowseCall& visit) {
  const auto top = TRY(repository::key_of_path(path.empty() ? "/" : path));
  auto reader = TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
  repository::TreeCursor cursor(*reader, snapshot.summary.root);
  TRY(cursor.seek(top));
  bool found = top.empty();
  while (const auto* entry = TRY(cursor.peek())) {
    if (!repository::is_within(entry->key, top)) break;
    found = true;
    const auto below = depth_of(entry->key) - depth_of(top);
    TRY(visit(TRY(browsed(*entry))));
    if (depth == Depth::children && below == 1) {
      TRY(cursor.seek(repository::end_of_subtree(entry->key)));
    } else {
      (void)TRY(cursor.next());
    }
  }
  if (found) return {};
  return base::Error(base::ErrorCode::not_found,
                     "the snapshot holds no '" + base::printable(path) + "'")
      .with_hint("'holdfast snapshot ls' shows what it holds");
}

base::Result<void> find_entries(repository::Repository& repository,
                                const repository::SnapshotRecord& snapshot,
                                const std::string& pattern, const BrowseCall& visit) {
  auto reader = TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
  source::GitignoreRules rules;
  rules.add_line(pattern);
  repository::TreeCursor cursor(*reader, snapshot.summary.root);
  while (const auto entry = TRY(cursor.next())) {
    auto found = TRY(browsed(*entry));
    const auto kind = entry->kind == repository::EntryKind::directory ? source::PathKind::directory
                                                                      : source::PathKind::other;
    const auto below_root = std::string_view(found.path).substr(1);
    if (rules.match({.path = below_root, .kind = kind}) == source::GitignoreRules::Verdict::ignored)
      TRY(visit(found));
  }
  return {};
}

base::Result<void> compare(repository::Repository& repository,
                           const repository::SnapshotRecord& before,
                           const repository::SnapshotRecord& after,
                           const std::function<base::Result<void>(const Difference&)>& visit) {
  auto reader = TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
  const auto differ = [&](const repository::Entry* old_entry,
                          const repository::Entry* new_entry) -> base::Result<void> {
    Difference difference;
    difference.path =
        TRY(repository::path_of_key((new_entry != nullptr ? new_entry : old_entry)->key));
    if (old_entry != nullptr) difference.size_before = old_entry->size;
    if (new_entry != nullptr) difference.size_after = new_entry->size;
    if (old_entry == nullptr) {
      difference.kind = Difference::Kind::added;
    } else if (new_entry == nullptr) {
      difference.kind = Difference::Kind::removed;
    } else if (old_entry->kind == new_entry->kind && old_entry->content == new_entry->content) {
      if (old_entry->attributes == new_entry->attributes) return {};  // only the token differs
      difference.kind = Difference::Kind::attributes;
    }
    return visit(difference);
  };
  return repository::diff_trees(*reader, before.summary.root, after.summary.root, differ);
}

}  // namespace holdfast::engine
