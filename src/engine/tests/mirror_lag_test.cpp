// How far a mirror is behind.
#include "engine/mirror_lag.hpp"

#include <gtest/gtest.h>

#include "strategy_fixture.hpp"

namespace holdfast::engine {
namespace {

using base::ErrorCode;

TEST(MirrorLagOf, CountsRefsAndTheAgeOfWhatIsMissing) {
  TestStrategy test(
      "  code:\n    git: { path: code }\n    plans: { push: { when: commit, to: [forge, bucket] } "
      "}\n",
      "  forge: { mirror: ./forge.git }\n  bucket: { mirror: 's3://bucket' }\n");
  const auto lag = [&](const std::string& location) {
    return mirror_lag(*test.workplace, test.component("code"), *test.strategy.location(location),
                      {});
  };
  test.shell("git init --quiet --initial-branch=main code");
  test.shell("cd code && git commit --quiet --allow-empty -m one");
  EXPECT_EQ(lag("forge").error().code(), ErrorCode::not_found);
  EXPECT_EQ(lag("bucket").error().code(), ErrorCode::unsupported);
  test.shell("git init --quiet --bare forge.git");
  auto found = lag("forge").value();
  EXPECT_EQ(found.refs_behind, 1U);
  EXPECT_FALSE(found.is_in_step());
  ASSERT_TRUE(found.age);
  EXPECT_LT(found.age->seconds(), 60);
  // The bucket is down, which is no reason not to push.
  EXPECT_EQ(test.run("code", "push").end.state, catalog::RunState::warnings);
  found = lag("forge").value();
  EXPECT_TRUE(found.is_in_step());
  EXPECT_FALSE(found.age);
}

}  // namespace
}  // namespace holdfast::engine
