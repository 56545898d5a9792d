// prune, and repository stats, repair, rebuild-index.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "engine/parity.hpp"
#include "environment.hpp"
#include "invocation.hpp"
#include "records.hpp"
#include "repository/object_name.hpp"
#include "repository/prune.hpp"
#include "repository/repair.hpp"
#include "repository/stats.hpp"
#include "requests.hpp"
#include "session.hpp"

namespace holdfast::cli {

namespace {

using base::Result;

// Seconds that an operation took.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const { return (clock_.monotonic() - begun_).seconds(); }

 private:
  base::SystemClock clock_;
  base::Duration begun_ = clock_.monotonic();
};

std::uint64_t packs_to_delete(const repository::PrunePlan& plan) {
  std::uint64_t packs = 0;
  for (const auto& condemnation : plan.execute) packs += condemnation.packs.size();
  return packs;
}

void write_json(JsonWriter& json, const repository::PruneReport& report, double seconds) {
  const auto& plan = report.plan;
  json.begin_object();
  json.boolean("dry_run", !report.executed);
  json.integer("snapshots", report.snapshots);
  json.integer("packs_kept", plan.packs_kept);
  json.integer("packs_condemned", plan.condemn.size());
  json.integer("packs_rewritten", plan.rewrite.size());
  json.integer("packs_rescued", plan.rescue.size());
  json.integer("packs_deleted", report.executed ? report.packs_deleted : packs_to_delete(plan));
  json.integer("bytes_condemned", plan.bytes_condemned);
  json.integer("bytes_rewritten", report.executed ? report.bytes_rewritten : plan.bytes_to_rewrite);
  json.integer("bytes_deleted", report.executed ? report.bytes_deleted : plan.bytes_to_delete);
  json.integer("packs_locked", report.packs_locked);
  json.integer("bytes_locked", report.bytes_locked);
  json.integer("locks_extended", report.locks.renewed);
  json.integer("locks_failed", report.locks.failed_count);
  json.number("duration_seconds", seconds);
  write_ignored(json, "ignored", report.ignored);
  write_ignored(json, "suspicious", report.suspicious);
}

void write_text(Output& output, const repository::PruneReport& report, double seconds) {
  const auto& plan = report.plan;
  const bool dry = !report.executed;
  tell_ignored(output, report.ignored);
  for (const auto& object : report.suspicious)
    output.warning(object.name + ": " + object.error.to_string());
  for (const auto& object : report.locks.failed)
    output.warning("the lock of " + object.name +
                   " could not be extended: " + object.error.to_string());
  if (dry) output.summary("dry run: nothing was changed");
  output.summary(fmt::format("  snapshots  {}", report.snapshots));
  output.summary(fmt::format("  kept       {} packs", plan.packs_kept));
  output.summary(fmt::format("  condemned  {} packs, {}", plan.condemn.size(),
                             base::format_size(plan.bytes_condemned)));
  output.summary(
      fmt::format("  rewritten  {} packs, {}", plan.rewrite.size() + plan.rescue.size(),
                  base::format_size(dry ? plan.bytes_to_rewrite : report.bytes_rewritten)));
  output.summary(fmt::format("  deleted    {} packs, {}",
                             dry ? packs_to_delete(plan) : report.packs_deleted,
                             base::format_size(dry ? plan.bytes_to_delete : report.bytes_deleted)));
  if (report.packs_locked > 0)
    output.summary(fmt::format("  locked     {} packs, {}: they go when their lock ends",
                               report.packs_locked, base::format_size(report.bytes_locked)));
  if (report.locks.objects > 0)
    output.summary(
        fmt::format("  locks      {} of {} extended", report.locks.renewed, report.locks.objects));
  output.summary(fmt::format("  time       {}",
                             base::format_duration({static_cast<std::int64_t>(seconds * 1e9)})));
}

std::function<void(std::uint64_t, std::uint64_t)> counting(Surroundings& around, std::string action,
                                                           std::string unit = "packs") {
  return [progress = around.progress(std::move(action), std::move(unit))](std::uint64_t done,
                                                                          std::uint64_t total) {
    progress({.items = done, .items_total = total, .current = {}});
  };
}

void write_names(JsonWriter& json, std::string_view member, const std::vector<std::string>& names) {
  json.begin_array(member);
  for (const auto& name : names) json.text(name);
  json.end();
}

void write_json(JsonWriter& json, const repository::MendReport& mended,
                const repository::RepairReport& report, double seconds) {
  json.begin_object();
  write_names(json, "mended", mended.mended);
  write_ignored(json, "unmendable", mended.unmendable);
  write_names(json, "renewed_parity", mended.renewed);
  json.integer("packs", report.index.packs);
  json.integer("chunks", report.index.chunks);
  write_ignored(json, "unreadable_packs", report.index.unreadable_packs);
  write_names(json, "put_back", report.put_back);
  write_names(json, "removed_objects", report.removed_objects);
  write_names(json, "lost_objects", report.lost_objects);
  json.begin_array("removed_snapshots");
  for (const auto& id : report.removed_snapshots) json.text(hex(id));
  json.end();
  json.begin_array("replaced");
  for (const auto& [before, after] : report.replaced) {
    json.begin_object();
    json.text("old", hex(before));
    json.text("new", hex(after));
    json.end();
  }
  json.end();
  json.integer("lost_count", report.lost_count);
  json.begin_array("lost");
  for (const auto& file : report.lost) {
    json.begin_object();
    json.text("snapshot", file.snapshot);
    json.raw_name("path", file.path);
    json.text("message", file.reason);
    json.end();
  }
  json.end();
  json.number("duration_seconds", seconds);
}

// What an object was that nothing takes the place of.
std::string what_was(std::string_view object) {
  if (object.starts_with(repository::notes_prefix))
    return "a tag, a hold or a release of a snapshot; hold again what is to be held";
  if (object.starts_with(repository::keys_prefix))
    return "a key slot; 'holdfast key list' shows those that are left";
  if (object.starts_with(repository::roster_prefix)) return "an old roster of writers";
  return "the list of packs that a prune had condemned; the next one makes another";
}

// Packs and segments are written anew, snapshots replaced or named as lost.
bool has_successor(std::string_view object) {
  return std::ranges::any_of(std::array{repository::data_prefix, repository::tree_prefix,
                                        repository::index_prefix, repository::snapshots_prefix},
                             [&](std::string_view prefix) { return object.starts_with(prefix); });
}

void write_text(Output& output, const repository::MendReport& mended,
                const repository::RepairReport& report, double seconds) {
  for (const auto& name : mended.mended) output.result("mended: " + name);
  for (const auto& object : mended.unmendable)
    output.result("not mended: " + object.name + ": " + object.error.message());
  for (const auto& name : mended.renewed) output.result("parity made anew: " + name);
  for (const auto& pack : report.index.unreadable_packs) {
    output.result("unreadable: " + pack.name + ": " + pack.error.to_string());
  }
  for (const auto& name : report.put_back) output.result("put back from the cache: " + name);
  for (const auto& object : report.removed_objects) output.result("removed: " + object);
  for (const auto& object : report.lost_objects) output.result("lost: " + what_was(object));
  for (const auto& id : report.removed_snapshots)
    output.result("lost: snapshot " + short_id(id) + ", all of it");
  for (const auto& [before, after] : report.replaced) {
    output.result(fmt::format("replaced: snapshot {} by {}", short_id(before), short_id(after)));
  }
  for (const auto& file : report.lost) {
    output.result(fmt::format("lost: snapshot {}: {}: {}", file.snapshot.substr(0, 8), file.path,
                              file.reason));
  }
  auto summary = report.lost_count == 0 ? std::string("no file is lost")
                                        : fmt::format("{} files are lost", report.lost_count);
  if (!report.lost_objects.empty())
    summary += fmt::format("; {} other objects are lost", report.lost_objects.size());
  output.summary(fmt::format("{}; the index holds {} packs", summary, report.index.packs));
  output.summary(
      fmt::format("  time  {}", base::format_duration({static_cast<std::int64_t>(seconds * 1e9)})));
}

void write_json(JsonWriter& json, const repository::ProtectReport& report, int percent,
                double seconds) {
  json.begin_object();
  json.integer("percent", static_cast<std::uint64_t>(percent));
  json.integer("objects", report.objects);
  json.integer("protected_before", report.had);
  json.integer("protected_now", report.added);
  json.integer("bytes_added", report.bytes_added);
  json.integer("dropped", report.dropped);
  write_ignored(json, "skipped", report.skipped);
  json.number("duration_seconds", seconds);
}

void write_text(Output& output, const repository::ProtectReport& report, int percent,
                double seconds) {
  for (const auto& object : report.skipped)
    output.result("no parity: " + object.name + ": " + object.error.message());
  output.summary(fmt::format("{} of {} objects have parity of {} % or more",
                             report.had + report.added, report.objects, percent));
  output.summary(fmt::format("  added    {} for {} objects", base::format_size(report.bytes_added),
                             report.added));
  output.summary(fmt::format("  dropped  {} of objects that are gone, or weaker", report.dropped));
  output.summary(fmt::format("  time     {}",
                             base::format_duration({static_cast<std::int64_t>(seconds * 1e9)})));
}

// What parity can put right needs no key, and may be the very key slot.
Result<repository::MendReport> mend_first(Invocation& invocation) {
  Surroundings around(invocation);
  auto mended =
      engine::mend_at({.url = TRY(repository_url(invocation)), .environment = environment_variable},
                      counting(around, "mending", "objects"), around.stop());
  around.end_progress();
  return mended;
}

}  // namespace

