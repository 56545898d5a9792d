// The search: breadth first over normalised states, remembered by 64-bit fingerprints. With ten
// million states the chance that two of them share one is below one in a hundred thousand.
#include "simulation/prune_model.hpp"

#include <algorithm>
#include <cstring>
#include <sstream>

#include "base/check.hpp"
#include "simulation/prune_model_state.hpp"

namespace holdfast::simulation {

namespace {

std::uint64_t fingerprint(const ModelState& state) {
  std::array<std::uint64_t, (sizeof(ModelState) + 7) / 8> words{};
  std::memcpy(words.data(), &state, sizeof(state));
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  for (const std::uint64_t word : words) {
    hash = (hash ^ word) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
    hash *= 0xc4ceb9fe1a85ec53;
    hash ^= hash >> 29;
  }
  return hash == 0 ? 1 : hash;
}

// Open addressing; 0 is an empty place.
class FingerprintSet {
 public:
  FingerprintSet() : places_(1u << 16) {}
  // False if it was there.
  bool insert(std::uint64_t value) {
    if (2 * (count_ + 1) > places_.size()) grow();
    if (!place(value)) return false;
    ++count_;
    return true;
  }

 private:
  bool place(std::uint64_t value) {
    const std::size_t mask = places_.size() - 1;
    for (std::size_t i = value & mask;; i = (i + 1) & mask) {
      if (places_[i] == value) return false;
      if (places_[i] != 0) continue;
      places_[i] = value;
      return true;
    }
  }
  void grow() {
    std::vector<std::uint64_t> old(places_.size() * 2);
    old.swap(places_);
    for (const std::uint64_t value : old) {
      if (value != 0) place(value);
    }
  }

  std::vector<std::uint64_t> places_;
  std::size_t count_ = 0;
};

struct Visited {
  std::uint32_t parent;
  std::uint64_t print;
};

template <std::size_t count>
void rename(std::array<std::uint8_t, count>& names, const std::array<std::uint8_t, count>& to) {
  const auto old = names;
  for (std::size_t i = 0; i < count; ++i) names[to[i]] = old[i];
}

// Walks the path of fingerprints again, and undoes the renaming: writer 1 stays writer 1, pack P
// stays P.
std::vector<std::string> replay(const PruneModelOptions& options,
                                const std::vector<Visited>& visited, std::uint32_t last) {
  std::vector<std::uint64_t> path;
  for (std::uint32_t i = last; i != 0; i = visited[i].parent) path.push_back(visited[i].print);
  std::reverse(path.begin(), path.end());
  ModelSteps steps(options);
  ModelState state = steps.initial();
  Renaming names;  // by the number in `state`: the original one
  std::vector<std::string> trace;
  for (const std::uint64_t print : path) {
    bool found = false;
    ModelState chosen;
    Renaming next_names = names;
    steps.successors(state, [&](const ModelState& next, const ModelStep& step) {
      if (found) return;
      ModelState normal = next;
      const Renaming renaming = steps.normalise(normal);
      if (fingerprint(normal) != print) return;
      found = true;
      chosen = normal;
      ModelStep named = step;
      named.number = (step.actor == Actor::writer ? names.writers : names.pruners)[step.number];
      named.mask = 0;
      for (unsigned i = 0; i < 8; ++i) {
        if (has(step.mask, i)) named.mask |= bit_of(names.packs[i]);
      }
      trace.push_back(to_string(named));
      rename(next_names.packs, renaming.packs);
      rename(next_names.writers, renaming.writers);
      rename(next_names.pruners, renaming.pruners);
    });
    CHECK(found, "the search followed this step");
    state = chosen;
    names = next_names;
  }
  return trace;
}

}  // namespace

PruneModelResult explore(const PruneModelOptions& options) {
  ModelSteps steps(options);
  PruneModelResult result;
  FingerprintSet seen;
  std::vector<Visited> visited;
  std::vector<ModelState> level{steps.initial()};
  std::vector<ModelState> next_level;
  std::uint32_t level_start = 0;
  seen.insert(fingerprint(level[0]));
  visited.push_back({0, fingerprint(level[0])});
  std::uint32_t violating = 0;
  while (!level.empty() && violating == 0 && visited.size() < options.states_max) {
    const auto next_start = static_cast<std::uint32_t>(visited.size());
    for (std::size_t i = 0; i < level.size() && violating == 0; ++i) {
      steps.successors(level[i], [&](const ModelState& raw, const ModelStep&) {
        ++result.transitions;
        ModelState next = raw;
        steps.normalise(next);
        const std::uint64_t print = fingerprint(next);
        if (violating != 0 || !seen.insert(print)) return;
        visited.push_back({static_cast<std::uint32_t>(level_start + i), print});
        next_level.push_back(next);
        if (std::string lost = steps.violation(next); !lost.empty()) {
          result.violation = std::move(lost);
          violating = static_cast<std::uint32_t>(visited.size() - 1);
        }
      });
    }
    ++result.depth;
    level_start = next_start;
    level.swap(next_level);
    next_level.clear();
  }
  result.states = visited.size();
  result.complete = level.empty();
  result.events = steps.events();
  if (violating != 0) result.trace = replay(options, visited, violating);
  return result;
}

std::string describe(const PruneModelResult& result) {
  std::ostringstream out;
  const PruneModelEvents& e = result.events;
  out << result.states << " states, " << result.transitions << " steps, depth " << result.depth
      << (result.complete ? ", complete" : "") << "; successes " << e.successes << ", conflicts "
      << e.conflicts << ", dead " << e.deaths << ", late " << e.lates << ", pardons " << e.pardons
      << ", copies " << e.copies << ", deletions " << e.deletions << ", drops " << e.drops
      << ", phantoms " << e.phantoms << ", cleanings " << e.cleanings << "\n";
  if (!result.violation.empty()) {
    out << "VIOLATION: " << result.violation << "\n";
    for (std::size_t i = 0; i < result.trace.size(); ++i)
      out << "  " << i + 1 << ". " << result.trace[i] << "\n";
  }
  return out.str();
}

}  // namespace holdfast::simulation
