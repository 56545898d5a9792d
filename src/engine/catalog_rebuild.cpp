// Reading the snapshots of every location, and putting together what belongs to one run.
#include "engine/catalog_rebuild.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "engine/component_snapshots.hpp"
#include "engine/place.hpp"
#include "evidence_body.hpp"
#include "strategy/schedule.hpp"

namespace holdfast::engine {

using base::Result;

namespace {

// One snapshot at one location.
struct Found {
  std::string location;
  std::string snapshot;
  const strategy::Component* component = nullptr;
  std::vector<std::string> plans;
  bool is_copy = false;
  bool is_imported = false;
  bool is_by_event = false;
  base::Time started;
  base::Time finished;
  base::Time stored;
  std::uint64_t size = 0;
  std::uint64_t warning_count = 0;
  std::map<std::string, std::uint64_t> statistics;

  [[nodiscard]] std::uint64_t statistic(const std::string& name) const {
    const auto found = statistics.find(name);
    return found == statistics.end() ? 0 : found->second;
  }
};

// A snapshot that an older program took has no run: it gets the same one each time.
std::string run_of(const repository::SnapshotRecord& record) {
  if (const auto named = tag_of(record, run_tag)) return *named;
  std::string id;
  for (const char c : base::format_utc(record.summary.started)) {
    if (c >= '0' && c <= '9') id += c;
    if (c == 'T') id += '-';
  }
  return id + "-" + base::to_hex(record.id).substr(0, 4);
}

class Rebuild {
 public:
  explicit Rebuild(const Workplace& workplace) : workplace_(workplace) {}

  Result<RebuildReport> run() {
    for (const auto& location : workplace_.strategy.locations) {
      if (location.kind != strategy::LocationKind::repository) continue;
      const auto read = read_location(location);
      if (!read.ok()) report_.not_read.push_back(read.error().to_string());
    }
    for (const auto& [id, found] : runs_) TRY(add_run(id, found));
    for (const auto& component : workplace_.strategy.components) {
      for (const auto& plan : component.plans) TRY(add_slot(component, plan));
    }
    if (report_.runs + report_.copies + report_.slots > 0) {
      TRY(workplace_.catalog.evidence().append(
          workplace_.clock.now(), "rebuild",
          evidence_body({{"runs", std::to_string(report_.runs)},
                         {"copies", std::to_string(report_.copies)},
                         {"slots", std::to_string(report_.slots)}})));
    }
    return std::move(report_);
  }

 private:
  Result<void> read_location(const strategy::Location& location);
  void take(const strategy::Location& location, const strategy::Component& component,
            repository::Repository& repository, const repository::SnapshotRecord& record);
  Result<void> add_run(const std::string& id, const std::vector<Found>& found);
  Result<void> add_copies(const std::string& id, const std::vector<Found>& found,
                          const Found& original, const catalog::RunRecord& run);
  Result<void> add_slot(const strategy::Component& component, const strategy::Plan& plan);
  [[nodiscard]] std::optional<base::Time> slot_before(const strategy::Plan& plan,
                                                      base::Time at) const;