Result<ExitCode> run_prune(Invocation& invocation) {
  const Stopwatch watch;
  const auto session = TRY(Session::open(invocation));
  const auto run =
      invocation.flag("dry-run") ? repository::PruneRun::dry : repository::PruneRun::real;
  const auto show = session->around().progress("pruning", "packs");
  const auto progress = [&](const repository::PruneProgress& at) {
    show({.items = at.done, .items_total = at.total, .current = at.stage});
  };
  const auto report =
      TRY(repository::prune(session->repository(), {}, run, progress, session->stop()));
  session->around().end_progress();
  auto& output = invocation.output();
  if (output.is_json()) {
    write_json(output.json(), report, watch.seconds());
  } else {
    write_text(output, report, watch.seconds());
  }
  const bool strange = !report.suspicious.empty() || report.locks.failed_count > 0;
  return strange ? ExitCode::warnings : ExitCode::done;
}

Result<ExitCode> run_repository_stats(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  const auto stats = TRY(repository::repository_stats(session->repository()));
  auto& output = invocation.output();
  const auto id = base::to_hex(session->repository().id());
  if (!output.is_json()) {
    output.result(fmt::format("repository  {} at {}", id, session->url()));
    output.result(fmt::format("snapshots   {}, together {}", stats.snapshots,
                              base::format_size(stats.restore_bytes)));
    output.result(fmt::format("stored      {}", base::format_size(stats.total_bytes)));
    output.result(fmt::format("  contents  {} in {} packs", base::format_size(stats.data_bytes),
                              stats.data_packs));
    output.result(fmt::format("  trees     {} in {} packs", base::format_size(stats.tree_bytes),
                              stats.tree_packs));
    output.result(fmt::format("  index     {} in {} segments", base::format_size(stats.index_bytes),
                              stats.index_segments));
    output.result(fmt::format("  parity    {} for {} objects",
                              base::format_size(stats.sidecar_bytes), stats.sidecars));
    output.result(fmt::format("chunks      {}", stats.chunks));
    return ExitCode::done;
  }
  auto& json = output.json();
  json.begin_object();
  json.text("repository", session->url());
  json.text("id", id);
  json.integer("snapshots", stats.snapshots);
  json.integer("bytes_restorable", stats.restore_bytes);
  json.integer("bytes_stored", stats.total_bytes);
  json.integer("data_packs", stats.data_packs);
  json.integer("data_bytes", stats.data_bytes);
  json.integer("tree_packs", stats.tree_packs);
  json.integer("tree_bytes", stats.tree_bytes);
  json.integer("index_segments", stats.index_segments);
  json.integer("index_bytes", stats.index_bytes);
  json.integer("sidecars", stats.sidecars);
  json.integer("sidecar_bytes", stats.sidecar_bytes);
  json.integer("chunks", stats.chunks);
  return ExitCode::done;
}

