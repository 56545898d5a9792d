// Chunks are fetched once each, damage is told chunk by chunk, and interruption ends a fetch.
#include "repository/repository_reader.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository/snapshot_list.hpp"
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
  auto reader = must(RepositoryReader::open(*repository));
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
  auto reader = must(RepositoryReader::open(*repository));
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
  auto reader = must(RepositoryReader::open(*repository));
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
  auto reader = must(RepositoryReader::open(*repository));
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

}  // namespace
}  // namespace holdfast::repository
