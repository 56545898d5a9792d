// Plans and verifications, each by the engine's own way.
#include "carry_out.hpp"

#include "engine/component_verify.hpp"
#include "engine/plan_run.hpp"

namespace holdfast::daemon {

using strategy::Task;

namespace {

CarriedOut failed(const base::Error& error) {
  const bool is_cancelled = error.code() == base::ErrorCode::cancelled;
  return {.state = is_cancelled ? catalog::RunState::cancelled : catalog::RunState::failed,
          .message = error.to_string()};
}

// What the strategy no longer has needs nobody.
CarriedOut gone() {
  return {.state = catalog::RunState::succeeded, .message = "the strategy no longer has it"};
}

CarriedOut run_plans_of(const engine::Workplace& workplace, const engine::Assignment& assignment,
                        const strategy::Component& component,
                        const std::function<void(const std::string&)>& began,
                        const engine::ProgressCall& progress, std::stop_token stop) {
  engine::PlanRun what;
  what.component = &component;
  for (const auto& serving : assignment.due.serves) {
    const auto* plan = component.plan(serving.task.name);
    if (plan != nullptr) what.plans.push_back(plan);
  }
  if (what.plans.empty()) return gone();
  const auto& first = assignment.due.serves.front();
  what.reason = engine::run_reason(first.reason);
  what.slot = first.slot;
  what.happening = assignment.happening;
  what.began = began;
  const auto report = engine::run_plans(workplace, what, progress, std::move(stop));
  if (!report.ok()) return failed(report.error());
  return {.state = report.value().end.state, .message = report.value().end.message};
}

CarriedOut verify(const engine::Workplace& workplace, const engine::Assignment& assignment,
                  const strategy::Component& component,
                  const std::function<void(const std::string&)>& began,
                  const engine::ProgressCall& progress, std::stop_token stop) {
  const auto& first = assignment.due.serves.front();
  for (const auto& each : component.verifications) {
    if (each.name != first.task.name) continue;
    const engine::VerificationRun what{.component = &component,
                                       .verification = &each,
                                       .reason = engine::run_reason(first.reason),
                                       .slot = first.slot,
                                       .location = {},
                                       .began = began};
    const auto report = engine::verify_component(workplace, what, progress, std::move(stop));
    if (!report.ok()) return failed(report.error());
    CarriedOut done{.state = report.value().end.state, .message = report.value().end.message};
    if (done.state == catalog::RunState::cancelled) return done;
    // Looking again finds the same damage; what could not be looked at may be there in a while. A
    // drill that is unknown waits for somebody.
    const bool is_unknown = report.value().outcome == catalog::VerificationOutcome::unknown &&
                            !report.value().run.empty() && !report.value().drill;
    done.ending = is_unknown ? engine::Ending::failed : engine::Ending::served;
    return done;
  }
  return gone();
}

}  // namespace

CarriedOut carry_out(const engine::Workplace& workplace, const engine::Assignment& assignment,
                     const std::function<void(const std::string&)>& began,
                     const engine::ProgressCall& progress, std::stop_token stop) {
  const auto& first = assignment.due.serves.front();
  const auto* component = workplace.strategy.component(first.task.component);
  if (component == nullptr) return gone();
  return first.task.kind == Task::Kind::plan
             ? run_plans_of(workplace, assignment, *component, began, progress, std::move(stop))
             : verify(workplace, assignment, *component, began, progress, std::move(stop));
}

}  // namespace holdfast::daemon
