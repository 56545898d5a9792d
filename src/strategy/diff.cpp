// Comparing part by part, and two forecasts.
#include "strategy/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "base/units.hpp"
#include "strategy/checks.hpp"
#include "strategy/forecast.hpp"
#include "strategy/schedule.hpp"

namespace holdfast::strategy {

namespace {

using Kind = StrategyChange::Kind;

std::string words_of(const std::optional<base::Duration>& duration) {
  return duration ? describe(*duration) : std::string();
}

std::string words_of(const std::optional<Percentage>& rate) {
  if (!rate) return {};
  auto text = fmt::format("{:g}%", rate->percent);
  return rate->per.empty() ? text : text + " per " + rate->per;
}

std::string words_of(const std::optional<std::uint64_t>& size) {
  return size ? base::format_size(*size) : std::string();
}

std::string words_of(const SecretReference& reference) {
  switch (reference.kind) {
    case SecretReference::Kind::env: return "env:" + reference.name;
    case SecretReference::Kind::file: return "file:" + reference.name;
    case SecretReference::Kind::command: return "a command";
    case SecretReference::Kind::address: return without_password(reference.name);
    case SecretReference::Kind::none: return {};
  }
  return {};
}

std::string words_of(bool flag) { return flag ? "yes" : ""; }

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string words_of(const std::vector<Window>& windows) {
  constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  std::string text;
  for (const auto& window : windows) {
    if (!text.empty()) text += ", ";
    for (std::size_t day = 0; day < days.size(); ++day) {
      if (window.weekdays.test(day)) text += std::string(days[day]) + " ";
    }
    text += fmt::format("{:02}:{:02}-{:02}:{:02}", window.from_minute / 60, window.from_minute % 60,
                        window.to_minute / 60, window.to_minute % 60);
  }
  return text;
}

std::string words_of(const Plan& plan, const Destination& destination) {
  if (destination.keep.empty()) return "as its source";
  if (plan.is_log() && destination.keep.age) {
    return fmt::format("any instant of the last {}", describe(*destination.keep.age));
  }
  return describe(destination.keep);
}

std::string words_of(const Verification& each) {
  if (!each.enabled) return "off";
  return fmt::format(
      "{}, {}", describe(each.when),
      each.drill.empty() ? fmt::format("up to {}", level_name(each.level)) : "drill " + each.drill);
}

std::string words_of(const Drill& drill) {
  return fmt::format("{} from {} in {} within {}, {} assertions",
                     drill.all ? "all" : joined(drill.restore),
                     drill.from.empty() ? "the quickest" : drill.from, drill.in,
                     drill.within ? describe(*drill.within) : "any time", drill.expect.size());
}

// Whether a clock, a change, an event or the log itself starts it.
bool runs_by_itself(const Component& component, const Plan& plan) {
  return component.enabled && plan.enabled && plan.when.kind != WhenKind::manual;
}

class Comparison {
 public:
  Comparison(const Strategy& before, const Strategy& after, base::Time start)
      : before_(before), after_(after), start_(start) {}

  StrategyDiff run() {
    compare_whole();
    compare_named<Location>(before_.locations, after_.locations, "location",
                            [this](const Location* a, const Location* b) { compare(a, b); });
    compare_named<Component>(before_.components, after_.components, "component",
                             [this](const Component* a, const Component* b) { compare(a, b); });
    compare_named<Drill>(before_.drills, after_.drills, "drill",
                         [this](const Drill* a, const Drill* b) {
                           if (a != nullptr && b != nullptr) {
                             value("drill " + b->name, words_of(*a), words_of(*b));
                           }
                         });
    compare_named<Channel>(
        before_.channels, after_.channels, "channel", [this](const Channel* a, const Channel* b) {
          if (a != nullptr && b != nullptr) {
            value("channel " + b->name, words_of(a->address), words_of(b->address));
          }
        });
    compare_named<Scenario>(before_.scenarios, after_.scenarios, "scenario",
                            [](const Scenario*, const Scenario*) {});
    compare_forecasts();
    return std::move(made_);
  }

