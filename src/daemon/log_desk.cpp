// One follower for each log plan of this machine.
#include "log_desk.hpp"

namespace holdfast::daemon {

LogDesk::LogDesk(SharedWorkplace workplace, io::Executor& executor)
    : workplace_(std::move(workplace)) {
  for (const auto& component : workplace_->strategy.components) {
    const bool is_ours = component.enabled && component.is_of_host(workplace_->host);
    if (!is_ours || component.kind != strategy::ComponentKind::postgres) continue;
    for (const auto& plan : component.plans) {
      if (!plan.enabled || !plan.is_log()) continue;
      followed_.push_back(
          {std::make_unique<engine::LogFollower>(static_cast<const engine::Workplace&>(*workplace_),
                                                 component, plan, executor),
           nullptr});
      auto& made = followed_.back();
      made.task = executor.spawn(
          "log " + component.name,
          [follower = made.follower.get(), stop = stop_.get_token()] { follower->run(stop); });
    }
  }
}

LogDesk::~LogDesk() {
  stop_.request_stop();
  for (auto& each : followed_) each.task->join();
}

std::vector<engine::LogState> LogDesk::states() const {
  std::vector<engine::LogState> states;
  states.reserve(followed_.size());
  for (const auto& each : followed_) states.push_back(each.follower->state());
  return states;
}

}  // namespace holdfast::daemon
