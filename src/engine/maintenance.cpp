// Forgetting and pruning, and their record.
#include "engine/maintenance.hpp"

#include <fmt/format.h>

#include "base/units.hpp"
#include "engine/expiry.hpp"
#include "engine/place.hpp"
#include "repository/prune.hpp"

namespace holdfast::engine {

using base::ErrorCode;
using base::Result;

namespace {

// More at once would hold up for hours what only needs to be done some time.
constexpr std::uint64_t rewrite_bytes_max = 8 * base::GiB;

class Maintenance {
 public:
  Maintenance(const Workplace& workplace, const strategy::Location& location, std::stop_token stop)
      : workplace_(workplace), location_(location), stop_(std::move(stop)) {}

  Result<MaintenanceReport> run() {
    auto place = TRY(open_place(workplace_, location_));
    auto& runs = workplace_.catalog.runs();
    report_.run = TRY(runs.begin({.kind = catalog::RunKind::expire,
                                  .component = {},
                                  .plan = location_.name,
                                  .reason = catalog::RunReason::schedule,
                                  .slot = {},
                                  .started = workplace_.clock.now()},
                                 workplace_.random));
    const auto done = work(place->repository());
    catalog::RunEnd end{.state = catalog::RunState::succeeded, .ended = workplace_.clock.now()};
    end.warning_count = report_.warnings.size();
    if (!done.ok()) {
      end.state = done.error().code() == ErrorCode::cancelled ? catalog::RunState::cancelled
                                                              : catalog::RunState::failed;
      end.message = done.error().to_string();
    } else if (!report_.warnings.empty()) {
      end.state = catalog::RunState::warnings;
    }
    TRY(runs.end(report_.run, end));
    TRY(done);
    return std::move(report_);
  }

 private:
  Result<void> work(repository::Repository& repository) {
    for (const auto& component : workplace_.strategy.components) {
      if (stop_.stop_requested()) return base::Error(ErrorCode::cancelled, "interrupted");
      if (component.kind == strategy::ComponentKind::part) continue;
      const auto expired = expire(workplace_, component, location_.name, repository, stop_);
      if (expired.ok()) {
        report_.forgotten += expired.value().forgotten.size();
      } else {
        warn(fmt::format("retention of {}: {}", component.name, expired.error().message()));
      }
    }
    if (report_.forgotten > 0) note(fmt::format("forgot {} snapshots", report_.forgotten));
    return prune(repository);
  }

  Result<void> prune(repository::Repository& repository) {
    const repository::PruneOptions options{.rewrite_bytes_max = rewrite_bytes_max};
    const auto pruned =
        repository::prune(repository, options, repository::PruneRun::real, {}, stop_);
    if (!pruned.ok()) {
      const auto code = pruned.error().code();
      if (code != ErrorCode::permission_denied && code != ErrorCode::wrong_key) {
        return pruned.error();
      }
      warn("not pruned: " + pruned.error().message());
      return {};
    }
    const auto& report = pruned.value();
    report_.bytes_deleted = report.bytes_deleted;
    for (const auto& each : report.ignored) {
      warn(fmt::format("{}: {}", each.name, each.error.message()));
    }
    for (const auto& each : report.suspicious) {
      warn(fmt::format("{}: {}", each.name, each.error.message()));
    }
    note(fmt::format("pruned: {} deleted, {} rewritten", base::format_size(report.bytes_deleted),
                     base::format_size(report.bytes_rewritten)));
    return {};
  }

  void note(const std::string& text) {
    static_cast<void>(
        workplace_.catalog.runs().log(report_.run, workplace_.clock.now(), text).ok());
  }
  void warn(const std::string& text) {
    report_.warnings.push_back(text);
    note("warning: " + text);
  }

  const Workplace& workplace_;
  const strategy::Location& location_;
  std::stop_token stop_;
  MaintenanceReport report_;
};

}  // namespace

Result<MaintenanceReport> maintain(const Workplace& workplace, const strategy::Location& location,
                                   std::stop_token stop) {
  return Maintenance(workplace, location, std::move(stop)).run();
}

}  // namespace holdfast::engine
