// From the snapshots of a repository and the catalog's memory to a retention request, and what
// follows from its answer.
#include "engine/expiry.hpp"

#include <algorithm>
#include <map>

#include "codec/hash.hpp"
#include "engine/component_snapshots.hpp"
#include "evidence_body.hpp"
#include "log_expiry.hpp"
#include "repository/path_key.hpp"
#include "repository/repository_reader.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::engine {

using base::Result;

namespace {

// The highest level that each snapshot has passed at this location.
Result<std::map<std::string, strategy::Level>> proved_levels(const Workplace& workplace,
                                                             const std::string& component,
                                                             const std::string& location) {
  std::map<std::string, strategy::Level> levels;
  for (const auto& each : TRY(workplace.catalog.verifications().list(component, location))) {
    if (each.outcome != catalog::VerificationOutcome::passed) continue;
    const auto level = strategy::parse_level(each.level).value_or(strategy::Level::none);
    auto& known = levels[each.snapshot];
    known = std::max(known, level);
  }
  return levels;
}

void add_extent(codec::Sha256& hash, const repository::Extent& extent) {
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  out.u8(static_cast<std::uint8_t>(extent.kind));
  out.varint(extent.length);
  out.raw(extent.chunk);
  out.varint(extent.offset);
  hash.update(bytes);
}

// For `versions`: where the content of each file lies, hashed. Two equal contents may differ here
// if they were cut anew in between; that keeps one more than asked.
Result<std::vector<std::pair<std::string, std::string>>> contents_of(
    repository::RepositoryReader& reader, const repository::SnapshotRecord& snapshot) {
  std::vector<std::pair<std::string, std::string>> contents;
  repository::TreeCursor entries(reader, snapshot.summary.root);
  while (const auto entry = TRY(entries.next())) {
    if (entry->kind != repository::EntryKind::file) continue;
    codec::Sha256 hash;
    repository::ExtentCursor extents(reader, entry->content, entry->size);
    while (const auto extent = TRY(extents.next())) add_extent(hash, *extent);
    contents.emplace_back(TRY(repository::path_of_key(entry->key)),
                          base::to_hex(base::ByteView(hash.finish()).first(16)));
  }
  return contents;
}

bool needs_contents(const std::vector<strategy::RetentionRule>& rules) {
  return std::any_of(rules.begin(), rules.end(),
                     [](const auto& rule) { return rule.keep.versions.has_value(); });
}

Result<std::vector<strategy::Happening>> happenings_of(const Workplace& workplace) {
  std::vector<strategy::Happening> happenings;
  for (const auto& each : TRY(workplace.catalog.happenings().list("", 0))) {
    happenings.push_back({.event = each.event, .at = each.at, .id = each.id});
  }
  return happenings;
}

bool is_base(const strategy::Component& component, const std::vector<std::string>& plans) {
  return std::any_of(plans.begin(), plans.end(), [&](const std::string& name) {
    const auto* plan = component.plan(name);
    return plan != nullptr && strategy::makes_bases(component, *plan);
  });
}

// Nothing good is deleted because of something bad: while it looks as if a component's data had
// gone or grown beyond measure, nothing of it expires.
Result<std::optional<std::string>> frozen_by(const Workplace& workplace,
                                             const std::string& component) {
  const auto open = TRY(workplace.catalog.findings().list_open());
  for (const auto& finding : open) {
    if (finding.kind == "size" && finding.component == component) {
      return std::optional(finding.message);
    }
  }
  return std::optional<std::string>();
}

}  // namespace

Result<ExpiryDecision> decide_expiry(const Workplace& workplace,
                                     const strategy::Component& component,
                                     const std::string& location,
                                     repository::Repository& repository,
                                     const repository::SnapshotList& snapshots,
                                     strategy::Reasons reasons) {
  ExpiryDecision made;
  auto& request = made.request;
  request.reasons = reasons;
  request.rules = strategy::rules_at(component, location);
  request.now = TRY(repository.storage_now());
  request.happenings = TRY(happenings_of(workplace));
  request.frozen = TRY(frozen_by(workplace, component.name));
  const auto proved = TRY(proved_levels(workplace, component.name, location));
  const auto waiting = TRY(workplace.catalog.copies().waiting());
  std::unique_ptr<repository::RepositoryReader> reader;
  for (const auto* record : snapshots_of(snapshots, component)) {
    strategy::StoredSnapshot stored;
    stored.id = base::to_hex(record->id);
    stored.plans = plans_of(*record);
    stored.captured = record->summary.started;
    stored.finished = record->summary.finished;
    stored.stored = record->stored_at;
    // As old as it says, never younger than it is.
    if (tag_of(*record, imported_tag)) stored.stored = std::min(stored.stored, stored.captured);
    const auto level = proved.find(stored.id);
    if (level != proved.end()) stored.proved = level->second;
    stored.is_base = is_base(component, stored.plans);
    stored.tags.insert(record->summary.tags.begin(), record->summary.tags.end());
    const auto event = stored.tags.find(std::string(event_id_tag));
    if (event != stored.tags.end()) stored.event_id = event->second;
    if (record->is_held()) stored.hold = record->holds.front().reason;
    for (const auto& copy : waiting) {
      if (copy.original == stored.id && copy.original_location == location) {
        stored.awaited_by.push_back(copy.location);
      }
    }
    if (needs_contents(request.rules)) {
      // Only asked for what can be read here.
      if (reader == nullptr) {
        reader = TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
      }
      stored.contents = TRY(contents_of(*reader, *record));
    }
    request.snapshots.push_back(std::move(stored));
  }
  made.decision = strategy::decide_retention(request, workplace.zone);
  return made;
}

Result<ExpiryReport> expire(const Workplace& workplace, const strategy::Component& component,
                            const std::string& location, repository::Repository& repository,
                            std::stop_token stop) {
  const auto list = TRY(repository::list_snapshots(repository));
  const auto made = TRY(
      decide_expiry(workplace, component, location, repository, list, strategy::Reasons::untold));
  ExpiryReport report;
  report.overdue = made.decision.overdue;
  for (const auto& verdict : made.decision.verdicts) {
    if (verdict.is_kept()) continue;
    if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    const auto record = TRY(repository::choose_snapshot(list, verdict.id));
    // The record comes first: what it says was meant to happen, and can be seen not to have.
    TRY(workplace.catalog.evidence().append(
        workplace.clock.now(), "deletion",
        evidence_body({{"component", component.name},
                       {"location", location},
                       {"snapshot", verdict.id},
                       {"captured", base::format_utc(record.summary.started)},
                       {"reason", "retention"}})));
    TRY(repository::forget_snapshot(repository, record));
    report.forgotten.push_back(verdict.id);
  }
  const auto is_log = [](const strategy::Plan& plan) { return plan.is_log(); };
  if (std::any_of(component.plans.begin(), component.plans.end(), is_log)) {
    const auto from = made.request.frozen ? std::nullopt : made.decision.log_from;
    const auto log = TRY(expire_log(workplace, component, location, repository, list, from, stop));
    report.log_pieces = log.pieces;
  }
  return report;
}

}  // namespace holdfast::engine
