// The scheduler hands a baton from thread to thread: whoever has the turn runs, all others wait for
// theirs.
#include "support/simulated_executor.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "base/random.hpp"

namespace holdfast::simulation {

namespace {

enum class State { runnable, waiting, sleeping, joining, done };

std::string_view name_of(State state) {
  switch (state) {
    case State::runnable: return "can run";
    case State::waiting: return "waits for a signal";
    case State::sleeping: return "sleeps";
    case State::joining: return "waits for a task's end";
    case State::done: return "has ended";
  }
  return "";
}

struct Actor {
  std::size_t number;
  std::string name;
  // What it did when it last gave the turn away.
  std::string label = "start";
  State state = State::runnable;
  std::size_t signal = 0;                  // while waiting
  std::optional<base::Duration> deadline;  // while waiting or sleeping
  const Actor* joined = nullptr;           // while joining; null: all others
  bool has_turn = false;
  std::condition_variable turn;
};

thread_local Actor* this_actor = nullptr;

constexpr auto stuck_after = std::chrono::minutes(5);
constexpr std::size_t remembered_decisions = 60;
constexpr int mutex_attempts_max = 100'000;

}  // namespace

class SimulatedExecutor::Scheduler {
 public:
  explicit Scheduler(const ExecutorOptions& options)
      : options_(options), random_(options.seed), wall_offset_(options.start - base::Time{}) {}

  // Shared with the task's handle: those that ended leave the list, so that a long run stays fast.
  std::shared_ptr<Actor> add(std::string name) {
    const std::lock_guard lock(mutex_);
    actors_.push_back(std::make_shared<Actor>());
    actors_.back()->number = actors_added_++;
    actors_.back()->name = std::move(name);
    return actors_.back();
  }

  std::size_t add_signal() {
    const std::lock_guard lock(mutex_);
    return ++signals_;
  }

  // The first actor of a run takes the turn without a decision.
  void begin(Actor& actor) {
    const std::lock_guard lock(mutex_);
    actor.has_turn = true;
    this_actor = &actor;
  }

  void await_turn(Actor& actor) {
    this_actor = &actor;
    std::unique_lock lock(mutex_);
    await_turn(lock, actor);
  }

  // Gives the turn away in `state` and returns when it is back.
  void yield(State state, std::string label, std::size_t signal,
             std::optional<base::Duration> deadline, const Actor* joined) {
    Actor& self = *this_actor;
    std::unique_lock lock(mutex_);
    self.state = state;
    self.label = std::move(label);
    self.signal = signal;
    self.deadline = deadline;
    self.joined = joined;
    pass_on(self);
    await_turn(lock, self);
  }

  void end(Actor& actor) {
    const std::lock_guard lock(mutex_);
    actor.state = State::done;
    wake_joiners();
    forget(actor);
    pass_on(actor);
  }

  // The first actor ends last, and nobody is left to have the turn.
  void end_all() {
    while (!all_others_done()) yield(State::joining, "join all", 0, {}, nullptr);
    const std::lock_guard lock(mutex_);
    this_actor->state = State::done;
    this_actor->has_turn = false;
    forget(*this_actor);
    this_actor = nullptr;
  }

  void notify(std::size_t signal) {
    const std::lock_guard lock(mutex_);
    for (const auto& actor : actors_) {
      if (actor->state == State::waiting && actor->signal == signal) wake(*actor);
    }
  }

  void wake_sleeper(Actor& actor) {
    const std::lock_guard lock(mutex_);
    if (actor.state == State::sleeping) wake(actor);
  }

  [[nodiscard]] bool is_done(const Actor& actor) const {
    const std::lock_guard lock(mutex_);
    return actor.state == State::done;
  }
  [[nodiscard]] base::Duration monotonic() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  [[nodiscard]] base::Time wall() const {
    const std::lock_guard lock(mutex_);
    return base::Time{} + now_ + wall_offset_;
  }
  void jump_wall_clock(base::Duration by) {
    const std::lock_guard lock(mutex_);
    wall_offset_ = wall_offset_ + by;
  }
  [[nodiscard]] std::uint64_t hash() const {
    const std::lock_guard lock(mutex_);
    return hash_;
  }
  [[nodiscard]] std::uint64_t decisions() const {
    const std::lock_guard lock(mutex_);
    return decisions_;
  }
  [[nodiscard]] std::string describe() const {
    const std::lock_guard lock(mutex_);
    return describe_locked();
  }
  [[nodiscard]] const ExecutorOptions& options() const noexcept { return options_; }

  [[noreturn]] void fail(const std::string& what) const {
    const std::lock_guard lock(mutex_);
    fail_locked(what);
  }

 private:
  [[nodiscard]] bool chance(unsigned of_1024) { return random_.below(1024) < of_1024; }

  void forget(const Actor& actor) {
    std::erase_if(actors_, [&](const auto& other) { return other.get() == &actor; });
  }

  static void wake(Actor& actor) {
    actor.state = State::runnable;
    actor.deadline.reset();
  }

