// NaiveRetention: which snapshots of a component should lie at a location, by the words of the Keep
// rules in the strategy. It keeps a list of its own and is told what was stored, proved and
// awaited, never what was deleted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "naive_calendar.hpp"
#include "strategy/component.hpp"

namespace holdfast::simulation {

struct NaiveSnapshot {
  std::uint64_t id = 0;  // ascending as they were captured
  std::set<std::string> plans;
  base::Time captured;
  base::Time finished;
  base::Time stored;
  strategy::Level proved = strategy::Level::none;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> contents;  // by path
  std::string event_id;
  int awaited = 0;         // locations that wait for it
  std::uint64_t mine = 0;  // the plans again, a bit each: set by store()

  [[nodiscard]] base::Time seen() const { return captured < stored ? captured : stored; }
};

struct NaiveEvent {
  std::string event;
  std::string id;
  base::Time at;
};

// One component at one location.
class NaiveRetention {
 public:
  NaiveRetention(const strategy::Component& component, const std::string& location,
                 const NaiveCalendar& calendar);

  // A plan that stores here what is here already gets its share of it.
  void store(NaiveSnapshot snapshot);
  NaiveSnapshot* find(std::uint64_t id);
  // By the storage's clock. Frozen: nothing goes.
  enum class Ice { none, frozen };
  void expire(base::Time now, const std::vector<NaiveEvent>& events, Ice ice);

  // Ascending by id.
  [[nodiscard]] const std::vector<NaiveSnapshot>& snapshots() const { return all_; }

 private:
  using Kept = std::vector<char>;                 // by place in the list
  using Kin = std::vector<const NaiveSnapshot*>;  // oldest first

  struct Rule {
    const strategy::Plan* plan;
    const strategy::Keep* keep;
    std::uint64_t bit;
  };

  void keep_by(const Rule& rule, base::Time now, const std::vector<NaiveEvent>& events,
               Kept& kept) const;
  void keep_kin(const Rule& rule, const Kin& kin, base::Time now,
                const std::vector<NaiveEvent>& events, Kept& kept) const;
  void keep_versions(const Kin& kin, std::uint32_t count, Kept& kept) const;
  void keep_periods(const Kin& kin, strategy::Period period, const strategy::Bucket& bucket,
                    Kept& kept) const;
  void keep_until(const Kin& kin, const strategy::Keep& keep, base::Time now,
                  const std::vector<NaiveEvent>& events, Kept& kept) const;
  void keep_log_bases(const Rule& log, base::Time now, Kept& kept) const;
  void keep_one(const NaiveSnapshot& snapshot, Kept& kept) const {
    kept[static_cast<std::size_t>(&snapshot - all_.data())] = 1;
  }
  [[nodiscard]] std::int64_t period_of(const NaiveSnapshot& snapshot, strategy::Period period,
                                       const strategy::Pick& pick) const;
  [[nodiscard]] bool is_base(const NaiveSnapshot& snapshot) const;
  [[nodiscard]] bool is_proved(const NaiveSnapshot& base, const Rule& log) const;

  const NaiveCalendar& calendar_;
  std::vector<Rule> rules_;
  std::map<std::string, std::uint64_t> bits_;  // of the plans
  std::uint64_t base_plans_ = 0;
  std::vector<NaiveSnapshot> all_;
};

}  // namespace holdfast::simulation
