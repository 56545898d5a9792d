// Reading a content in any order gives its bytes, and damage concerns only what lies there.
#include "engine/content_stream.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "base/units.hpp"
#include "engine/snapshot_tree.hpp"
#include "engine_fixture.hpp"
#include "repository/repository_reader.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {
namespace {

class ContentStreamTest : public EngineTest {
 protected:
  ContentStreamTest() {
    write("large", content_);
    create();
    at_ = open();
    (void)back_up(*at_);
    auto& repository = at_->repository();
    reader_ = must(repository::RepositoryReader::open(repository, repository::Following::nothing));
    const auto list = must(repository::list_snapshots(repository));
    entry_ =
        must(SnapshotTree(*reader_, list.snapshots.back().summary.root).find(files() + "/large"));
  }
  [[nodiscard]] ContentStream stream() const {
    return {*reader_, at_->executor(), entry_.content, entry_.size};
  }
  [[nodiscard]] std::string read(ContentStream& from, std::uint64_t offset,
                                 std::size_t size) const {
    std::string text(size, '?');
    const auto got = must(
        from.read(offset, base::MutableByteView(reinterpret_cast<base::Byte*>(text.data()), size)));
    text.resize(got);
    return text;
  }

  static constexpr std::size_t noise_size = 5 * base::MiB + 123;
  const std::string content_ =
      noise(1, noise_size) + std::string(6 * base::MiB, '\0') + noise(2, noise_size);
  std::unique_ptr<Location> at_;
  std::unique_ptr<repository::RepositoryReader> reader_;
  PlacedEntry entry_;
};

TEST_F(ContentStreamTest, in_order) {
  auto from = stream();
  std::string all;
  constexpr std::size_t step = 128 * 1024;
  while (true) {
    const auto part = read(from, all.size(), step);
    all += part;
    if (part.size() < step) break;
  }
  EXPECT_TRUE(all == content_);
}

TEST_F(ContentStreamTest, in_any_order) {
  auto from = stream();
  base::SeededRandom random(3);
  for (int i = 0; i < 200; ++i) {
    const auto offset = random.below(content_.size() + 1000);
    const auto size = random.below(300'000);
    const auto expected = offset < content_.size() ? content_.substr(offset, size) : "";
    ASSERT_TRUE(read(from, offset, size) == expected) << offset << " " << size;
  }
}

TEST_F(ContentStreamTest, by_several_tasks_at_once) {
  auto from = stream();
  std::vector<std::unique_ptr<io::Task>> tasks;
  std::atomic<int> wrong = 0;
  for (std::uint64_t task = 0; task < 4; ++task) {
    tasks.push_back(at_->executor().spawn("reader", [&, task] {
      for (std::uint64_t offset = task * 1000; offset < content_.size(); offset += 1'000'003) {
        if (read(from, offset, 70'000) != content_.substr(offset, 70'000)) ++wrong;
      }
    }));
  }
  for (auto& task : tasks) task->join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ContentStreamTest, damage_stays_where_it_is) {
  const auto packs = objects("data/");
  flip_byte(packs.front(), 5'000);
  auto from = stream();
  std::size_t good = 0;
  std::size_t bad = 0;
  constexpr std::size_t step = 100'000;
  for (std::uint64_t offset = 0; offset + step < content_.size(); offset += step) {
    std::string text(step, '?');
    const auto got =
        from.read(offset, base::MutableByteView(reinterpret_cast<base::Byte*>(text.data()), step));
    if (!got.ok()) {
      ++bad;
      EXPECT_EQ(got.error().code(), base::ErrorCode::damaged);
      continue;
    }
    ++good;
    EXPECT_TRUE(text == content_.substr(offset, step));
  }
  EXPECT_GT(bad, 0U);
  EXPECT_LT(bad, 10U) << "one small chunk is damaged";
  EXPECT_GT(good, 100U);
}

}  // namespace
}  // namespace holdfast::engine
