// Each subject and what is asked of it.
#include "engine/strategy_doctor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "engine/commit_watch.hpp"
#include "engine/place.hpp"
#include "engine/source_paths.hpp"
#include "postgres_doctor.hpp"

namespace holdfast::engine {

using base::Result;
using storage::Check;
using Outcome = storage::Check::Outcome;

namespace {

Check check_of(std::string name, const Result<void>& done, std::string when_well) {
  if (done.ok()) return {std::move(name), Outcome::ok, std::move(when_well), {}};
  const auto& error = done.error();
  const bool is_outage = error.code() == base::ErrorCode::unavailable;
  return {std::move(name), is_outage ? Outcome::unknown : Outcome::problem, error.to_string(),
          error.hint()};
}

Examination examine_basis(const Workplace& workplace) {
  Examination made{.subject = "strategy", .checks = {}};
  const auto& encryption = workplace.strategy.encryption;
  const auto& key = encryption.key.is_set() ? encryption.key : encryption.write_key;
  const auto secret =
      key.is_set() ? workplace.secret(key)
                   : base::Error(base::ErrorCode::invalid_argument, "the strategy names no key");
  made.checks.push_back(
      check_of("key", secret.ok() ? Result<void>() : secret.error(), "the key is at hand"));
  made.checks.push_back(check_of("catalog", workplace.catalog.evidence().check(),
                                 "the chain of evidence holds together"));
  return made;
}

Examination examine_location(const Workplace& workplace, const strategy::Location& location) {
  Examination made{.subject = "location " + location.name, .checks = {}};
  auto checks = examine_place(workplace, location);
  if (checks.ok()) {
    made.checks = std::move(checks).value();
  } else {
    made.checks.push_back(check_of("address", checks.error(), {}));
  }
  const auto place = open_place(workplace, location);
  made.checks.push_back(check_of("repository", place.ok() ? Result<void>() : place.error(),
                                 "the repository opens with the strategy's key"));
  return made;
}

Check check_path(const std::string& path) {
  if (::access(path.c_str(), R_OK) == 0) return {"path", Outcome::ok, path + " can be read", {}};
  return {"path", Outcome::problem, base::Error::from_errno(errno, path).message(),
          "mount it, correct `paths`, or run as a user who may read it"};
}

Examination examine_component(const Workplace& workplace, const strategy::Component& component,
                              const std::stop_token& stop) {
  Examination made{.subject = "component " + component.name, .checks = {}};
  if (strategy::is_built(component.kind) != strategy::Built::yes) {
    made.checks.push_back({"kind",
                           Outcome::unknown,
                           fmt::format("components of the kind {} can't be backed up yet",
                                       strategy::component_kind_name(component.kind)),
                           {}});
    return made;
  }
  for (const auto& path : source_paths(workplace.strategy, component)) {
    made.checks.push_back(check_path(path));
  }
  if (component.kind == strategy::ComponentKind::git) {
    const auto state = commit_state(workplace, component, stop);
    made.checks.push_back(check_of("refs", state.ok() ? Result<void>() : state.error(),
                                   "the repository tells its refs"));
  }
  if (component.kind == strategy::ComponentKind::postgres) {
    auto checks = examine_postgres(workplace, component, stop);
    made.checks.insert(made.checks.end(), checks.begin(), checks.end());
  }
  return made;
}

}  // namespace

Result<std::vector<Examination>> examine_strategy(const Workplace& workplace,
                                                  std::stop_token stop) {
  std::vector<Examination> all;
  all.push_back(examine_basis(workplace));
  for (const auto& location : workplace.strategy.locations) {
    if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    if (location.kind != strategy::LocationKind::repository) continue;
    all.push_back(examine_location(workplace, location));
  }
  for (const auto& component : workplace.strategy.components) {
    if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    const bool is_part = component.kind == strategy::ComponentKind::part;
    if (!component.enabled || is_part || !component.is_of_host(workplace.host)) continue;
    auto examined = examine_component(workplace, component, stop);
    if (!examined.checks.empty()) all.push_back(std::move(examined));
  }
  return all;
}

}  // namespace holdfast::engine
