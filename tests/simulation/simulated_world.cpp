// The machines' lives, and the check of what was promised.
#include "simulation/simulated_world.hpp"

#include <algorithm>
#include <sstream>

#include "repository/object_name.hpp"
#include "repository/prune.hpp"
#include "repository/snapshot_list.hpp"
#include "simulation/world_files.hpp"
#include "storage/retry.hpp"
#include "support/seeded_sodium.hpp"

namespace holdfast::simulation {

namespace {

constexpr std::string_view passphrase_text = "simulated passphrase";
base::ByteView passphrase() { return base::as_bytes(passphrase_text); }

constexpr base::Duration staleness = base::minutes(5);
constexpr std::size_t kept_max = 3;  // snapshots of one machine

// Virtual time, set forwards or back.
class ShiftedClock final : public base::Clock {
 public:
  explicit ShiftedClock(const base::Clock& inner) : inner_(inner) {}
  [[nodiscard]] base::Time now() const override { return inner_.now() + shift_; }
  [[nodiscard]] base::Duration monotonic() const override { return inner_.monotonic(); }
  void set(base::Duration shift) { shift_ = shift; }

 private:
  const base::Clock& inner_;
  base::Duration shift_;
};

struct Promise {
  WorldFiles files;
  repository::TreeRoot root;
  bool may_be_gone = false;  // somebody has begun to forget it
};

struct Machine {
  Machine(unsigned n, const base::Clock& virtual_clock, std::uint64_t seed)
      : name("m" + std::to_string(n)), random(seed), clock(virtual_clock), disk(seed + 1) {}
  std::string name;
  base::SeededRandom random;  // of what it does
  ShiftedClock clock;
  SimulatedDisk disk;
  WorldFiles files;
  base::Duration asleep_until;
};

repository::Config small_config() {
  repository::Config config;
  config.chunker = {.size_min = 1024, .size_target = 2048, .size_max = 8192};
  config.pack_data_max = 16 * 1024;
  config.pack_tree_max = 4 * 1024;
  config.bundle_file_max = 1024;
  config.bundle_target = 4096;
  return config;
}

class World {
 public:
  explicit World(const WorldOptions& options);
  WorldReport run();

 private:
  using Deed = std::function<base::Result<void>(repository::Repository&)>;

  void live(Machine& machine);
  void act(Machine& machine);
  // One process of a machine, from start to end or crash.
  base::Result<void> process(Machine& machine, Role role, const Deed& deed);
  [[nodiscard]] storage::FaultOptions faults_of(Machine& machine, Role role);
  void before_call(Machine& machine, const storage::FaultCall& call);
  void after_call(const storage::FaultCall& call);

  base::Result<void> back_up(Machine& machine, repository::Repository& repository);
  base::Result<void> forget_one(Machine& machine, repository::Repository& repository);
  base::Result<void> prune(repository::Repository& repository);
  base::Result<void> read_one(Machine& machine, repository::Repository& repository);
  void settle();
  void check(std::string_view after);
  void note(const Machine& machine, std::string text);
  void violate(std::string text);

