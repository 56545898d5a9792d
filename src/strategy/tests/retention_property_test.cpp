// Retention against a model that decides about each snapshot by the words of the rules, without
// groups, sorting or period numbers.
#include "strategy/retention.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "base/random.hpp"

namespace holdfast::strategy {
namespace {

using base::Time;

std::uint64_t pick(base::SeededRandom& random, std::uint64_t bound) { return random.below(bound); }

Time seen_at(const StoredSnapshot& s) { return s.captured < s.stored ? s.captured : s.stored; }

bool before(const StoredSnapshot& a, const StoredSnapshot& b) {
  if (seen_at(a) != seen_at(b)) return seen_at(a) < seen_at(b);
  return a.id < b.id;
}

// The day on which the period of a snapshot began, or the hour, as text.
std::string period_of(const StoredSnapshot& s, Period period, const Pick& pick_,
                      const TimeZone& zone) {
  const auto local = zone.local(seen_at(s));
  auto day = local.day;
  const auto text = [&] {
    const auto date = date_of(day);
    return fmt::format("{:05}-{:02}-{:02}", date.year, date.month, date.day);
  };
  if (period == Period::hourly) return fmt::format("{} {:02}", text(), local.second_of_day / 3600);
  if (period == Period::weekly) {
    const int begins = pick_.kind == PickKind::weekday ? pick_.day : 1;
    while (weekday_of(day) != begins) --day;
  }
  const int first = pick_.kind == PickKind::month_day ? pick_.day : 1;
  if (period == Period::monthly) {
    while (date_of(day).day != first) --day;
  }
  if (period == Period::yearly) {
    while (date_of(day).day != first || date_of(day).month != 1) --day;
  }
  return text();
}

class Model {
 public:
  Model(const RetentionRequest& request, const TimeZone& zone) : request_(request), zone_(zone) {}

  [[nodiscard]] bool keeps(const StoredSnapshot& s) const {
    if (s.hold || request_.frozen || !s.awaited_by.empty()) return true;
    bool known = false;
    for (const auto& rule : request_.rules) {
      known = known || mine(s, rule);
      if (rule.is_log ? is_log_base(s, rule) : mine(s, rule) && wanted(s, rule)) return true;
    }
    return !known;
  }

 private:
  static bool mine(const StoredSnapshot& s, const RetentionRule& rule) {
    return std::find(s.plans.begin(), s.plans.end(), rule.plan) != s.plans.end();
  }

  static std::string tag(const StoredSnapshot& s, const RetentionRule& rule) {
    const auto found = s.tags.find(rule.keep.per_tag);
    return rule.keep.per_tag.empty() || found == s.tags.end() ? "" : found->second;
  }

  // Others under the same rule and tag.
  [[nodiscard]] std::vector<StoredSnapshot> kin(const StoredSnapshot& s,
                                                const RetentionRule& rule) const {
    std::vector<StoredSnapshot> all;
    for (const auto& other : request_.snapshots) {
      if (mine(other, rule) && tag(other, rule) == tag(s, rule)) all.push_back(other);
    }
    return all;
  }

  [[nodiscard]] bool wanted(const StoredSnapshot& s, const RetentionRule& rule) const {
    const auto all = kin(s, rule);
    const auto& keep = rule.keep;
    bool any_good = false;
    bool newer_good = false;
    std::uint32_t newer = 0;
    for (const auto& other : all) {
      any_good = any_good || other.proved >= rule.demand;
      newer_good = newer_good || (other.proved >= rule.demand && before(s, other));
      if (before(s, other)) ++newer;
    }
    if (!any_good || (s.proved >= rule.demand && !newer_good)) return true;
    if (keep.forever) return true;
    if (keep.age && s.stored + *keep.age >= request_.now) return true;
    if (keep.last && newer < *keep.last) return true;
    if (keep.versions && has_wanted_version(s, all, *keep.versions)) return true;
    for (std::size_t i = 0; i < period_count; ++i) {
      if (keep.buckets[i] && stands(s, all, static_cast<Period>(i), *keep.buckets[i])) return true;
    }
    return keep.until_event && awaits(s, keep);
  }

  static bool has_wanted_version(const StoredSnapshot& s, const std::vector<StoredSnapshot>& all,
                                 std::uint32_t count) {
    for (const auto& [path, content] : s.contents) {
      std::set<std::string> newer;
      for (const auto& other : all) {
        if (!before(s, other)) continue;
        for (const auto& [p, c] : other.contents) {
          if (p == path) newer.insert(c);
        }
      }
      if (!newer.contains(content) && newer.size() < count) return true;
    }
    return false;
  }

