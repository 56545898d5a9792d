// One connection to the source, a lane for each location, and the tail between them.
#include "engine/log_follower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>

#include "base/log.hpp"
#include "base/units.hpp"
#include "codec/hash.hpp"
#include "engine/retry_pause.hpp"
#include "log_canary.hpp"
#include "log_lane.hpp"
#include "log_tail.hpp"
#include "postgres_component.hpp"
#include "source/postgres/timeline_history.hpp"
#include "source/postgres/wal_stream.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using source::WalStream;
using wire::Lsn;

namespace {

constexpr std::uint64_t block_size_max = std::uint64_t{16} << 20;
constexpr std::size_t blocks_max = 4;
constexpr std::uint64_t room_min = std::uint64_t{1} << 20;  // a message is at most 128 KiB
constexpr base::Duration flush_of_disks = base::seconds(1);
constexpr base::Duration flush_of_networks = base::seconds(5);
constexpr base::Duration report_every = base::seconds(1);
constexpr base::Duration tick = base::milliseconds(100);
// So long a location may take to say what it has.
constexpr base::Duration lanes_patience = base::seconds(20);
// So long the end of a timeline may take to be stored everywhere.
constexpr base::Duration drain_patience = base::seconds(30);
constexpr base::Duration first_pause = base::seconds(1);

base::Duration flush_of(const strategy::Plan& plan, const strategy::Location& location) {
  if (plan.flush.nanoseconds > 0) return plan.flush;
  const bool is_far =
      location.url.find("://") != std::string::npos && !location.url.starts_with("file://");
  return is_far ? flush_of_networks : flush_of_disks;
}

}  // namespace

std::string log_stream(const strategy::Component& component, const std::string& source) {
  return component.name + "/" + source;
}

// Servers allow 63 letters, digits and underscores.
std::string log_slot(const strategy::Strategy& strategy, const strategy::Component& component) {
  constexpr std::size_t name_max = 40;
  std::string name;
  for (const char c : component.name.substr(0, name_max)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool is_capital = c >= 'A' && c <= 'Z';
    name += is_plain ? c : is_capital ? static_cast<char>(c - 'A' + 'a') : '_';
  }
  const auto hash = codec::sha256(base::as_bytes(strategy.name + "/" + component.name));
  return fmt::format("holdfast_{}_{}", name, base::to_hex(base::ByteView(hash).first(4)));
}

struct LogFollower::Parts {
  Parts(const Workplace& where, const strategy::Component& of, const strategy::Plan& by,
        io::Executor& with)
      : workplace(where), component(of), plan(by), executor(with) {
    state.component = of.name;
    state.plan = by.name;
    const auto every = base::parse_duration(of.source.word("canary"));
    if (!every.ok()) return;
    canary = std::make_unique<LogCanary>([this] { return postgres_address(workplace, component); },
                                         every.value(), where.clock, with);
  }

  Result<void> follow(const std::stop_token& stop);
  Result<void> stream_from(WalStream& stream, const std::stop_token& stop);
  Result<void> take(WalStream& stream, const WalStream::Arrival& arrival);
  Result<void> go_on(WalStream& stream, const wire::NextTimeline& next,
                     const std::stop_token& stop);
  void begin_lanes(const std::string& stream, std::uint64_t segment_size);
  Result<void> await_lanes(const std::stop_token& stop);
  Result<LogPosition> choose_start(WalStream& stream);
  Result<LogPosition> on_path(WalStream& stream, LogPosition wanted);
  Result<std::optional<LogOrigin>> origin_of(WalStream& stream, std::uint32_t timeline);
  [[nodiscard]] std::vector<LogLaneState> lane_states() const;
  [[nodiscard]] std::vector<std::string> ahead(std::uint32_t lineage, Lsn position) const;
  [[nodiscard]] Lsn acknowledged() const;
  void release();
  void tell_canary();
  void set(LogState::Source source, const std::string& message);

  const Workplace& workplace;
  const strategy::Component& component;
  const strategy::Plan& plan;
  io::Executor& executor;

  std::uint64_t block_size = 0;
  bool is_gone = false;  // the server has no more what the lanes lack
  base::Duration last_report{};

  std::unique_ptr<LogCanary> canary;  // nothing: none is wanted

  mutable std::mutex mutex;  // guards what follows
  LogState state;
  std::string stream_name;
  std::unique_ptr<LogTail> tail;
  std::vector<std::unique_ptr<LogLane>> lanes;
};