Result<ExitCode> run_repository_protect(Invocation& invocation) {
  const Stopwatch watch;
  const auto url = TRY(repository_url(invocation));
  const auto percent =
      TRY(parse_number("parity", *invocation.option("parity"), 1, repository::parity_percent_max));
  Surroundings around(invocation);
  const auto report = TRY(engine::protect_at(
      {.url = url, .environment = environment_variable}, static_cast<unsigned>(percent),
      counting(around, "protecting", "objects"), around.stop()));
  around.end_progress();
  auto& output = invocation.output();
  if (output.is_json()) {
    write_json(output.json(), report, percent, watch.seconds());
  } else {
    write_text(output, report, percent, watch.seconds());
  }
  const bool damaged = std::any_of(
      report.skipped.begin(), report.skipped.end(),
      [](const auto& object) { return object.error.code() != base::ErrorCode::unsupported; });
  return damaged ? ExitCode::damage : ExitCode::done;
}

Result<ExitCode> run_repository_repair(Invocation& invocation) {
  const Stopwatch watch;
  const auto mended = TRY(mend_first(invocation));
  const auto session = TRY(Session::open(invocation));
  const auto report = TRY(repository::repair(
      session->repository(), counting(session->around(), "repairing"), session->stop()));
  session->around().end_progress();
  auto& output = invocation.output();
  if (output.is_json()) {
    write_json(output.json(), mended, report, watch.seconds());
  } else {
    write_text(output, mended, report, watch.seconds());
  }
  const bool lost =
      report.lost_count > 0 || !report.removed_snapshots.empty() || !report.lost_objects.empty() ||
      std::ranges::any_of(mended.unmendable,
                          [](const auto& object) { return !has_successor(object.name); });
  return lost ? ExitCode::damage : ExitCode::done;
}

Result<ExitCode> run_rebuild_index(Invocation& invocation) {
  const Stopwatch watch;
  const auto session = TRY(Session::open(invocation));
  const auto report = TRY(repository::rebuild_index(
      session->repository(), counting(session->around(), "reading packs"), session->stop()));
  session->around().end_progress();
  auto& output = invocation.output();
  for (const auto& pack : report.unreadable_packs)
    output.result("unreadable: " + pack.name + ": " + pack.error.to_string());
  output.summary(
      fmt::format("index of {} packs and {} chunks written", report.packs, report.chunks));
  if (output.is_json()) {
    auto& json = output.json();
    json.begin_object();
    json.integer("packs", report.packs);
    json.integer("chunks", report.chunks);
    write_ignored(json, "unreadable_packs", report.unreadable_packs);
    json.number("duration_seconds", watch.seconds());
  }
  return report.unreadable_packs.empty() ? ExitCode::done : ExitCode::damage;
}

}  // namespace holdfast::cli
