// Promises that a strategy can't keep.
#include "strategy/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "address.hpp"
#include "kinds.hpp"
#include "strategy/retention.hpp"
#include "strategy/schedule.hpp"

namespace holdfast::strategy {

using base::Duration;

namespace {

// What a log loses that is flushed when nothing else is said.
constexpr Duration flush_default = base::seconds(5);

// How long this rule keeps anything at all; nothing if time doesn't decide.
std::optional<Duration> horizon(const Keep& keep) {
  if (keep.forever || keep.last || keep.versions || keep.until_event) return std::nullopt;
  std::optional<Duration> longest = keep.age;
  constexpr std::array<std::int64_t, period_count> hours{1, 24, 7 * 24, 28 * 24, 365 * 24};
  for (std::size_t i = 0; i < keep.buckets.size(); ++i) {
    if (!keep.buckets[i]) continue;
    const auto span = base::hours(hours[i] * keep.buckets[i]->count);
    longest = longest ? std::max(*longest, span) : span;
  }
  return longest;
}

Rhythm rhythm_of(const Strategy& strategy, const Plan& plan) {
  Rhythm rhythm{plan.when, {plan.jitter, plan.blackout}};
  auto& windows = rhythm.delays.windows;
  windows.insert(windows.end(), strategy.blackout.begin(), strategy.blackout.end());
  return rhythm;
}

class Promises {
 public:
  Promises(const Strategy& strategy, Diagnostics& diagnostics)
      : strategy_(strategy), diagnostics_(diagnostics) {}

  void check() {
    check_keys();
    for (const auto& component : strategy_.components) {
      if (!component.enabled) continue;
      check_objectives(component);
      if (component.kind == ComponentKind::part) continue;
      check_places(component);
      check_connection(component);
      check_verified(component);
      for (const auto& plan : component.plans) {
        if (plan.enabled) check_plan(component, plan);
      }
    }
    for (const auto& location : strategy_.locations) check_location(location);
    check_separation();
  }

 private:
  void check_keys() {
    const auto& encryption = strategy_.encryption;
    const bool has_repository =
        std::any_of(strategy_.locations.begin(), strategy_.locations.end(),
                    [](const auto& each) { return each.kind == LocationKind::repository; });
    if (!has_repository || encryption.key.is_set() || encryption.write_key.is_set()) return;
    demand(encryption.position, "no key is declared: a daemon can't open the repositories",
           "write encryption: { key: env:BACKUP_ENCRYPTION_KEY }");
  }

  // An error, a warning or nothing, as the environment demands of encryption.
  void demand(Position at, const std::string& message, const std::string& hint) {
    switch (strategy_.encryption.demand) {
      case EncryptionDemand::required: diagnostics_.error(at, message, hint); break;
      case EncryptionDemand::warn: diagnostics_.warning(at, message, hint); break;
      case EncryptionDemand::optional: break;
    }
  }

  void check_objectives(const Component& component) {
    const auto& protector = strategy_.protector(component);
    const auto& objectives = component.objectives;
    if (objectives.rpo) check_rpo(component, protector, *objectives.rpo);
    if (objectives.rto) check_rto(component, protector, *objectives.rto);
    if (objectives.drills && !is_drilled(protector)) {
      diagnostics_.warning(
          objectives.position,
          fmt::format("{} promises drills, and no drill restores it by a schedule", component.name),
          "add a drill under verify");
    }
  }

  void check_rpo(const Component& component, const Component& protector, Duration rpo) {
    const auto loss = worst_loss(strategy_, protector);
    const auto at = component.objectives.rpo_position;
    if (!loss) {
      diagnostics_.warning(at,
                           fmt::format("{} promises an RPO of {}, and no plan runs by itself",
                                       component.name, describe(rpo)),
                           "add a plan with every, at or cron");
    } else if (*loss > rpo) {
      diagnostics_.warning(at,
                           fmt::format("{} promises an RPO of {}, and its schedule can lose {}",
                                       component.name, describe(rpo), describe(*loss)),
                           "run a plan more often, or add a log");
    }
  }

  void check_rto(const Component& component, const Component& protector, Duration rto) {
    std::optional<Duration> quickest;
    for (const auto& plan : protector.plans) {
      for (const auto& destination : plan.to) {
        const auto* location = strategy_.location(destination.location);
        if (location == nullptr) continue;
        const auto access = location->access.value_or(Duration{});
        quickest = quickest ? std::min(*quickest, access) : access;
      }
    }
    if (!quickest || *quickest <= rto) return;
    diagnostics_.warning(component.objectives.rto_position,
                         fmt::format("{} promises an RTO of {}, and its quickest location takes {} "
                                     "to answer",
                                     component.name, describe(rto), describe(*quickest)),
                         "keep a copy nearer");
  }

  bool is_drilled(const Component& component) const {
    for (const auto& verification : component.verifications) {
      if (verification.drill.empty() || !verification.enabled) continue;
      const auto* drill = strategy_.drill(verification.drill);
      if (drill == nullptr) continue;
      const auto& names = drill->restore;
      if (drill->all || std::find(names.begin(), names.end(), component.name) != names.end()) {
        return true;
      }
    }
    return false;
  }