void LogFollower::Parts::set(LogState::Source source, const std::string& message) {
  const std::lock_guard lock(mutex);
  if (!message.empty() && message != state.message) {
    base::log(base::LogLevel::warning, "log of " + component.name + ": " + message);
  }
  state.source = source;
  state.message = message;
}

std::vector<LogLaneState> LogFollower::Parts::lane_states() const {
  std::vector<LogLaneState> states;
  const std::lock_guard lock(mutex);
  for (const auto& lane : lanes) states.push_back(lane->state());
  return states;
}

// Called by lanes.
std::vector<std::string> LogFollower::Parts::ahead(std::uint32_t lineage, Lsn position) const {
  std::vector<std::string> names;
  const auto states = lane_states();
  for (const auto& each : states) {
    if (!each.durable || each.state == LogLaneState::State::down) continue;
    const bool is_ahead = each.durable->lineage > lineage ||
                          (each.durable->lineage == lineage && each.durable->position > position);
    if (is_ahead) names.push_back(each.location);
  }
  return names;
}

// Another cluster than before has a log of its own.
void LogFollower::Parts::begin_lanes(const std::string& stream, std::uint64_t segment_size) {
  if (stream == stream_name) return;
  std::vector<std::unique_ptr<LogLane>> ending;
  {
    const std::lock_guard lock(mutex);
    ending.swap(lanes);
  }
  ending.clear();
  block_size = std::min(segment_size, block_size_max);
  auto made = std::make_unique<LogTail>(block_size, blocks_max, executor);
  std::vector<std::unique_ptr<LogLane>> beginning;
  for (const auto& to : plan.to) {
    const auto* location = workplace.strategy.location(to.location);
    if (location == nullptr || location->kind != strategy::LocationKind::repository) continue;
    beginning.push_back(std::make_unique<LogLane>(
        workplace, *made,
        LogLaneOptions{.stream = stream,
                       .location = to.location,
                       .flush = flush_of(plan, *location),
                       .ahead = [this](std::uint32_t lineage,
                                       Lsn position) { return ahead(lineage, position); }},
        executor));
  }
  const std::lock_guard lock(mutex);
  stream_name = stream;
  tail = std::move(made);
  lanes = std::move(beginning);
}

// Until every location has said what it has; one that can't is waited for if there is no other.
Result<void> LogFollower::Parts::await_lanes(const std::stop_token& stop) {
  using State = LogLaneState::State;
  const auto until = workplace.clock.monotonic() + lanes_patience;
  while (!stop.stop_requested()) {
    const auto states = lane_states();
    const auto count = [&](State wanted) {
      return std::count_if(states.begin(), states.end(),
                           [&](const auto& each) { return each.state == wanted; });
    };
    const bool is_late = workplace.clock.monotonic() >= until;
    const auto starting = count(State::starting);
    const auto down = count(State::down);
    const bool is_any = static_cast<std::size_t>(starting + down) < states.size();
    if (is_any && (starting == 0 || is_late)) return {};
    if (!is_any && starting == 0) {
      return Error(ErrorCode::unavailable,
                   states.empty() ? "the plan names no repository"
                                  : "no location can be reached: " + states.front().message);
    }
    executor.sleep(tick, stop);
  }
  return Error(ErrorCode::cancelled, "interrupted");
}

// The server may have left a timeline before the end of what is there of it: then the next one is
// followed from where it began. One that isn't in its history is not its own.
Result<LogPosition> LogFollower::Parts::on_path(WalStream& stream, LogPosition wanted) {
  const auto now = stream.identity().timeline;
  if (wanted.lineage == now) return wanted;
  const auto ancestors = TRY(source::parse_timeline_history(TRY(stream.history(now))));
  auto at = std::find_if(ancestors.begin(), ancestors.end(),
                         [&](const auto& each) { return each.timeline == wanted.lineage; });
  if (at == ancestors.end()) {
    const auto restart = stream.slot().restart.value_or(stream.identity().position);
    return LogPosition{.lineage = now, .position = restart, .at = {}};
  }
  while (at != ancestors.end() && wanted.position > at->left_at) {
    wanted.position = at->left_at;
    ++at;
    wanted.lineage = at != ancestors.end() ? at->timeline : now;
  }
  return wanted;
}

