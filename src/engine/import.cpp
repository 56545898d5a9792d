// A run whose capture time is given.
#include "engine/import.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/units.hpp"
#include "codec/hash.hpp"
#include "engine/component_snapshots.hpp"
#include "engine/copy.hpp"
#include "engine/expiry.hpp"
#include "engine/place.hpp"
#include "engine/version.hpp"
#include "evidence_body.hpp"
#include "io/file.hpp"
#include "repository/snapshot_writer.hpp"
#include "source/files/capture.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using catalog::RunState;

namespace {

// What tells whether somebody has changed the file meanwhile.
struct State {
  std::uint64_t size = 0;
  std::int64_t changed = 0;
  bool is_file = false;
  bool operator==(const State&) const = default;
};

Result<State> state_of(const std::string& path) {
  struct stat there;
  if (::lstat(path.c_str(), &there) != 0) return Error::from_errno(errno, base::printable(path));
  if (!S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode)) {
    return Error(ErrorCode::invalid_argument, base::printable(path) + " is no file and no folder")
        .with_hint("name the backup itself");
  }
  return State{
      .size = static_cast<std::uint64_t>(there.st_size),
      .changed = there.st_ctim.tv_sec * base::nanoseconds_per_second + there.st_ctim.tv_nsec,
      .is_file = S_ISREG(there.st_mode)};
}

Result<std::string> hash_of(const std::string& path, const std::stop_token& stop) {
  const auto file = TRY(io::open_file(path, O_RDONLY | O_NOFOLLOW));
  codec::Sha256 hash;
  base::Bytes buffer(base::MiB);
  while (true) {
    if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    const auto got = TRY(io::read_some(file.get(), buffer));
    if (got == 0) return base::to_hex(hash.finish());
    hash.update(base::ByteView(buffer).first(got));
  }
}

class Importer {
 public:
  Importer(const Workplace& workplace, const ImportRequest& request, const ProgressCall& progress,
           std::stop_token stop)
      : workplace_(workplace), request_(request), progress_(progress), stop_(std::move(stop)) {}

  Result<ImportReport> run();

 private:
  Result<void> work();
  [[nodiscard]] repository::Tags tags() const;
  Result<void> capture(Location& place, PlaceOutcome& outcome);
  Result<void> copy(Location& place, PlaceOutcome& outcome);
  Result<void> look_at_retention(Location& place, const PlaceOutcome& outcome);
  Result<void> finish(Result<void> done);
  void warn(const std::string& text);

  const Workplace& workplace_;
  const ImportRequest& request_;
  const ProgressCall& progress_;
  std::stop_token stop_;
  ImportReport report_;
  std::unique_ptr<Location> origin_;
  std::string origin_name_;
  std::string original_;
};

void Importer::warn(const std::string& text) {
  ++report_.run.end.warning_count;
  report_.run.warnings.push_back(text);
  static_cast<void>(workplace_.catalog.runs()
                        .log(report_.run.run, workplace_.clock.now(), "warning: " + text)
                        .ok());
}

repository::Tags Importer::tags() const {
  const auto name = std::filesystem::path(request_.path).filename().string();
  repository::Tags tags{{std::string(environment_tag), workplace_.strategy.environment},
                        {std::string(imported_tag), base::printable(name)},
                        {std::string(plan_tag), request_.plan->name},
                        {std::string(run_tag), report_.run.run}};
  if (!report_.sha256.empty()) tags.emplace_back(std::string(imported_hash_tag), report_.sha256);
  std::sort(tags.begin(), tags.end());
  return tags;
}

Result<void> Importer::capture(Location& place, PlaceOutcome& outcome) {
  const auto bytes = base::as_bytes(request_.path);
  repository::SnapshotOptions options;
  options.source = "files";
  options.host = workplace_.host;
  options.label = request_.component->name;
  options.paths = {base::Bytes(bytes.begin(), bytes.end())};
  options.tags = tags();
  options.command = "import";
  options.program = program_name_and_version();
  options.started = request_.taken_at;
  options.finished = request_.taken_at;
  const auto writer =
      TRY(repository::SnapshotWriter::begin(place.repository(), std::move(options)));
  const source::FilesCaptureOptions what{
      .roots = {request_.path},
      .excludes = {},
      .exclude_files = {},
      .ignore_file_names = {},
      .marker_file_names = {},
      .trust_stat = source::FilesCaptureOptions::TrustStat::none};
  const auto tell = [&](const source::FilesCaptureResult& so_far, std::string_view path) {
    if (!progress_) return;
    progress_({.items = so_far.files + so_far.directories + so_far.others,
               .bytes = so_far.bytes,
               .current = std::string(path)});
  };
  const auto captured =
      TRY(source::capture_files(what, {}, *writer, place.executor(), tell, stop_));
  const auto made = TRY(writer->commit(
      {{"files", captured.files}, {"bytes", captured.bytes}, {"bytes_read", captured.bytes_read}}));
  outcome.state = PlaceOutcome::State::captured;
  outcome.snapshot = original_ = base::to_hex(made.id);
  outcome.bytes_stored = made.totals.bytes_stored;
  auto& end = report_.run.end;
  end.snapshot = original_;
  end.bytes_read = captured.bytes_read;
  end.bytes_new = made.totals.bytes_new;
  end.bytes_stored = made.totals.bytes_stored;
  end.size = captured.bytes;
  for (const auto& each : writer->warnings()) {
    warn(base::printable(each.path) + ": " + each.message);
  }
  return {};
}

