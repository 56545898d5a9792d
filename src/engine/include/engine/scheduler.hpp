// Scheduler: from what a strategy demands and what the catalog remembers to what is started now.
// It starts nothing itself and waits for nothing (docs/internals/daemon.md): whoever drives it
// carries an assignment out, in whatever time and order, and tells what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalog/happening.hpp"
#include "catalog/run.hpp"
#include "catalog/slot.hpp"
#include "engine/workplace.hpp"
#include "strategy/due.hpp"

namespace holdfast::engine {

// One run that is to be started. It holds names, so that the strategy may be replaced meanwhile.
struct Assignment {
  std::uint64_t number = 0;
  strategy::DueRun due;
  std::optional<catalog::HappeningRecord> happening;  // of plans with `when: event`
};
[[nodiscard]] catalog::RunReason run_reason(strategy::Reason reason) noexcept;

enum class Ending {
  served,     // done, or nobody tries again
  failed,     // tried again, each time later, an hour later at most
  abandoned,  // the program ends: due again when it is back
};

// What can be carried out: what is built, unless somebody else carries it out.
struct CanRun {
  std::function<bool(strategy::ComponentKind)> kind = strategy::Situation().can_run;
  std::function<bool(strategy::ComponentKind, strategy::PlanType)> plan =
      strategy::Situation().can_run_plan;
};

// Used by one task.
class Scheduler {
 public:
  // Sees every task of this host's components. `running_since`: slots before that are caught up.
  static base::Result<Scheduler> open(const Workplace& workplace, base::Time running_since,
                                      CanRun can_run = {});

  // What starts now, in this order; from here on it is under way.
  base::Result<std::vector<Assignment>> take_due();
  // Writes what follows into the catalog. Where that fails nothing counts as served: it is tried
  // again like a failure. A number that isn't under way is ignored.
  base::Result<void> end(std::uint64_t number, Ending ending);
  // It hangs, and shall not hold back others any more; its own tasks stay under way.
  void set_aside(std::uint64_t number);

  // Files of the component have changed.
  void changed(const std::string& component);
  // The refs of the component are in this state: any number that tells states apart.
  void committed(const std::string& component, std::int64_t state);

  // Another strategy from now on; what is under way stays so.
  base::Result<void> use(const Workplace& workplace);

  // Components that would be due and can't be carried out by this program, each once.
  [[nodiscard]] const std::set<std::string>& not_built() const noexcept { return not_built_; }
  // When the clock may make something due that wasn't when take_due() looked; nothing: never.
  [[nodiscard]] std::optional<base::Time> next_wake() const;

 private:
  struct Memory {
    catalog::SlotRecord slot;
    std::optional<base::Time> first_change;
    std::optional<base::Time> last_change;
  };
  // What serving a task will mean.
  struct Pledge {
    strategy::Serving serving;
    strategy::WhenKind when = strategy::WhenKind::manual;
    std::int64_t happening = 0;  // the slot's, when served
    std::optional<base::Time> first_change;
  };
  struct UnderWay {
    std::vector<Pledge> pledges;
    std::vector<std::string> locations;
    bool is_aside = false;
  };

  Scheduler(const Workplace& workplace, base::Time running_since, CanRun can_run)
      : workplace_(&workplace), running_since_(running_since), can_run_(std::move(can_run)) {}
  base::Result<void> see_all();
  base::Result<std::int64_t> newest_number(const strategy::Component& component,
                                           const strategy::When& when);
  base::Result<void> look_for_numbers();
  void hear_of_all();
  [[nodiscard]] std::set<std::string> to_look_at();
  [[nodiscard]] bool is_ours(const strategy::Component& component) const;
  [[nodiscard]] const strategy::When* when_of(const strategy::Task& task) const;
  base::Result<strategy::TaskState> state_of(const strategy::Task& task, const Memory& memory);
  base::Result<strategy::Situation> situation();
  base::Result<Assignment> assign(strategy::DueRun due);
  [[nodiscard]] catalog::SlotRecord slot_after(const Pledge& pledge,
                                               const catalog::SlotRecord& before,
                                               Ending ending) const;
  [[nodiscard]] bool hangs(const strategy::DueRun& due) const;

  const Workplace* workplace_;
  base::Time running_since_;
  std::map<strategy::Task, Memory> memory_;
  std::map<std::string, std::int64_t> commits_;  // the newest state of each component's refs
  std::map<std::uint64_t, UnderWay> under_way_;
  std::set<std::string> not_built_;
  std::uint64_t last_number_ = 0;

  CanRun can_run_;
  // Components of which nothing has been heard since they were looked at have nothing due until
  // the time that was found then: they needn't be looked at before.
  base::Time looked_at_;
  std::set<std::string> heard_of_;
  std::set<std::string> held_;  // by limits
  std::map<std::string, base::Time> wakes_;
  std::int64_t newest_happening_ = 0;
  std::map<std::string, std::int64_t> newest_backups_;  // of those with verifications after each
};

}  // namespace holdfast::engine