// Where the location that lacks most of the newest lineage needs it from; where nobody has
// anything, or the server has forgotten that, from what the slot holds.
Result<LogPosition> LogFollower::Parts::choose_start(WalStream& stream) {
  const auto& identity = stream.identity();
  LogPosition chosen{.lineage = identity.timeline,
                     .position = stream.slot().restart.value_or(identity.position),
                     .at = {}};
  std::optional<LogPosition> lacking;
  const auto states = lane_states();
  for (const auto& each : states) {
    if (!each.durable || each.state == LogLaneState::State::down) continue;
    const auto& durable = *each.durable;
    if (durable.lineage > identity.timeline) {
      return Error(ErrorCode::conflict,
                   fmt::format("{} has the log of timeline {}, and the server is on timeline {}",
                               each.location, durable.lineage, identity.timeline))
          .with_hint(
              "an older copy of the server is running, or url leads to a standby that "
              "did not follow");
    }
    const bool is_newer = lacking && durable.lineage > lacking->lineage;
    const bool is_less =
        lacking && durable.lineage == lacking->lineage && durable.position < lacking->position;
    if (!lacking || is_newer || is_less) lacking = durable;
  }
  if (lacking && !is_gone) chosen = TRY(on_path(stream, *lacking));
  chosen.position -= chosen.position % block_size;
  return chosen;
}

Result<std::optional<LogOrigin>> LogFollower::Parts::origin_of(WalStream& stream,
                                                               std::uint32_t timeline) {
  if (timeline <= 1) return std::optional<LogOrigin>();
  LogOrigin made;
  made.lineage = timeline;
  made.account = TRY(stream.history(timeline));
  const auto ancestors = TRY(source::parse_timeline_history(made.account));
  if (ancestors.empty()) return Error(ErrorCode::damaged, "a timeline's history is empty");
  made.parent = ancestors.back().timeline;
  made.fork = ancestors.back().left_at;
  return std::optional(std::move(made));
}

// Up to where the server may forget: as many locations have it as `acknowledge` wants.
Lsn LogFollower::Parts::acknowledged() const {
  const auto lineage = tail->state().lineage;
  std::vector<Lsn> positions;
  const auto states = lane_states();
  for (const auto& each : states) {
    const bool counts = each.durable && each.durable->lineage == lineage;
    positions.push_back(counts ? each.durable->position : 0);
  }
  if (positions.empty()) return 0;
  std::sort(positions.rbegin(), positions.rend());
  const auto wanted = component.source.word("acknowledge");
  std::size_t quorum = 1;
  if (wanted == "all") quorum = positions.size();
  if (wanted.starts_with("quorum ")) {
    std::from_chars(wanted.data() + 7, wanted.data() + wanted.size(), quorum);
  }
  return positions[std::clamp<std::size_t>(quorum, 1, positions.size()) - 1];
}

// Forgets what all who flow have. When it is full, whoever is slow gets it from the others later.
void LogFollower::Parts::release() {
  const auto now = tail->state();
  Lsn least = now.end;
  Lsn most = 0;
  const auto states = lane_states();
  for (const auto& each : states) {
    if (each.state != LogLaneState::State::flowing || !each.durable) continue;
    const bool is_here = each.durable->lineage == now.lineage;
    const auto position = is_here ? each.durable->position : now.start;
    least = std::min(least, position);
    most = std::max(most, position);
  }
  if (most == 0) return;  // nobody has anything of it
  tail->release(tail->room() < room_min ? most : least);
}

void LogFollower::Parts::tell_canary() {
  if (canary == nullptr) return;
  const auto lineage = tail->state().lineage;
  const auto states = lane_states();
  for (const auto& each : states) {
    if (!each.durable || each.durable->lineage != lineage) continue;
    canary->durable(each.location, *each.durable, each.durable_since);
  }
}

Result<void> LogFollower::Parts::take(WalStream& stream, const WalStream::Arrival& arrival) {
  const auto now = workplace.clock.monotonic();
  if (arrival.kind == WalStream::Arrival::Kind::bytes) {
    const auto end = tail->state().end;
    if (arrival.start != end) {
      return Error(ErrorCode::damaged,
                   fmt::format("the server sends WAL from {}, and {} was due",
                               wire::format_lsn(arrival.start), wire::format_lsn(end)));
    }
    tail->append(arrival.bytes, arrival.complete_at);
  }
  const auto so_far = tail->state();
  const bool is_idle = arrival.kind == WalStream::Arrival::Kind::idle;
  if (is_idle && arrival.complete_at > so_far.marked) tail->mark(*arrival.complete_at);
  {
    const std::lock_guard lock(mutex);
    state.received = {.lineage = so_far.lineage, .position = so_far.end, .at = so_far.marked};
  }
  release();
  tell_canary();
  if (now - last_report >= report_every) {
    last_report = now;
    TRY(stream.report(so_far.end, acknowledged(), workplace.clock.now()));
  }
  return {};
}

