// ParentView: the parent snapshot's entries beside a walk that goes in the same order.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::source {

// Used by one task.
class ParentView {
 public:
  // `entries` may be null: an empty parent. Borrowed.
  explicit ParentView(repository::TreeCursor* entries) : entries_(entries) {}
  // The entry of this key, if there is one. Keys ascend from call to call; what lies between is
  // skipped.
  base::Result<std::optional<repository::Entry>> take(base::ByteView key);

 private:
  repository::TreeCursor* entries_;
};

}  // namespace holdfast::source