  // Where its copies are: 3-2-1, and whether one survives the loss of its own host.
  void check_places(const Component& component) {
    std::set<std::string> places;
    std::set<std::string> media;
    bool offsite = false;
    bool elsewhere = component.host.empty();
    for (const auto& plan : component.plans) {
      if (!plan.enabled) continue;
      for (const auto& destination : plan.to) {
        const auto* location = strategy_.location(destination.location);
        if (location == nullptr) continue;
        places.insert(location->name);
        if (!location->media.empty()) media.insert(location->media);
        offsite = offsite || location->offsite;
        elsewhere = elsewhere || location->host != component.host;
      }
    }
    if (places.empty()) return;
    if (!elsewhere) {
      diagnostics_.warning(
          component.position,
          fmt::format("all copies of {} are on its own host {}", component.name, component.host),
          "send a plan to a location on another machine");
    }
    std::vector<std::string> missing;
    if (places.size() < 2) missing.emplace_back("a second copy");
    if (media.size() < 2) missing.emplace_back("a second kind of media");
    if (!offsite) missing.emplace_back("a copy that is off-site");
    if (missing.empty()) return;
    const auto message = fmt::format("{} does not meet 3-2-1: it lacks {}", component.name,
                                     fmt::join(missing, ", "));
    const auto hint =
        "send its plans to one more location; media and offsite are said of locations";
    if (strategy_.is_production()) {
      diagnostics_.warning(component.position, message, hint);
    } else {
      diagnostics_.note(component.position, message, hint);
    }
  }

  void check_connection(const Component& component) {
    const auto& source = component.source;
    const auto address = parse_address(source.word("url"));
    auto tls = source.word("tls");
    if (tls.empty()) tls = address.parameter("sslmode");
    if (tls.empty() && address.parameter("tls") == "true") tls = "require";
    bool open = false;
    switch (component.kind) {
      case ComponentKind::postgres:
        open = tls.empty() || tls == "disable" || tls == "allow" || tls == "prefer";
        break;
      case ComponentKind::redis: open = address.scheme != "rediss"; break;
      case ComponentKind::mongodb:
        open = (tls.empty() || tls == "disable") && address.scheme != "mongodb+srv";
        break;
      case ComponentKind::clickhouse: open = address.scheme != "https"; break;
      case ComponentKind::bucket: open = source.word("endpoint").starts_with("http:"); break;
      default: break;
    }
    if (component.kind != ComponentKind::bucket && is_local(address)) open = false;
    // A container on this machine is reached without a network.
    if (!source.word("container").empty() && source.word("url").empty()) open = false;
    if (!open || !strategy_.is_production()) return;
    diagnostics_.warning(component.kind_position,
                         fmt::format("{} is reached without TLS", component.name),
                         "in production, write tls: verify-full, rediss:// or https://");
  }

  void check_verified(const Component& component) {
    const bool looked_at = std::any_of(
        component.verifications.begin(), component.verifications.end(),
        [](const auto& each) { return each.enabled && each.when.kind != WhenKind::manual; });
    if (!looked_at) {
      diagnostics_.note(component.position,
                        fmt::format("nothing verifies the snapshots of {}", component.name),
                        "add verify, or defaults: verify");
    }
    for (const auto& plan : component.plans) {
      if (plan.demand == Level::none || !plan.enabled) continue;
      Level reached = Level::none;
      for (const auto& each : component.verifications) {
        if (each.enabled) reached = std::max(reached, each.level);
      }
      if (reached >= plan.demand) continue;
      diagnostics_.warning(plan.position,
                           fmt::format("{} demands {}, and nothing verifies so far: no snapshot "
                                       "will ever be deleted",
                                       plan.name, level_name(plan.demand)),
                           fmt::format("add a verification of level {}", level_name(plan.demand)));
    }
  }

  void check_plan(const Component& component, const Plan& plan) {
    for (const auto& destination : plan.to) {
      const auto* location = strategy_.location(destination.location);
      if (location == nullptr) continue;
      if (location->lock) check_lock(plan, destination, *location);
      if (plan.is_log() && !has_base_at(component, location->name)) {
        diagnostics_.error(destination.position,
                           fmt::format("{} at {} is a log without a base: nothing can be restored "
                                       "from it",
                                       plan.name, location->name),
                           fmt::format("send {} there too", base_of_log_name(component.kind)));
      }
    }
    if (plan.exported && plan.exported->encrypt.empty()) {
      demand(plan.position, fmt::format("{} exports plain files without encryption", plan.name),
             "add encrypt: gpg");
    }
    if (plan.exported && plan.exported->name.find("{time}") == std::string::npos) {
      diagnostics_.warning(
          plan.position,
          fmt::format("{} exports under the same name each time: only the first is written",
                      plan.name),
          "add {time} to the name");
    }
    check_rhythm(plan);
  }

