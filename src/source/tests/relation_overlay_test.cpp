// Files of changed blocks, as a server sends them, laid over what was there: the result is what
// pg_combinebackup would make of the two.
#include "postgres/relation_overlay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "postgres/relation_path.hpp"
#include "support/memory_tree.hpp"

namespace holdfast::source {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using repository::Entry;
using repository::Extent;
using Blocks = std::map<std::uint32_t, base::Byte>;  // a block's number, what it is full of

constexpr auto page = postgres_page_size;
constexpr std::uint32_t magic = 0xd3ae1f0d;

// As the server writes it.
Bytes incremental(std::uint32_t truncation, const Blocks& blocks) {
  Bytes made;
  base::ByteWriter out(made);
  out.u32(magic);
  out.u32(static_cast<std::uint32_t>(blocks.size()));
  out.u32(truncation);
  for (const auto& [number, fill] : blocks) out.u32(number);
  if (!blocks.empty()) made.resize((made.size() + page - 1) / page * page);
  for (const auto& [number, fill] : blocks) made.insert(made.end(), page, fill);
  return made;
}

// By the rules alone.
Bytes expected(const Bytes& earlier, std::uint32_t truncation, const Blocks& blocks) {
  std::size_t length = truncation;
  if (!blocks.empty()) length = std::max<std::size_t>(length, blocks.rbegin()->first + 1);
  Bytes made(length * page);
  std::copy_n(earlier.begin(), std::min<std::size_t>(earlier.size(), truncation * page),
              made.begin());
  for (const auto& [number, fill] : blocks) std::fill_n(made.begin() + number * page, page, fill);
  return made;
}

class Overlay {
 public:
  // Stored in chunks of odd sizes; runs of zeros as holes.
  void store_earlier(const Bytes& content, std::size_t chunk_size) {
    repository::ExtentTreeBuilder builder(chunks_);
    for (std::size_t at = 0; at < content.size();) {
      const auto size = std::min(chunk_size, content.size() - at);
      const auto piece = ByteView(content).subspan(at, size);
      const bool is_hole = std::all_of(piece.begin(), piece.end(), [](auto b) { return b == 0; });
      Extent extent{.kind = is_hole ? Extent::Kind::hole : Extent::Kind::data, .length = size};
      if (!is_hole) extent.chunk = chunks_.put(Bytes(piece.begin(), piece.end())).value();
      EXPECT_TRUE(builder.add(extent).ok());
      at += size;
    }
    earlier_.size = content.size();
    earlier_.content = builder.finish().value();
  }

  base::Result<Bytes> lay(const Bytes& file, std::size_t piece, std::uint64_t stated_size) {
    test::MemorySink sink(chunks_);
    if (refuses_) sink.refuse_reuse();
    TRY(sink.begin_overlay());
    RelationOverlay overlay(sink, chunks_, earlier_);
    IncrementalFile reader(overlay, stated_size);
    for (std::size_t at = 0; at < file.size(); at += piece) {
      TRY(reader.feed(ByteView(file).subspan(at, std::min(piece, file.size() - at))));
    }
    TRY(reader.finish());
    TRY(overlay.finish());
    Entry entry;
    entry.key = {'f'};
    TRY(sink.end_content(entry));
    const auto root = TRY(sink.finish());
    EXPECT_EQ(overlay.size(), root.bytes);
    is_unchanged_ = overlay.is_unchanged();
    if (root.bytes > read_max) return Bytes();
    return read(sink.entries().front());
  }
  base::Result<Bytes> lay(const Bytes& file, std::size_t piece = 1000) {
    return lay(file, piece, file.size());
  }
  void refuse_reuse() { refuses_ = true; }
  [[nodiscard]] bool is_unchanged() const { return is_unchanged_; }

 private:
  static constexpr std::uint64_t read_max = 100'000'000;

  base::Result<Bytes> read(const Entry& entry) {
    Bytes made;
    repository::ExtentCursor cursor(chunks_, entry.content, entry.size);
    while (const auto extent = TRY(cursor.next())) {
      if (extent->kind == Extent::Kind::hole) {
        made.resize(made.size() + extent->length);
        continue;
      }
      const auto chunk = TRY(chunks_.get(extent->chunk));
      const auto piece = ByteView(chunk).subspan(extent->offset, extent->length);
      made.insert(made.end(), piece.begin(), piece.end());
    }
    return made;
  }

