// Joining what was declared with what was counted.
#include "report/backup_facts.hpp"

#include <algorithm>

namespace holdfast::report {

namespace {

const catalog::RunTotals* find(const std::vector<catalog::RunTotals>& totals,
                               const BackupFacts& facts) {
  const auto found = std::find_if(totals.begin(), totals.end(), [&](const auto& one) {
    return one.component == facts.component && one.plan == facts.plan;
  });
  return found == totals.end() ? nullptr : &*found;
}

const catalog::CopyTotals* find(const std::vector<catalog::CopyTotals>& totals,
                                const BackupFacts& facts) {
  const auto found = std::find_if(totals.begin(), totals.end(), [&](const auto& one) {
    return one.component == facts.component && one.plan == facts.plan &&
           one.location == facts.location;
  });
  return found == totals.end() ? nullptr : &*found;
}

std::uint64_t above(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

// A run that has a row here is counted by its row; one that ended before it had anything to bring
// anywhere has none, and was an attempt for each of the plan's locations.
void count(BackupFacts& facts, const catalog::RunTotals* run, const catalog::CopyTotals* copy) {
  const catalog::CopyTotals none;
  const auto& here = copy != nullptr ? *copy : none;
  facts.attempts = here.attempts;
  facts.successes = here.stored;
  facts.failures = above(here.attempts, here.stored);
  facts.newest = here.newest;
  if (run == nullptr) return;
  const auto cancelled = above(run->ended, run->succeeded + run->failed);
  const auto failed = above(run->failed, here.runs_failed);
  facts.attempts += failed + above(cancelled, here.runs_cancelled);
  facts.failures += failed;
  if (!run->newest) return;
  facts.duration = run->newest->ended - run->newest->started;
  facts.size = run->newest->size;
}

}  // namespace

std::vector<BackupFacts> backup_facts(const strategy::Strategy& strategy,
                                      const std::vector<catalog::RunTotals>& runs,
                                      const std::vector<catalog::CopyTotals>& copies) {
  std::vector<BackupFacts> list;
  for (const auto& component : strategy.components) {
    for (const auto& plan : component.plans) {
      for (const auto& destination : plan.to) {
        const auto* location = strategy.location(destination.location);
        if (location == nullptr || location->kind != strategy::LocationKind::repository) continue;
        BackupFacts facts;
        facts.component = component.name;
        facts.plan = plan.name;
        facts.location = destination.location;
        count(facts, find(runs, facts), find(copies, facts));
        list.push_back(std::move(facts));
      }
    }
  }
  return list;
}

}  // namespace holdfast::report