  [[nodiscard]] bool stands(const StoredSnapshot& s, const std::vector<StoredSnapshot>& all,
                            Period period, const Bucket& bucket) const {
    const auto own = period_of(s, period, bucket.pick, zone_);
    std::set<std::string> later;
    for (const auto& other : all) {
      const auto theirs = period_of(other, period, bucket.pick, zone_);
      if (theirs > own) later.insert(theirs);
      if (theirs != own) continue;
      if (bucket.pick.kind == PickKind::last ? before(s, other) : before(other, s)) return false;
    }
    return later.size() < bucket.count;
  }

  [[nodiscard]] bool awaits(const StoredSnapshot& s, const Keep& keep) const {
    bool happened = false;
    Time first{INT64_MAX};
    for (const auto& each : request_.happenings) {
      if (each.event != *keep.until_event || each.at < seen_at(s)) continue;
      if (!each.id.empty() && !s.event_id.empty() && each.id != s.event_id) continue;
      happened = true;
      if (each.at < first) first = each.at;
    }
    return !happened || first + keep.then >= request_.now;
  }

  // The base of the log, or one that succeeds one that is kept: the last that ended not later than
  // the window's length after it, or, if there is none, the next one.
  [[nodiscard]] bool is_log_base(const StoredSnapshot& s, const RetentionRule& rule) const {
    if (is_first_base(s, rule)) return true;
    if (!s.is_base || !rule.keep.age) return false;
    const auto later = [](const StoredSnapshot& a, const StoredSnapshot& b) {
      return std::pair(a.finished, a.id) > std::pair(b.finished, b.id);
    };
    for (const auto& from : request_.snapshots) {
      if (!from.is_base || !later(s, from) || !is_log_base(from, rule)) continue;
      const auto reach = from.finished + *rule.keep.age;
      bool best = true;
      for (const auto& other : request_.snapshots) {
        if (!other.is_base || other.id == s.id || !later(other, from)) continue;
        if (s.finished <= reach) {
          best = best && !(later(other, s) && other.finished <= reach);
        } else {
          best = best && later(other, s);
        }
      }
      if (best) return true;
    }
    return false;
  }

  // It ended before the window and no other base between it and the window; or there is none before
  // the window and no base is older.
  [[nodiscard]] bool is_first_base(const StoredSnapshot& s, const RetentionRule& rule) const {
    if (!s.is_base) return false;
    const auto old_enough = [&](const StoredSnapshot& each) {
      return rule.keep.age && each.finished + *rule.keep.age <= request_.now;
    };
    bool any_old = false;
    for (const auto& other : request_.snapshots) {
      if (other.is_base) any_old = any_old || old_enough(other);
    }
    for (const auto& other : request_.snapshots) {
      if (!other.is_base || other.id == s.id) continue;
      const bool later = std::pair(other.finished, other.id) > std::pair(s.finished, s.id);
      if (any_old ? later && old_enough(other) : !later) return false;
    }
    return !any_old || old_enough(s);
  }