// A timeline has ended: once everybody has it, the next one begins.
Result<void> LogFollower::Parts::go_on(WalStream& stream, const wire::NextTimeline& next,
                                       const std::stop_token& stop) {
  const auto until = workplace.clock.monotonic() + drain_patience;
  const auto ended = tail->state();
  const auto is_drained = [&] {
    const auto states = lane_states();
    return std::all_of(states.begin(), states.end(), [&](const auto& each) {
      return each.state != LogLaneState::State::flowing || !each.durable ||
             each.durable->lineage != ended.lineage || each.durable->position >= ended.end;
    });
  };
  while (!is_drained() && workplace.clock.monotonic() < until && !stop.stop_requested()) {
    executor.sleep(tick, stop);
  }
  const auto start = next.position - next.position % block_size;
  auto origin = TRY(origin_of(stream, next.timeline));
  TRY(stream.start(start, next.timeline));
  tail->begin(next.timeline, start, std::move(origin));
  base::log(base::LogLevel::info, fmt::format("log of {}: timeline {} from {}", component.name,
                                              next.timeline, wire::format_lsn(next.position)));
  return {};
}

Result<void> LogFollower::Parts::stream_from(WalStream& stream, const std::stop_token& stop) {
  const auto start = TRY(choose_start(stream));
  auto origin = TRY(origin_of(stream, start.lineage));
  TRY(stream.start(start.position, start.lineage));
  tail->begin(start.lineage, start.position, std::move(origin));
  set(LogState::Source::flowing, {});
  while (!stop.stop_requested()) {
    WalStream::Arrival arrival;
    if (tail->room() >= room_min) {
      auto arrived = stream.next(tick);
      if (!arrived.ok()) {
        is_gone = arrived.error().code() == ErrorCode::not_found;
        return std::move(arrived).error();
      }
      arrival = std::move(arrived).value();
    } else {
      executor.sleep(tick, stop);  // the locations are slower: the server waits
    }
    if (arrival.kind == WalStream::Arrival::Kind::timeline_end) {
      if (!arrival.next) return Error(ErrorCode::unavailable, "the server ended the log");
      TRY(go_on(stream, *arrival.next, stop));
      continue;
    }
    TRY(take(stream, arrival));
    if (arrival.kind == WalStream::Arrival::Kind::bytes) is_gone = false;
  }
  return {};
}

Result<void> LogFollower::Parts::follow(const std::stop_token& stop) {
  const auto address = TRY(postgres_address(workplace, component));
  const auto stream = TRY(WalStream::open(address, log_slot(workplace.strategy, component), stop));
  begin_lanes(log_stream(component, stream->identity().system), stream->segment_size());
  TRY(await_lanes(stop));
  return stream_from(*stream, stop);
}

LogFollower::LogFollower(const Workplace& workplace, const strategy::Component& component,
                         const strategy::Plan& plan, io::Executor& executor)
    : parts_(std::make_unique<Parts>(workplace, component, plan, executor)) {}

LogFollower::~LogFollower() = default;

void LogFollower::run(const std::stop_token& stop) {
  auto pause = first_pause;
  while (!stop.stop_requested()) {
    const auto began = parts_->workplace.clock.monotonic();
    const auto done = parts_->follow(stop);
    if (stop.stop_requested()) break;
    if (done.ok()) continue;
    if (parts_->workplace.clock.monotonic() - began > base::minutes(1)) pause = first_pause;
    parts_->set(LogState::Source::down, done.error().to_string());
    parts_->executor.sleep(pause, stop);
    pause = std::min(pause + pause, pause_after(1));
  }
  std::vector<std::unique_ptr<LogLane>> ending;
  const std::lock_guard lock(parts_->mutex);
  ending.swap(parts_->lanes);
}

LogState LogFollower::state() const {
  auto lanes = parts_->lane_states();
  const std::lock_guard lock(parts_->mutex);
  auto made = parts_->state;
  made.lanes = std::move(lanes);
  if (parts_->canary == nullptr) return made;
  made.canary_message = parts_->canary->message();
  for (auto& lane : made.lanes) lane.canary = parts_->canary->state(lane.location);
  return made;
}

}  // namespace holdfast::engine
