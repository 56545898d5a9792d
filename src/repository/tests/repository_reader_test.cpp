// Chunks are fetched once each, damage is told chunk by chunk, and interruption ends a fetch.
#include "repository/repository_reader.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository/prune.hpp"
#include "repository/snapshot_list.hpp"
#include "repository/tree_cursor.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

std::vector<ChunkId> data_chunks(Repository& repository) {
  std::vector<ChunkId> ids;
  must(must(repository.refresh_index(Repository::Segments::all))
           ->each_chunk([&](const FoundChunk& chunk) -> base::Result<void> {
             if (chunk.pack.type == ChunkType::data) ids.push_back(chunk.place.id);
             return {};
           }));
  return ids;
}

TEST(RepositoryReader, FetchesEveryChunkOnce) {
  TestRepository test;
  auto repository = test.open();
  (void)must(write_snapshot(*repository, {{"/f", noise(1, 500'000)}}));
  const auto ids = data_chunks(*repository);
  auto reader = must(RepositoryReader::open(*repository, Following::nothing));
  std::mutex mutex;
  std::multiset<ChunkId> received;
  must(reader->fetch(
      ids,
      [&](const ChunkId& id, base::Result<base::ByteView> plaintext) -> base::Result<void> {
        EXPECT_TRUE(plaintext.ok());
        EXPECT_EQ(repository->own_domain().id_of(ChunkType::data, plaintext.value()), id);
        const std::lock_guard lock(mutex);
        received.insert(id);
        return {};
      },
      {}));
  EXPECT_EQ(received, std::multiset<ChunkId>(ids.begin(), ids.end()));
}

TEST(RepositoryReader, TellsAbsenceDamageAndOutageApart) {
  TestRepository test;
  auto repository = test.open();
  (void)must(write_snapshot(*repository, {{"/f", noise(1, 200'000)}}));
  const auto ids = data_chunks(*repository);
  for (const auto& [name, pack] : must(list_packs(*repository))) {
    if (pack.type == ChunkType::data)
      must(test.storage.damage(pack_object_name(pack.type, name),
                               [](base::Bytes& bytes) { bytes[300] ^= 1; }));
  }
  auto reader = must(RepositoryReader::open(*repository, Following::nothing));
  std::mutex mutex;
  std::size_t good = 0;
  std::size_t damaged = 0;
  std::size_t absent = 0;
  auto wanted = ids;
  wanted.push_back(ChunkId{9});
  must(reader->fetch(
      wanted,
      [&](const ChunkId&, base::Result<base::ByteView> plaintext) -> base::Result<void> {
        const std::lock_guard lock(mutex);
        if (plaintext.ok()) ++good;
        if (!plaintext.ok() && plaintext.error().code() == base::ErrorCode::damaged) ++damaged;
        if (!plaintext.ok() && plaintext.error().code() == base::ErrorCode::not_found) ++absent;
        return {};
      },
      {}));
  EXPECT_EQ(good + damaged, ids.size());
  EXPECT_GE(damaged, 1U);
  EXPECT_GT(good, 0U);
  EXPECT_EQ(absent, 1U);
}

TEST(RepositoryReader, StopsWhenAsked) {
  TestRepository test;
  auto repository = test.open();
  (void)must(write_snapshot(*repository, {{"/f", noise(1, 200'000)}}));
  auto reader = must(RepositoryReader::open(*repository, Following::nothing));
  std::stop_source stop;
  stop.request_stop();
  const auto ids = data_chunks(*repository);
  const auto fetched = reader->fetch(
      ids, [](const ChunkId&, base::Result<base::ByteView>) -> base::Result<void> { return {}; },
      stop.get_token());
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().code(), base::ErrorCode::cancelled);
}

TEST(RepositoryReader, AFailingReceiverEndsTheFetch) {
  TestRepository test;
  auto repository = test.open();
  (void)must(write_snapshot(*repository, {{"/f", noise(1, 200'000)}}));
  auto reader = must(RepositoryReader::open(*repository, Following::nothing));
  const auto ids = data_chunks(*repository);
  const auto fetched =
      reader->fetch(ids,
                    [](const ChunkId&, base::Result<base::ByteView>) -> base::Result<void> {
                      return base::Error(base::ErrorCode::no_space, "full");
                    },
                    {});
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().code(), base::ErrorCode::no_space);
}

// A repository whose one pack holds a chunk that is needed among many that are not; once the pack
// is compacted, its own index is behind.
struct Compaction {
  Compaction() {
    // Many of both, since tasks decide which chunks share a pack.
    TestFiles both;
    TestFiles kept_files;
    for (std::uint64_t i = 0; i < 16; ++i) {
      const auto name = std::to_string(100 + i);
      kept_files["/" + name + "keep"] = both["/" + name + "keep"] = noise(2 * i, 10'000);
      both["/" + name + "gone"] = noise(2 * i + 1, 30'000);
    }
    const auto gone = must(write_snapshot(*repository, both));
    kept = must(write_snapshot(*repository, kept_files)).summary.root;
    const auto list = must(list_snapshots(*repository));
    must(forget_snapshot(*repository, must(choose_snapshot(list, base::to_hex(gone.id)))));
  }
  // By another machine.
  void compact() {
    const auto other = test.open("b");
    const auto report = must(prune(*other, {.garbage_share_max = 0.01}, PruneRun::real, {}, {}));
    ASSERT_GT(report.packs_deleted, 0U);
    ASSERT_GT(report.bytes_rewritten, 0U);
  }
  [[nodiscard]] std::vector<ChunkId> chunks_of_kept(RepositoryReader& reader) const {
    std::vector<ChunkId> ids;
    TreeCursor tree(reader, kept);
    while (const auto entry = must(tree.next())) {
      ExtentCursor extents(reader, entry->content, entry->size);
      while (const auto extent = must(extents.next())) ids.push_back(extent->chunk);
    }
    return ids;
  }
  // How many of the chunks a fetch doesn't get.
  static std::size_t lost(RepositoryReader& reader, const std::vector<ChunkId>& ids) {
    std::atomic<std::size_t> count = 0;
    must(reader.fetch(
        ids,
        [&](const ChunkId&, base::Result<base::ByteView> plaintext) -> base::Result<void> {
          if (!plaintext.ok()) ++count;
          return {};
        },
        {}));
    return count;
  }

  TestRepository test;
  std::unique_ptr<Repository> repository = test.open();
  TreeRoot kept;
};

TEST(RepositoryReader, FollowsAPruneThatMovesWhatItReads) {
  Compaction world;
  const auto reader = must(RepositoryReader::open(*world.repository, Following::prunes));
  const auto ids =
      world.chunks_of_kept(*must(RepositoryReader::open(*world.test.open("c"), Following::prunes)));
  ASSERT_FALSE(ids.empty());
  world.compact();
  EXPECT_EQ(Compaction::lost(*reader, ids), 0U);
}

TEST(RepositoryReader, FollowsAPruneWhenReadingOneChunk) {
  Compaction world;
  const auto reader = must(RepositoryReader::open(*world.repository, Following::prunes));
  world.compact();
  EXPECT_FALSE(world.chunks_of_kept(*reader).empty());  // nodes are read one by one
}

TEST(RepositoryReader, ThatFollowsNothingKeepsItsIndex) {
  Compaction world;
  const auto reader = must(RepositoryReader::open(*world.repository, Following::nothing));
  const auto ids =
      world.chunks_of_kept(*must(RepositoryReader::open(*world.test.open("c"), Following::prunes)));
  world.compact();
  EXPECT_GT(Compaction::lost(*reader, ids), 0U);
}

}  // namespace
}  // namespace holdfast::repository
