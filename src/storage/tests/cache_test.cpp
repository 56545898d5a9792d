// CacheStorage: what it keeps, what it refuses to keep, what it survives.
#include "storage/cache.hpp"

#include <gtest/gtest.h>

#include "codec/hash.hpp"
#include "manual_time.hpp"
#include "storage/fault.hpp"
#include "storage/memory.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::storage {

namespace {

base::Bytes content_of(std::size_t size, std::uint64_t seed) {
  base::SeededRandom random(seed);
  base::Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

std::string name_for(const base::Bytes& content) {
  return "packs/" + base::to_hex(codec::sha256(content));
}

class CacheTest : public testing::Test {
 protected:
  std::unique_ptr<CacheStorage> cached(CacheOptions options = {}) {
    options.directory = directory_.path() + "/cache";
    auto counted = std::make_unique<FaultStorage>(memory_, clock_, 1, FaultOptions{});
    counted_ = counted.get();
    auto cache = CacheStorage::open(std::move(counted), files_, std::move(options));
    EXPECT_TRUE(cache.ok()) << cache.error().to_string();
    return std::move(cache).value();
  }
  std::string store(const base::Bytes& content) {
    const std::string name = name_for(content);
    EXPECT_TRUE(memory_.put(name, content).ok());
    return name;
  }
  std::vector<std::string> cache_files() {
    return files_.list(directory_.path() + "/cache").value();
  }
  std::string path_of(const std::string& file) { return directory_.path() + "/cache/" + file; }

  ManualClock clock_;
  MemoryStorage memory_{clock_};
  io::LocalFileSystem files_;
  TemporaryDirectory directory_;
  FaultStorage* counted_ = nullptr;
};

TEST(EndsInHash, LooksAtTheLastComponent) {
  const std::string hash(64, 'a');
  EXPECT_TRUE(ends_in_hash(hash));
  EXPECT_TRUE(ends_in_hash("packs/" + hash));
  EXPECT_TRUE(ends_in_hash("log-" + hash));
  EXPECT_FALSE(ends_in_hash("x" + hash));
  EXPECT_FALSE(ends_in_hash("packs/" + std::string(63, 'a')));
  EXPECT_FALSE(ends_in_hash("packs/" + std::string(63, 'a') + "g"));
  EXPECT_FALSE(ends_in_hash("packs/" + std::string(64, 'A')));
  EXPECT_FALSE(ends_in_hash(""));
}

TEST_F(CacheTest, FetchesAWholeObjectOnce) {
  const base::Bytes content = content_of(5000, 1);
  const std::string name = store(content);
  const auto storage = cached();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(storage->get(name, 5000).value(), content);
  EXPECT_EQ(counted_->calls(), 1U);
  // Ranges of it come from there, too, with the same errors.
  base::Bytes out(100);
  ASSERT_TRUE(storage->read(name, Range{4900, 100}, out).ok());
  EXPECT_TRUE(std::equal(out.begin(), out.end(), content.end() - 100));
  EXPECT_EQ(storage->read(name, Range{4901, 100}, out).error().code(), base::ErrorCode::damaged);
  EXPECT_EQ(storage->get(name, 4999).error().code(), base::ErrorCode::damaged);
  EXPECT_EQ(counted_->calls(), 1U);
}

TEST_F(CacheTest, FetchesARangeOnce) {
  const base::Bytes content = content_of(50'000, 2);
  const std::string name = store(content);
  const auto storage = cached();
  base::Bytes out(1000);
  for (const std::uint64_t offset : {0U, 777U, 0U, 777U}) {
    ASSERT_TRUE(storage->read(name, Range{offset, 1000}, out).ok());
    EXPECT_TRUE(std::equal(out.begin(), out.end(), content.begin() + static_cast<long>(offset)));
  }
  EXPECT_EQ(counted_->calls(), 2U);
}

TEST_F(CacheTest, RemembersInTheNextProcess) {
  const base::Bytes content = content_of(5000, 3);
  const std::string name = store(content);
  base::Bytes out(10);
  {
    const auto storage = cached();
    ASSERT_TRUE(storage->get(name, 5000).ok());
    ASSERT_TRUE(storage->read("packs/" + name.substr(6), Range{1, 10}, out).ok());
  }
  const auto storage = cached();
  EXPECT_EQ(storage->get(name, 5000).value(), content);
  EXPECT_EQ(counted_->calls(), 0U);
}

TEST_F(CacheTest, KeepsOnlyNamesThatNeverChange) {
  ASSERT_TRUE(memory_.put("probe", base::Bytes{1}).ok());
  const auto storage = cached();
  EXPECT_TRUE(storage->get("probe", 10).ok());
  EXPECT_TRUE(storage->get("probe", 10).ok());
  EXPECT_EQ(counted_->calls(), 2U);
  EXPECT_TRUE(cache_files().empty());
}

TEST_F(CacheTest, AWrongHashIsDamageAndIsNotKept) {
  const base::Bytes content = content_of(100, 4);
  const std::string name = name_for(content);
  ASSERT_TRUE(memory_.put(name, content_of(100, 5)).ok());
  const auto storage = cached();
  const auto got = storage->get(name, 100);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), base::ErrorCode::damaged);
  EXPECT_FALSE(got.error().hint().empty());
  EXPECT_TRUE(cache_files().empty());
}

TEST_F(CacheTest, LargeAnswersAreNotKept) {
  const base::Bytes content = content_of(5000, 6);
  const std::string name = store(content);
  CacheOptions options;
  options.item_size_max = 4999;
  const auto storage = cached(options);
  EXPECT_EQ(storage->get(name, 5000).value(), content);
  EXPECT_TRUE(cache_files().empty());
}

TEST_F(CacheTest, StaysWithinItsSizeAndDropsTheOldest) {
  CacheOptions options;
  options.size_max = 10 * 4096;
  const auto storage = cached(options);
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < 20; ++i) {
    names.push_back(store(content_of(3000, 100 + i)));
    ASSERT_TRUE(storage->get(names.back(), 3000).ok());
    ASSERT_TRUE(storage->get(names[0], 3000).ok());  // stays in use
  }
  EXPECT_EQ(cache_files().size(), 10U);
  const std::uint64_t before = counted_->calls();
  ASSERT_TRUE(storage->get(names[0], 3000).ok());
  ASSERT_TRUE(storage->get(names[19], 3000).ok());
  EXPECT_EQ(counted_->calls(), before);
  ASSERT_TRUE(storage->get(names[5], 3000).ok());
  EXPECT_EQ(counted_->calls(), before + 1);
  // Also what an earlier process left is counted.
  CacheOptions smaller;
  smaller.size_max = 3 * 4096;
  (void)cached(smaller);
  EXPECT_EQ(cache_files().size(), 3U);
}