  test::MemoryChunks chunks_;
  Entry earlier_;
  bool refuses_ = false;
  bool is_unchanged_ = false;
};

Bytes pages_of(const std::vector<base::Byte>& fills) {
  Bytes made;
  for (const auto fill : fills) made.insert(made.end(), page, fill);
  return made;
}

TEST(RelationOverlay, ChangedBlocksReplaceEarlierOnes) {
  Overlay overlay;
  const auto earlier = pages_of({1, 2, 3, 4, 5});
  overlay.store_earlier(earlier, 3 * page);
  EXPECT_EQ(overlay.lay(incremental(5, {{1, 20}, {2, 30}})).value(), pages_of({1, 20, 30, 4, 5}));
  EXPECT_FALSE(overlay.is_unchanged());
  EXPECT_EQ(overlay.lay(incremental(5, {{0, 10}, {4, 50}})).value(), pages_of({10, 2, 3, 4, 50}));
}

TEST(RelationOverlay, AFileWithoutChangesIsTheSame) {
  Overlay overlay;
  const auto earlier = pages_of({1, 2, 3});
  overlay.store_earlier(earlier, page);
  EXPECT_EQ(overlay.lay(incremental(3, {})).value(), earlier);
  EXPECT_TRUE(overlay.is_unchanged());
  EXPECT_EQ(overlay.lay(incremental(2, {})).value(), pages_of({1, 2}));
  EXPECT_FALSE(overlay.is_unchanged());
  EXPECT_EQ(overlay.lay(incremental(0, {})).value(), Bytes());
}

TEST(RelationOverlay, EarlierBlocksBeyondATruncationAreNotUsed) {
  Overlay overlay;
  overlay.store_earlier(pages_of({1, 2, 3, 4, 5, 6}), 2 * page);
  // Truncated to one block, and grown again to five, of which one is known.
  EXPECT_EQ(overlay.lay(incremental(1, {{4, 50}})).value(), pages_of({1, 0, 0, 0, 50}));
}

TEST(RelationOverlay, AFileThatGrewHasZerosWhereNothingWasSent) {
  Overlay overlay;
  overlay.store_earlier(pages_of({1}), page);
  EXPECT_EQ(overlay.lay(incremental(4, {{2, 30}})).value(), pages_of({1, 0, 30, 0}));
}

TEST(RelationOverlay, WhatIsAboutToBeDeletedIsNotReliedOn) {
  Overlay overlay;
  overlay.store_earlier(pages_of({1, 2, 3}), page);
  overlay.refuse_reuse();
  const auto laid = overlay.lay(incremental(3, {{2, 30}}));
  ASSERT_FALSE(laid.ok());
  EXPECT_EQ(laid.error().code(), ErrorCode::conflict);
}

TEST(RelationOverlay, AnyFilesAndAnyChanges) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    base::SeededRandom random(seed);
    const auto any = [&](std::uint64_t end) { return random.below(end); };
    std::vector<base::Byte> fills(any(300));
    for (auto& fill : fills) fill = static_cast<base::Byte>(any(4));
    const auto earlier = pages_of(fills);
    const auto truncation = static_cast<std::uint32_t>(any(320));
    Blocks blocks;
    for (auto left = any(40); left > 0; --left) {
      blocks[static_cast<std::uint32_t>(any(400))] = static_cast<base::Byte>(any(256));
    }
    Overlay overlay;
    overlay.store_earlier(earlier, (1 + any(20)) * page / (1 + any(3)));
    const auto laid = overlay.lay(incremental(truncation, blocks), 1 + any(100'000));
    ASSERT_TRUE(laid.ok()) << laid.error().to_string();
    ASSERT_TRUE(laid.value() == expected(earlier, truncation, blocks));
  }
}

TEST(IncrementalFile, WhatIsNoSuchFileIsRefused) {
  Overlay overlay;
  overlay.store_earlier(pages_of({1, 2, 3}), page);
  const auto whole = incremental(3, {{0, 10}, {2, 30}});
  const auto said = [&](const Bytes& file, std::uint64_t size) {
    const auto laid = overlay.lay(file, 700, size);
    if (laid.ok()) return std::string("right");
    EXPECT_EQ(laid.error().code(), ErrorCode::damaged);
    return laid.error().to_string();
  };
  EXPECT_EQ(said(whole, whole.size()), "right");
  EXPECT_THAT(said(whole, whole.size() + 1), testing::HasSubstr("cut short"));
  EXPECT_THAT(said(whole, whole.size() - 1), testing::HasSubstr("longer"));
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{11}, page, 2 * page}) {
    EXPECT_NE(said(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), size),
              "right")
        << size;
  }
  auto wrong = whole;
  wrong[0] ^= 1;
  EXPECT_THAT(said(wrong, wrong.size()), testing::HasSubstr("begin"));
  wrong = whole;
  wrong[4] = 3;  // more blocks than there are
  EXPECT_THAT(said(wrong, wrong.size()), testing::HasSubstr("shorter"));
  wrong[7] = 0xff;
  EXPECT_THAT(said(wrong, wrong.size()), testing::HasSubstr("shorter"));
  wrong = whole;
  wrong[12] = 2;  // 2, 2
  EXPECT_THAT(said(wrong, wrong.size()), testing::HasSubstr("out of order"));
  auto longer = whole;
  longer.resize(longer.size() + page);
  EXPECT_THAT(said(longer, longer.size()), testing::HasSubstr("longer"));
}

TEST(IncrementalFile, ChangedBytesNeverCrash) {
  base::SeededRandom random(7);
  const auto whole = incremental(3, {{0, 10}, {1, 11}, {2, 30}});
  for (int i = 0; i < 2'000; ++i) {
    auto file = whole;
    for (auto n = random.below(4); n < 5; ++n) {
      file[random.below(40)] = static_cast<base::Byte>(random.below(256));
    }
    Overlay overlay;
    overlay.store_earlier(pages_of({1, 2, 3}), page);
    // Holes of any size cost nothing.
    static_cast<void>(overlay.lay(file, 4'000).ok());
  }
}

}  // namespace
}  // namespace holdfast::source
