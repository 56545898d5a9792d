// One kind after the other.
#include "naive_alarms.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::simulation {

using base::Duration;
using base::Time;

NaiveAlarms::NaiveAlarms(const strategy::Strategy& strategy, Time start, int days)
    : strategy_(strategy), first_seen_(start) {
  // On days on which no clock is changed.
  const NaiveCalendar plain("UTC", start, std::max(days, 800));
  for (const auto& component : strategy.components) {
    for (const auto& plan : component.plans) {
      if (!plan.enabled) continue;
      const auto slots = plain.slots(plan.when);
      Duration longest{};
      for (std::size_t i = 1; i < slots.size(); ++i) {
        longest = std::max(longest, slots[i] - slots[i - 1]);
      }
      for (const auto& to : plan.to) {
        if (!slots.empty() || plan.is_log()) driven_.insert({component.name, to.location});
        auto& expected = expected_[{component.name, to.location}];
        if (slots.size() < 2) continue;
        const Duration with_half{longest.nanoseconds / 2 * 3};
        expected = std::min(expected.value_or(with_half), with_half);
      }
    }
    if (!component.objectives.rpo) continue;
    for (auto& [key, expected] : expected_) {
      if (key.first != component.name) continue;
      expected = std::max(expected.value_or(*component.objectives.rpo), *component.objectives.rpo);
    }
  }
}

const strategy::Alert* NaiveAlarms::alert(strategy::Finding finding) const {
  for (const auto& each : strategy_.alerts) {
    if (each.finding == finding) return &each;
  }
  return nullptr;
}

void NaiveAlarms::ran(const std::string& component, const std::vector<std::string>& plans,
                      Time started, Outcome outcome, std::optional<std::uint64_t> size) {
  for (const auto& plan : plans) {
    auto& history = histories_[{component, plan}];
    if (outcome != Outcome::interrupted && started >= history.newest) {
      history.newest = started;
      history.outcome = outcome;
    }
    if (outcome == Outcome::good && size) history.sizes[started] = *size;
    while (history.sizes.size() > 11) history.sizes.erase(history.sizes.begin());
  }
}

// The newest against the median of up to ten before it.
bool NaiveAlarms::is_strange(const History& history) const {
  if (history.sizes.size() < 4) return false;
  const auto newest = static_cast<double>(history.sizes.rbegin()->second);
  std::vector<std::uint64_t> before;
  for (const auto& [at, size] : history.sizes) before.push_back(size);
  before.pop_back();
  std::sort(before.begin(), before.end());
  const auto usual = static_cast<double>(before[before.size() / 2]);
  const auto* said = alert(strategy::Finding::size);
  const auto below = said != nullptr && said->below_percent ? *said->below_percent : 50;
  const auto above = said != nullptr && said->above_percent ? *said->above_percent : 200;
  return newest * 100 < usual * below || newest * 100 > usual * above;
}

std::set<std::string> NaiveAlarms::look(Time now, const std::vector<Point>& points,
                                        const std::vector<Waiting>& waiting) {
  std::set<std::string> wrong;
  frozen_.clear();
  for (const auto& [key, history] : histories_) {
    if (history.outcome == Outcome::failed) {
      wrong.insert(fmt::format("failed/{}/{}/", key.first, key.second));
    }
    if (!is_strange(history)) continue;
    wrong.insert(fmt::format("size/{}/{}/", key.first, key.second));
    frozen_.insert(key.first);
  }
  const auto* missing = alert(strategy::Finding::missing);
  for (const auto& point : points) {
    auto most = expected_[{point.component, point.location}];
    if (missing != nullptr && missing->after) most = missing->after;
    if (!most || !driven_.contains({point.component, point.location})) continue;
    const auto name = fmt::format("missing/{}//{}", point.component, point.location);
    if (!point.is_up) {
      if (missing_.contains(name)) wrong.insert(name);  // nobody can see that it is mended
    } else if (now - point.newest.value_or(first_seen_) > *most) {
      wrong.insert(name);
    }
  }
  missing_.clear();
  for (const auto& each : wrong) {
    if (each.starts_with("missing/")) missing_.insert(each);
  }
  for (const auto& component : strategy_.components) {
    if (!component.objectives.rpo || component.kind == strategy::ComponentKind::part) continue;
    const bool is_met = std::any_of(points.begin(), points.end(), [&](const Point& point) {
      return point.component == component.name && point.is_up && point.newest &&
             now - *point.newest <= *component.objectives.rpo;
    });
    if (component.enabled && !is_met) wrong.insert(fmt::format("objective/{}//", component.name));
  }
  for (const auto& each : waiting) {
    wrong.insert(fmt::format("upload/{}//{}", each.component, each.location));
  }
  return wrong;
}

}  // namespace holdfast::simulation
