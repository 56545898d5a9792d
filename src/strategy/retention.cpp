// What stays and why.
#include "strategy/retention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

namespace holdfast::strategy {

using base::Duration;
using base::Time;

namespace {

constexpr Duration event_patience = base::days(14);

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

Time effective(const StoredSnapshot& snapshot) {
  return std::min(snapshot.captured, snapshot.stored);
}

std::string date_text(Time at, const TimeZone& zone) {
  const auto date = date_of(zone.local(at).day);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

// Applies the rules; `because` grows beside the snapshots.
class Decision {
 public:
  Decision(const RetentionRequest& request, const TimeZone& zone)
      : request_(request),
        zone_(zone),
        because_(request.snapshots.size()),
        is_wanted_(request.snapshots.size()),
        members_(request.rules.size()) {}

  RetentionDecision decide() {
    find_members();
    for (std::size_t i = 0; i < request_.snapshots.size(); ++i) keep_for_itself(i);
    for (std::size_t i = 0; i < request_.rules.size(); ++i) {
      const auto& rule = request_.rules[i];
      if (rule.is_log) {
        apply_log(rule);
      } else {
        apply(rule, members_[i]);
      }
    }
    RetentionDecision decision;
    decision.verdicts.reserve(request_.snapshots.size());
    for (std::size_t i = 0; i < request_.snapshots.size(); ++i) {
      decision.verdicts.push_back(
          {request_.snapshots[i].id, std::move(because_[i]), is_wanted_[i]});
    }
    if (has_log_ && !all_log_) decision.log_from = log_from_;
    decision.overdue.assign(overdue_.begin(), overdue_.end());
    return decision;
  }

 private:
  using Group = std::vector<std::size_t>;  // indices, oldest first

  [[nodiscard]] bool tells() const { return request_.reasons == Reasons::told; }

  template <typename... Parts>
  void keep(std::size_t index, fmt::format_string<Parts...> text, Parts&&... parts) {
    is_wanted_[index] = true;
    if (!tells()) return;
    auto& reasons = because_[index];
    auto reason = fmt::format(text, std::forward<Parts>(parts)...);
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
      reasons.push_back(std::move(reason));
    }
  }

  void keep_for_itself(std::size_t index) {
    const auto& snapshot = request_.snapshots[index];
    if (snapshot.hold) keep(index, "held: {}", *snapshot.hold);
    if (request_.frozen) keep(index, "nothing expires: {}", *request_.frozen);
    if (!snapshot.awaited_by.empty()) {
      keep(index, "its copy is missing at {}", fmt::join(snapshot.awaited_by, ", "));
    }
    if (!is_known_[index]) {
      keep(index, "none of its plans is in the strategy: nobody says how long");
    }
  }

  void find_members() {
    is_known_.assign(request_.snapshots.size(), false);
    for (std::size_t rule = 0; rule < request_.rules.size(); ++rule) {
      for (std::size_t i = 0; i < request_.snapshots.size(); ++i) {
        if (!belongs(request_.snapshots[i], request_.rules[rule].plan)) continue;
        members_[rule].push_back(i);
        is_known_[i] = true;
      }
    }
  }

  static bool belongs(const StoredSnapshot& snapshot, const std::string& plan) {
    return std::find(snapshot.plans.begin(), snapshot.plans.end(), plan) != snapshot.plans.end();
  }

  // The plan's snapshots, oldest first, apart for each value of the rule's tag.
  std::map<std::string, Group> groups_of(const RetentionRule& rule, const Group& members) const {
    std::map<std::string, Group> groups;
    if (rule.keep.per_tag.empty()) {
      if (!members.empty()) groups[""] = members;
    } else {
      for (const auto i : members) {
        const auto& tags = request_.snapshots[i].tags;
        const auto tag = tags.find(rule.keep.per_tag);
        groups[tag == tags.end() ? std::string() : tag->second].push_back(i);
      }
    }
    for (auto& [tag, group] : groups) {
      const auto is_older = [&](std::size_t a, std::size_t b) {
        const auto& first = request_.snapshots[a];
        const auto& second = request_.snapshots[b];
        const auto at = effective(first) <=> effective(second);
        return at != 0 ? at < 0 : first.id < second.id;
      };
      // Lists of snapshots come in this order.
      if (!std::is_sorted(group.begin(), group.end(), is_older)) {
        std::sort(group.begin(), group.end(), is_older);
      }
    }
    return groups;
  }

  void apply(const RetentionRule& rule, const Group& members) {
    const auto groups = groups_of(rule, members);
    for (const auto& [tag, group] : groups) {
      const auto name = tag.empty() ? rule.plan : fmt::format("{} ({})", rule.plan, tag);
      spare(rule, name, group);
      apply_simple(rule.keep, name, group);
      apply_versions(rule.keep, name, group);
      for (std::size_t i = 0; i < period_count; ++i) {
        const auto& bucket = rule.keep.buckets[i];
        if (bucket) apply_bucket(static_cast<Period>(i), *bucket, name, group);
      }
      if (rule.keep.until_event) apply_until(rule.keep, name, group);
    }
  }

  // The newest that reached what is demanded; before there is one, all.
  void spare(const RetentionRule& rule, const std::string& name, const Group& group) {
    const auto newest = std::find_if(group.rbegin(), group.rend(), [&](std::size_t index) {
      return request_.snapshots[index].proved >= rule.demand;
    });
    if (newest == group.rend()) {
      for (const auto index : group) {
        keep(index, "{}: none has been proved {} yet", name, level_name(rule.demand));
      }
    } else if (rule.demand == Level::none) {
      keep(*newest, "{}: the newest", name);
    } else {
      keep(*newest, "{}: the newest that is {}", name, level_name(rule.demand));
    }
  }

  void apply_simple(const Keep& rule, const std::string& name, const Group& group) {
    const auto age = rule.age && tells() ? describe(*rule.age) : std::string();
    for (std::size_t place = 0; place < group.size(); ++place) {
      const auto index = group[place];
      const auto from_newest = group.size() - place;
      if (rule.forever) keep(index, "{}: for ever", name);
      if (rule.last && from_newest <= *rule.last) {
        keep(index, "{}: number {} of the last {}", name, from_newest, *rule.last);
      }
      if (rule.age && request_.now - request_.snapshots[index].stored <= *rule.age) {
        keep(index, "{}: not older than {}", name, age);
      }
    }
  }

  void apply_versions(const Keep& rule, const std::string& name, const Group& group) {
    if (!rule.versions) return;
    std::map<std::string, std::set<std::string>> seen;
    for (auto at = group.rbegin(); at != group.rend(); ++at) {
      for (const auto& [path, content] : request_.snapshots[*at].contents) {
        auto& versions = seen[path];
        if (versions.size() >= *rule.versions || !versions.insert(content).second) continue;
        keep(*at, "{}: version {} of {} of {}", name, versions.size(), *rule.versions, path);
      }
    }
  }

  void apply_bucket(Period period, const Bucket& bucket, const std::string& name,
                    const Group& group) {
    std::map<std::int64_t, std::size_t> chosen;
    for (const auto index : group) {
      const auto local = zone_.local(effective(request_.snapshots[index]));
      const auto number = period_number(period, bucket.pick, local);
      if (bucket.pick.kind == PickKind::last) {
        chosen[number] = index;
      } else {
        chosen.emplace(number, index);
      }
    }
    std::uint32_t count = 0;
    for (auto at = chosen.rbegin(); at != chosen.rend() && count < bucket.count; ++at) {
      ++count;
      keep(at->second, "{}: {} {} of {}", name, period_name(period), count, bucket.count);
    }
  }

  void apply_until(const Keep& rule, const std::string& name, const Group& group) {
    for (const auto index : group) {
      const auto& snapshot = request_.snapshots[index];
      const auto happened = first_happening(*rule.until_event, snapshot);
      if (!happened) {
        keep(index, "{}: {} has not happened yet", name, *rule.until_event);
        if (request_.now - snapshot.stored > event_patience) overdue_.insert(snapshot.id);
      } else if (request_.now - *happened <= rule.then) {
        keep(index, "{}: {} happened on {}, and {} more", name, *rule.until_event,
             date_text(*happened, zone_), describe(rule.then));
      }
    }
  }

  // Events that carry an id mean the snapshots of that id.
  std::optional<Time> first_happening(const std::string& event,
                                      const StoredSnapshot& snapshot) const {
    std::optional<Time> first;
    for (const auto& happening : request_.happenings) {
      const bool about_it =
          happening.id.empty() || snapshot.event_id.empty() || happening.id == snapshot.event_id;
      if (happening.event != event || !about_it || happening.at < effective(snapshot)) continue;
      if (!first || happening.at < *first) first = happening.at;
    }
    return first;
  }

  // A base as the rule of a log sees it.
  struct Base {
    std::size_t index = 0;
    Time began;  // log since then belongs to it
    Time ended;  // by the storage's clock; surely not before it did
    bool is_proved = false;
  };
  using Bases = std::vector<Base>;

  // Any instant of the window: the newest base that ended before it, and all log since that began.
  // Of the bases since then so many stay that one after the other takes its place, though their own
  // rule may be shorter: else the first base would stay for ever, and all log with it.
  void apply_log(const RetentionRule& rule) {
    has_log_ = true;
    const auto bases = bases_of(rule);
    const auto is_proved = [](const Base& base) { return base.is_proved; };
    const auto window = request_.now - rule.keep.age.value_or(Duration{});
    const auto inside = rule.keep.age ? first_after(bases, bases.begin(), window) : bases.begin();
    const bool is_young = inside == bases.begin();  // no base ended before the window
    const auto before = std::find_if(std::reverse_iterator(inside), bases.rend(), is_proved);
    if (is_young ? std::none_of(bases.begin(), bases.end(), is_proved) : before == bases.rend()) {
      keep_all(rule, bases);
      return;
    }
    const auto& anchor = is_young ? first_begun(bases) : *before;
    keep(anchor.index, "{}: the base from which its log is replayed", rule.plan);
    if (is_young) {
      keep(first_stored(bases).index, "{}: the first base of its log", rule.plan);
    }
    log_from_ = log_from_ ? std::min(*log_from_, anchor.began) : anchor.began;
    if (rule.keep.forever) all_log_ = true;
    Bases later(is_young ? bases.begin() : std::prev(before.base()), bases.end());
    keep_successors(rule, later);
    // What hasn't been proved yet may never be: those that have been follow one another besides.
    std::erase_if(later, [](const Base& base) { return !base.is_proved; });
    keep_successors(rule, later);
  }

  // By their ends.
  [[nodiscard]] Bases bases_of(const RetentionRule& rule) const {
    Bases bases;
    for (std::size_t i = 0; i < request_.snapshots.size(); ++i) {
      const auto& snapshot = request_.snapshots[i];
      if (!snapshot.is_base) continue;
      // When it was stored it had ended. A writer's clock that is ahead may mean that the log's
      // instants are too, so its word is taken, though not for longer than the window.
      const auto latest = snapshot.stored + rule.keep.age.value_or(Duration{});
      const auto length = std::max(Duration{}, snapshot.finished - snapshot.captured);
      bases.push_back({.index = i,
                       .began = std::min(snapshot.captured, snapshot.stored - length),
                       .ended = std::max(snapshot.stored, std::min(snapshot.finished, latest)),
                       .is_proved = snapshot.proved >= demanded_of(snapshot, rule)});
    }
    const auto order = [&](const Base& base) {
      return std::tie(base.ended, base.began, request_.snapshots[base.index].id);
    };
    std::sort(bases.begin(), bases.end(),
              [&](const Base& a, const Base& b) { return order(a) < order(b); });
    return bases;
  }

  // By the log and by the plans that took it.
  [[nodiscard]] Level demanded_of(const StoredSnapshot& base, const RetentionRule& log) const {
    auto level = log.demand;
    for (const auto& rule : request_.rules) {
      if (!rule.is_log && belongs(base, rule.plan)) level = std::max(level, rule.demand);
    }
    return level;
  }

  [[nodiscard]] static const Base& first_begun(const Bases& bases) {
    return *std::min_element(bases.begin(), bases.end(),
                             [](const Base& a, const Base& b) { return a.began < b.began; });
  }

  [[nodiscard]] const Base& first_stored(const Bases& bases) const {
    return *std::min_element(bases.begin(), bases.end(), [&](const Base& a, const Base& b) {
      return request_.snapshots[a.index].stored < request_.snapshots[b.index].stored;
    });
  }

  [[nodiscard]] static Bases::const_iterator first_after(const Bases& bases,
                                                         Bases::const_iterator from, Time at) {
    return std::find_if(from, bases.end(), [&](const Base& base) { return base.ended > at; });
  }

  // Nobody knows from which of them an instant can be restored.
  void keep_all(const RetentionRule& rule, const Bases& bases) {
    all_log_ = true;
    for (const auto& base : bases) {
      keep(base.index, "{}: no base before its log's window has been proved yet", rule.plan);
    }
  }

  // The first, and from each the last one that ended within the window's length, or the next one.
  void keep_successors(const RetentionRule& rule, const Bases& bases) {
    for (auto at = bases.begin(); at != bases.end();) {
      keep(at->index, "{}: a base from which its log will be replayed", rule.plan);
      if (!rule.keep.age) return;
      const auto reach = at->ended + *rule.keep.age;
      const auto next = std::next(at);
      const auto beyond = first_after(bases, next, reach);
      at = beyond == next ? next : std::prev(beyond);
    }
  }

  const RetentionRequest& request_;
  const TimeZone& zone_;
  std::vector<std::vector<std::string>> because_;
  std::vector<bool> is_wanted_;
  std::vector<bool> is_known_;  // to a rule
  std::vector<Group> members_;  // of each rule's plan, in the order of the request
  std::set<std::string> overdue_;
  std::optional<Time> log_from_;
  bool has_log_ = false;
  bool all_log_ = false;
};

}  // namespace

std::int64_t period_number(Period period, const Pick& pick, const LocalTime& local) {
  switch (period) {
    case Period::hourly: return local.day * 24 + local.second_of_day / 3600;
    case Period::daily: return local.day;
    case Period::weekly: {
      // Day 4 of 1970 was a Monday; weekday w began a week on day (w + 3) mod 7.
      const auto begin = pick.kind == PickKind::weekday ? (pick.day + 3) % 7 : 4;
      return floor_div(local.day - begin, 7);
    }
    case Period::monthly: {
      const auto date = date_of(local.day);
      const auto month = static_cast<std::int64_t>(date.year) * 12 + date.month;
      return pick.kind == PickKind::month_day && date.day < pick.day ? month - 1 : month;
    }
    case Period::yearly: {
      const auto date = date_of(local.day);
      const bool before_day =
          pick.kind == PickKind::month_day && date.month == 1 && date.day < pick.day;
      return before_day ? date.year - 1 : date.year;
    }
  }
  return 0;
}

RetentionDecision decide_retention(const RetentionRequest& request, const TimeZone& zone) {
  return Decision(request, zone).decide();
}

}  // namespace holdfast::strategy
