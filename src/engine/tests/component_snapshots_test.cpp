// Telling snapshots of components from others.
#include "engine/component_snapshots.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {

namespace {

repository::SnapshotRecord record(std::int64_t second, const std::string& label,
                                  const std::string& plans) {
  repository::SnapshotRecord made;
  made.summary.label = label;
  made.summary.started = {second * base::nanoseconds_per_second};
  if (!plans.empty()) made.summary.tags.emplace_back(plan_tag, plans);
  return made;
}

TEST(ComponentSnapshots, AreKnownByLabelAndTag) {
  repository::SnapshotList list;
  list.snapshots = {record(1, "files", "daily"), record(2, "files", ""),
                    record(3, "other", "daily"), record(4, "files", "daily,weekly"),
                    record(5, "files", "daily")};
  list.snapshots.back().late = true;
  strategy::Component component;
  component.name = "files";
  const auto found = snapshots_of(list, component);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1]->summary.started.nanoseconds, 4 * base::nanoseconds_per_second);
  EXPECT_EQ(newest_snapshot(list, component), found[1]);
  EXPECT_EQ(newest_snapshot(list, component, base::Time{3 * base::nanoseconds_per_second}),
            found[0]);
  EXPECT_EQ(newest_snapshot(list, component, {}, "weekly"), found[1]);
  EXPECT_EQ(newest_snapshot(list, component, {}, "week"), nullptr);
  EXPECT_EQ(newest_snapshot(list, component, base::Time{}), nullptr);
}

TEST(ComponentSnapshots, PlansAreJoinedAndSplit) {
  EXPECT_EQ(plans_of(record(1, "a", "x,,y,")), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(join_plans({"x", "y"}), "x,y");
  EXPECT_TRUE(plans_of(record(1, "a", "")).empty());
}

}  // namespace

}  // namespace holdfast::engine
