// Which one's time has come.
#include "chores.hpp"

#include <algorithm>

namespace holdfast::daemon {

void Chores::add(std::string name, base::Duration first, base::Duration every, Body body) {
  auto chore = std::make_unique<Chore>();
  chore->name = std::move(name);
  chore->every = every;
  chore->next = clock_.monotonic() + first;
  chore->body = std::move(body);
  chores_.push_back(std::move(chore));
}

void Chores::ask(const std::string& name) {
  for (const auto& chore : chores_) {
    if (chore->name == name) chore->is_asked = true;
  }
}

void Chores::start_due() {
  if (stop_.stop_requested()) return;
  const auto now = clock_.monotonic();
  for (const auto& chore : chores_) {
    if (!chore->has_ended) continue;
    if (chore->task != nullptr) {
      chore->task->join();
      chore->task.reset();
      chore->next = now + chore->every;
    }
    if (chore->next > now && !chore->is_asked) continue;
    chore->is_asked = false;
    chore->has_ended = false;
    chore->task = executor_.spawn(chore->name, [own = chore.get(), stop = stop_.get_token()] {
      own->body(stop);
      own->has_ended = true;
    });
  }
}

bool Chores::is_idle() const noexcept {
  return std::all_of(chores_.begin(), chores_.end(),
                     [](const auto& chore) { return chore->has_ended.load(); });
}

void Chores::stop() {
  request_stop();
  for (const auto& chore : chores_) {
    if (chore->task != nullptr) chore->task->join();
    chore->task.reset();
  }
}

}  // namespace holdfast::daemon
