// event: telling that something happened, and waiting for what it causes.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "invocation.hpp"
#include "requests.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using catalog::RunState;

constexpr base::Duration look_every = base::milliseconds(200);

// A plan that runs for the event.
struct Waited {
  std::string component;
  std::string plan;
};

std::vector<Waited> plans_of(const strategy::Strategy& strategy, const std::string& event) {
  std::vector<Waited> waited;
  for (const auto& component : strategy.components) {
    if (!component.enabled || strategy::is_built(component.kind) != strategy::Built::yes) continue;
    for (const auto& plan : component.plans) {
      if (plan.enabled && plan.when.kind == strategy::WhenKind::event && plan.when.event == event) {
        waited.push_back({component.name, plan.name});
      }
    }
  }
  return waited;
}

class EventWait {
 public:
  EventWait(StrategySession& session, std::int64_t number, base::Time at)
      : session_(session), number_(number), at_(at) {}

  // The worst of what came of them. unavailable: they didn't end in time.
  Result<ExitCode> wait(std::vector<Waited> waited, base::Duration timeout) {
    const auto& clock = session_.workplace().clock;
    const auto until = clock.monotonic() + timeout;
    auto exit = ExitCode::done;
    while (!waited.empty()) {
      std::vector<Waited> left;
      for (auto& each : waited) {
        const auto came = TRY(what_came_of(each));
        if (!came) {
          left.push_back(std::move(each));
        } else if (*came != ExitCode::done && exit != ExitCode::failed) {
          exit = *came;
        }
      }
      waited = std::move(left);
      if (waited.empty()) break;
      if (session_.stop().stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
      if (clock.monotonic() > until) {
        return Error(ErrorCode::unavailable,
                     fmt::format("{}/{} has not ended yet", waited.front().component,
                                 waited.front().plan))
            .with_hint("it goes on; holdfast runs list shows what becomes of it");
      }
      session_.around().executor().sleep(look_every, session_.stop());
    }
    return exit;
  }

 private:
  // Nothing: it hasn't ended.
  Result<std::optional<ExitCode>> what_came_of(const Waited& each) {
    auto& catalog = session_.catalog();
    const auto slot = TRY(catalog.slots().get(each.component, each.plan));
    if (!slot) return std::optional<ExitCode>();
    const auto runs = TRY(catalog.runs().list(
        {.component = each.component, .plan = {}, .kind = {}, .state = {}, .limit = 100}));
    const auto newest = std::find_if(runs.begin(), runs.end(), [&](const auto& run) {
      return run.start.started >= at_ && run.end.state != RunState::running &&
             (", " + run.start.plan + ", ").find(", " + each.plan + ", ") != std::string::npos;
    });
    if (slot->happening >= number_) {
      const bool is_warned = newest != runs.end() && newest->end.state == RunState::warnings;
      const bool is_cancelled = newest != runs.end() && newest->end.state == RunState::cancelled;
      if (is_cancelled) return std::optional(ExitCode::failed);
      return std::optional(is_warned ? ExitCode::warnings : ExitCode::done);
    }
    const bool has_failed =
        slot->failures > 0 && newest != runs.end() && newest->end.state == RunState::failed;
    return has_failed ? std::optional(ExitCode::failed) : std::optional<ExitCode>();
  }

  StrategySession& session_;
  std::int64_t number_;
  base::Time at_;
};

}  // namespace

Result<ExitCode> run_event(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto timeout =
      TRY(base::parse_duration(*invocation.option("timeout")).with_context("--timeout"));
  catalog::HappeningRecord record;
  record.event = invocation.argument("NAME");
  record.id = invocation.option("id").value_or("");
  for (auto& [key, value] : TRY(parse_tags(invocation.options("tag")))) {
    record.tags.emplace(std::move(key), std::move(value));
  }
  record.at = session->workplace().clock.now();
  const bool waits = invocation.flag("wait");
  // Whoever can take the catalog is the only one who has it.
  if (waits && session->catalog().take().ok()) {
    return Error(ErrorCode::unavailable,
                 "no daemon carries out this strategy, so nothing would come of it")
        .with_hint("holdfast daemon, or holdfast backup COMPONENT --plan PLAN by hand");
  }
  const auto number = TRY(session->catalog().happenings().add(record));
  auto& output = invocation.output();
  auto exit = ExitCode::done;
  if (waits) {
    exit = TRY(EventWait(*session, number, record.at)
                   .wait(plans_of(session->strategy(), record.event), timeout));
  }
  if (output.is_json()) {
    output.json().begin_object();
    output.json().integer("number", static_cast<std::uint64_t>(number));
    output.json().text("event", record.event);
  }
  output.summary(fmt::format("event {} recorded as number {}", record.event, number));
  return exit;
}

}  // namespace holdfast::cli
