// A component with a log, of which tests store bases and pieces by hand.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/component_snapshots.hpp"
#include "engine/log_follower.hpp"
#include "engine/place.hpp"
#include "repository/log.hpp"
#include "repository/snapshot_writer.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {

class LogTestBase : public testing::Test {
 protected:
  LogTestBase() {
    EXPECT_TRUE(make_places(*test.workplace).ok());
    place = open_place(*test.workplace, *test.strategy.location("ssd")).value();
  }

  [[nodiscard]] const strategy::Component& component() const { return test.component("db"); }
  [[nodiscard]] repository::Repository& repository() const { return place->repository(); }
  [[nodiscard]] repository::SnapshotList list() const {
    return repository::list_snapshots(repository()).value();
  }
  [[nodiscard]] std::vector<repository::LogPiece> pieces() const {
    return repository::list_log(repository(), log_stream(component(), "7")).value();
  }

  // A snapshot that holds the log from `start` to `end`.
  void add_base(std::uint64_t start, std::uint64_t end, std::uint32_t timeline = 1) const {
    repository::SnapshotOptions options{.source = "postgres",
                                        .host = "test",
                                        .label = "db",
                                        .tags = {{"plan", "base"}},
                                        .started = test.clock.now()};
    auto writer = repository::SnapshotWriter::begin(repository(), std::move(options)).value();
    EXPECT_TRUE(
        writer
            ->commit(
                {{"system", 7}, {"timeline", timeline}, {"start_lsn", start}, {"end_lsn", end}})
            .ok());
  }
  // A piece whose end was reached at the second `at`.
  void add_piece(std::uint64_t start, std::uint64_t end, std::int64_t at,
                 std::uint32_t timeline = 1) const {
    repository::LogHead head;
    head.stream = log_stream(component(), "7");
    head.lineage = timeline;
    head.start = start;
    head.end = end;
    head.marks = {{.position = end, .at = {at * base::nanoseconds_per_second}}};
    const base::Bytes content(end - start, 'w');
    EXPECT_TRUE(repository::store_log_piece(repository(), head, content).ok());
  }
  void add_fork(std::uint32_t timeline, std::uint32_t parent, std::uint64_t at) const {
    repository::LogHead head;
    head.stream = log_stream(component(), "7");
    head.kind = repository::LogKind::lineage;
    head.lineage = timeline;
    head.parent = parent;
    head.start = head.end = head.fork = at;
    EXPECT_TRUE(repository::store_log_piece(repository(), head, base::as_bytes("history")).ok());
  }

  TestStrategy test{
      "  db:\n    postgres: { url: \"postgresql://nowhere/db\" }\n    plans:\n"
      "      wal: { type: log, when: continuous, to: { ssd: 7d } }\n"
      "      base: { type: physical, every: 1d, to: { ssd: 7d } }\n"};
  std::unique_ptr<Location> place;
};

}  // namespace holdfast::engine
