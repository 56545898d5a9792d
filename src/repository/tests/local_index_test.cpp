// The local index: what it finds, what it forgets, what it remembers over runs, and that damage to
// it costs nothing but time.
#include "repository/local_index.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "index_fixture.hpp"
#include "memory_peak.hpp"

namespace holdfast::repository {
namespace {

using base::Error;
using base::ErrorCode;

class LocalIndexTest : public ::testing::Test {
 protected:
  LocalIndexTest() { reopen(); }
  void reopen() {
    index.reset();
    auto opened = LocalIndex::open(files, directory.path());
    CHECK(opened.ok(), opened.error().to_string());
    index = std::move(opened).value();
  }
  std::vector<LocalIndex::Skipped> update() {
    auto skipped = index->update(store.names(), store.fetch());
    CHECK(skipped.ok(), skipped.error().to_string());
    return std::move(skipped).value();
  }
  ObjectHash put(std::size_t chunks) { return store.put(random, random_segment(random, chunks)); }
  [[nodiscard]] bool finds_all_of(const IndexSegment& segment) const {
    return std::all_of(segment.chunks.begin(), segment.chunks.end(), [&](const ChunkPlace& place) {
      const auto found = index->find(place.id);
      return found && found->pack == segment.packs[place.pack] &&
             found->place.offset == place.offset && found->place.stored_size == place.stored_size &&
             found->place.key == place.key && found->place.ordinal == place.ordinal;
    });
  }
  [[nodiscard]] bool finds_none_of(const IndexSegment& segment) const {
    return std::none_of(segment.chunks.begin(), segment.chunks.end(),
                        [&](const ChunkPlace& place) { return index->find(place.id).has_value(); });
  }