  const WorldOptions options_;
  SimulatedExecutor executor_;
  SeededSodium sodium_;
  base::SeededRandom random_;   // of keys: production code draws from it
  base::SeededRandom weather_;  // of faults
  ShiftedClock storage_clock_;
  storage::MemoryStorage storage_;
  std::shared_ptr<storage::RecentlyRemoved> removed_;  // shared by all machines' views
  std::vector<std::unique_ptr<Machine>> machines_;
  std::map<repository::ObjectHash, Promise> promises_;
  bool calm_ = false;
  WorldReport report_;
};

World::World(const WorldOptions& options)
    : options_(options),
      executor_({.seed = options.seed, .early_timeouts = 0}),
      sodium_(options.seed),
      random_(options.seed * 31 + 1),
      weather_(options.seed * 37 + 2),
      storage_clock_(executor_.clock()),
      storage_(storage_clock_, {.capabilities = {.versions = false,
                                                 .retention = false,
                                                 .consistent = options.listings ==
                                                               WorldOptions::Listings::consistent},
                                .capacity = {}}),
      removed_(std::make_shared<storage::RecentlyRemoved>()) {
  for (unsigned n = 0; n < options.machines; ++n)
    machines_.push_back(std::make_unique<Machine>(n, executor_.clock(), options.seed * 1000 + n));
}

void World::note(const Machine& machine, std::string text) {
  report_.history.push_back(base::format_utc(executor_.clock().now()) + " " + machine.name + " " +
                            std::move(text));
}

void World::violate(std::string text) {
  if (report_.violation.empty()) report_.violation = std::move(text);
}

WorldReport World::run() {
  executor_.run([&] {
    SimulatedFileSystem files(machines_[0]->disk);
    const repository::Environment environment{.storage = storage_,
                                              .files = files,
                                              .executor = executor_,
                                              .clock = executor_.clock(),
                                              .random = random_,
                                              .cache_directory = "/cache"};
    repository::CreateOptions create;
    create.config = small_config();
    create.cost = {.memory_kib = 8 * 1024, .passes = 1};
    const auto made = repository::Repository::create(environment, create, passphrase());
    CHECK(made.ok(), "a repository can be made in an empty place");
    std::vector<std::unique_ptr<io::Task>> lives;
    for (const auto& machine : machines_)
      lives.push_back(executor_.spawn(machine->name, [this, &machine] { live(*machine); }));
    lives.clear();
    if (report_.violation.empty()) settle();
  });
  report_.trace_hash = executor_.trace_hash();
  for (const auto& line : report_.history) {
    for (const char c : line)
      report_.trace_hash = (report_.trace_hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
  }
  return std::move(report_);
}

// Mostly short, so that machines get into each other's way; now and then a grace passes.
base::Duration pause(base::Random& random) {
  const auto die = random.below(10);
  const auto most = die < 7 ? base::minutes(10) : die < 9 ? base::hours(2) : base::hours(26);
  return {static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.nanoseconds)))};
}

void World::live(Machine& machine) {
  for (unsigned i = 0; i < options_.deeds && report_.violation.empty(); ++i) {
    executor_.sleep(pause(machine.random), {});
    if (options_.faults == WorldOptions::Faults::all && machine.random.below(6) == 0) {
      machine.clock.set(base::hours(static_cast<std::int64_t>(machine.random.below(400)) - 200));
    }
    act(machine);
  }
}

void World::act(Machine& machine) {
  const auto die = machine.random.below(10);
  if (die < 4) {
    change_files(machine.files, machine.random);
    const auto done = process(machine, Role::backup, [&](auto& r) { return back_up(machine, r); });
    ++(done.ok() ? report_.backups : report_.failed_backups);
    if (!done.ok() && done.error().code() == base::ErrorCode::conflict) ++report_.conflicts;
  } else if (die < 6) {
    (void)process(machine, Role::maintenance, [&](auto& r) { return forget_one(machine, r); });
  } else if (die < 9) {
    const auto done = process(machine, Role::maintenance, [&](auto& r) { return prune(r); });
    ++(done.ok() ? report_.prunes : report_.failed_prunes);
  } else {
    (void)process(machine, Role::reading, [&](auto& r) { return read_one(machine, r); });
  }
  check("after a deed of " + machine.name);
}

storage::FaultOptions World::faults_of(Machine& machine, Role role) {
  storage::FaultOptions faults;
  faults.before_call = [this, &machine](const auto& call) { before_call(machine, call); };
  faults.after_call = [this](const auto& call) { after_call(call); };
  if (options_.listings == WorldOptions::Listings::stale) {
    faults.stale_list = calm_ ? 0 : 0.3;
    faults.staleness = staleness;
  }
  if (calm_ || options_.faults == WorldOptions::Faults::none) return faults;
  if (weather_.below(2) == 0) {
    faults.unavailable_before = 0.02;
    faults.unavailable_after = 0.02;
    faults.remove_partial = 0.05;
  }
  if (weather_.below(4) == 0) faults.bit_flip = 0.02;
  if (weather_.below(5) == 0) faults.no_space = 0.02;
  if (weather_.below(8) == 0) faults.unavailable_before = 0.3;
  if (weather_.below(3) == 0)
    faults.crash_at_call = 1 + weather_.below(role == Role::backup ? 150 : 120);
  return faults;
}

