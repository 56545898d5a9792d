// Rule by rule.
#include "naive_retention.hpp"

#include <algorithm>
#include <iterator>

namespace holdfast::simulation {

using base::Duration;
using base::Time;
using strategy::ComponentKind;
using strategy::Keep;
using strategy::Level;
using strategy::Period;
using strategy::PickKind;
using strategy::PlanType;

namespace {

// The types that a log can start from.
bool is_base_type(ComponentKind kind, PlanType type) {
  if (kind == ComponentKind::postgres) {
    return type == PlanType::physical || type == PlanType::incremental;
  }
  if (kind == ComponentKind::redis) return type == PlanType::rdb || type == PlanType::aof;
  return kind == ComponentKind::mongodb && type == PlanType::dump;
}

}  // namespace

NaiveRetention::NaiveRetention(const strategy::Component& component, const std::string& location,
                               const NaiveCalendar& calendar)
    : calendar_(calendar) {
  for (const auto& plan : component.plans) {
    const auto bit = bits_[plan.name] = std::uint64_t{1} << bits_.size();
    auto type = plan.type;
    for (const auto& other : component.plans) {
      if (other.name == plan.copy_of) type = other.type;
    }
    if (is_base_type(component.kind, type)) base_plans_ |= bit;
    for (const auto& to : plan.to) {
      if (to.location == location && !to.keep.empty()) rules_.push_back({&plan, &to.keep, bit});
    }
  }
}

void NaiveRetention::store(NaiveSnapshot snapshot) {
  for (const auto& plan : snapshot.plans) snapshot.mine |= bits_.at(plan);
  if (auto* known = find(snapshot.id)) {
    known->plans.merge(snapshot.plans);
    known->mine |= snapshot.mine;
    return;
  }
  const auto before = std::find_if(
      all_.rbegin(), all_.rend(), [&](const NaiveSnapshot& each) { return each.id < snapshot.id; });
  all_.insert(before.base(), std::move(snapshot));
}

NaiveSnapshot* NaiveRetention::find(std::uint64_t id) {
  const auto found = std::lower_bound(
      all_.begin(), all_.end(), id,
      [](const NaiveSnapshot& each, std::uint64_t wanted) { return each.id < wanted; });
  return found != all_.end() && found->id == id ? &*found : nullptr;
}

void NaiveRetention::expire(Time now, const std::vector<NaiveEvent>& events, Ice ice) {
  if (ice == Ice::frozen) return;
  Kept kept(all_.size());
  for (const auto& rule : rules_) {
    if (rule.plan->is_log()) {
      keep_log_bases(rule, now, kept);
    } else {
      keep_by(rule, now, events, kept);
    }
  }
  std::uint64_t ruled = 0;  // what no plan here speaks of isn't ours to delete
  for (const auto& rule : rules_) ruled |= rule.bit;
  std::size_t left = 0;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (kept[i] == 0 && all_[i].awaited == 0 && (all_[i].mine & ruled) != 0) continue;
    if (left != i) all_[left] = std::move(all_[i]);
    ++left;
  }
  all_.resize(left);
}

void NaiveRetention::keep_by(const Rule& rule, Time now, const std::vector<NaiveEvent>& events,
                             Kept& kept) const {
  std::map<std::string, Kin> families;
  for (const auto& snapshot : all_) {
    if ((snapshot.mine & rule.bit) == 0) continue;
    if (rule.keep->per_tag.empty()) {
      families[""].push_back(&snapshot);
      continue;
    }
    const auto tag = snapshot.tags.find(rule.keep->per_tag);
    families[tag != snapshot.tags.end() ? tag->second : ""].push_back(&snapshot);
  }
  for (auto& [tag, kin] : families) {
    const auto is_older = [](const NaiveSnapshot* a, const NaiveSnapshot* b) {
      return a->seen() != b->seen() ? a->seen() < b->seen() : a->id < b->id;
    };
    if (!std::is_sorted(kin.begin(), kin.end(), is_older)) {
      std::sort(kin.begin(), kin.end(), is_older);
    }
    keep_kin(rule, kin, now, events, kept);
  }
}

void NaiveRetention::keep_kin(const Rule& rule, const Kin& kin, Time now,
                              const std::vector<NaiveEvent>& events, Kept& kept) const {
  // The newest good one stays; before there is one, all.
  const auto demand = rule.plan->demand;
  const NaiveSnapshot* newest_good = nullptr;
  for (const auto* each : kin) {
    if (each->proved >= demand) newest_good = each;
  }
  const auto& keep = *rule.keep;
  for (std::size_t i = 0; i < kin.size(); ++i) {
    const auto& each = *kin[i];
    const bool is_young = keep.age && each.stored + *keep.age >= now;
    const bool is_last = keep.last && i + *keep.last >= kin.size();
    if (keep.forever || is_young || is_last || newest_good == nullptr || newest_good == &each) {
      keep_one(each, kept);
    }
  }
  if (keep.versions) keep_versions(kin, *keep.versions, kept);
  for (std::size_t i = 0; i < strategy::period_count; ++i) {
    if (keep.buckets[i]) keep_periods(kin, static_cast<Period>(i), *keep.buckets[i], kept);
  }
  if (keep.until_event) keep_until(kin, keep, now, events, kept);
}

void NaiveRetention::keep_versions(const Kin& kin, std::uint32_t count, Kept& kept) const {
  std::map<std::string, std::set<std::string>> seen;
  for (auto at = kin.rbegin(); at != kin.rend(); ++at) {
    for (const auto& [path, content] : (*at)->contents) {
      auto& contents = seen[path];
      if (contents.contains(content) || contents.size() == count) continue;
      contents.insert(content);
      keep_one(**at, kept);
    }
  }
}