 private:
  // Says that one thing has another value; `at` names where.
  void value(const std::string& what, const std::string& before, const std::string& after,
             const StrategyChange& at = {}) {
    if (before == after) return;
    auto change = at;
    change.kind = before.empty() ? Kind::added : after.empty() ? Kind::removed : Kind::changed;
    change.what = what;
    change.before = before;
    change.after = after;
    made_.changes.push_back(std::move(change));
  }

  // Pairs by name, in the order of the new ones, with what is gone at the end.
  template <typename Thing>
  void compare_named(const std::vector<Thing>& before, const std::vector<Thing>& after,
                     const std::string& what,
                     const std::function<void(const Thing*, const Thing*)>& pair) {
    const auto find = [](const std::vector<Thing>& all, const std::string& name) -> const Thing* {
      const auto found = std::find_if(all.begin(), all.end(),
                                      [&](const Thing& each) { return each.name == name; });
      return found == all.end() ? nullptr : &*found;
    };
    for (const auto& each : after) {
      const auto* old = find(before, each.name);
      if (old == nullptr) value(what, "", each.name);
      pair(old, &each);
    }
    for (const auto& each : before) {
      if (find(after, each.name) != nullptr) continue;
      value(what, each.name, "");
      pair(&each, nullptr);
    }
  }

  void follows(Consequence consequence) { made_.consequences.push_back(std::move(consequence)); }

  void compare_whole();
  void compare(const Location* before, const Location* after);
  void compare(const Component* before, const Component* after);
  void compare_sources(const Component& before, const Component& after, const StrategyChange& at);
  void compare_objectives(const Component& before, const Component& after,
                          const StrategyChange& at);
  void compare_plans(const Component* before, const Component* after);
  void compare(const Plan& before, const Plan& after, const StrategyChange& at);
  void find_unserved(const Component* before, const Component* after);
  void compare_loss(const Component& before, const Component& after);
  void compare_forecasts();
  [[nodiscard]] Forecast forecast_of(const Strategy& strategy) const;

