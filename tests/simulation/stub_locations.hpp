// StubLocations: repositories that hold nothing but the records of their snapshots, and logs that
// are lists of pieces. What is kept is decided by the program's own retention; beside each list
// stands that of the naive model, which is told everything but what was deleted.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "naive_retention.hpp"
#include "strategy/model.hpp"
#include "strategy/retention.hpp"

namespace holdfast::simulation {

// What a source gave: by the clock of its machine, and when it really was.
struct StubCapture {
  std::uint64_t id = 0;
  std::set<std::string> plans;
  base::Time captured;
  base::Time finished;
  base::Time truly_began;
  base::Time truly_ended;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> contents;
  std::string event_id;
};

// Faults that the checks must find.
enum class Mutant {
  none,
  keeps_one_too_few,
  keeps_one_too_many,
  prunes_log_too_early,
  copy_is_forgotten,
  copies_an_older_one,
  serves_twice_after_a_crash,
  ignores_daylight_saving,
  runs_at_first_start,
  sleeps_too_long,
  forgets_an_event,
  finding_is_not_opened,
  finding_is_not_closed,
};

class StubLocations {
 public:
  StubLocations(const strategy::Strategy& strategy, strategy::TimeZone zone,
                const NaiveCalendar& calendar, Mutant mutant);

  struct Place {
    bool is_up = true;
    base::Time since;  // it has been so; real time
  };
  [[nodiscard]] std::map<std::string, Place>& places() { return places_; }
  [[nodiscard]] bool is_up(const std::string& location) const;

  using Key = std::pair<std::string, std::string>;  // component, location

  void store(const Key& key, const StubCapture& capture, base::Time now);
  // Whether it is there.
  [[nodiscard]] bool holds(const Key& key, std::uint64_t id) const;
  // The newest of a plan; of any, if that is empty.
  [[nodiscard]] std::optional<std::uint64_t> newest(const Key& key, const std::string& plan) const;
  [[nodiscard]] const StubCapture& capture(std::uint64_t id) const { return captures_.at(id); }
  // The recovery point by the clock that captured it.
  [[nodiscard]] std::optional<base::Time> newest_point(const Key& key) const;
  // What was proved of which.
  void prove(const Key& key, strategy::Level level, strategy::Sample::Kind of);
  // Who waits for it: by the catalog, and by the model's own account.
  void await(const Key& key, std::uint64_t id, const std::vector<std::string>& by, int naively);
  void happened(const NaiveEvent& event) { events_.push_back(event); }

  // Real retention and the naive one, by the storage's clock, and the log that goes with it.
  // Nothing: both keep as many.
  std::optional<std::string> expire(const Key& key, base::Time now,
                                    const std::optional<std::string>& frozen,
                                    NaiveRetention::Ice ice);
  // A piece of the component's log, to all locations of the plan. `skew`: of the writer's clock.
  void write_log(const std::string& component, const strategy::Plan& plan, base::Time from,
                 base::Time to, base::Duration skew);

  // Whether each list is what the model has, and each log keeps its promise.
  [[nodiscard]] std::optional<std::string> check(base::Time now);
  [[nodiscard]] const NaiveRetention* naive(const Key& key) const;
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }
  [[nodiscard]] std::uint64_t promises() const { return promises_; }
  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }

 private:
  struct Piece {  // of a log, by real time
    base::Time from;
    base::Time to;
    base::Time dated;  // its end by its writer or the storage, whichever is later
  };
  struct Shelf {
    const strategy::Component* component;
    strategy::RetentionRequest request;
    std::unique_ptr<NaiveRetention> naive;
    std::deque<Piece> log;
    std::vector<Piece> spool;               // that it couldn't take yet
    std::optional<base::Duration> promise;  // of the log
    std::optional<base::Time> first_base;   // when it had been stored
  };
  [[nodiscard]] const strategy::StoredSnapshot* find(const Shelf& shelf, std::uint64_t id) const;
  [[nodiscard]] static std::string name_of(std::uint64_t id);
  [[nodiscard]] static std::uint64_t id_of(const strategy::StoredSnapshot& snapshot);
  [[nodiscard]] std::optional<std::string> compare(const Key& key, const Shelf& shelf) const;
  [[nodiscard]] std::optional<std::string> check_log(const Key& key, const Shelf& shelf,
                                                     base::Time now) const;

  strategy::TimeZone zone_;
  Mutant mutant_;
  std::map<std::string, Place> places_;
  std::map<Key, Shelf> shelves_;
  std::map<std::uint64_t, StubCapture> captures_;
  std::vector<NaiveEvent> events_;
  std::uint64_t forgotten_ = 0;
  mutable std::uint64_t promises_ = 0;  // that were looked at
  mutable std::uint64_t gaps_ = 0;      // that were known not to be kept
};

}  // namespace holdfast::simulation