Result<void> Importer::copy(Location& place, PlaceOutcome& outcome) {
  const auto copied =
      TRY(copy_snapshots(origin_->repository(), place.repository(), {original_}, progress_, stop_));
  outcome.state = PlaceOutcome::State::copied;
  outcome.snapshot = base::to_hex(copied.snapshots.front().copy);
  outcome.bytes_stored = copied.totals.bytes_copied;
  return {};
}

Result<void> Importer::look_at_retention(Location& place, const PlaceOutcome& outcome) {
  const auto list = TRY(repository::list_snapshots(place.repository()));
  const auto decided = TRY(
      decide_expiry(workplace_, *request_.component, outcome.location, place.repository(), list));
  for (const auto& verdict : decided.decision.verdicts) {
    if (verdict.id != outcome.snapshot || verdict.is_kept()) continue;
    report_.expired_at.push_back(outcome.location);
    warn(fmt::format("by the rules of {} at {} it has expired: it goes with the next run",
                     request_.plan->name, outcome.location));
  }
  return {};
}

Result<void> Importer::work() {
  const auto before = TRY(state_of(request_.path));
  if (before.is_file) report_.sha256 = TRY(hash_of(request_.path, stop_));
  std::optional<Error> trouble;
  for (const auto& destination : request_.plan->to) {
    const auto* location = workplace_.strategy.location(destination.location);
    if (location == nullptr || location->kind != strategy::LocationKind::repository) continue;
    auto& outcome = report_.run.places.emplace_back();
    outcome.location = location->name;
    auto opened = open_place(workplace_, *location);
    if (!opened.ok()) {
      outcome.message = opened.error().message();
      warn(fmt::format("location {} is down: {}", location->name, outcome.message));
      trouble = std::move(opened).error();
      continue;
    }
    auto place = std::move(opened).value();
    if (origin_ == nullptr) {
      TRY(capture(*place, outcome));
      if (TRY(state_of(request_.path)) != before) {
        return Error(ErrorCode::conflict, base::printable(request_.path) +
                                              " was changed while it was read: its snapshot stays "
                                              "and is not to be relied on")
            .with_hint("forget that snapshot, and import what doesn't change any more");
      }
    } else if (auto done = copy(*place, outcome); !done.ok()) {
      outcome.message = done.error().message();
      warn(fmt::format("no copy at {} yet: {}", location->name, outcome.message));
      continue;
    }
    TRY(look_at_retention(*place, outcome));
    if (origin_ == nullptr) {
      origin_name_ = location->name;
      origin_ = std::move(place);
    }
  }
  if (origin_ != nullptr) return {};
  if (trouble) return std::move(*trouble).with_context("no location of the plan is up");
  return Error(ErrorCode::unsupported, "none of the plan's locations is a repository")
      .with_hint("--plan names another one");
}

Result<void> Importer::finish(Result<void> done) {
  auto& end = report_.run.end;
  end.ended = workplace_.clock.now();
  end.state = end.warning_count > 0 ? RunState::warnings : RunState::succeeded;
  if (!done.ok()) {
    end.state =
        done.error().code() == ErrorCode::cancelled ? RunState::cancelled : RunState::failed;
    end.message = done.error().to_string();
  }
  for (const auto& place : report_.run.places) {
    if (original_.empty()) break;
    const bool waits = place.state == PlaceOutcome::State::waiting;
    TRY(workplace_.catalog.copies().put(
        {.run = report_.run.run,
         .component = request_.component->name,
         .plan = request_.plan->name,
         .location = place.location,
         .state = waits ? catalog::CopyState::waiting : catalog::CopyState::stored,
         .original = original_,
         .original_location = origin_name_,
         .snapshot = place.snapshot,
         .slot = {},
         .changed = end.ended,
         .next_attempt = end.ended,
         .attempts = 1,
         .bytes_stored = place.bytes_stored,
         .message = place.message}));
  }
  TRY(workplace_.catalog.evidence().append(
      end.ended, "import",
      evidence_body({{"run", report_.run.run},
                     {"component", request_.component->name},
                     {"plan", request_.plan->name},
                     {"file", base::printable(request_.path)},
                     {"sha256", report_.sha256},
                     {"taken_at", base::format_utc(request_.taken_at)},
                     {"snapshot", end.snapshot},
                     {"state", std::string(catalog::run_state_name(end.state))},
                     {"message", end.message}})));
  TRY(workplace_.catalog.runs().end(report_.run.run, end));
  return done;
}

Result<ImportReport> Importer::run() {
  if (request_.taken_at > workplace_.clock.now()) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("{} lies in the future", base::format_utc(request_.taken_at)))
        .with_hint("say when the backup was made");
  }
  TRY(state_of(request_.path));
  report_.run.run = TRY(workplace_.catalog.runs().begin({.kind = catalog::RunKind::backup,
                                                         .component = request_.component->name,
                                                         .plan = request_.plan->name,
                                                         .reason = catalog::RunReason::command,
                                                         .slot = {},
                                                         .started = workplace_.clock.now()},
                                                        workplace_.random));
  TRY(finish(work()));
  return std::move(report_);
}

}  // namespace

Result<ImportReport> import_backup(const Workplace& workplace, const ImportRequest& request,
                                   const ProgressCall& progress, std::stop_token stop) {
  CHECK(request.component != nullptr && request.plan != nullptr, "an import is of a plan");
  return Importer(workplace, request, progress, std::move(stop)).run();
}

}  // namespace holdfast::engine