  const Workplace& workplace_;
  std::map<std::string, std::vector<Found>> runs_;  // by id
  // When the newest snapshot of a plan was taken, or stored if the plan copies; and the oldest.
  struct Span {
    base::Time first;
    base::Time last;
  };
  std::map<std::pair<std::string, std::string>, Span> spans_;  // by component and plan
  RebuildReport report_;
};

Result<void> Rebuild::read_location(const strategy::Location& location) {
  const auto place = TRY(open_place(workplace_, location));
  const auto list = TRY(
      repository::list_snapshots(place->repository()).with_context("location " + location.name));
  for (const auto& component : workplace_.strategy.components) {
    for (const auto* record : snapshots_of(list, component)) {
      const auto environment = tag_of(*record, environment_tag);
      if (environment && *environment != workplace_.strategy.environment) continue;
      take(location, component, place->repository(), *record);
    }
  }
  if (list.damaged.empty()) return {};
  return base::Error(
      base::ErrorCode::damaged,
      fmt::format("location {}: {} snapshots can't be read", location.name, list.damaged.size()));
}

void Rebuild::take(const strategy::Location& location, const strategy::Component& component,
                   repository::Repository& repository, const repository::SnapshotRecord& record) {
  const auto& summary = record.summary;
  Found found{.location = location.name,
              .snapshot = base::to_hex(record.id),
              .component = &component,
              .plans = plans_of(record),
              .is_copy = tag_of(record, repository::copied_from_tag).has_value(),
              .is_imported = tag_of(record, imported_tag).has_value(),
              .is_by_event = tag_of(record, event_tag).has_value(),
              .started = summary.started,
              .finished = summary.finished,
              .stored = record.stored_at,
              .size = summary.root.bytes,
              .warning_count = summary.warning_count,
              .statistics = {}};
  if (!found.is_copy) {
    // Numbers of its backup are only there for who has the reading key.
    const auto detail = repository::read_detail(repository, record.id);
    if (detail.ok()) {
      found.statistics.insert(detail.value().statistics.begin(), detail.value().statistics.end());
    }
  }
  for (const auto& name : found.plans) {
    const auto* plan = component.plan(name);
    if (plan == nullptr || found.is_imported) continue;
    const auto at = plan->copy_of.empty() ? found.started : std::max(found.started, found.stored);
    const auto [span, is_new] = spans_.try_emplace({component.name, name}, Span{at, at});
    if (is_new) continue;
    span->second.first = std::min(span->second.first, at);
    span->second.last = std::max(span->second.last, at);
  }
  ++report_.snapshots;
  runs_[run_of(record)].push_back(std::move(found));
}

std::optional<base::Time> Rebuild::slot_before(const strategy::Plan& plan, base::Time at) const {
  const auto timing = strategy::timing_of(plan);
  if (!timing.is_timed()) return std::nullopt;
  return strategy::newest_due(timing, at, workplace_.zone);
}

Result<void> Rebuild::add_run(const std::string& id, const std::vector<Found>& found) {
  // The others are copies of it; where it is gone, any of them tells as much.
  const auto captured =
      std::find_if(found.begin(), found.end(), [](const Found& each) { return !each.is_copy; });
  const auto& original = captured != found.end() ? *captured : found.front();
  // Plans that copy have claimed it later.
  std::vector<std::string> plans;
  const strategy::Plan* first = nullptr;
  for (const auto& name : original.plans) {
    const auto* plan = original.component->plan(name);
    if (plan != nullptr && !plan->copy_of.empty()) continue;
    plans.push_back(name);
    if (first == nullptr) first = plan;
  }
  const bool warned = original.warning_count > 0;
  catalog::RunRecord run;
  run.id = id;
  run.start = {.kind = catalog::RunKind::backup,
               .component = original.component->name,
               .plan = fmt::format("{}", fmt::join(plans, ", ")),
               .reason = catalog::RunReason::command,
               .slot = {},
               .started = original.is_imported ? original.stored : original.started};
  if (first != nullptr && !original.is_imported) {
    run.start.slot = slot_before(*first, original.started);
    if (run.start.slot) run.start.reason = catalog::RunReason::schedule;
  }
  if (original.is_by_event) run.start.reason = catalog::RunReason::event;
  run.end = {.state = warned ? catalog::RunState::warnings : catalog::RunState::succeeded,
             .ended = original.is_imported ? original.stored : original.finished,
             .message = {},
             .snapshot = original.snapshot,
             .bytes_read = original.statistic("bytes_read"),
             .bytes_new = original.statistic("bytes_new"),
             .bytes_stored = original.statistic("bytes_stored"),
             .size = original.size,
             .warning_count = original.warning_count};
  if (TRY(workplace_.catalog.runs().take_over(run))) ++report_.runs;
  return add_copies(id, found, original, run);
}

Result<void> Rebuild::add_copies(const std::string& id, const std::vector<Found>& found,
                                 const Found& original, const catalog::RunRecord& run) {
  const auto known = TRY(workplace_.catalog.copies().of_run(id));
  for (const auto& each : found) {
    const auto row = std::find_if(known.begin(), known.end(),
                                  [&](const auto& copy) { return copy.location == each.location; });
    if (row != known.end() && row->state == catalog::CopyState::stored) continue;
    TRY(workplace_.catalog.copies().put({.run = id,
                                         .component = run.start.component,
                                         .plan = fmt::format("{}", fmt::join(each.plans, ", ")),
                                         .location = each.location,
                                         .state = catalog::CopyState::stored,
                                         .original = original.snapshot,
                                         .original_location = original.location,
                                         .snapshot = each.snapshot,
                                         .slot = run.start.slot,
                                         .changed = each.stored,
                                         .next_attempt = each.stored,
                                         .attempts = 1,
                                         .bytes_stored = 0,
                                         .message = {}}));
    ++report_.copies;
  }
  return {};
}

Result<void> Rebuild::add_slot(const strategy::Component& component, const strategy::Plan& plan) {
  const auto span = spans_.find({component.name, plan.name});
  if (span == spans_.end()) return {};
  const auto [first, last] = span->second;
  auto& slots = workplace_.catalog.slots();
  // An event that came before the catalog was lost has its number no more: none is served twice.
  const auto newest_event = TRY(workplace_.catalog.happenings().newest());
  auto row = TRY(slots.see(component.name, plan.name, first, newest_event));
  const auto served = slot_before(plan, last).value_or(last);
  if (row.served && *row.served >= served && row.first_seen <= first) return {};
  row.first_seen = std::min(row.first_seen, first);
  if (!row.served || *row.served < served) row.served = served;
  TRY(slots.put(component.name, plan.name, row));
  ++report_.slots;
  return {};
}

}  // namespace

Result<RebuildReport> rebuild_catalog(const Workplace& workplace) {
  return Rebuild(workplace).run();
}

}  // namespace holdfast::engine
