// Storing chunks: once each, readable after flush(), nothing half done left when abandoned.
#include "repository/chunk_store.hpp"

#include <gtest/gtest.h>

#include "repository/object_name.hpp"
#include "repository/repository_reader.hpp"
#include "repository_fixture.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

class ChunkStoreTest : public testing::Test {
 protected:
  void begin(Repository& repository) {
    session_ = must(Session::begin(repository, "test"));
    store_ = std::make_unique<ChunkStore>(repository, *session_, 1);
  }
  // Before what the session works on goes.
  void end() {
    store_.reset();
    session_.reset();
  }
  // Opens the repository over a storage that can be made to fail.
  std::unique_ptr<Repository> open_over(storage::Storage& storage) {
    const auto environment = test_.environment("faulty");
    return must(Repository::open({.storage = storage,
                                  .files = environment.files,
                                  .executor = environment.executor,
                                  .clock = environment.clock,
                                  .random = environment.random,
                                  .cache_directory = environment.cache_directory},
                                 TestRepository::passphrase()));
  }
  std::size_t packs() {
    return must(test_.storage.list_all(data_prefix)).size() +
           must(test_.storage.list_all(tree_prefix)).size();
  }

  TestRepository test_;
  std::unique_ptr<Repository> repository_ = test_.open();
  std::unique_ptr<Session> session_;
  std::unique_ptr<ChunkStore> store_;  // goes before the session
};

TEST_F(ChunkStoreTest, WhatIsFlushedCanBeRead) {
  begin(*repository_);
  auto lane = store_->make_lane();
  std::map<ChunkId, base::Bytes> chunks;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto content = i % 3 == 0 ? base::Bytes(5000 + i, 'x') : noise(i, 1 + i * 50);
    const auto type = i % 4 == 0 ? ChunkType::tree : ChunkType::data;
    const auto id = must(store_->put(lane, type, content));
    EXPECT_EQ(id, repository_->own_domain().id_of(type, content));
    chunks[id] = content;
  }
  must(store_->finish(lane));
  must(store_->flush());
  EXPECT_EQ(store_->totals().chunks_new, chunks.size());
  EXPECT_GT(store_->totals().bytes_stored, 0U);
  const auto elsewhere = test_.open("b");
  const auto reader = must(RepositoryReader::open(*elsewhere, Following::nothing));
  for (const auto& [id, content] : chunks) EXPECT_EQ(must(reader->get(id)), content);
}

TEST_F(ChunkStoreTest, NothingIsStoredTwice) {
  const auto content = noise(1, 3000);
  begin(*repository_);
  {
    auto one = store_->make_lane();
    auto two = store_->make_lane();
    const auto id = must(store_->put(one, ChunkType::data, content));
    EXPECT_FALSE(must(store_->is_known(id))) << "not before it is in the index";
    EXPECT_EQ(must(store_->put(two, ChunkType::data, content)), id);
    EXPECT_EQ(must(store_->put(one, ChunkType::data, content)), id);
    EXPECT_NE(must(store_->put(one, ChunkType::tree, content)), id) << "of another type";
    must(store_->finish(one));
    must(store_->finish(two));
    must(store_->flush());
    EXPECT_TRUE(must(store_->is_known(id)));
  }
  EXPECT_EQ(store_->totals().chunks_new, 2U);
  EXPECT_EQ(store_->totals().bytes_new, 6000U);
  EXPECT_EQ(packs(), 2U);
  store_.reset();
  begin(*repository_);
  auto lane = store_->make_lane();
  (void)must(store_->put(lane, ChunkType::data, content));
  must(store_->finish(lane));
  must(store_->flush());
  EXPECT_EQ(store_->totals().chunks_new, 0U) << "nor by a later run";
  EXPECT_EQ(store_->totals().bytes_stored, 0U);
  EXPECT_EQ(packs(), 2U);
}

TEST_F(ChunkStoreTest, ManyLanesAtOnceStoreEachChunkOnce) {
  begin(*repository_);
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (int i = 0; i < 4; ++i) {
    tasks.push_back(test_.executor.spawn("putter", [&] {
      auto lane = store_->make_lane();
      for (std::uint64_t seed = 0; seed < 300; ++seed) {
        (void)must(store_->put(lane, ChunkType::data, noise(seed, 1000)));
      }
      must(store_->finish(lane));
    }));
  }
  for (auto& task : tasks) task->join();
  must(store_->flush());
  EXPECT_EQ(store_->totals().chunks_new, 300U);
  EXPECT_EQ(store_->totals().bytes_new, 300'000U);
  EXPECT_EQ(repository_->index(Repository::Segments::trusted)->chunk_count(), 300U);
  EXPECT_GT(packs(), 4U) << "full packs are handed over on the way";
}

TEST_F(ChunkStoreTest, AnAbandonedRunLeavesNoHalfPack) {
  begin(*repository_);
  {
    auto lane = store_->make_lane();
    (void)must(store_->put(lane, ChunkType::data, noise(1, 100)));
  }
  store_.reset();
  EXPECT_EQ(packs(), 0U);
  EXPECT_TRUE(must(test_.storage.list_all(index_prefix)).empty());
}

TEST_F(ChunkStoreTest, AFullDiskShowsAtTheLatestInFlush) {
  storage::FaultStorage broken(test_.storage, test_.clock, 1, {});
  const auto repository = open_over(broken);
  begin(*repository);
  broken.set_options({.no_space = 1});
  auto lane = store_->make_lane();
  const auto run = [&]() -> base::Result<void> {
    for (std::uint64_t i = 0; i < 1000; ++i) {
      TRY(store_->put(lane, ChunkType::data, noise(i, 1000)));
    }
    TRY(store_->finish(lane));
    return store_->flush();
  };
  const auto done = run();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), ErrorCode::no_space) << done.error().to_string();
  broken.set_options({});
  end();
}

TEST_F(ChunkStoreTest, ALostCommitFailsTheRunAndNoIndexNamesThePack) {
  storage::FaultStorage broken(test_.storage, test_.clock, 1, {});
  const auto repository = open_over(broken);
  begin(*repository);
  storage::FaultOptions options;
  options.before_call = [&](const storage::FaultCall& call) {
    // The upload's last append: its commit fails, and nothing after it works.
    if (call.operation == storage::FaultOperation::append) {
      broken.set_options({.unavailable_before = 1});
    }
  };
  auto lane = store_->make_lane();
  (void)must(store_->put(lane, ChunkType::data, noise(1, 1000)));
  broken.set_options(options);
  const auto run = [&]() -> base::Result<void> {
    TRY(store_->finish(lane));
    return store_->flush();
  };
  const auto done = run();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), ErrorCode::unavailable) << done.error().to_string();
  EXPECT_TRUE(must(test_.storage.list_all(index_prefix)).empty());
  broken.set_options({});
  end();
}

TEST_F(ChunkStoreTest, ALongRunWritesItsIndexOnTheWay) {
  begin(*repository_);
  auto lane = store_->make_lane();
  for (std::uint64_t i = 0; i < 400; ++i) {
    test_.clock.advance(base::seconds(1));
    (void)must(store_->put(lane, ChunkType::data, noise(i, 2000)));
  }
  must(store_->finish(lane));
  must(store_->flush());
  EXPECT_GT(must(test_.storage.list_all(index_prefix)).size(), 2U);
}

}  // namespace
}  // namespace holdfast::repository