// The place where others run, and where machines fall asleep: all tasks of one at once.
void World::before_call(Machine& machine, const storage::FaultCall& call) {
  executor_.point(storage::fault_operation_name(call.operation));
  if (!calm_ && options_.faults == WorldOptions::Faults::all && weather_.below(60) == 0) {
    const auto most = weather_.below(30) == 0 ? base::hours(30) : base::minutes(20);
    machine.asleep_until = executor_.clock().monotonic() +
                           base::Duration{static_cast<std::int64_t>(
                               weather_.below(static_cast<std::uint64_t>(most.nanoseconds)))};
    note(machine, "sleeps until its clock says " + std::to_string(machine.asleep_until.nanoseconds /
                                                                  base::nanoseconds_per_second));
  }
  for (auto left = machine.asleep_until - executor_.clock().monotonic(); left > base::Duration{};
       left = machine.asleep_until - executor_.clock().monotonic())
    executor_.sleep(left, {});
}

void World::after_call(const storage::FaultCall& call) {
  const bool dangerous = call.operation == storage::FaultOperation::remove &&
                         (call.name.starts_with("data/") || call.name.starts_with("tree/") ||
                          call.name.starts_with("index/"));
  if (dangerous) check("after removing " + call.name);
}

base::Result<void> World::process(Machine& machine, Role role, const Deed& deed) {
  auto faulty = std::make_unique<storage::FaultStorage>(storage_, storage_clock_, weather_.number(),
                                                        faults_of(machine, role), removed_);
  auto& faults = *faulty;
  auto mutant = std::make_unique<MutantStorage>(faults, machine.clock, options_.mutant, role);
  auto& mutated = *mutant;
  const bool full =
      !calm_ && options_.faults == WorldOptions::Faults::all && weather_.below(12) == 0;
  SimulatedFileSystem files(machine.disk, {.before_call =
                                               [&](std::string_view operation) {
                                                 executor_.point(operation);
                                                 return !faults.crashed();
                                               },
                                           .no_space = full ? 0.05 : 0,
                                           .seed = weather_.number()});
  base::Result<void> result;
  {
    storage::RetryStorage retried(std::move(mutant), executor_, machine.clock, random_);
    const repository::Environment environment{.storage = retried,
                                              .files = files,
                                              .executor = executor_,
                                              .clock = machine.clock,
                                              .random = random_,
                                              .cache_directory = "/cache"};
    auto repository = repository::Repository::open(environment, passphrase());
    result = repository.ok() ? deed(*repository.value()) : std::move(repository).error();
    // Everything may be lost that was not durable, although the process had ended well.
    const bool cut = faults.crashed() || (!calm_ && options_.faults == WorldOptions::Faults::all &&
                                          weather_.below(6) == 0);
    if (cut) faults.crash();
    if (options_.mutant != Mutant::lost_successor) mutated.flush();
    repository = base::Error(base::ErrorCode::cancelled, "ended");
    if (cut) {
      ++report_.crashes;
      machine.disk.cut_power();
    }
  }
  report_.faults += faults.faults();
  if (!result.ok()) note(machine, "failed: " + result.error().to_string());
  if (!result.ok() && result.error().code() == base::ErrorCode::internal)
    violate("an internal error: " + result.error().to_string());
  return result;
}

base::Result<void> World::back_up(Machine& machine, repository::Repository& repository) {
  const auto files = machine.files;
  auto committed = TRY(write_files(repository, files, machine.name));
  promises_[committed.id] = {.files = files, .root = committed.summary.root};
  note(machine, "backed up " + std::to_string(files.size()) + " files as " +
                    repository::short_name(committed.id));
  return {};
}

base::Result<void> World::forget_one(Machine& machine, repository::Repository& repository) {
  const auto list = TRY(repository::list_snapshots(repository));
  for (const auto& snapshot : list.snapshots) {
    const auto mine = std::count_if(list.snapshots.begin(), list.snapshots.end(),
                                    [&](const auto& s) { return s.summary.label == machine.name; });
    const bool many = mine > static_cast<std::ptrdiff_t>(kept_max);
    if (snapshot.summary.label != machine.name || (!many && machine.random.below(2) != 0)) continue;
    if (const auto found = promises_.find(snapshot.id); found != promises_.end())
      found->second.may_be_gone = true;
    note(machine, "forgets " + repository::short_name(snapshot.id));
    TRY(repository::forget_snapshot(repository, snapshot));
    ++report_.forgotten;
    break;
  }
  return {};
}

