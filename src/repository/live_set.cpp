// Marking what trees need.
#include "repository/live_set.hpp"

#include "repository/tree_cursor.hpp"

namespace holdfast::repository {

namespace {
constexpr std::size_t missing_max = 100'000;
}

class LiveSet::Marker final : public TreeVisitor {
 public:
  Marker(LiveSet& set, std::vector<Missing>* missing) : set_(set), missing_(missing) {}

  // False for a node that was seen: all below it is marked. An absent one is entered, so that
  // reading it reports why.
  bool enter_node(const ChunkId& id) override {
    const auto number = set_.index_.number_of(id);
    return !number || mark(*number);
  }
  base::Result<void> data_chunk(const ChunkId& id, std::uint64_t) override {
    if (id == last_) return {};
    last_ = id;
    if (const auto number = set_.index_.number_of(id)) {
      mark(*number);
      return {};
    }
    return report({id, false,
                   base::Error(base::ErrorCode::damaged,
                               "chunk " + short_id(id) + " is in no pack of the repository")});
  }
  base::Result<void> unreadable_node(const TreeGap& gap, const ChunkId& id) override {
    return report({id, true, base::Error(gap.error).with_context("tree node " + short_id(id))});
  }

 private:
  static std::string short_id(const ChunkId& id) { return base::to_hex(id).substr(0, 10); }
  bool mark(std::uint64_t number) {
    if (set_.bits_[number]) return false;
    set_.bits_[number] = true;
    ++set_.count_;
    return true;
  }
  base::Result<void> report(Missing missing) {
    if (missing_ == nullptr) return std::move(missing.error);
    if (missing_->size() < missing_max) missing_->push_back(std::move(missing));
    return {};
  }
  LiveSet& set_;
  std::vector<Missing>* missing_;
  ChunkId last_{};
};

LiveSet::LiveSet(const Repository& repository)
    : index_(*repository.index(Repository::Segments::all)), bits_(index_.chunk_count()) {}

base::Result<void> LiveSet::add_tree(NodeSource& nodes, const TreeRoot& root,
                                     std::vector<Missing>* missing) {
  Marker marker(*this, missing);
  return visit_tree(nodes, root, marker);
}

bool LiveSet::contains(const ChunkId& id) const {
  const auto number = index_.number_of(id);
  return number && bits_[*number];
}

}  // namespace holdfast::repository
