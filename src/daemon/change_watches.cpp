// One watch for each component.
#include "change_watches.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "engine/source_paths.hpp"

namespace holdfast::daemon {

namespace {

bool waits_for_changes(const strategy::Component& component) {
  return std::any_of(component.plans.begin(), component.plans.end(), [](const auto& plan) {
    return plan.enabled && plan.when.kind == strategy::WhenKind::change;
  });
}

}  // namespace

ChangeWatches::ChangeWatches(const engine::Workplace& workplace) {
  for (const auto& component : workplace.strategy.components) {
    const bool is_ours = component.enabled && component.is_of_host(workplace.host);
    if (!is_ours || !waits_for_changes(component)) continue;
    Watched watched{.component = component.name, .watch = nullptr};
    auto opened = io::ChangeWatch::open(engine::source_paths(workplace.strategy, component));
    if (opened.ok()) {
      watched.watch = std::move(opened).value();
      for (const auto& gap : watched.watch->gaps()) {
        base::log(base::LogLevel::warning,
                  fmt::format("{} can't be watched for changes at {}; sweeps will find them",
                              component.name, gap));
      }
    } else {
      base::log(base::LogLevel::warning,
                fmt::format("{}: {}", component.name, opened.error().to_string()));
    }
    watched_.push_back(std::move(watched));
  }
}

std::vector<std::string> ChangeWatches::take() {
  std::vector<std::string> changed;
  for (auto& each : watched_) {
    const bool has_changed = each.watch != nullptr && each.watch->take();
    if (has_changed || each.is_new) changed.push_back(each.component);
    each.is_new = false;
  }
  return changed;
}

}  // namespace holdfast::daemon
