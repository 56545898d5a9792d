// Layouts hold what the format's document states about them.
#include "repository/parity_layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace holdfast::repository {
namespace {

TEST(ParityLayout, TheTableOfTheDocument) {
  struct Row {
    std::uint64_t size;
    unsigned percent;
    std::uint64_t loss;
  };
  for (const auto& row :
       {Row{1024, 1, 1024},        {4096, 5, 4096},           {10'000, 5, 4097},
        {10'000, 50, 4993},        {100'000, 1, 4097},        {100'000, 5, 4097},
        {100'000, 10, 9217},       {100'000, 50, 49'153},     {1 << 20, 1, 8193},
        {1 << 20, 5, 57'345},      {1 << 20, 10, 106'497},    {1 << 20, 50, 524'289},
        {8 << 20, 1, 81'921},      {8 << 20, 5, 425'985},     {8 << 20, 10, 856'065},
        {8 << 20, 50, 4'210'689},  {64 << 20, 1, 667'649},    {64 << 20, 5, 3'354'625},
        {64 << 20, 10, 6'713'345}, {64 << 20, 50, 33'583'105}}) {
    EXPECT_EQ(ParityLayout::choose(row.size, row.percent).loss_max(), row.loss)
        << row.size << " at " << row.percent;
  }
}

TEST(ParityLayout, EverySizeGivesOneThatReadersTakeAndThatMendsASector) {
  const auto expect_good = [](std::uint64_t size) {
    for (const unsigned percent : {1U, 2U, 5U, 33U, 99U, 100U}) {
      const auto layout = ParityLayout::choose(size, percent);
      ASSERT_TRUE(layout.check().ok()) << size;
      ASSERT_LE(layout.block_size, 4096U);
      ASSERT_LE(layout.data(), 100U);
      ASSERT_LE(layout.parity, layout.data());
      ASSERT_GE(layout.parity * 100, layout.data() * percent);
      ASSERT_GE(layout.loss_max(), std::min<std::uint64_t>(size, 4096)) << size;
      ASSERT_LE(layout.loss_max(), size);
    }
  };
  for (std::uint64_t size = 1; size < 20'000; ++size) expect_good(size);
  for (std::uint64_t size = 20'000; size <= parity_object_size_max; size += size / 97)
    expect_good(size);
  expect_good(parity_object_size_max);
}

TEST(ParityLayout, ImpossibleOnesAreRefused) {
  const auto good = ParityLayout::choose(1 << 20, 5);
  const auto refused = [](ParityLayout layout) {
    const auto checked = layout.check();
    return !checked.ok() && checked.error().code() == base::ErrorCode::damaged;
  };
  for (const std::uint64_t size : {std::uint64_t{0}, parity_object_size_max + 1}) {
    auto layout = good;
    layout.object_size = size;
    EXPECT_TRUE(refused(layout)) << size;
  }
  for (const std::uint32_t size : {0U, 63U, 4097U}) {
    auto layout = good;
    layout.block_size = size;
    EXPECT_TRUE(refused(layout)) << size;
  }
  for (const std::uint32_t stripes : {0U, 1U, 257U}) {  // 1: 256 data blocks in a stripe
    auto layout = good;
    layout.stripes = stripes;
    EXPECT_TRUE(refused(layout)) << stripes;
  }
  for (const std::uint32_t parity : {0U, 87U, 170U, 65'535U}) {
    auto layout = good;
    layout.parity = parity;
    EXPECT_TRUE(refused(layout)) << parity;
  }
}

}  // namespace
}  // namespace holdfast::repository
