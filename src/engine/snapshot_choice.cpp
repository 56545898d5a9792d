// Choosing by kind of sample.
#include "snapshot_choice.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace holdfast::engine {

using strategy::Sample;

void remember_looks(std::vector<VerificationCandidate>& candidates, strategy::Level level,
                    const std::vector<catalog::VerificationRecord>& ledger) {
  struct Looks {
    base::Time last;
    bool is_proved = false;
  };
  std::unordered_map<std::string, Looks> looks;
  for (const auto& record : ledger) {
    if (record.outcome == catalog::VerificationOutcome::unknown) continue;
    if (strategy::parse_level(record.level).value_or(strategy::Level::none) < level) continue;
    auto& known = looks.try_emplace(record.snapshot, Looks{.last = record.at}).first->second;
    known.last = std::max(known.last, record.at);
    if (record.outcome == catalog::VerificationOutcome::passed) known.is_proved = true;
  }
  for (auto& candidate : candidates) {
    const auto found = looks.find(candidate.snapshot);
    if (found == looks.end()) continue;
    candidate.looked_at = found->second.last;
    candidate.is_proved = found->second.is_proved;
  }
}

std::vector<std::string> choose_snapshots(const std::vector<VerificationCandidate>& candidates,
                                          const Sample& of) {
  std::vector<std::string> chosen;
  if (candidates.empty()) return chosen;
  switch (of.kind) {
    case Sample::Kind::newest: chosen.push_back(candidates.back().snapshot); break;
    case Sample::Kind::all:
      for (const auto& each : candidates) chosen.push_back(each.snapshot);
      break;
    case Sample::Kind::unverified:
      for (const auto& each : candidates) {
        if (!each.is_proved) chosen.push_back(each.snapshot);
      }
      break;
    case Sample::Kind::percent: {
      auto queue = candidates;
      std::stable_sort(queue.begin(), queue.end(), [](const auto& a, const auto& b) {
        return a.looked_at.value_or(a.captured) < b.looked_at.value_or(b.captured);
      });
      const auto share = std::clamp(of.percent, 0.0, 100.0) / 100;
      const auto count =
          static_cast<std::size_t>(std::ceil(share * static_cast<double>(queue.size())));
      queue.resize(std::clamp<std::size_t>(count, 1, queue.size()));
      for (const auto& each : queue) chosen.push_back(each.snapshot);
      break;
    }
  }
  return chosen;
}

}  // namespace holdfast::engine