  base::SeededRandom random{31};
  io::LocalFileSystem files;
  IndexDirectory directory;
  SegmentStore store;
  std::unique_ptr<LocalIndex> index;
};

TEST_F(LocalIndexTest, AnEmptyOneFindsNothing) {
  EXPECT_FALSE(index->find(random.array<32>()));
  EXPECT_FALSE(index->number_of(random.array<32>()));
  EXPECT_EQ(index->chunk_count(), 0U);
  EXPECT_TRUE(index->segments().empty());
  EXPECT_TRUE(update().empty());
  EXPECT_TRUE(directory.files().empty());
}

TEST_F(LocalIndexTest, FindsWhatSegmentsSay) {
  const auto a = put(1000);
  const auto b = put(1);
  put(0);
  update();
  EXPECT_TRUE(finds_all_of(store.segments.at(a)));
  EXPECT_TRUE(finds_all_of(store.segments.at(b)));
  EXPECT_TRUE(finds_none_of(random_segment(random, 1000)));
  EXPECT_EQ(index->chunk_count(), 1001U);
  EXPECT_EQ(index->segments(), store.names());
}

TEST_F(LocalIndexTest, FetchesNothingTwice) {
  put(100);
  put(0);
  update();
  EXPECT_EQ(store.fetches, 2);
  update();
  reopen();
  update();
  EXPECT_EQ(store.fetches, 2);
  EXPECT_TRUE(finds_all_of(store.segments.begin()->second));
}

TEST_F(LocalIndexTest, NumbersAreDenseAndDistinct) {
  for (int i = 0; i < 5; ++i) {
    put(100);
    update();
  }
  std::set<std::uint64_t> numbers;
  for (const auto& [name, segment] : store.segments) {
    for (const auto& place : segment.chunks) {
      const auto number = index->number_of(place.id);
      ASSERT_TRUE(number);
      EXPECT_LT(*number, index->chunk_count());
      numbers.insert(*number);
      EXPECT_EQ(index->number_of(place.id), number);
    }
  }
  EXPECT_EQ(numbers.size(), 500U);
}

TEST_F(LocalIndexTest, ForgetsVanishedSegments) {
  const auto kept = put(300);
  const auto gone = put(300);
  update();
  const auto lost = store.segments.at(gone);
  store.segments.erase(gone);
  update();
  EXPECT_TRUE(finds_none_of(lost));
  EXPECT_TRUE(finds_all_of(store.segments.at(kept)));
  EXPECT_EQ(index->chunk_count(), 300U);
  reopen();
  EXPECT_TRUE(finds_none_of(lost));
  EXPECT_EQ(index->segments(), std::vector<ObjectHash>{kept});
  store.segments.clear();
  update();
  EXPECT_EQ(index->chunk_count(), 0U);
  EXPECT_TRUE(directory.files().empty());
}

TEST_F(LocalIndexTest, SupersededSegmentsDontCountWhileTheOtherIsThere) {
  const auto old = put(200);
  auto rewritten = random_segment(random, 200);
  rewritten.superseded = {old};
  for (const bool old_is_known : {true, false}) {
    if (old_is_known) update();
    const auto fresh = store.put(random, rewritten);
    update();
    EXPECT_TRUE(finds_none_of(store.segments.at(old)));
    EXPECT_TRUE(finds_all_of(rewritten));
    EXPECT_EQ(index->segments(), std::vector<ObjectHash>{fresh});
    EXPECT_EQ(index->chunk_count(), 200U);
    const auto fetches = store.fetches;
    reopen();
    EXPECT_TRUE(finds_none_of(store.segments.at(old)));
    update();
    EXPECT_EQ(store.fetches, fetches);
    // The superseding one goes: the old one counts again.
    store.segments.erase(fresh);
    update();
    EXPECT_TRUE(finds_all_of(store.segments.at(old)));
    EXPECT_TRUE(finds_none_of(rewritten));
    ASSERT_TRUE(index->clear().ok());
  }
}

TEST_F(LocalIndexTest, AddShowsASegmentAtOnce) {
  const auto old = put(50);
  update();
  auto segment = random_segment(random, 100);
  segment.superseded = {old};
  const auto name = random.array<32>();
  ASSERT_TRUE(index->add(name, segment).ok());
  EXPECT_TRUE(finds_all_of(segment));
  EXPECT_TRUE(finds_none_of(store.segments.at(old)));
  ASSERT_TRUE(index->add(name, segment).ok());
  EXPECT_EQ(index->segments(), std::vector<ObjectHash>{name});
  store.segments.emplace(name, segment);
  const auto fetches = store.fetches;
  update();
  EXPECT_EQ(store.fetches, fetches);
  EXPECT_EQ(index->chunk_count(), 100U);
  reopen();
  EXPECT_TRUE(finds_all_of(segment));
}

TEST_F(LocalIndexTest, AddRefusesASegmentThatBreaksARule) {
  auto segment = random_segment(random, 10);
  std::swap(segment.chunks[0], segment.chunks[9]);
  EXPECT_EQ(index->add(random.array<32>(), segment).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(index->chunk_count(), 0U);
}

TEST_F(LocalIndexTest, RunsStayFewAndKeepEverything) {
  for (int i = 0; i < 100; ++i) {
    const auto segment = random_segment(random, 1 + random.below(40));
    ASSERT_TRUE(index->add(store.put(random, segment), segment).ok());
    ASSERT_LE(directory.files().size(), 13U);
  }
  for (const auto& [name, segment] : store.segments) EXPECT_TRUE(finds_all_of(segment));
  EXPECT_EQ(index->segments(), store.names());
  reopen();
  update();
  EXPECT_EQ(store.fetches, 0);
  for (const auto& [name, segment] : store.segments) EXPECT_TRUE(finds_all_of(segment));
}

TEST_F(LocalIndexTest, AvoidedPacksAreNotGiven) {
  auto first = random_segment(random, 10, 1);
  auto second = random_segment(random, 0, 1);
  second.chunks = first.chunks;  // every chunk lies in both packs
  store.put(random, first);
  store.put(random, second);
  update();
  index->avoid(std::vector<ObjectHash>{first.packs[0].name});
  EXPECT_TRUE(finds_all_of(second));
  index->avoid(std::vector<ObjectHash>{second.packs[0].name});
  EXPECT_TRUE(finds_all_of(first));
  index->avoid(std::vector<ObjectHash>{second.packs[0].name, first.packs[0].name});
  EXPECT_TRUE(finds_none_of(first));
  EXPECT_FALSE(index->number_of(first.chunks[0].id));
  put(5);
  update();
  EXPECT_TRUE(finds_none_of(first));  // an update leaves the set as it is
  index->avoid({});
  EXPECT_FALSE(finds_none_of(first));
}

TEST_F(LocalIndexTest, EachPackOnceAndEachChunkInOrder) {
  std::vector<ChunkId> ids;
  std::set<ObjectHash> packs;
  for (int i = 0; i < 6; ++i) {
    auto segment = random_segment(random, 50, 3);
    if (i > 0) segment.packs[0] = store.segments.begin()->second.packs[0];
    if (i > 0) segment.chunks[7] = store.segments.begin()->second.chunks[7];
    segment.chunks[7].pack = 0;
    sort_chunks(segment);
    for (const auto& place : segment.chunks) ids.push_back(place.id);
    for (const auto& pack : segment.packs) packs.insert(pack.name);
    store.put(random, segment);
    update();
  }
  std::sort(ids.begin(), ids.end());
  std::vector<ObjectHash> seen_packs;
  ASSERT_TRUE(index
                  ->each_pack([&](const PackInfo& pack) -> base::Result<void> {
                    seen_packs.push_back(pack.name);
                    return {};
                  })
                  .ok());
  EXPECT_EQ(seen_packs, std::vector<ObjectHash>(packs.begin(), packs.end()));
  std::vector<ChunkId> seen;
  ASSERT_TRUE(index
                  ->each_chunk([&](const FoundChunk& chunk) -> base::Result<void> {
                    seen.push_back(chunk.place.id);
                    EXPECT_TRUE(packs.contains(chunk.pack.name));
                    return {};
                  })
                  .ok());
  EXPECT_EQ(seen, ids);
  const auto refuse = [](const auto&) -> base::Result<void> {
    return Error(ErrorCode::cancelled, "stop");
  };
  EXPECT_EQ(index->each_pack(refuse).error().code(), ErrorCode::cancelled);
  EXPECT_EQ(index->each_chunk(refuse).error().code(), ErrorCode::cancelled);
}

TEST_F(LocalIndexTest, UselessSegmentsAreSkippedAndForeignOnesRemembered) {
  const auto good = put(10);
  const auto damaged = put(10);
  const auto foreign = put(10);
  store.failures.emplace(damaged, Error(ErrorCode::damaged, "rotten"));
  store.failures.emplace(foreign, Error(ErrorCode::wrong_key, "of another writer"));
  for (int round = 0; round < 3; ++round) {
    auto skipped = update();
    ASSERT_EQ(skipped.size(), 2U);
    std::sort(skipped.begin(), skipped.end(),
              [&](const auto& a, const auto&) { return a.segment == damaged; });
    EXPECT_EQ(skipped[0].error.code(), ErrorCode::damaged);
    EXPECT_EQ(skipped[1].segment, foreign);
    EXPECT_EQ(skipped[1].error.code(), ErrorCode::wrong_key);
    EXPECT_TRUE(finds_all_of(store.segments.at(good)));
    EXPECT_EQ(index->segments(), std::vector<ObjectHash>{good});
    EXPECT_EQ(store.fetches, 3 + round);
    reopen();
  }
  // The damaged one was mended meanwhile.
  store.failures.erase(damaged);
  EXPECT_EQ(update().size(), 1U);
  EXPECT_TRUE(finds_all_of(store.segments.at(damaged)));
}

TEST_F(LocalIndexTest, WhatIsForeignForNowIsAskedForAgain) {
  const auto unknown = put(10);
  store.failures.emplace(unknown, Error(ErrorCode::wrong_key, "signed by nobody that is known")
                                      .with_retry(base::Retry::may_help));
  for (int round = 1; round < 3; ++round) {
    EXPECT_EQ(update().size(), 1U);
    EXPECT_EQ(store.fetches, round);
    reopen();
  }
  store.failures.clear();  // enrolled meanwhile
  EXPECT_TRUE(update().empty());
  EXPECT_TRUE(finds_all_of(store.segments.at(unknown)));
}

TEST_F(LocalIndexTest, AnOutageFailsAndWhatWasFetchedIsKept) {
  for (int i = 0; i < 10; ++i) put(100);
  const auto names = store.names();
  store.failures.emplace(names[7], Error(ErrorCode::unavailable, "away"));
  EXPECT_EQ(index->update(names, store.fetch()).error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(finds_all_of(store.segments.at(names[0])));
  EXPECT_EQ(store.fetches, 8);
  store.failures.clear();
  reopen();
  update();
  EXPECT_EQ(store.fetches, 8 + 3);
  for (const auto& name : names) EXPECT_TRUE(finds_all_of(store.segments.at(name)));
}

TEST_F(LocalIndexTest, ClearForgetsEverything) {
  put(100);
  update();
  ASSERT_TRUE(index->clear().ok());
  EXPECT_EQ(index->chunk_count(), 0U);
  EXPECT_TRUE(directory.files().empty());
  update();
  EXPECT_EQ(store.fetches, 2);
}

// Ids that aren't uniform: all in one line of the directory.
TEST_F(LocalIndexTest, ClusteredAndRepeatedIdsAreFound) {
  auto segment = random_segment(random, 5000, 1);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    auto& place = segment.chunks[i];
    place.id.fill(0x77);
    const auto number = i / 3;
    place.id[30] = static_cast<base::Byte>(number >> 8);
    place.id[31] = static_cast<base::Byte>(number);
  }
  store.put(random, segment);
  update();
  for (const auto& place : segment.chunks) ASSERT_TRUE(index->find(place.id));
  auto absent = segment.chunks[0].id;
  absent[31] = 0xff;
  absent[30] = 0xff;
  EXPECT_FALSE(index->find(absent));
}

void overwrite(const std::string& path, std::uint64_t at, char value) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(value);
}

char byte_at(const std::string& path, std::uint64_t at) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  return static_cast<char>(file.get());
}

TEST_F(LocalIndexTest, AFileWithAnyByteChangedIsRebuilt) {
  const auto name = put(60);
  update();
  ASSERT_EQ(directory.files().size(), 1U);
  const auto size = std::filesystem::file_size(directory.files()[0]);
  for (std::uint64_t at = 0; at < size; ++at) {
    const auto path = directory.files().at(0);
    overwrite(path, at, static_cast<char>(byte_at(path, at) ^ (1 << (at % 8))));
    store.fetches = 0;
    reopen();
    update();
    ASSERT_EQ(store.fetches, 1) << at;
    ASSERT_TRUE(finds_all_of(store.segments.at(name))) << at;
  }
}

TEST_F(LocalIndexTest, AFileCutAtAnyLengthIsRebuilt) {
  const auto name = put(20);
  update();
  const auto size = std::filesystem::file_size(directory.files().at(0));
  for (std::uint64_t cut = 0; cut < size; cut += 7) {
    std::filesystem::resize_file(directory.files().at(0), cut);
    store.fetches = 0;
    reopen();
    update();
    ASSERT_EQ(store.fetches, 1) << cut;
    ASSERT_TRUE(finds_all_of(store.segments.at(name))) << cut;
  }
}

TEST_F(LocalIndexTest, ForeignFilesAreLeftAlone) {
  std::ofstream(directory.path() + "/note") << "mine";
  put(5);
  reopen();
  update();
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/note"));
}

// As after a crash between writing a merged run and removing what it was made of, or beside another
// process.
TEST_F(LocalIndexTest, RunsThatOverlapAreSortedOut) {
  const auto a = put(100);
  update();
  IndexDirectory saved;
  std::filesystem::copy(directory.path(), saved.path());
  const auto b = put(100);
  const auto gone = put(100);
  update();
  const auto lost = store.segments.at(gone);
  store.segments.erase(gone);
  update();
  std::filesystem::copy(saved.path(), directory.path(),
                        std::filesystem::copy_options::skip_existing);
  store.fetches = 0;
  reopen();
  update();
  EXPECT_EQ(store.fetches, 0);
  EXPECT_EQ(index->chunk_count(), 200U);
  EXPECT_TRUE(finds_all_of(store.segments.at(a)) && finds_all_of(store.segments.at(b)));
  EXPECT_TRUE(finds_none_of(lost));
}

TEST_F(LocalIndexTest, LookupsGoOnWhileSegmentsAreAdded) {
  const auto name = put(1000);
  update();
  const auto known = store.segments.at(name);
  std::atomic<bool> stop = false;
  std::atomic<int> missed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t at = 0; !stop; at = (at + 1) % known.chunks.size()) {
        if (!index->find(known.chunks[at].id)) ++missed;
        if (i == 0) index->avoid(std::vector<ObjectHash>{known.chunks[at].id});
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(index->add(random.array<32>(), random_segment(random, 50)).ok());
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(missed, 0);
}

// A million chunks: what is in heap doesn't grow with them, and damage deep in a large file, which
// isn't looked for when it is opened, comes to light when it is merged.
TEST_F(LocalIndexTest, AMillionChunksStayOutOfTheHeap) {
  constexpr std::size_t segments = 16;
  std::map<ObjectHash, std::uint64_t> seeds;
  for (std::uint64_t i = 0; i < segments; ++i) seeds.emplace(random.array<32>(), i);
  std::vector<ObjectHash> names;
  for (const auto& [name, seed] : seeds) names.push_back(name);
  const auto segment_of = [&](const ObjectHash& name) {
    base::SeededRandom own(seeds.at(name));
    return random_segment(own, segment_chunks_max, 40);
  };
  int fetches = 0;
  std::uint64_t anonymous = 0;
  const LocalIndex::Fetch fetch = [&](const ObjectHash& name) -> base::Result<IndexSegment> {
    ++fetches;
    auto segment = segment_of(name);
    anonymous = std::max(anonymous, memory_status("RssAnon"));
    return segment;
  };
  const auto before = memory_status("RssAnon");
  ASSERT_TRUE(index->update(names, fetch).ok());
  EXPECT_EQ(index->chunk_count(), segments * segment_chunks_max);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A batch of segments, the one that is fetched, and what the allocator keeps; the index itself is
  // 50 MB.
  EXPECT_LT(std::max(anonymous, memory_status("RssAnon")) - before, 32U << 20);
#endif
  for (const auto& name : names) ASSERT_TRUE(finds_all_of(segment_of(name)));
  std::uint64_t visited = 0;
  ASSERT_TRUE(index
                  ->each_chunk([&](const FoundChunk&) -> base::Result<void> {
                    ++visited;
                    return {};
                  })
                  .ok());
  EXPECT_EQ(visited, index->chunk_count());

  for (int i = 0; i < 13; ++i)
    ASSERT_TRUE(index->add(random.array<32>(), random_segment(random, 10)).ok());
  std::string largest;
  for (const auto& path : directory.files()) {
    if (largest.empty() || std::filesystem::file_size(path) > std::filesystem::file_size(largest))
      largest = path;
  }
  ASSERT_GT(std::filesystem::file_size(largest), 32U << 20);
  // The offset of an entry in the middle: nothing but the checksum can tell.
  const auto damaged_at = std::filesystem::file_size(largest) - 128 - 400'000 * 48 + 36;
  overwrite(largest, damaged_at, static_cast<char>(byte_at(largest, damaged_at) ^ 4));
  reopen();
  fetches = 0;
  EXPECT_EQ(
      index->each_chunk([](const FoundChunk&) -> base::Result<void> { return {}; }).error().code(),
      ErrorCode::damaged);
  const auto dropped = names.back();
  names.pop_back();
  ASSERT_TRUE(index->update(names, fetch).ok());
  EXPECT_EQ(fetches, static_cast<int>(names.size()));
  for (const auto& name : names) ASSERT_TRUE(finds_all_of(segment_of(name)));
  EXPECT_TRUE(finds_none_of(segment_of(dropped)));
  EXPECT_EQ(index->chunk_count(), names.size() * segment_chunks_max);
}

}  // namespace
}  // namespace holdfast::repository