  const Strategy& before_;
  const Strategy& after_;
  const base::Time start_;
  std::set<std::string> different_;  // components
  StrategyDiff made_;
};

void Comparison::compare_whole() {
  value("strategy's name", before_.name, after_.name);
  value("time zone", before_.timezone, after_.timezone);
  constexpr std::array demands{"required", "warn", "optional"};
  value("encryption", demands[static_cast<std::size_t>(before_.encryption.demand)],
        demands[static_cast<std::size_t>(after_.encryption.demand)]);
  value("key", words_of(before_.encryption.key), words_of(after_.encryption.key));
  value("write-key", words_of(before_.encryption.write_key), words_of(after_.encryption.write_key));
  value("read-key", words_of(before_.encryption.read_key), words_of(after_.encryption.read_key));
  value("blackout", words_of(before_.blackout), words_of(after_.blackout));
  value("budget of storage", words_of(before_.budget.storage), words_of(after_.budget.storage));
  const auto limit = [](std::uint32_t count) { return count == 0 ? "" : std::to_string(count); };
  value("limit of runs", limit(before_.limits.runs), limit(after_.limits.runs));
  if (before_.timezone != after_.timezone) {
    for (const auto& component : after_.components) different_.insert(component.name);
  }
  if (before_.name == after_.name) return;
  follows({.kind = Consequence::Kind::to_do,
           .component = {},
           .plan = {},
           .location = {},
           .text = "The catalog goes by the strategy's name: it begins anew."});
}

void Comparison::compare(const Location* before, const Location* after) {
  const auto follow = [&](const std::string& name, std::string text) {
    follows({.kind = Consequence::Kind::to_do,
             .component = {},
             .plan = {},
             .location = name,
             .text = std::move(text)});
  };
  if (before == nullptr) {
    if (after->kind == LocationKind::repository) {
      follow(after->name,
             fmt::format("{} is new: holdfast init makes its repository.", after->name));
    }
    return;
  }
  if (after == nullptr) {
    follow(before->name,
           fmt::format("What lies at {} stays there, and nothing expires it.", before->name));
    return;
  }
  StrategyChange at;
  at.location = after->name;
  value("address", without_password(before->url), without_password(after->url), at);
  value("media", before->media, after->media, at);
  value("off-site", words_of(before->offsite), words_of(after->offsite), at);
  value("host", before->host, after->host, at);
  value("capacity", words_of(before->capacity), words_of(after->capacity), at);
  value("access", words_of(before->access), words_of(after->access), at);
  value("lock", words_of(before->lock), words_of(after->lock), at);
  value("storage class", before->storage_class, after->storage_class, at);
  value("endpoint", before->endpoint, after->endpoint, at);
  value("credentials", words_of(before->credentials), words_of(after->credentials), at);
  if (before->url == after->url && before->endpoint == after->endpoint) return;
  follow(after->name,
         fmt::format("{} is another place: move its repository there, or holdfast init "
                     "makes a new one that lacks what is at the old.",
                     after->name));
}

void Comparison::compare_sources(const Component& before, const Component& after,
                                 const StrategyChange& at) {
  std::set<std::string> keys;
  for (const auto& [key, word] : before.source.words) keys.insert(key);
  for (const auto& [key, word] : after.source.words) keys.insert(key);
  for (const auto& key : keys) {
    value(key, without_password(before.source.word(key)), without_password(after.source.word(key)),
          at);
  }
  keys.clear();
  for (const auto& [key, list] : before.source.lists) keys.insert(key);
  for (const auto& [key, list] : after.source.lists) keys.insert(key);
  for (const auto& key : keys) {
    value(key, joined(before.source.list(key)), joined(after.source.list(key)), at);
  }
  keys.clear();
  for (const auto& [key, secret] : before.source.secrets) keys.insert(key);
  for (const auto& [key, secret] : after.source.secrets) keys.insert(key);
  const auto secret = [](const Component& component, const std::string& key) {
    const auto found = component.source.secrets.find(key);
    return found == component.source.secrets.end() ? std::string() : words_of(found->second);
  };
  for (const auto& key : keys) value(key, secret(before, key), secret(after, key), at);
}

void Comparison::compare_objectives(const Component& before, const Component& after,
                                    const StrategyChange& at) {
  const auto& a = before.objectives;
  const auto& b = after.objectives;
  value("objective rpo", words_of(a.rpo), words_of(b.rpo), at);
  value("objective rto", words_of(a.rto), words_of(b.rto), at);
  value("objective success", words_of(a.success), words_of(b.success), at);
  value("objective verified", words_of(a.verified), words_of(b.verified), at);
  value("objective drills", words_of(a.drills), words_of(b.drills), at);
}

void Comparison::compare(const Component* before, const Component* after) {
  const auto changes = made_.changes.size();
  StrategyChange at;
  at.component = after != nullptr ? after->name : before->name;
  if (before != nullptr && after != nullptr) {
    value("kind", std::string(component_kind_name(before->kind)),
          std::string(component_kind_name(after->kind)), at);
    value("switched off", words_of(!before->enabled), words_of(!after->enabled), at);
    value("host", before->host, after->host, at);
    value("part of", before->part_of, after->part_of, at);
    compare_sources(*before, *after, at);
    compare_objectives(*before, *after, at);
    value("hooks before", joined(before->hooks.before), joined(after->hooks.before), at);
    value("hooks after", joined(before->hooks.after), joined(after->hooks.after), at);
    value("hooks failed", joined(before->hooks.failed), joined(after->hooks.failed), at);
    value("service stop", before->service.stop, after->service.stop, at);
    value("service start", before->service.start, after->service.start, at);
    compare_named<Verification>(
        before->verifications, after->verifications, "verification of " + at.component,
        [&](const Verification* a, const Verification* b) {
          if (a != nullptr && b != nullptr) {
            value("verification " + b->name, words_of(*a), words_of(*b), at);
          }
        });
  }
  compare_plans(before, after);
  find_unserved(before, after);
  if (before != nullptr && after != nullptr) compare_loss(*before, *after);
  if (made_.changes.size() > changes) different_.insert(at.component);
}

void Comparison::compare_plans(const Component* before, const Component* after) {
  StrategyChange at;
  at.component = after != nullptr ? after->name : before->name;
  static const std::vector<Plan> none;
  for (const auto& plan : after != nullptr ? after->plans : none) {
    at.plan = plan.name;
    const auto* old = before != nullptr ? before->plan(plan.name) : nullptr;
    if (old != nullptr) {
      compare(*old, plan, at);
    } else if (before != nullptr) {
      value("plan", "", describe(plan.when), at);
    }
  }
  for (const auto& plan : before != nullptr ? before->plans : none) {
    at.plan = plan.name;
    const auto* now = after != nullptr ? after->plan(plan.name) : nullptr;
    if (now == nullptr && after != nullptr) value("plan", describe(plan.when), "", at);
    if (!runs_by_itself(*before, plan)) continue;
    if (now != nullptr && runs_by_itself(*after, *now)) continue;
    auto text = fmt::format("{}/{} no longer runs by itself", at.component, plan.name);
    if (after != nullptr && now == nullptr) text += "; what only it kept expires with the next run";
    if (after == nullptr) text += "; what it kept stays, and nothing expires it";
    follows({.kind = Consequence::Kind::plan_stops,
             .component = at.component,
             .plan = plan.name,
             .location = {},
             .text = text + "."});
  }
}

void Comparison::compare(const Plan& before, const Plan& after, const StrategyChange& at) {
  value("schedule", describe(before.when), describe(after.when), at);
  value("type", std::string(plan_type_name(before.type)), std::string(plan_type_name(after.type)),
        at);
  value("switched off", words_of(!before.enabled), words_of(!after.enabled), at);
  value("copy of", before.copy_of, after.copy_of, at);
  value("content", before.content, after.content, at);
  const auto level_words = [](Level level) {
    return level == Level::none ? std::string() : std::string(level_name(level));
  };
  value("demand", level_words(before.demand), level_words(after.demand), at);
  const auto span = [](base::Duration duration) {
    return duration.nanoseconds == 0 ? std::string() : describe(duration);
  };
  value("settle", span(before.settle), span(after.settle), at);
  value("at-most", span(before.at_most), span(after.at_most), at);
  value("sweep", span(before.sweep), span(after.sweep), at);
  value("flush", span(before.flush), span(after.flush), at);
  value("stall", span(before.stall), span(after.stall), at);
  value("jitter", span(before.jitter), span(after.jitter), at);
  value("blackout", words_of(before.blackout), words_of(after.blackout), at);
  const auto exported = [](const Plan& plan) {
    if (!plan.exported) return std::string();
    return fmt::format("{}/{}{}{}", plan.exported->to, plan.exported->name,
                       plan.exported->encrypt.empty() ? "" : ", " + plan.exported->encrypt,
                       plan.exported->manifest ? ", with a manifest" : "");
  };
  value("export", exported(before), exported(after), at);
  auto place = at;
  for (const auto& destination : after.to) {
    place.location = destination.location;
    const auto* old = before.destination(destination.location);
    value("keep", old == nullptr ? "" : words_of(before, *old), words_of(after, destination),
          place);
  }
  for (const auto& destination : before.to) {
    place.location = destination.location;
    if (after.destination(destination.location) != nullptr) continue;
    value("keep", words_of(before, destination), "", place);
  }
}

void Comparison::find_unserved(const Component* before, const Component* after) {
  if (before == nullptr) return;
  const auto places = [](const Component* component) {
    std::vector<std::string> names;
    if (component == nullptr) return names;
    for (const auto& plan : component->plans) {
      if (!component->enabled || !plan.enabled) continue;
      for (const auto& each : plan.to) {
        if (std::find(names.begin(), names.end(), each.location) == names.end()) {
          names.push_back(each.location);
        }
      }
    }
    return names;
  };
  const auto now = places(after);
  for (const auto& name : places(before)) {
    if (std::find(now.begin(), now.end(), name) != now.end()) continue;
    follows({.kind = Consequence::Kind::location_not_served,
             .component = before->name,
             .plan = {},
             .location = name,
             .text = fmt::format("{} no longer goes to {}: what lies there grows old.",
                                 before->name, name)});
  }
}

void Comparison::compare_loss(const Component& before, const Component& after) {
  if (before.kind == ComponentKind::part || !before.enabled || !after.enabled) return;
  const auto was = worst_loss(before_, before);
  const auto is = worst_loss(after_, after);
  if (!was || (is && *is <= *was)) return;
  follows({.kind = Consequence::Kind::loses_more,
           .component = after.name,
           .plan = {},
           .location = {},
           .text = fmt::format("{}: at worst {} is lost instead of {}.", after.name,
                               is ? describe(*is) : "everything since somebody asked",
                               describe(*was))});
}

Forecast Comparison::forecast_of(const Strategy& strategy) const {
  auto reduced = strategy;
  std::erase_if(reduced.components,
                [&](const Component& each) { return !different_.contains(each.name); });
  const auto zone = TimeZone::find(strategy.timezone);
  return forecast(reduced, {.start = start_, .sizes = {}},
                  zone.ok() ? zone.value() : TimeZone::utc());
}

void Comparison::compare_forecasts() {
  if (different_.empty()) return;
  const auto was = forecast_of(before_);
  const auto is = forecast_of(after_);
  for (const auto& old : was.places) {
    const auto now = std::find_if(is.places.begin(), is.places.end(), [&](const auto& each) {
      return each.component == old.component && each.location == old.location;
    });
    // That nothing goes there any more has been said.
    if (now == is.places.end() || old.snapshots_kept == 0) continue;
    const bool younger = now->snapshots_kept == 0 || now->oldest > old.oldest + base::days(1);
    if (now->snapshots_kept >= old.snapshots_kept && !younger) continue;
    const auto end = start_ + base::days(365);
    auto text = fmt::format("{} at {}: after a year {} snapshots are kept instead of {}",
                            old.component, old.location, now->snapshots_kept, old.snapshots_kept);
    if (younger && now->snapshots_kept > 0) {
      text += fmt::format(", the oldest {} old instead of {}", describe(end - now->oldest),
                          describe(end - old.oldest));
    }
    follows({.kind = Consequence::Kind::kept_shorter,
             .component = old.component,
             .plan = {},
             .location = old.location,
             .kept_before = old.snapshots_kept,
             .kept_after = now->snapshots_kept,
             .text = text + "."});
  }
}

}  // namespace

std::string StrategyChange::sentence() const {
  std::string where = component;
  if (!plan.empty()) where += "/" + plan;
  if (!location.empty()) where += (where.empty() ? "" : " at ") + location;
  if (!where.empty()) where += ": ";
  switch (kind) {
    case Kind::added: return fmt::format("{}new {}: {}", where, what, after);
    case Kind::removed: return fmt::format("{}{} is gone: {}", where, what, before);
    case Kind::changed: return fmt::format("{}{}: {} -> {}", where, what, before, after);
  }
  return {};
}

std::string_view change_kind_name(StrategyChange::Kind kind) noexcept {
  constexpr std::array names{"added", "removed", "changed"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view consequence_name(Consequence::Kind kind) noexcept {
  constexpr std::array names{"plan_stops", "location_not_served", "kept_shorter", "loses_more",
                             "to_do"};
  return names[static_cast<std::size_t>(kind)];
}

StrategyDiff diff(const Strategy& before, const Strategy& after, base::Time start) {
  return Comparison(before, after, start).run();
}

}  // namespace holdfast::strategy
