// A run of plans: one capture of a component, its copies in every location of the plans, hooks
// around it, and a record of each step in the catalog.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "catalog/happening.hpp"
#include "catalog/run.hpp"
#include "engine/progress.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

// What is to be done. Plans that are due in the same minute with the same type are captured once.
struct PlanRun {
  const strategy::Component* component = nullptr;  // borrowed
  std::vector<const strategy::Plan*> plans;        // at least one; borrowed
  catalog::RunReason reason = catalog::RunReason::command;
  std::optional<base::Time> slot;
  std::optional<catalog::HappeningRecord> happening;
  // Told the run's id as soon as it has one, for those who may have to end it.
  std::function<void(const std::string& run)> began = {};
};

// What became of one location of a run.
struct PlaceOutcome {
  std::string location;
  strategy::LocationKind kind = strategy::LocationKind::repository;
  enum class State {
    captured,  // the first one that was up: what the others are copied from
    copied,
    waiting,  // it is down; tried again later
  } state = State::waiting;
  // Hexadecimal, there; of a mirror the commit of HEAD; empty while it waits.
  std::string snapshot;
  std::uint64_t bytes_stored = 0;
  std::string message;             // why it waits
  std::uint64_t expired = 0;       // snapshots that retention let go
  std::uint64_t refs_changed = 0;  // of a mirror
};

struct PlanRunReport {
  std::string run;
  catalog::RunEnd end;
  std::vector<PlaceOutcome> places;
  std::vector<std::string> warnings;  // the first thousand
};

// Carries it out. On return all of it is in the catalog, whatever came of it; a run that failed is
// a report with that state, an error means that the catalog itself didn't take it.
base::Result<PlanRunReport> run_plans(const Workplace& workplace, const PlanRun& what,
                                      const ProgressCall& progress, std::stop_token stop);

// Tries once more to copy or push what locations wait for, if its time has come.
base::Result<void> catch_up_copies(const Workplace& workplace, const ProgressCall& progress,
                                   std::stop_token stop);

}  // namespace holdfast::engine
