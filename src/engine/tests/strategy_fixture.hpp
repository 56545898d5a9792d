// A strategy in a directory of its own, with its catalog, on the real disk.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "catalog/catalog.hpp"
#include "engine/place.hpp"
#include "engine/plan_run.hpp"
#include "engine/workplace.hpp"
#include "io/child_stream.hpp"
#include "repository/snapshot_list.hpp"
#include "strategy/parser.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::engine {

// A clock that stands still until it is told. Thread-safe.
class SettableClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override { return {now_}; }
  [[nodiscard]] base::Duration monotonic() const override { return {now_}; }
  void at(base::Time now) { now_ = now.nanoseconds; }
  void pass(base::Duration duration) { now_ += duration.nanoseconds; }

 private:
  std::atomic<std::int64_t> now_{0};
};

template <typename ClockType>
class TestStrategyOn {
 public:
  // `components`: what stands below `components:`; the locations are ssd and hdd, and what
  // `locations` adds.
  explicit TestStrategyOn(const std::string& components, const std::string& locations = {}) {
    strategy::Source source;
    source.text =
        "strategy: test\nenvironment: testing\nencryption: { key: env:KEY }\nlocations:\n"
        "  ssd: { url: ./ssd, access: 0s }\n  hdd: { url: ./hdd, access: 5m }\n" +
        locations + "components:\n" + components;
    source.name = "holdfast.yaml";
    source.folder = directory.path();
    source.variable = [](const std::string&) { return std::nullopt; };
    source.read = [](const std::string& path) -> base::Result<std::string> {
      return base::Error(base::ErrorCode::not_found, path);
    };
    auto parsed = strategy::parse(source);
    for (const auto& each : parsed.diagnostics.all()) {
      CHECK(each.severity != strategy::Severity::error, each.message);
    }
    strategy = std::move(parsed.strategy);
    catalog = catalog::Catalog::open(directory / "state").value();
    workplace = std::make_unique<Workplace>(Workplace{
        .strategy = strategy,
        .zone = strategy::TimeZone::utc(),
        .catalog = *catalog,
        .clock = clock,
        .random = random,
        .cache_directory = directory / "cache",
        .state_directory = directory / "state",
        .host = "test",
        .environment = [](const std::string&) { return std::nullopt; },
        .secret = [](const strategy::SecretReference&) -> base::Result<base::SecretBytes> {
          return base::SecretBytes(base::as_bytes(std::string("passphrase")));
        }});
  }

  void write(const std::string& name, const std::string& content) const {
    const auto path = std::filesystem::path(directory / name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(directory / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Runs a shell command in the directory; what it prints, without the last newline.
  std::string shell(const std::string& line) const {
    auto command = io::shell_stream(line + " 2>&1");
    command.working_directory = directory.path();
    command.variables = {"GIT_AUTHOR_NAME=Test", "GIT_AUTHOR_EMAIL=test@example.org",
                         "GIT_COMMITTER_NAME=Test", "GIT_COMMITTER_EMAIL=test@example.org"};
    auto answer = io::ask_child(std::move(command), 1 << 20, {}).value();
    EXPECT_EQ(answer.status, 0) << line << ": " << answer.output;
    while (answer.output.ends_with('\n')) answer.output.pop_back();
    return answer.output;
  }
  [[nodiscard]] repository::SnapshotList snapshots(const std::string& location) const {
    const auto place = open_place(*workplace, *strategy.location(location)).value();
    return repository::list_snapshots(place->repository()).value();
  }
  [[nodiscard]] std::vector<std::string> log_of(const std::string& run) const {
    std::vector<std::string> lines;
    const auto found = catalog->runs().lines(run).value();
    for (const auto& line : found) lines.push_back(line.text);
    return lines;
  }
  // Carries out one plan of a component.
  [[nodiscard]] PlanRunReport run(const std::string& name, const std::string& plan) const {
    return run_plans(*workplace, run_of(name, plan), [](const Progress&) {}, {}).value();
  }
  // Takes a location away, as an unmounted disk is, and brings it back.
  void unmount(const std::string& name) const {
    std::filesystem::rename(directory / name, directory / (name + ".away"));
  }
  void mount(const std::string& name) const {
    std::filesystem::rename(directory / (name + ".away"), directory / name);
  }
  [[nodiscard]] const strategy::Component& component(const std::string& name) const {
    return *strategy.component(name);
  }

  [[nodiscard]] PlanRun run_of(const std::string& name, const std::string& plan) const {
    PlanRun run;
    run.component = &component(name);
    run.plans.push_back(run.component->plan(plan));
    return run;
  }

  TemporaryDirectory directory;
  ClockType clock;
  base::SystemRandom random;
  strategy::Strategy strategy;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<Workplace> workplace;
};

using TestStrategy = TestStrategyOn<base::SystemClock>;
using TestStrategyAt = TestStrategyOn<SettableClock>;

}  // namespace holdfast::engine
