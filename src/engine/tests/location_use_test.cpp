// What locations hold.
#include "engine/location_use.hpp"

#include <gtest/gtest.h>

#include "strategy_fixture.hpp"

namespace holdfast::engine {

namespace {

TEST(LocationUse, SharesAreOfTheCapacityElseOfTheFileSystem) {
  LocationUse use;
  EXPECT_FALSE(use.percent());
  use.file_system_bytes = 30;
  use.file_system_capacity = 40;
  EXPECT_DOUBLE_EQ(*use.percent(), 75);
  use.capacity = 1000;
  EXPECT_FALSE(use.percent());  // nobody has counted
  use.bytes = 500;
  EXPECT_DOUBLE_EQ(*use.percent(), 50);
}

TEST(LocationUse, CountsEveryObjectAndSaysWhatItCouldNotSee) {
  const TestStrategy test(
      "  files:\n    files: { paths: [data] }\n    plans: { d: { at: '03:00', to: { ssd: 7d } } "
      "}\n");
  ASSERT_TRUE(make_places(*test.workplace).ok());
  test.unmount("hdd");
  const auto uses = location_uses(*test.workplace, {}).value();
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_GT(uses[0].bytes.value(), 0U);
  EXPECT_GT(uses[0].file_system_capacity.value(), 0U);
  EXPECT_FALSE(uses[1].bytes);
  EXPECT_FALSE(uses[1].message.empty());
}

}  // namespace

}  // namespace holdfast::engine
