// NaiveSchedule: what is owed of each plan and verification, by the words of the strategy's rules:
// each slot is served once or caught up once, by the newest; events one by one; a copy after what
// it copies; no more at once than the limits allow. It is told what happens, and says at each look
// whether the scheduler started exactly what it should.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/scheduler.hpp"
#include "naive_calendar.hpp"
#include "strategy/model.hpp"

namespace holdfast::simulation {

class NaiveSchedule {
 public:
  NaiveSchedule(const strategy::Strategy& strategy, const NaiveCalendar& calendar,
                base::Time first_seen);

  // What the scheduler started when it looked; from here on it is under way. Nothing: as it should
  // be.
  std::optional<std::string> started(base::Time now,
                                     const std::vector<engine::Assignment>& assignments);
  // When the scheduler means to look again. Nothing: in time.
  [[nodiscard]] std::optional<std::string> will_look(base::Time now,
                                                     std::optional<base::Time> wake) const;

  enum class Outcome { served, failed };
  void ended(const engine::Assignment& assignment, Outcome outcome, base::Time now);
  // Nothing is under way any more, and nobody knows what has changed meanwhile.
  void restarted(base::Time now);
  void changed(const std::string& component, base::Time now);
  void committed(const std::string& component, std::int64_t state);
  void happened(const std::string& event);
  // A backup of the component has ended well.
  void backed_up(const std::string& component, base::Time ended);

  [[nodiscard]] std::uint64_t served() const { return served_; }
  [[nodiscard]] std::uint64_t caught_up() const { return caught_up_; }

 private:
  struct Owing {
    strategy::Task task;
    const strategy::Component* component = nullptr;
    const strategy::Plan* plan = nullptr;  // or
    const strategy::Verification* verification = nullptr;
    const strategy::When* when = nullptr;
    std::vector<base::Time> slots;
    std::string group;

    base::Time first_seen;
    std::optional<base::Time> done;  // slots until then
    std::uint64_t failures = 0;
    base::Time again;  // after a failure
    bool is_under_way = false;
    std::optional<base::Time> first_change;
    std::optional<base::Time> last_change;
    std::optional<base::Time> taken_change;  // by the run that is under way
    std::uint64_t seen = 0;                  // events
    std::uint64_t count = 0;                 // of them that were served
    std::int64_t state = 0;                  // of refs, or of backups
    std::int64_t state_taken = 0;
    std::int64_t state_served = 0;
    std::vector<base::Time> backups;  // their ends, ascending
  };
  struct Owed {
    const Owing* owing;
    base::Time slot;
    std::uint64_t missed;
  };

  [[nodiscard]] static base::Time since(const Owing& owing, base::Time now);
  [[nodiscard]] static bool pauses(const Owing& owing, base::Time now);
  [[nodiscard]] static std::int64_t newest_backup(const Owing& owing, base::Time now);
  [[nodiscard]] static bool is_told(const Owing& owing, base::Time now);
  [[nodiscard]] static std::optional<Owed> owed(const Owing& owing, base::Time now);
  [[nodiscard]] bool waits(const Owed& copy, const std::vector<Owed>& all, base::Time now) const;
  [[nodiscard]] Owing* find(const strategy::Task& task);
  [[nodiscard]] bool is_full(const std::string& component) const;

  const strategy::Strategy& strategy_;
  std::vector<Owing> owing_;
  std::map<std::string, int> running_;  // by component
  int running_count_ = 0;
  std::uint64_t served_ = 0;
  std::uint64_t caught_up_ = 0;
};

}  // namespace holdfast::simulation
