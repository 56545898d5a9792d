// Storing, catching up, going on.
#include "log_lane.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "engine/place.hpp"
#include "repository/log.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using repository::LogHead;
using repository::LogKind;
using repository::LogMap;
using State = LogLaneState::State;

namespace {

constexpr base::Duration first_pause = base::seconds(1);
constexpr base::Duration longest_pause = base::minutes(1);
constexpr base::Duration tick = base::milliseconds(50);
// A log into which nothing is written says so that often.
constexpr base::Duration mark_every = base::seconds(20);

}  // namespace

std::string_view log_lane_state_name(State state) noexcept {
  constexpr std::array names{"starting", "flowing", "behind", "down"};
  return names[static_cast<std::size_t>(state)];
}

LogLane::LogLane(const Workplace& workplace, LogTail& tail, LogLaneOptions options,
                 io::Executor& executor)
    : workplace_(workplace), tail_(tail), options_(std::move(options)), executor_(executor) {
  state_.location = options_.location;
  task_ = executor.spawn("log " + options_.location, [this] {
    auto pause = first_pause;
    while (!stop_.stop_requested()) {
      const auto began = workplace_.clock.monotonic();
      const auto done = serve();
      if (done.ok()) return;
      if (workplace_.clock.monotonic() - began > longest_pause) pause = first_pause;
      set(State::down, done.error().to_string());
      executor_.sleep(pause, stop_.get_token());
      pause = std::min(pause + pause, longest_pause);
    }
  });
}

LogLane::~LogLane() {
  stop_.request_stop();
  tail_.wake();
  task_->join();
}

LogLaneState LogLane::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void LogLane::set(State state, const std::string& message) {
  const std::lock_guard lock(mutex_);
  if (state_.message != message && !message.empty()) {
    base::log(base::LogLevel::warning,
              "log of " + options_.stream + " at " + options_.location + ": " + message);
  }
  state_.state = state;
  state_.message = message;
}

void LogLane::set_durable(std::uint32_t lineage, std::uint64_t position, base::Time at) {
  marked_ = at;
  const std::lock_guard lock(mutex_);
  state_.durable = {.lineage = lineage, .position = position, .at = at};
  state_.durable_since = workplace_.clock.now();
}

// What is there already.
Result<void> LogLane::look(repository::Repository& repository) {
  LogMap map(TRY(repository::list_log(repository, options_.stream)));
  const auto origins = map.lineages();
  for (const auto& piece : origins) {
    if (repository::read_log_head(repository, piece).ok()) origin_stored_ = piece.lineage;
  }
  while (const auto newest = map.newest()) {
    const auto head = TRY(repository::last_head(repository, map, newest->lineage, newest->end));
    // Less is there than the names say: what only looks like a piece is out of the map now.
    if (!head || head->end != newest->end) continue;
    set_durable(head->lineage, head->end,
                head->marks.empty() ? base::Time{} : head->marks.back().at);
    break;
  }
  set(State::flowing, {});
  return {};
}

// Ends without an error when it was told to.
Result<void> LogLane::serve() {
  const auto place = TRY(open_place(workplace_, *workplace_.strategy.location(options_.location)));
  auto& repository = place->repository();
  TRY(look(repository));
  while (true) {
    // Once more after the wish to stop: what has come is stored.
    const bool is_last = stop_.stop_requested();
    const bool has_stored = TRY(store_next(repository));
    if (is_last && !has_stored) return {};
    if (is_last) continue;
    const auto durable = state().durable;
    if (durable) {
      tail_.wait_for_block(durable->position, options_.flush);
    } else {
      executor_.sleep(tick, stop_.get_token());
    }
  }
}

Result<bool> LogLane::store_next(repository::Repository& repository) {
  const auto tail = tail_.state();
  if (tail.lineage == 0) return false;  // it has not begun
  const auto durable = state().durable;
  const bool is_within = durable && durable->lineage == tail.lineage &&
                         durable->position >= tail.start && durable->position <= tail.end;
  const bool is_ahead = durable && durable->lineage == tail.lineage && durable->position > tail.end;
  if (is_ahead) return false;  // it comes again after a new connection
  if (!is_within) {
    TRY(join_tail(repository, tail));
    return true;
  }
  if (tail.origin && tail.lineage != origin_stored_) {
    TRY(store_origin(repository, *tail.origin));
  }
  auto part = tail_.part_after(durable->position);
  if (part.lineage != durable->lineage) return true;  // it has begun anew meanwhile
  const bool has_news = !part.marks.empty() && part.marks.back().at - marked_ >= mark_every;
  if (part.bytes.empty() && !has_news) return false;
  TRY(store_part(repository, std::move(part)));
  return true;
}