  void check_lock(const Plan& plan, const Destination& destination, const Location& location) {
    const auto kept = horizon(destination.keep);
    if (!kept || *kept >= *location.lock) return;
    const auto kept_text =
        destination.keep.age == kept ? describe(*kept) : describe(destination.keep);
    diagnostics_.warning(destination.keep_position,
                         fmt::format("{} keeps {} at {}, which is locked for {}: it can't be "
                                     "deleted before",
                                     plan.name, kept_text, location.name, describe(*location.lock)),
                         "keep it as long as the lock, or shorten the lock");
  }

  // Whoever gets hold of one thing must not have the other too.
  void check_separation() {
    const auto same = [](const SecretReference& a, const SecretReference& b) {
      return a.is_set() && a.kind == b.kind && a.name == b.name;
    };
    const auto& all = strategy_.locations;
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (!same(all[i].credentials, all[j].credentials)) continue;
        diagnostics_.warning(all[i].credentials.position,
                             fmt::format("{} and {} have the same credentials: whoever gets them "
                                         "can destroy both",
                                         all[j].name, all[i].name),
                             "give each location credentials of its own");
      }
      for (const auto& component : strategy_.components) {
        const auto found = component.source.secrets.find("credentials");
        if (found == component.source.secrets.end() || !same(found->second, all[i].credentials)) {
          continue;
        }
        diagnostics_.warning(found->second.position,
                             fmt::format("{} and its backups at {} have the same credentials",
                                         component.name, all[i].name),
                             "whoever gets them can destroy both: separate them");
      }
      check_key_beside(all[i]);
    }
  }

  void check_key_beside(const Location& location) {
    if (!location.is_path()) return;
    const auto& encryption = strategy_.encryption;
    for (const auto* key : {&encryption.key, &encryption.write_key, &encryption.read_key}) {
      if (key->kind != SecretReference::Kind::file) continue;
      if (!key->name.starts_with(location.url + "/")) continue;
      diagnostics_.warning(key->position,
                           fmt::format("the key lies beside the backups at {}: it is lost with "
                                       "them, and found with them",
                                       location.name),
                           "keep it somewhere else");
    }
  }

  void check_rhythm(const Plan& plan) {
    const auto interval = plan.when.interval.nanoseconds;
    const auto day = base::days(1).nanoseconds;
    if (plan.when.kind == WhenKind::every && interval > 0 && day % interval != 0 &&
        interval % day != 0) {
      diagnostics_.note(plan.when_position,
                        fmt::format("{} does not divide a day: {} runs at other times each day",
                                    describe(plan.when.interval), plan.name),
                        "choose an interval like 6h or 8h, or use at");
    }
  }

  void check_location(const Location& location) {
    if (location.kind == LocationKind::mirror && location.is_object_store() &&
        location.server_encryption.empty()) {
      diagnostics_.note(location.position,
                        fmt::format("{} is a mirror: it is as encrypted as its object store makes "
                                    "it",
                                    location.name),
                        "say sse if it encrypts");
    }
    if (location.endpoint.starts_with("http:") && strategy_.is_production()) {
      diagnostics_.warning(location.position,
                           fmt::format("{} is reached without TLS", location.name),
                           "in production, write an https endpoint");
    }
  }

  const Strategy& strategy_;
  Diagnostics& diagnostics_;
};

}  // namespace

bool has_base_at(const Component& component, std::string_view location) {
  for (const auto& plan : component.plans) {
    if (!plan.enabled || plan.destination(location) == nullptr) continue;
    if (makes_bases(component, plan)) return true;
  }
  return false;
}

std::optional<Duration> worst_loss(const Strategy& strategy, const Component& component,
                                   const Plan& plan) {
  if (!plan.enabled) return std::nullopt;
  const auto rhythm = rhythm_of(strategy, plan);
  if (!plan.copy_of.empty()) {
    const auto* origin = component.plan(plan.copy_of);
    if (origin == nullptr || !origin->enabled) return std::nullopt;
    if (origin->when.is_timed()) {
      return longest_gap_of_copies(rhythm, rhythm_of(strategy, *origin));
    }
    const auto own = longest_gap(plan.when, rhythm.delays);
    const auto theirs = worst_loss(strategy, component, *origin);
    return own && theirs ? std::optional(*own + *theirs) : std::nullopt;
  }
  Duration before_start{};
  switch (plan.when.kind) {
    case WhenKind::continuous:
      return plan.is_log() && plan.flush.nanoseconds > 0 ? plan.flush : flush_default;
    case WhenKind::commit: break;
    case WhenKind::change: before_start = std::max(plan.settle, plan.at_most); break;
    default: return longest_gap(plan.when, rhythm.delays);
  }
  const auto window = longest_window(rhythm.delays.windows);
  if (!window) return std::nullopt;
  return before_start + *window + plan.jitter;
}

std::optional<Duration> worst_loss(const Strategy& strategy, const Component& component) {
  std::optional<Duration> least;
  for (const auto& plan : component.plans) {
    const auto loss = worst_loss(strategy, component, plan);
    if (loss) least = least ? std::min(*least, *loss) : *loss;
  }
  return least;
}

void check_promises(const Strategy& strategy, Diagnostics& diagnostics) {
  Promises(strategy, diagnostics).check();
  diagnostics.settle();
}

}  // namespace holdfast::strategy
