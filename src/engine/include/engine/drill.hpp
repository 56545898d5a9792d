// Drills: components are really restored, to one instant, into a sandbox or a declared target; what
// came back is held against what is expected of it, and each step is timed. A drill is passed only
// if everything in it was looked at and is right.
//
// A service is stopped before and started after restores into a declared target, where the drill
// rehearses the real thing; never for a sandbox: what runs in production goes on beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/run.hpp"
#include "engine/progress.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

enum class DrillOutcome { passed, failed, unknown };
[[nodiscard]] std::string_view drill_outcome_name(DrillOutcome outcome) noexcept;

// One expectation and what became of it.
struct DrillCheck {
  // "files", "run", "confirm", "query", "keys", "tables"; "amcheck", which nobody has to ask for
  std::string kind;
  std::string on;    // the component, or empty
  std::string text;  // the pattern, the command, what a person confirms, …
  DrillOutcome outcome = DrillOutcome::unknown;
  std::string message;
  base::Duration duration;
  std::string confirmed_by;  // of confirm
  std::optional<base::Time> confirmed_at;
};

struct DrilledComponent {
  std::string name;
  std::string location;                // from which it came
  std::string snapshot;                // hexadecimal
  std::optional<base::Time> captured;  // the instant that was restored
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  DrillOutcome outcome = DrillOutcome::unknown;  // of the restore
  std::string message;
  base::Duration fetch;
  base::Duration start;    // of a server that can be asked
  base::Duration replay;   // its recovery, or loading dumps into it
  base::Duration service;  // stopping and starting what uses it
  base::Duration check;    // expectations of it
  // What recovering it alone would have taken.
  [[nodiscard]] base::Duration total() const { return fetch + start + replay + service + check; }
};

struct DrillReport {
  std::string drill;
  std::string run;
  catalog::RunEnd end;  // failed, or warnings if it is unknown or took too long
  DrillOutcome outcome = DrillOutcome::unknown;
  base::Time started;
  std::optional<base::Time> instant;  // nothing: the latest
  std::string into;                   // "sandbox", or the target's name
  std::vector<DrilledComponent> components;
  std::vector<DrillCheck> checks;  // in the order of the strategy
  base::Duration fetch;
  base::Duration start;
  base::Duration replay;
  base::Duration service;
  base::Duration check;
  base::Duration total;  // from the first step to the last check that the strategy asks for
  std::optional<base::Duration> within;
  std::vector<std::string> notes;  // what wasn't restored and needn't be, what couldn't be removed

  [[nodiscard]] bool is_late() const { return within && total > *within; }
};

struct DrillOptions {
  catalog::RunReason reason = catalog::RunReason::command;
  // With one: should two begin the drill for the same slot at once, the later one is cancelled.
  std::optional<base::Time> slot;
  // Told the run's id as soon as it has one, for those who may have to end it.
  std::function<void(const std::string& run)> began = {};
};

// Carries it out. On return all of it is in the catalog: a run, evidence, and, of what a passed
// drill restored, a verification of the level restorable. An error means that the catalog didn't
// take it.
base::Result<DrillReport> run_drill(const Workplace& workplace, const strategy::Drill& drill,
                                    const DrillOptions& options, const ProgressCall& progress,
                                    std::stop_token stop);

// Whether the drill restores this component.
[[nodiscard]] bool drills(const strategy::Drill& drill, const strategy::Component& component);

// What a person states about the last run of a drill.
struct Confirmation {
  std::string drill;
  std::string text;  // as the strategy's `confirm` says it; empty: the only one that waits
  std::string by;    // a name
};

// Records it, with the time; the drill is passed if nothing else was missing. not_found: the drill
// hasn't run, or nothing of this text waits; the hint lists what does. conflict: it is confirmed
// already.
base::Result<DrillReport> confirm_drill(const Workplace& workplace,
                                        const Confirmation& confirmation);

// As recorded, with later confirmations; nothing if it isn't in the newest evidence.
base::Result<std::optional<DrillReport>> last_drill(const Workplace& workplace,
                                                    const std::string& drill);
// The last one of each drill, newest first.
base::Result<std::vector<DrillReport>> last_drills(const Workplace& workplace);

}  // namespace holdfast::engine
