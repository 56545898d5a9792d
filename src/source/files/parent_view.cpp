// A merge join: one step where the trees agree, a seek where the parent holds what the walk
// doesn't.
#include "parent_view.hpp"

#include <algorithm>

namespace holdfast::source {

base::Result<std::optional<repository::Entry>> ParentView::take(base::ByteView key) {
  if (entries_ == nullptr) return std::optional<repository::Entry>();
  for (int step = 0;; ++step) {
    const auto* entry = TRY(entries_->peek());
    if (entry == nullptr) return std::optional<repository::Entry>();
    const auto order = std::lexicographical_compare_three_way(entry->key.begin(), entry->key.end(),
                                                              key.begin(), key.end());
    if (order > 0) return std::optional<repository::Entry>();
    if (order == 0) return entries_->next();
    if (step == 0) {
      TRY(entries_->next());
    } else {
      TRY(entries_->seek(key));
    }
  }
}

}  // namespace holdfast::source