TEST_F(CacheTest, NoticesDamagedFilesOfItsOwn) {
  const base::Bytes content = content_of(3000, 7);
  const std::string name = store(content);
  const auto storage = cached();
  for (const std::size_t damage : {std::size_t{0}, std::size_t{40}, std::size_t{3031}}) {
    ASSERT_TRUE(storage->get(name, 3000).ok());
    ASSERT_EQ(cache_files().size(), 1U);
    const std::string path = path_of(cache_files()[0]);
    base::Bytes bytes = files_.read(path).value();
    ASSERT_EQ(bytes.size(), 3032U);
    bytes[damage] ^= 1;
    const auto writer = files_.create(path);
    ASSERT_TRUE(writer.value()->append(bytes).ok());
    ASSERT_TRUE(writer.value()->commit(io::FileWriter::Durable::no).ok());
    const std::uint64_t before = counted_->calls();
    EXPECT_EQ(storage->get(name, 3000).value(), content);
    EXPECT_EQ(counted_->calls(), before + 1);
  }
  // Truncated, empty, gone.
  for (const std::size_t size : {std::size_t{3031}, std::size_t{31}, std::size_t{0}}) {
    const std::string path = path_of(cache_files()[0]);
    base::Bytes bytes = files_.read(path).value();
    bytes.resize(size);
    const auto writer = files_.create(path);
    ASSERT_TRUE(writer.value()->append(bytes).ok());
    ASSERT_TRUE(writer.value()->commit(io::FileWriter::Durable::no).ok());
    EXPECT_EQ(storage->get(name, 3000).value(), content);
  }
  ASSERT_TRUE(files_.remove(path_of(cache_files()[0])).ok());
  EXPECT_EQ(storage->get(name, 3000).value(), content);
}

TEST_F(CacheTest, ForgetsWhatIsRemoved) {
  const base::Bytes content = content_of(3000, 8);
  const std::string name = store(content);
  const auto storage = cached();
  base::Bytes out(10);
  ASSERT_TRUE(storage->read(name, Range{5, 10}, out).ok());
  ASSERT_TRUE(storage->get(name, 3000).ok());
  EXPECT_EQ(cache_files().size(), 2U);
  const std::vector<std::string> names = {name};
  ASSERT_TRUE(storage->remove(names).ok());
  EXPECT_TRUE(cache_files().empty());
  EXPECT_EQ(storage->get(name, 3000).error().code(), base::ErrorCode::not_found);
}

TEST_F(CacheTest, IgnoresForeignFilesInItsDirectory) {
  for (const char* file : {"README", "-", "x-w-5", "zz-r-1-99999999999999999999"}) {
    const auto writer = files_.create(path_of(file));
    ASSERT_TRUE(writer.value()->append(base::Bytes{1}).ok());
    ASSERT_TRUE(writer.value()->commit(io::FileWriter::Durable::no).ok());
  }
  const base::Bytes content = content_of(3000, 9);
  const std::string name = store(content);
  const auto storage = cached();
  EXPECT_EQ(storage->get(name, 3000).value(), content);
  EXPECT_EQ(cache_files().size(), 5U);
}

TEST_F(CacheTest, ReadsThroughWhereNothingCanBeWritten) {
  // The directory's place is taken by a file: every store fails.
  const auto writer = files_.create(directory_.path() + "/cache-file");
  ASSERT_TRUE(writer.value()->commit(io::FileWriter::Durable::no).ok());
  const base::Bytes content = content_of(3000, 10);
  const std::string name = store(content);
  CacheOptions options;
  options.directory = directory_.path() + "/later";
  auto storage = CacheStorage::open(
      std::make_unique<FaultStorage>(memory_, clock_, 1, FaultOptions{}), files_, options);
  ASSERT_TRUE(storage.ok());
  std::filesystem::rename(directory_.path() + "/cache-file", directory_.path() + "/later");
  EXPECT_EQ(storage.value()->get(name, 3000).value(), content);
  EXPECT_EQ(storage.value()->get(name, 3000).value(), content);
}

TEST_F(CacheTest, HandsOutagesOn) {
  const auto storage = cached();
  FaultOptions dead;
  dead.unavailable_before = 1;
  counted_->set_options(dead);
  const std::string name = store(content_of(10, 11));
  EXPECT_EQ(storage->get(name, 10).error().code(), base::ErrorCode::unavailable);
  counted_->set_options({});
  EXPECT_TRUE(storage->get(name, 10).ok());
}

}  // namespace

}  // namespace holdfast::storage
