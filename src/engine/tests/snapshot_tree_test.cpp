// Looking into a snapshot by path.
#include "engine/snapshot_tree.hpp"

#include <map>

#include "engine_fixture.hpp"
#include "repository/repository_reader.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {
namespace {

using repository::EntryKind;

class SnapshotTreeTest : public EngineTest {
 protected:
  SnapshotTreeTest() {
    make_tree();
    write("a/deep/er/file", "content");
    write("a-sibling", "sorts between a and what lies in it, by some orders");
    create();
    at_ = open();
    (void)back_up(*at_);
    reader_ =
        must(repository::RepositoryReader::open(at_->repository(), repository::Following::nothing));
    tree_ = std::make_unique<SnapshotTree>(
        *reader_,
        must(repository::list_snapshots(at_->repository())).snapshots.back().summary.root);
  }
  [[nodiscard]] std::map<std::string, EntryKind> listed(const std::string& path) const {
    std::map<std::string, EntryKind> found;
    must(tree_->list(path, [&](const std::string& name, const PlacedEntry& entry) {
      EXPECT_TRUE(found.emplace(name, entry.kind).second) << name;
      return base::Result<void>();
    }));
    return found;
  }

  std::unique_ptr<Location> at_;
  std::unique_ptr<repository::RepositoryReader> reader_;
  std::unique_ptr<SnapshotTree> tree_;
};

TEST_F(SnapshotTreeTest, lists_what_lies_directly_in_a_directory) {
  EXPECT_EQ(listed(files() + "/a"),
            (std::map<std::string, EntryKind>{{"deep", EntryKind::directory}}));
  const auto top = listed(files());
  EXPECT_TRUE(top.contains("a"));
  EXPECT_TRUE(top.contains("a-sibling"));
  EXPECT_FALSE(top.contains("deep"));
}

TEST_F(SnapshotTreeTest, finds_directories_above_what_was_backed_up) {
  EXPECT_EQ(must(tree_->find("/")).kind, EntryKind::directory);
  std::string path;
  const auto whole = files();
  std::string_view rest = whole;
  while (!rest.empty()) {
    const auto end = rest.find('/', 1);
    const std::string name(rest.substr(1, end == std::string_view::npos ? end : end - 1));
    EXPECT_TRUE(listed(path.empty() ? "/" : path).contains(name)) << path << " " << name;
    path += "/" + name;
    EXPECT_EQ(must(tree_->find(path)).kind, EntryKind::directory) << path;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  }
}

TEST_F(SnapshotTreeTest, what_is_listed_is_what_is_found) {
  must(tree_->list(files(), [&](const std::string& name, const PlacedEntry& entry) {
    SnapshotTree fresh(
        *reader_,
        must(repository::list_snapshots(at_->repository())).snapshots.back().summary.root);
    const auto found = must(fresh.find(files() + "/" + name));
    EXPECT_EQ(found.key, entry.key);
    EXPECT_EQ(found.size, entry.size);
    EXPECT_EQ(found.attributes, entry.attributes);
    EXPECT_EQ(must(tree_->find(files() + "/" + name)).attributes, entry.attributes);
    return base::Result<void>();
  }));
}

TEST_F(SnapshotTreeTest, says_what_is_not_there) {
  for (const auto* path : {"/nowhere", "/a"}) {
    const auto found = tree_->find(path);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().code(), base::ErrorCode::not_found);
  }
  EXPECT_FALSE(tree_->find(files() + "/a/deep/er/file/below").ok());
}

}  // namespace
}  // namespace holdfast::engine