// The day on which the period began, or the hour.
std::int64_t NaiveRetention::period_of(const NaiveSnapshot& snapshot, Period period,
                                       const strategy::Pick& pick) const {
  const auto local = calendar_.local(snapshot.seen());
  auto day = local.day;
  const int first = pick.kind == PickKind::month_day ? pick.day : 1;
  switch (period) {
    case Period::hourly: return day * 24 + local.hour;
    case Period::daily: return day;
    case Period::weekly: {
      const int begins = pick.kind == PickKind::weekday ? pick.day : 1;
      while (naive_weekday(day) != begins) --day;
      return day;
    }
    case Period::monthly:
      while (naive_date(day).day != first) --day;
      return day;
    case Period::yearly:
      while (naive_date(day).day != first || naive_date(day).month != 1) --day;
      return day;
  }
  return day;
}

void NaiveRetention::keep_periods(const Kin& kin, Period period, const strategy::Bucket& bucket,
                                  Kept& kept) const {
  std::map<std::int64_t, const NaiveSnapshot*> stands;  // for each period one
  for (const auto* each : kin) {
    const auto began = period_of(*each, period, bucket.pick);
    if (bucket.pick.kind == PickKind::last || !stands.contains(began)) stands[began] = each;
  }
  std::uint32_t count = 0;
  for (auto at = stands.rbegin(); at != stands.rend() && count < bucket.count; ++at, ++count) {
    keep_one(*at->second, kept);
  }
}

void NaiveRetention::keep_until(const Kin& kin, const Keep& keep, Time now,
                                const std::vector<NaiveEvent>& events, Kept& kept) const {
  for (const auto* each : kin) {
    std::optional<Time> first;
    for (const auto& event : events) {
      const bool is_meant =
          event.id.empty() || each->event_id.empty() || event.id == each->event_id;
      if (event.event != *keep.until_event || !is_meant || event.at < each->seen()) continue;
      first = std::min(first.value_or(event.at), event.at);
    }
    if (!first || *first + keep.then >= now) keep_one(*each, kept);
  }
}

bool NaiveRetention::is_base(const NaiveSnapshot& snapshot) const {
  return (snapshot.mine & base_plans_) != 0;
}

bool NaiveRetention::is_proved(const NaiveSnapshot& base, const Rule& log) const {
  if (base.proved < log.plan->demand) return false;
  return std::none_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    return !rule.plan->is_log() && (base.mine & rule.bit) != 0 && base.proved < rule.plan->demand;
  });
}

// The newest base that ended before the window and, from each base that stays, the last one within
// a window's length or else the next: of all, and of those that are proved besides. Before there
// is one, the first to begin and the first to be stored. While nothing is proved, all.
void NaiveRetention::keep_log_bases(const Rule& log, Time now, Kept& kept) const {
  struct Base {
    const NaiveSnapshot* snapshot;
    Time begun;
    Time ended;
  };
  std::vector<Base> bases;
  const auto window = log.keep->age.value_or(Duration{});
  for (const auto& each : all_) {
    if (!is_base(each)) continue;
    // A writer's clock that is ahead is believed for the length of the window.
    const auto ended = std::max(each.stored, std::min(each.finished, each.stored + window));
    const auto length = std::max(Duration{}, each.finished - each.captured);
    bases.push_back({&each, std::min(each.captured, each.stored - length), ended});
  }
  const auto is_earlier = [](const Base& a, const Base& b) {
    if (a.ended != b.ended) return a.ended < b.ended;
    return a.begun != b.begun ? a.begun < b.begun : a.snapshot->id < b.snapshot->id;
  };
  if (!std::is_sorted(bases.begin(), bases.end(), is_earlier)) {
    std::sort(bases.begin(), bases.end(), is_earlier);
  }
  std::optional<std::size_t> anchor;
  bool any_old = false;
  bool any_proved = false;
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const bool is_old = log.keep->age && bases[i].ended <= now - window;
    const bool is_good = is_proved(*bases[i].snapshot, log);
    any_old = any_old || is_old;
    any_proved = any_proved || is_good;
    if (is_old && is_good) anchor = i;
  }
  if (any_old ? !anchor : !any_proved) {
    for (const auto& each : bases) keep_one(*each.snapshot, kept);
    return;
  }
  if (!any_old) {
    const auto* first_begun = bases.data();
    const auto* first_stored = bases.data();
    for (const auto& each : bases) {
      if (each.begun < first_begun->begun) first_begun = &each;
      if (each.snapshot->stored < first_stored->snapshot->stored) first_stored = &each;
    }
    keep_one(*first_begun->snapshot, kept);
    keep_one(*first_stored->snapshot, kept);
  }
  for (const bool only_proved : {false, true}) {
    std::optional<Base> from;   // the last that stays
    std::optional<Base> reach;  // the last within a window's length of it
    for (std::size_t i = anchor.value_or(0); i < bases.size(); ++i) {
      const auto& each = bases[i];
      if (only_proved && !is_proved(*each.snapshot, log)) continue;
      if (from && each.ended <= from->ended + window) {
        reach = each;
        continue;
      }
      if (from && !log.keep->age) break;
      if (reach) {
        keep_one(*reach->snapshot, kept);
        from = std::exchange(reach, std::nullopt);
        if (each.ended <= from->ended + window) {
          reach = each;
          continue;
        }
      }
      keep_one(*each.snapshot, kept);
      from = each;
    }
    if (reach && log.keep->age) keep_one(*reach->snapshot, kept);
  }
}

}  // namespace holdfast::simulation