  const RetentionRequest& request_;
  const TimeZone& zone_;
};

Keep random_keep(base::SeededRandom& random) {
  Keep keep;
  if (pick(random, 12) == 0) keep.forever = true;
  if (pick(random, 3) == 0) {
    keep.age = base::hours(static_cast<std::int64_t>(1 + pick(random, 24 * 40)));
  }
  if (pick(random, 3) == 0) keep.last = static_cast<std::uint32_t>(pick(random, 6));
  if (pick(random, 4) == 0) keep.versions = static_cast<std::uint32_t>(pick(random, 4));
  for (std::size_t i = 0; i < period_count; ++i) {
    if (pick(random, 3) != 0) continue;
    Bucket bucket{static_cast<std::uint32_t>(pick(random, 8)), {}};
    const auto way = pick(random, 3);
    if (way == 1) bucket.pick.kind = PickKind::first;
    if (way == 2 && i == 2) bucket.pick = {PickKind::weekday, static_cast<int>(pick(random, 7))};
    if (way == 2 && i > 2) {
      bucket.pick = {PickKind::month_day, static_cast<int>(1 + pick(random, 28))};
    }
    keep.buckets[i] = bucket;
  }
  if (pick(random, 6) == 0) {
    keep.until_event = "verified";
    keep.then = base::hours(static_cast<std::int64_t>(pick(random, 200)));
  }
  if (pick(random, 5) == 0) keep.per_tag = "model";
  return keep;
}

StoredSnapshot random_snapshot(base::SeededRandom& random, Time now, std::size_t number) {
  StoredSnapshot s;
  s.id = fmt::format("{:03}", number);
  const auto span = pick(random, 2) == 0 ? 24 * 60 : 24 * 60 * 800;
  s.stored = now - base::minutes(static_cast<std::int64_t>(pick(random, span)));
  s.captured = s.stored - base::minutes(static_cast<std::int64_t>(pick(random, 90)));
  if (pick(random, 20) == 0) s.captured = s.stored + base::days(400);  // a clock that is wrong
  s.finished = s.captured + base::minutes(static_cast<std::int64_t>(pick(random, 30)));
  for (const auto* plan : {"a", "b"}) {
    if (pick(random, 2) == 0) s.plans.emplace_back(plan);
  }
  if (s.plans.empty()) s.plans.emplace_back(pick(random, 10) == 0 ? "gone" : "a");
  s.proved = static_cast<Level>(pick(random, 6));
  s.is_base = pick(random, 3) == 0;
  if (pick(random, 2) == 0) s.tags["model"] = pick(random, 2) == 0 ? "x" : "y";
  for (const auto* path : {"p", "q"}) {
    s.contents.emplace_back(path, std::to_string(pick(random, 4)));
  }
  if (pick(random, 4) == 0) s.event_id = std::to_string(pick(random, 3));
  if (pick(random, 40) == 0) s.hold = "legal";
  if (pick(random, 40) == 0) s.awaited_by = {"cloud"};
  return s;
}

RetentionRequest random_request(base::SeededRandom& random) {
  RetentionRequest request;
  request.now = {(1'700'000'000 + static_cast<std::int64_t>(pick(random, 100'000'000))) *
                 base::nanoseconds_per_second};
  for (const auto* plan : {"a", "b"}) {
    const auto demand = pick(random, 2) == 0 ? Level::none : static_cast<Level>(pick(random, 6));
    request.rules.push_back({plan, random_keep(random), demand, false});
  }
  if (pick(random, 2) == 0) {
    Keep keep{.age = base::hours(static_cast<std::int64_t>(pick(random, 24 * 30)))};
    if (pick(random, 5) == 0) keep = Keep{.forever = true};
    request.rules.push_back({"log", keep, Level::none, true});
  }
  if (pick(random, 40) == 0) request.frozen = "an anomaly";
  for (std::uint64_t i = 0; i < pick(random, 4); ++i) {
    request.happenings.push_back(
        {pick(random, 4) == 0 ? "other" : "verified",
         request.now - base::hours(static_cast<std::int64_t>(pick(random, 24 * 60))),
         pick(random, 2) == 0 ? "" : std::to_string(pick(random, 3))});
  }
  const auto count = pick(random, 40);
  for (std::size_t i = 0; i < count; ++i) {
    request.snapshots.push_back(random_snapshot(random, request.now, i));
  }
  return request;
}

TEST(RetentionProperty, AgreesWithTheNaiveModel) {
  base::SeededRandom random(7);
  std::size_t kept = 0;
  std::size_t expired = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto request = random_request(random);
    const auto* name = round % 2 == 0 ? "Europe/Berlin" : "Australia/Lord_Howe";
    const auto zone = TimeZone::find(name).value();
    const auto decision = decide_retention(request, zone);
    ASSERT_EQ(decision.verdicts.size(), request.snapshots.size());
    const Model model(request, zone);
    for (std::size_t i = 0; i < request.snapshots.size(); ++i) {
      const auto& verdict = decision.verdicts[i];
      ASSERT_EQ(verdict.id, request.snapshots[i].id);
      ASSERT_EQ(verdict.is_kept(), model.keeps(request.snapshots[i]))
          << "round " << round << ", snapshot " << verdict.id << ": "
          << fmt::format("{}", fmt::join(verdict.because, "; "));
      ++(verdict.is_kept() ? kept : expired);
    }
  }
  // Neither answer is given for lack of the other.
  EXPECT_GT(kept, 5000U);
  EXPECT_GT(expired, 5000U);
}

// What was let go is not missed: deciding again about what is left lets nothing more go.
TEST(RetentionProperty, DecidingTwiceChangesNothing) {
  base::SeededRandom random(8);
  const auto zone = TimeZone::find("America/New_York").value();
  for (int round = 0; round < 1000; ++round) {
    auto request = random_request(random);
    const auto decision = decide_retention(request, zone);
    std::vector<StoredSnapshot> left;
    for (std::size_t i = 0; i < request.snapshots.size(); ++i) {
      if (decision.verdicts[i].is_kept()) left.push_back(request.snapshots[i]);
    }
    request.snapshots = left;
    for (const auto& verdict : decide_retention(request, zone).verdicts) {
      ASSERT_TRUE(verdict.is_kept()) << "round " << round << ", snapshot " << verdict.id;
    }
  }
}

}  // namespace
}  // namespace holdfast::strategy