  [[nodiscard]] bool all_others_done() const {
    const std::lock_guard lock(mutex_);
    return others_done(this_actor);
  }
  [[nodiscard]] bool others_done(const Actor* self) const {
    return std::all_of(actors_.begin(), actors_.end(), [&](const auto& actor) {
      return actor.get() == self || actor->state == State::done;
    });
  }

  void wake_joiners() {
    for (const auto& actor : actors_) {
      if (actor->state != State::joining) continue;
      const bool over =
          actor->joined == nullptr ? others_done(actor.get()) : actor->joined->state == State::done;
      if (over) wake(*actor);
    }
  }

  [[nodiscard]] std::vector<Actor*> in_state(State state) const {
    std::vector<Actor*> found;
    for (const auto& actor : actors_) {
      if (actor->state == state) found.push_back(actor.get());
    }
    return found;
  }

  [[nodiscard]] std::optional<base::Duration> next_deadline() const {
    std::optional<base::Duration> next;
    for (const auto& actor : actors_) {
      if (actor->deadline && (!next || *actor->deadline < *next)) next = actor->deadline;
    }
    return next;
  }

  void leap_to(base::Duration time) {
    now_ = std::max(now_, time);
    for (const auto& actor : actors_) {
      if (actor->deadline && *actor->deadline <= now_) wake(*actor);
    }
  }

  // Who runs next. Each choice depends on the seed and on what was chosen before, on nothing else.
  Actor& choose() {
    leap_to(now_ + options_.step);
    auto runnable = in_state(State::runnable);
    if (const auto next = next_deadline();
        next && (runnable.empty() || chance(options_.early_timeouts))) {
      leap_to(*next);
    }
    if (const auto waiting = in_state(State::waiting);
        !runnable.empty() && !waiting.empty() && chance(options_.spurious_wakes)) {
      wake(*waiting[random_.below(waiting.size())]);
    }
    runnable = in_state(State::runnable);
    if (runnable.empty()) fail_locked("a deadlock: every task waits and nobody will wake one");
    Actor& chosen = *runnable[random_.below(runnable.size())];
    record(chosen);
    return chosen;
  }

  // FNV-1a, over the number, the name and the label.
  void record(const Actor& actor) {
    const auto mix = [this](std::uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ULL; };
    for (std::size_t number = actor.number; number != 0; number >>= 8) {
      mix(static_cast<std::uint8_t>(number));
    }
    for (const std::string_view text :
         {std::string_view(actor.name), std::string_view(actor.label)}) {
      for (const char c : text) mix(static_cast<std::uint8_t>(c));
      mix(0);
    }
    ++decisions_;
    recent_.push_back(actor.name + "#" + std::to_string(actor.number) + ": " + actor.label);
    if (recent_.size() > remembered_decisions) recent_.pop_front();
  }

  void pass_on(Actor& from) {
    from.has_turn = false;
    Actor& next = choose();
    next.has_turn = true;
    next.turn.notify_one();
  }

  // Who waits long while no decision is made sees that the running task is stuck.
  void await_turn(std::unique_lock<std::mutex>& lock, Actor& actor) {
    while (!actor.has_turn) {
      const auto before = decisions_;
      const bool in_time = actor.turn.wait_until(
          lock, std::chrono::steady_clock::now() + stuck_after, [&] { return actor.has_turn; });
      if (!in_time && decisions_ == before) {
        fail_locked("a task waits for something that is not a Signal, or computes for minutes");
      }
    }
  }

  [[nodiscard]] std::string describe_locked() const {
    std::string text = "seed " + std::to_string(options_.seed) + ", decision " +
                       std::to_string(decisions_) + ", " +
                       base::format_utc(base::Time{} + now_ + wall_offset_) + "\n";
    for (const auto& actor : actors_) {
      if (actor->state == State::done) continue;
      text +=
          "  " + actor->name + "#" + std::to_string(actor->number) +
          (actor->has_turn ? " runs, since " : " " + std::string(name_of(actor->state)) + ", at ") +
          actor->label + "\n";
    }
    text += "the last decisions:\n";
    for (const auto& decision : recent_) text += "  " + decision + "\n";
    return text;
  }

  [[noreturn]] void fail_locked(const std::string& what) const {
    const auto text = "simulation: " + what + "\n" + describe_locked();
    std::fputs(text.c_str(), stderr);
    std::abort();
  }

