// What is compared to see a commit.
#include "engine/commit_watch.hpp"

#include <gtest/gtest.h>

#include "strategy_fixture.hpp"

namespace holdfast::engine {
namespace {

using base::ErrorCode;

TEST(CommitState, ChangesWithWantedRefsOnly) {
  TestStrategy test(
      "  code:\n    git: { path: code, refs: [main, 'v*'] }\n"
      "    plans: { p: { when: commit, to: ssd, keep: 7d } }\n"
      "  files:\n    files: { paths: [data] }\n"
      "    plans: { p: { at: '03:00', to: hdd, keep: 7d } }\n");
  const auto state = [&](const std::string& name) {
    return commit_state(*test.workplace, test.component(name), {});
  };
  EXPECT_EQ(state("code").error().code(), ErrorCode::not_found);
  EXPECT_EQ(state("files").error().code(), ErrorCode::invalid_argument);
  test.shell("git init --quiet --initial-branch=main code");
  test.shell("cd code && git commit --quiet --allow-empty -m one");
  auto before = state("code").value();
  test.shell("git -C code branch other");
  EXPECT_EQ(state("code").value(), before);
  for (const auto* change : {"tag v1", "commit --quiet --allow-empty -m two", "tag -d v1"}) {
    test.shell(std::string("git -C code ") + change);
    const auto after = state("code").value();
    EXPECT_NE(after, before) << change;
    before = after;
  }
}

}  // namespace
}  // namespace holdfast::engine
