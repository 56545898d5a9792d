// Two walks side by side. A subtree that comes next on both sides is skipped unread; otherwise one
// node is opened, until entries meet. Reads are proportional to what differs.
#include "repository/tree_diff.hpp"

#include "tree_walk.hpp"

namespace holdfast::repository {

using base::Result;

namespace {

using Differ = std::function<Result<void>(const Entry* before, const Entry* after)>;

// One side at its end: all that the other still has differs.
Result<void> drain(TreeWalk& walk, const std::function<Result<void>(const Entry&)>& tell) {
  while (!walk.at_end()) {
    if (walk.child() != nullptr) {
      TRY(walk.enter());
    } else {
      TRY(tell(*walk.entry()));
      walk.skip();
    }
  }
  return {};
}

const base::Bytes& key_of(const TreeWalk& walk) {
  return walk.child() != nullptr ? walk.child()->key : walk.entry()->key;
}

int level_of(const TreeWalk& walk) { return walk.child() != nullptr ? walk.child_level() : -1; }

// Where at least one side has a node next: the side that begins earlier goes on, so that the
// other's node may yet meet its equal; of two that begin together, the higher one.
Result<void> go_on(TreeWalk& before, TreeWalk& after, const Differ& differ) {
  const int order = compare_bytes(key_of(before), key_of(after));
  const bool is_before = order < 0 || (order == 0 && level_of(before) >= level_of(after));
  auto& walk = is_before ? before : after;
  if (walk.child() != nullptr) return walk.enter();
  // Its key is less than all keys that are left on the other side.
  const auto* entry = walk.entry();
  TRY(is_before ? differ(entry, nullptr) : differ(nullptr, entry));
  walk.skip();
  return {};
}

// Takes the smaller of two entries, or both if they are of one key.
Result<void> compare_two(TreeWalk& before, TreeWalk& after, const Differ& differ) {
  const auto& left = *before.entry();
  const auto& right = *after.entry();
  const int order = compare_entries(left, right);
  if (order < 0) {
    TRY(differ(&left, nullptr));
  } else if (order > 0) {
    TRY(differ(nullptr, &right));
  } else if (!(left == right)) {
    TRY(differ(&left, &right));
  }
  if (order <= 0) before.skip();
  if (order >= 0) after.skip();
  return {};
}

}  // namespace

Result<void> diff_trees(NodeSource& source, const TreeRoot& before_root, const TreeRoot& after_root,
                        const Differ& differ) {
  TreeWalk before(source, before_root);
  TreeWalk after(source, after_root);
  while (!before.at_end() && !after.at_end()) {
    const auto* left = before.child();
    const auto* right = after.child();
    if (left != nullptr && right != nullptr && left->id == right->id &&
        before.child_level() == after.child_level()) {
      before.skip();
      after.skip();
    } else if (left == nullptr && right == nullptr) {
      TRY(compare_two(before, after, differ));
    } else {
      TRY(go_on(before, after, differ));
    }
  }
  TRY(drain(before, [&](const Entry& entry) { return differ(&entry, nullptr); }));
  return drain(after, [&](const Entry& entry) { return differ(nullptr, &entry); });
}

}  // namespace holdfast::repository
