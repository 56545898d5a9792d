// Relative paths start in the strategy's folder.
#include "engine/source_paths.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {
namespace {

TEST(SourcePaths, RelativeOnesStartInTheStrategysFolder) {
  strategy::Strategy strategy;
  strategy.folder = "/srv/shop";
  EXPECT_EQ(absolute_path(strategy, "data/"), "/srv/shop/data");
  EXPECT_EQ(absolute_path(strategy, "../other/./x"), "/srv/other/x");
  EXPECT_EQ(absolute_path(strategy, "/etc/"), "/etc");
  EXPECT_EQ(absolute_path(strategy, "/"), "/");
  strategy::Component component;
  component.source.lists["paths"] = {".", ".env"};
  EXPECT_EQ(source_paths(strategy, component),
            (std::vector<std::string>{"/srv/shop", "/srv/shop/.env"}));
}

TEST(SourcePaths, KindsWithoutPathsHaveNone) {
  EXPECT_TRUE(source_paths(strategy::Strategy(), strategy::Component()).empty());
}

}  // namespace
}  // namespace holdfast::engine
