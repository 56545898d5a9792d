// The pipeline: every job is done or everybody hears why not.
#include "repository/chunk_pipeline.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "repository/repository_reader.hpp"
#include "repository_fixture.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

class ChunkPipelineTest : public testing::Test {
 protected:
  void begin(Repository& repository) {
    session_ = must(Session::begin(repository, "test"));
    store_ = std::make_unique<ChunkStore>(repository, *session_, 1);
    pipeline_ = std::make_unique<ChunkPipeline>(test_.executor, *store_);
  }
  // Before what the session works on goes.
  void end() {
    pipeline_.reset();
    store_.reset();
    session_.reset();
  }
  // A task whose block holds `content`.
  ChunkTask task_of(base::ByteView content) {
    auto block = blocks_.take();
    const auto room = block->bytes().first(content.size());
    std::copy(content.begin(), content.end(), room.begin());
    return {.job = std::make_shared<ChunkJob>(), .block = std::move(block), .plaintext = room};
  }

  TestRepository test_;
  std::unique_ptr<Repository> repository_ = test_.open();
  BlockPool blocks_{test_.executor, 4096, 4};
  std::unique_ptr<Session> session_;
  std::unique_ptr<ChunkStore> store_;
  std::unique_ptr<ChunkPipeline> pipeline_;
};

TEST_F(ChunkPipelineTest, StoresMoreThanThereAreBlocks) {
  begin(*repository_);
  std::vector<std::pair<ChunkJobPtr, base::Bytes>> jobs;
  for (std::uint64_t i = 0; i < 200; ++i) {
    auto content = noise(i, 1 + i * 20);
    auto task = task_of(content);
    jobs.emplace_back(task.job, std::move(content));
    must(pipeline_->submit(std::move(task)));
  }
  for (const auto& [job, content] : jobs) {
    must(pipeline_->wait(*job));
    EXPECT_EQ(job->id, repository_->own_domain().id_of(ChunkType::data, content));
  }
  must(pipeline_->finish());
  must(store_->flush());
  const auto reader = must(RepositoryReader::open(*repository_, Following::nothing));
  for (const auto& [job, content] : jobs) EXPECT_EQ(must(reader->get(job->id)), content);
}

TEST_F(ChunkPipelineTest, AFailureReachesEverybody) {
  begin(*repository_);
  auto never_submitted = std::make_shared<ChunkJob>();
  std::atomic<bool> failed{false};
  const auto waiter = test_.executor.spawn("waiter", [&] {
    const auto waited = pipeline_->wait(*never_submitted);
    failed = !waited.ok() && waited.error().code() == ErrorCode::no_space;
  });
  pipeline_->fail(base::Error(ErrorCode::no_space, "full"));
  pipeline_->fail(base::Error(ErrorCode::io, "a later one"));
  waiter->join();
  EXPECT_TRUE(failed) << "the first failure counts";
  EXPECT_EQ(pipeline_->submit(task_of(noise(1, 10))).error().code(), ErrorCode::no_space);
  EXPECT_EQ(pipeline_->finish().error().code(), ErrorCode::no_space);
}

TEST_F(ChunkPipelineTest, AFailingStorageFailsTheRunWithoutAHang) {
  storage::FaultStorage broken(test_.storage, test_.clock, 1, {});
  const auto environment = test_.environment("faulty");
  const auto repository = must(Repository::open({.storage = broken,
                                                 .files = environment.files,
                                                 .executor = environment.executor,
                                                 .clock = environment.clock,
                                                 .random = environment.random,
                                                 .cache_directory = environment.cache_directory},
                                                TestRepository::passphrase()));
  begin(*repository);
  broken.set_options({.unavailable_before = 1});
  const auto run = [&]() -> base::Result<void> {
    for (std::uint64_t i = 0; i < 1000; ++i) TRY(pipeline_->submit(task_of(noise(i, 3000))));
    TRY(pipeline_->finish());
    return store_->flush();
  };
  EXPECT_EQ(run().error().code(), ErrorCode::unavailable);
  broken.set_options({});
  end();
}

TEST_F(ChunkPipelineTest, AbandonedItGivesItsBlocksBack) {
  begin(*repository_);
  for (std::uint64_t i = 0; i < 4; ++i) must(pipeline_->submit(task_of(noise(i, 4096))));
  pipeline_.reset();
  std::vector<BlockPool::Lease> all;
  for (int i = 0; i < 4; ++i) all.push_back(blocks_.take());
  EXPECT_NE(all.back(), nullptr);
}

}  // namespace
}  // namespace holdfast::repository
