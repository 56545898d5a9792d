// RunDesk: the runs that are under way, each a task of its own: started, looked after, ended.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "carry_out.hpp"
#include "engine/scheduler.hpp"
#include "engine/workplace.hpp"
#include "io/executor.hpp"

namespace holdfast::daemon {

// Its calls are the loop's; what runs itself only tells.
class RunDesk {
 public:
  using Carry = std::function<CarriedOut(const engine::Workplace&, const engine::Assignment&,
                                         const std::function<void(const std::string&)>& began,
                                         const engine::ProgressCall&, std::stop_token)>;
  // `ended`: called from the run's task when it has ended, to wake the loop.
  RunDesk(io::Executor& executor, const base::Clock& clock, Carry carry,
          std::function<void()> ended);
  ~RunDesk();  // waits for all

  void start(std::shared_ptr<const engine::Workplace> workplace, engine::Assignment assignment);

  struct Ended {
    std::uint64_t number = 0;
    engine::Ending ending = engine::Ending::served;
  };
  // Those that have ended since the last call.
  std::vector<Ended> take_ended();

  // Ends what made no progress for its time, and what somebody asked to end. Gives those that were
  // told to stop a minute ago and haven't: they hang.
  std::vector<std::uint64_t> look_after();

  void stop_all();
  [[nodiscard]] bool is_idle() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  enum class Cause { none, asked, stalled, leaving };
  struct Entry {
    std::shared_ptr<const engine::Workplace> workplace;
    engine::Assignment assignment;
    base::Duration stall;
    std::stop_source stop;
    std::atomic<std::int64_t> progress_at{0};  // monotonic nanoseconds
    std::atomic<bool> has_ended{false};
    CarriedOut outcome;
    Cause cause = Cause::none;
    std::optional<base::Duration> told_at;
    bool hangs = false;
    std::unique_ptr<io::Task> task;

    std::mutex mutex;
    std::string run;  // guarded by mutex
  };
  void cancel(Entry& entry, Cause cause);
  [[nodiscard]] bool is_cancel_asked(Entry& entry) const;
  static engine::Ending ending_of(const Entry& entry);

  io::Executor& executor_;
  const base::Clock& clock_;
  Carry carry_;
  std::function<void()> ended_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace holdfast::daemon
