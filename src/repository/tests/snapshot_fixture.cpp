// Making and comparing snapshots for tests.
#include "snapshot_fixture.hpp"

#include <gtest/gtest.h>

namespace holdfast::repository {

const Domain& snapshot_test_domain() {
  static const Domain domain = [] {
    base::SeededRandom random(31);
    return Domain(random.array<16>(), random.array<32>());
  }();
  return domain;
}

const codec::BoxKeyPair& snapshot_reader() {
  static const codec::BoxKeyPair keys = [] {
    base::SeededRandom random(32);
    return codec::make_box_key_pair(random);
  }();
  return keys;
}

SnapshotSummary any_summary() {
  base::SeededRandom random(33);
  SnapshotSummary summary;
  summary.started = {1'800'000'000'000'000'001};
  summary.finished = {1'800'000'007'000'000'002};
  summary.source = "files";
  summary.host = "web-1";
  summary.label = "shop";
  summary.root = {.level = 2, .id = random.array<32>(), .entries = 300, .bytes = 1ULL << 41};
  summary.session = random.array<16>();
  summary.renewal = 4;
  summary.renewed_at = {1'800'000'006'000'000'003};
  summary.paths = {{'/', 'e', 't', 'c'}, {'/', 0xff, 0x00, '\n'}};
  summary.tags = {{"env", "prod"}, {"why", ""}};
  summary.parent = random.array<32>();
  summary.program = "holdfast 0.1.0";
  summary.warning_count = 12'345;
  return summary;
}

SnapshotDetail any_detail() {
  return {.command = "holdfast backup /etc",
          .warnings = {{.path = "/etc/shadow", .message = "permission denied"},
                       {.path = "/\xff", .message = ""}},
          .statistics = {{"files", 299}, {"bytes", ~0ULL}}};
}

base::Bytes snapshot_body(const SnapshotSummary& summary, const SnapshotDetail& detail) {
  base::SeededRandom random(34);
  return encode_snapshot(snapshot_repository, snapshot_test_domain(), snapshot_reader().public_key,
                         summary, detail, random);
}

void expect_equal(const SnapshotSummary& found, const SnapshotSummary& expected) {
  EXPECT_EQ(found.started, expected.started);
  EXPECT_EQ(found.finished, expected.finished);
  EXPECT_EQ(found.source, expected.source);
  EXPECT_EQ(found.host, expected.host);
  EXPECT_EQ(found.label, expected.label);
  EXPECT_EQ(found.root, expected.root);
  EXPECT_EQ(found.session, expected.session);
  EXPECT_EQ(found.renewal, expected.renewal);
  EXPECT_EQ(found.renewed_at, expected.renewed_at);
  EXPECT_EQ(found.paths, expected.paths);
  EXPECT_EQ(found.tags, expected.tags);
  EXPECT_EQ(found.parent, expected.parent);
  EXPECT_EQ(found.program, expected.program);
  EXPECT_EQ(found.warning_count, expected.warning_count);
}

void expect_equal(const SnapshotDetail& found, const SnapshotDetail& expected) {
  EXPECT_EQ(found.command, expected.command);
  ASSERT_EQ(found.warnings.size(), expected.warnings.size());
  for (std::size_t i = 0; i < found.warnings.size(); ++i) {
    EXPECT_EQ(found.warnings[i].path, expected.warnings[i].path);
    EXPECT_EQ(found.warnings[i].message, expected.warnings[i].message);
  }
  EXPECT_EQ(found.statistics, expected.statistics);
}

}  // namespace holdfast::repository
