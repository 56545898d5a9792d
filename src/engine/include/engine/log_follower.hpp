// LogFollower: a component's log, followed as it is written and kept at every location of its plan
// (docs/internals/logs.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/log_position.hpp"
#include "engine/workplace.hpp"
#include "io/executor.hpp"
#include "strategy/model.hpp"

namespace holdfast::engine {

struct LogLaneState {
  std::string location;
  // starting: not looked at yet; behind: what it lacks comes from other locations.
  enum class State { starting, flowing, behind, down } state = State::starting;
  std::optional<LogPosition> durable;  // nothing: there is nothing, or nobody has looked
  std::string message;                 // of behind and down: why
};
[[nodiscard]] std::string_view log_lane_state_name(LogLaneState::State state) noexcept;

struct LogState {
  std::string component;
  std::string plan;
  enum class Source { connecting, flowing, down } source = Source::connecting;
  std::string message;  // of down: why
  LogPosition received;
  std::vector<LogLaneState> lanes;
};

// The name of a component's log in repositories; `source` is the number of its cluster.
[[nodiscard]] std::string log_stream(const strategy::Component& component,
                                     const std::string& source);
// The name of the slot that holds a server's WAL back for us.
[[nodiscard]] std::string log_slot(const strategy::Strategy& strategy,
                                   const strategy::Component& component);

class LogFollower {
 public:
  // Everything is borrowed and outlives it. `plan` is of type log, of a component that has one.
  LogFollower(const Workplace& workplace, const strategy::Component& component,
              const strategy::Plan& plan, io::Executor& executor);
  ~LogFollower();
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;

  // Until `stop`; a source or a location that fails is tried again. What has come is stored before
  // it returns.
  void run(const std::stop_token& stop);
  // Thread-safe.
  [[nodiscard]] LogState state() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::engine