  const ExecutorOptions options_;
  mutable std::mutex mutex_;
  base::SeededRandom random_;
  std::vector<std::shared_ptr<Actor>> actors_;
  std::size_t actors_added_ = 0;
  std::size_t signals_ = 0;
  base::Duration now_ = base::hours(1);
  base::Duration wall_offset_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::uint64_t decisions_ = 0;
  std::deque<std::string> recent_;
};

class SimulatedExecutor::SimulatedSignal final : public io::Signal {
 public:
  explicit SimulatedSignal(Scheduler& scheduler)
      : scheduler_(scheduler), number_(scheduler.add_signal()) {}
  void wait(std::unique_lock<std::mutex>& lock) override { wait_until(lock, std::nullopt); }
  void wait_for(std::unique_lock<std::mutex>& lock, base::Duration timeout) override {
    constexpr base::Duration most = base::days(36'500);
    const auto wait = std::clamp(timeout, base::Duration{}, most);
    wait_until(lock, scheduler_.monotonic() + wait);
  }
  void notify_all() override { scheduler_.notify(number_); }

 private:
  void wait_until(std::unique_lock<std::mutex>& lock, std::optional<base::Duration> deadline) {
    CHECK(this_actor != nullptr, "a wait outside of the simulation's run()");
    lock.unlock();
    scheduler_.yield(State::waiting, "signal " + std::to_string(number_), number_, deadline,
                     nullptr);
    for (int attempt = 0; !lock.try_lock(); ++attempt) {
      if (attempt > mutex_attempts_max) scheduler_.fail("a mutex is never given back");
      scheduler_.yield(State::runnable, "mutex", 0, {}, nullptr);
    }
  }
  Scheduler& scheduler_;
  const std::size_t number_;
};

class SimulatedExecutor::SimulatedTask final : public io::Task {
 public:
  SimulatedTask(Scheduler& scheduler, std::string name, std::function<void()> body)
      : scheduler_(scheduler), actor_(scheduler.add(std::move(name))) {
    thread_ = std::thread([this, run = std::move(body)]() mutable {
      scheduler_.await_turn(*actor_);
      run();
      run = nullptr;  // what it holds goes while it has the turn
      scheduler_.end(*actor_);
    });
  }
  SimulatedTask(const SimulatedTask&) = delete;
  SimulatedTask& operator=(const SimulatedTask&) = delete;
  ~SimulatedTask() override { join(); }
  void join() override {
    while (!scheduler_.is_done(*actor_)) {
      CHECK(this_actor != nullptr, "a join outside of the simulation's run()");
      scheduler_.yield(State::joining, "join " + actor_->name, 0, {}, actor_.get());
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  Scheduler& scheduler_;
  const std::shared_ptr<Actor> actor_;
  std::thread thread_;
};

class SimulatedExecutor::SimulatedClock final : public base::Clock {
 public:
  explicit SimulatedClock(const Scheduler& scheduler) : scheduler_(scheduler) {}
  [[nodiscard]] base::Time now() const override { return scheduler_.wall(); }
  [[nodiscard]] base::Duration monotonic() const override { return scheduler_.monotonic(); }

 private:
  const Scheduler& scheduler_;
};

SimulatedExecutor::SimulatedExecutor(const ExecutorOptions& options)
    : scheduler_(std::make_unique<Scheduler>(options)),
      clock_(std::make_unique<SimulatedClock>(*scheduler_)) {}

SimulatedExecutor::~SimulatedExecutor() = default;

void SimulatedExecutor::run(const std::function<void()>& body) {
  CHECK(this_actor == nullptr, "run() within run()");
  const auto main = scheduler_->add("main");
  scheduler_->begin(*main);
  body();
  scheduler_->end_all();
}

std::unique_ptr<io::Task> SimulatedExecutor::spawn(std::string name, std::function<void()> body) {
  CHECK(this_actor != nullptr, "a task outside of the simulation's run()");
  return std::make_unique<SimulatedTask>(*scheduler_, std::move(name), std::move(body));
}

std::unique_ptr<io::Signal> SimulatedExecutor::make_signal() {
  return std::make_unique<SimulatedSignal>(*scheduler_);
}

unsigned SimulatedExecutor::concurrency() const { return scheduler_->options().concurrency; }

void SimulatedExecutor::sleep(base::Duration duration, std::stop_token stop) {
  CHECK(this_actor != nullptr, "a sleep outside of the simulation's run()");
  if (stop.stop_requested()) return point("sleep, stopped");
  Actor& self = *this_actor;
  const std::stop_callback wake(std::move(stop), [this, &self] { scheduler_->wake_sleeper(self); });
  constexpr base::Duration most = base::days(36'500);
  const auto wait = std::clamp(duration, base::Duration{}, most);
  scheduler_->yield(State::sleeping, "sleep", 0, scheduler_->monotonic() + wait, nullptr);
}

void SimulatedExecutor::point(std::string_view label) {
  if (this_actor == nullptr) return;
  scheduler_->yield(State::runnable, std::string(label), 0, {}, nullptr);
}

base::Clock& SimulatedExecutor::clock() { return *clock_; }

void SimulatedExecutor::jump_wall_clock(base::Duration by) { scheduler_->jump_wall_clock(by); }

std::uint64_t SimulatedExecutor::trace_hash() const { return scheduler_->hash(); }

std::uint64_t SimulatedExecutor::decisions() const { return scheduler_->decisions(); }

std::string SimulatedExecutor::describe() const { return scheduler_->describe(); }

}  // namespace holdfast::simulation