base::Result<void> World::prune(repository::Repository& repository) {
  const auto report = TRY(repository::prune(repository, {}, repository::PruneRun::real, {}, {}));
  report_.packs_deleted += report.packs_deleted;
  return {};
}

// What a machine reads under faults may fail, and must never be wrong.
base::Result<void> World::read_one(Machine& machine, repository::Repository& repository) {
  for (const auto& [id, promise] : promises_) {
    if (machine.random.below(3) != 0) continue;
    const auto copy = promise;
    const auto found = TRY(read_files(repository, copy.root));
    if (found != copy.files) violate("a restore gave wrong bytes and no error");
    return {};
  }
  return {};
}

// As a reader without faults sees it, while all else stands still: on threads of its own.
void World::check(std::string_view after) {
  if (!report_.violation.empty()) return;
  ++report_.checks;
  io::ThreadExecutor threads;
  base::SystemRandom random;
  SimulatedDisk disk(1);
  SimulatedFileSystem files(disk);
  const repository::Environment environment{.storage = storage_,
                                            .files = files,
                                            .executor = threads,
                                            .clock = storage_clock_,
                                            .random = random,
                                            .cache_directory = "/cache"};
  auto repository = repository::Repository::open(environment, passphrase());
  if (!repository.ok())
    return violate("the repository can't be opened: " + repository.error().to_string());
  for (const auto& [id, promise] : promises_) {
    if (promise.may_be_gone) continue;
    const auto name = repository::object_name(repository::snapshots_prefix, id);
    const auto found = read_files(*repository.value(), promise.root);
    std::string what;
    if (!storage_.stat(name).ok()) what = "is not there";
    if (!found.ok()) what = "can't be read: " + found.error().to_string();
    if (found.ok() && found.value() != promise.files) what = "has wrong bytes";
    if (!what.empty())
      return violate(std::string(after) + ": snapshot " + repository::short_name(id) + " " + what);
  }
}

// The weather clears: everybody can work again, and garbage goes.
void World::settle() {
  calm_ = true;
  storage_clock_.set({});
  Machine& machine = *machines_[0];
  for (const auto& each : machines_) each->clock.set({});
  bool all_well = true;
  for (int round = 0; round < 4; ++round) {
    executor_.sleep(base::hours(26), {});
    const auto done = process(machine, Role::maintenance, [&](auto& r) { return prune(r); });
    all_well = round == 0 || (all_well && done.ok());
    check("after settling");
  }
  const auto done = process(machine, Role::backup, [&](auto& r) { return back_up(machine, r); });
  check("after the last backup");
  const auto condemned = storage_.list_all(repository::condemned_prefix);
  const auto sessions = storage_.list_all(repository::sessions_prefix);
  report_.settled = all_well && done.ok();
  if (condemned.ok() && !condemned.value().empty())
    note(machine, std::to_string(condemned.value().size()) + " condemnations are left");
  if (sessions.ok() && !sessions.value().empty())
    note(machine, std::to_string(sessions.value().size()) + " session objects are left");
}

}  // namespace

WorldReport run_world(const WorldOptions& options) { return World(options).run(); }

std::string describe(const WorldOptions& options, const WorldReport& report) {
  std::ostringstream out;
  out << "seed " << options.seed << ", trace " << std::hex << report.trace_hash << std::dec
      << ", mutant " << mutant_name(options.mutant) << ": backups " << report.backups << " (failed "
      << report.failed_backups << ", conflicts " << report.conflicts << "), prunes "
      << report.prunes << " (failed " << report.failed_prunes << "), packs deleted "
      << report.packs_deleted << ", forgotten " << report.forgotten << ", crashes "
      << report.crashes << ", faults " << report.faults << ", checks " << report.checks
      << (report.settled ? ", settled" : ", NOT SETTLED") << "\n";
  if (!report.violation.empty()) out << "VIOLATION: " << report.violation << "\n";
  if (!report.violation.empty() || !report.settled) {
    for (const auto& line : report.history) out << "  " << line << "\n";
  }
  return out.str();
}

}  // namespace holdfast::simulation
