// The cache of a snapshot's nodes: right, or none.
#include "repository/node_cache.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "repository_fixture.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

constexpr ObjectHash snapshot{5};

class NodeCacheTest : public testing::Test {
 protected:
  NodeCacheTest() {
    for (std::uint64_t i = 0; i < 50; ++i) nodes_.push_back(noise(i, 10 + 100 * i));
  }
  [[nodiscard]] ChunkId id_of(base::ByteView node) const {
    return domain_.id_of(ChunkType::tree, node);
  }
  void write() {
    NodeCacheWriter writer(files_, path_);
    for (const auto& node : nodes_) writer.add(id_of(node), node);
    writer.commit(snapshot);
  }
  base::Result<std::unique_ptr<NodeCache>> open(const ObjectHash& of = snapshot) {
    return NodeCache::open(files_, path_, of, domain_);
  }
  base::Bytes file() { return must(files_.read(path_)); }
  void replace(base::ByteView bytes) {
    std::ofstream(path_, std::ios::binary) << base::as_text(bytes);
  }

  io::LocalFileSystem files_;
  TemporaryDirectory directory_;
  std::string path_ = directory_ / "nodes";
  Domain domain_{ShortId{1}, noise(1000, 32)};
  std::vector<base::Bytes> nodes_;
};

TEST_F(NodeCacheTest, GivesBackWhatWasAdded) {
  write();
  const auto cache = must(open());
  for (const auto& node : nodes_) EXPECT_EQ(must(cache->get(id_of(node))), node);
  EXPECT_EQ(cache->get(ChunkId{7}).error().code(), ErrorCode::not_found);
  EXPECT_EQ(cache->get(ChunkId{}).error().code(), ErrorCode::not_found);
}

TEST_F(NodeCacheTest, AnEmptyOne) {
  nodes_.clear();
  write();
  EXPECT_EQ(must(open())->get(ChunkId{7}).error().code(), ErrorCode::not_found);
}

TEST_F(NodeCacheTest, AnotherSnapshotsCountsAsNone) {
  write();
  EXPECT_EQ(open(ObjectHash{6}).error().code(), ErrorCode::not_found);
}

TEST_F(NodeCacheTest, NoFile) { EXPECT_EQ(open().error().code(), ErrorCode::not_found); }

TEST_F(NodeCacheTest, WithoutCommitThereIsNone) {
  {
    NodeCacheWriter writer(files_, path_);
    writer.add(id_of(nodes_[0]), nodes_[0]);
  }
  EXPECT_EQ(open().error().code(), ErrorCode::not_found);
}

TEST_F(NodeCacheTest, TheLastOneReplaces) {
  write();
  {
    NodeCacheWriter writer(files_, path_);
    writer.add(id_of(nodes_[3]), nodes_[3]);
    writer.commit(ObjectHash{6});
  }
  EXPECT_EQ(open().error().code(), ErrorCode::not_found);
  const auto cache = must(open(ObjectHash{6}));
  EXPECT_TRUE(cache->get(id_of(nodes_[3])).ok());
  EXPECT_EQ(cache->get(id_of(nodes_[4])).error().code(), ErrorCode::not_found);
}

TEST_F(NodeCacheTest, AnotherDomainsNodesAreRefused) {
  write();
  const Domain other(ShortId{1}, noise(1001, 32));
  const auto cache = must(NodeCache::open(files_, path_, snapshot, other));
  EXPECT_EQ(cache->get(id_of(nodes_[1])).error().code(), ErrorCode::damaged);
}

// What it gives is right whatever happens to the file.
TEST_F(NodeCacheTest, DamageGivesAnErrorAndNeverAWrongNode) {
  nodes_.resize(4);
  write();
  const auto bytes = file();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto flipped = bytes;
    flipped[at] ^= 0x21;
    replace(flipped);
    const auto cache = open();
    if (!cache.ok()) {
      ASSERT_EQ(cache.error().code(), ErrorCode::not_found);
      continue;
    }
    bool all_right = true;
    for (const auto& node : nodes_) {
      const auto got = cache.value()->get(id_of(node));
      all_right = all_right && got.ok();
      if (got.ok()) {
        ASSERT_EQ(got.value(), node) << "byte " << at;
      } else {
        ASSERT_TRUE(got.error().code() == ErrorCode::damaged ||
                    got.error().code() == ErrorCode::not_found);
      }
    }
    ASSERT_FALSE(all_right) << "byte " << at << " is of no use";
  }
}

TEST_F(NodeCacheTest, ATruncatedFileIsNoneOrRefused) {
  nodes_.resize(4);
  write();
  const auto bytes = file();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    replace(base::ByteView(bytes).first(size));
    ASSERT_FALSE(open().ok()) << size;
  }
}

TEST_F(NodeCacheTest, AFailureToWriteOnlyLosesTheCache) {
  std::ofstream(directory_ / "file") << "x";
  path_ = directory_ / "file/nodes";
  write();
  EXPECT_FALSE(open().ok());
}

}  // namespace
}  // namespace holdfast::repository