Result<void> LogLane::store_part(repository::Repository& repository, LogTail::Part part) {
  LogHead head;
  head.stream = options_.stream;
  head.lineage = part.lineage;
  head.start = part.start;
  head.end = part.end;
  head.marks = std::move(part.marks);
  if (part.bytes.empty()) head.marks = {head.marks.back()};
  const auto before = state().durable->position;
  const auto stored = TRY(repository::store_log_piece(repository, head, part.bytes));
  set_durable(head.lineage, head.end, head.marks.empty() ? marked_ : head.marks.back().at);
  set(State::flowing, {});
  const bool is_whole = head.start < before || head.end - head.start == tail_.block_size();
  if (is_whole) {
    remove_short(repository);
    return {};
  }
  short_.push_back(stored.name);
  return {};
}

// What the whole block holds too. On locked storage they stay until maintenance may remove them.
void LogLane::remove_short(repository::Repository& repository) {
  constexpr std::size_t batch_max = 1'000;
  for (std::size_t at = 0; at < short_.size(); at += batch_max) {
    const auto count = std::min(batch_max, short_.size() - at);
    const std::span<const std::string> batch(short_.data() + at, count);
    static_cast<void>(repository.storage().remove(batch).ok());
  }
  short_.clear();
}

Result<void> LogLane::store_origin(repository::Repository& repository, const LogOrigin& origin) {
  LogHead head;
  head.stream = options_.stream;
  head.kind = LogKind::lineage;
  head.lineage = origin.lineage;
  head.start = head.end = head.fork = origin.fork;
  head.parent = origin.parent;
  TRY(repository::store_log_piece(repository, head, base::as_bytes(origin.account)));
  origin_stored_ = origin.lineage;
  return {};
}

// This location lacks what lies between its end and the tail: another one may have it. What nobody
// has is a gap.
Result<void> LogLane::join_tail(repository::Repository& repository, const LogTail::State& tail) {
  const auto durable = state().durable;
  if (durable) {
    const bool is_same = durable->lineage == tail.lineage;
    const auto until = is_same ? tail.start : ~std::uint64_t{0};
    TRY(catch_up(repository, durable->lineage, until));
    const auto now = state().durable;
    if (is_same && now->position >= tail.start) return {};
    if (is_same && !options_.ahead(tail.lineage, now->position).empty()) {
      return Error(ErrorCode::unavailable, "what this location lacks can't be fetched yet");
    }
    if (is_same) {
      base::log(base::LogLevel::error,
                "log of " + options_.stream + " at " + options_.location +
                    ": a gap that nobody can close; a new base backup is needed");
    }
  }
  short_.clear();
  set_durable(tail.lineage, tail.start, marked_);
  return {};
}

Result<void> LogLane::catch_up(repository::Repository& repository, std::uint32_t lineage,
                               std::uint64_t until) {
  for (const auto& name : options_.ahead(lineage, state().durable->position)) {
    set(State::behind, "what it lacks is fetched from " + name);
    const auto place = open_place(workplace_, *workplace_.strategy.location(name));
    if (!place.ok()) continue;
    auto& other = place.value()->repository();
    const LogMap map(TRY(repository::list_log(other, options_.stream)));
    const auto from = state().durable->position;
    const auto reach = std::min(map.reach(lineage, from), until);
    if (reach <= from) continue;
    for (const auto& piece : TRY(map.covering({lineage, from, reach}))) {
      if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
      const auto read = TRY(repository::read_log_piece(other, piece));
      TRY(repository::store_log_piece(repository, read.head, read.content));
      set_durable(lineage, piece.end,
                  read.head.marks.empty() ? marked_ : read.head.marks.back().at);
    }
  }
  return {};
}

}  // namespace holdfast::engine
