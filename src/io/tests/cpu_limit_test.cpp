// Reading a control group's processor quota.
#include "cpu_limit.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.hpp"

namespace holdfast::io {
namespace {

TEST(ParseCpuMax, RoundsUpToWholeCores) {
  EXPECT_EQ(parse_cpu_max("200000 100000\n"), 2U);
  EXPECT_EQ(parse_cpu_max("150000 100000\n"), 2U);
  EXPECT_EQ(parse_cpu_max("50000 100000\n"), 1U);
  EXPECT_EQ(parse_cpu_max("0 100000\n"), 1U);
  EXPECT_EQ(parse_cpu_max("18446744073709551615 1\n"), 4294967295U);
}

TEST(ParseCpuMax, NoLimitAndNonsenseAreNothing) {
  for (const char* text : {"max 100000\n", "", "100000", "100000 0", "100000 ", "-1 100000", "x y",
                           "99999999999999999999 1", "1\t1"}) {
    EXPECT_EQ(parse_cpu_max(text), std::nullopt) << text;
  }
}

TEST(ParseCgroupPath, FindsTheUnifiedHierarchyAmongOthers) {
  EXPECT_EQ(parse_cgroup_path("0::/user.slice\n"), "/user.slice");
  EXPECT_EQ(parse_cgroup_path("12:cpu:/a\n0::/b/c\n1:name=systemd:/d\n"), "/b/c");
  EXPECT_EQ(parse_cgroup_path("0::/\n"), "/");
  EXPECT_EQ(parse_cgroup_path("0::/unended"), "/unended");
  EXPECT_EQ(parse_cgroup_path("12:cpu:/a\n"), std::nullopt);
  EXPECT_EQ(parse_cgroup_path(""), std::nullopt);
}

TEST(CpuQuotaBelow, TakesTheTightestOfTheWayUp) {
  const TemporaryDirectory root;
  std::filesystem::create_directories(root / "a/b/c");
  const auto write = [&](const std::string& at, const char* text) {
    std::ofstream(root / (at + "cpu.max")) << text;
  };
  EXPECT_EQ(cpu_quota_below(root.path(), "/a/b/c"), std::nullopt);
  write("a/", "300000 100000\n");
  write("a/b/", "max 100000\n");
  write("a/b/c/", "500000 100000\n");
  EXPECT_EQ(cpu_quota_below(root.path(), "/a/b/c"), 3U);
  EXPECT_EQ(cpu_quota_below(root.path(), "/"), std::nullopt);
  write("", "100000 100000\n");  // the root of a container's own view
  EXPECT_EQ(cpu_quota_below(root.path(), "/a/b/c"), 1U);
  EXPECT_EQ(cpu_quota_below(root.path(), "/"), 1U);
}

}  // namespace
}  // namespace holdfast::io
