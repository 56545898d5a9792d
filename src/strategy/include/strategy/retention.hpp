// Retention: which snapshots of a component stay at a location, and why. A pure function: engines
// carry it out, forecasts and previews print it.
//
// A rule sees the snapshots of its own plan; a snapshot goes only when no plan wants it. Ages count
// from storage time. Periods (daily, weekly, …) go by capture time, which counts as storage time
// where it lies after that: a clock that is wrong can't keep anything for ever.
//
// The rule of a log keeps the newest base that ended before its window, and of the later bases as
// many as it takes for one to follow another at most the window's length apart: the log that must
// stay is never more than twice its window (as long as bases come at all). A base ended when it was
// stored, or when its writer's clock says, if that is later (by the window's length at most). Where
// the log or the plan of a base demands that it be proved, only bases that are count; while none
// from before the window is, all bases and all log stay.
//
// The newest snapshot that reached what its plan demands stays, and all of them until there is one;
// without a demand, the newest.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "strategy/component.hpp"
#include "strategy/keep.hpp"
#include "strategy/plan.hpp"
#include "strategy/time_zone.hpp"

namespace holdfast::strategy {

// One snapshot as it lies at the location.
struct StoredSnapshot {
  std::string id;
  std::vector<std::string> plans;  // that took or copied it here
  base::Time captured;             // when the capture began, by the writer's clock
  base::Time finished;             // when it ended
  base::Time stored;               // by the storage's clock
  Level proved = Level::none;      // at this location
  bool is_base = false;            // a log can start from it
  std::map<std::string, std::string> tags;
  // For `versions`: each path with what identifies its content.
  std::vector<std::pair<std::string, std::string>> contents;
  std::string event_id;                 // of the event that caused it
  std::optional<std::string> hold;      // why it is held
  std::vector<std::string> awaited_by;  // locations that still lack their copy
};

// `holdfast event NAME [--id X]`.
struct Happening {
  std::string event;
  base::Time at;
  std::string id;
};

// What a plan says about this location.
struct RetentionRule {
  std::string plan;
  Keep keep;
  Level demand = Level::none;
  bool is_log = false;
};

// Whether verdicts say why in words. Who only acts on them needn't wait for the words.
enum class Reasons { told, untold };

struct RetentionRequest {
  std::vector<RetentionRule> rules;
  std::vector<StoredSnapshot> snapshots;  // in any order
  std::vector<Happening> happenings;
  base::Time now;                     // by the storage's clock
  std::optional<std::string> frozen;  // why nothing may go: an anomaly that nobody has looked at
  Reasons reasons = Reasons::told;
};

struct Verdict {
  std::string id;
  std::vector<std::string> because;  // in words, if they are told
  bool is_wanted = false;            // or else it has expired
  [[nodiscard]] bool is_kept() const noexcept { return is_wanted; }
};

struct RetentionDecision {
  std::vector<Verdict> verdicts;  // in the order of the request
  // Log that ended before this instant, by its writer's clock and by the storage's, may go;
  // nothing: all of it stays (there is no base that counts, or it is kept for ever), or there is no
  // log.
  std::optional<base::Time> log_from;
  // Snapshots that have waited for the event of `until` for more than 14 days: their ids.
  std::vector<std::string> overdue;
};

// What the component's plans say about a location, plans that are switched off included: what they
// once took is kept by their rules still. Nothing is said about mirrors.
[[nodiscard]] std::vector<RetentionRule> rules_at(const Component& component,
                                                  std::string_view location);

// Whether the snapshots of a plan (or those that it copies) are bases of the component's log.
[[nodiscard]] bool makes_bases(const Component& component, const Plan& plan);

[[nodiscard]] RetentionDecision decide_retention(const RetentionRequest& request,
                                                 const TimeZone& zone);

// The period to which a local day and hour belong, as a number that grows by one; for `pick` of a
// day periods begin on that day.
[[nodiscard]] std::int64_t period_number(Period period, const Pick& pick, const LocalTime& local);

}  // namespace holdfast::strategy
