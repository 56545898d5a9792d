// Retention against a model that decides about each snapshot by the words of the rules, without
// groups, sorting or period numbers.
#include "strategy/retention.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
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

  // Of which instant on the log stays; nothing: all of it, or there is none.
  [[nodiscard]] std::optional<Time> log_from() const {
    std::optional<Time> from;
    for (const auto& rule : request_.rules) {
      if (!rule.is_log) continue;
      if (rule.keep.forever || needs_all(rule)) return std::nullopt;
      for (const auto& s : request_.snapshots) {
        if (!s.is_base || !is_anchor(s, rule)) continue;
        if (!from || begin_of(s) < *from) from = begin_of(s);
      }
    }
    return from;
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

  // Whether what the log and its own plans demand of a base has been reached.
  [[nodiscard]] bool is_good(const StoredSnapshot& s, const RetentionRule& log) const {
    if (s.proved < log.demand) return false;
    for (const auto& rule : request_.rules) {
      if (!rule.is_log && mine(s, rule) && s.proved < rule.demand) return false;
    }
    return true;
  }

  // It had ended when it was stored; a clock that is ahead is believed for a window's length.
  static Time end_of(const StoredSnapshot& s, const RetentionRule& log) {
    if (s.finished <= s.stored) return s.stored;
    if (!log.keep.age) return s.stored;
    const auto ahead = s.finished - s.stored;
    return s.stored + (ahead < *log.keep.age ? ahead : *log.keep.age);
  }

  static Time begin_of(const StoredSnapshot& s) {
    const Time by_storage{s.stored.nanoseconds - (s.finished.nanoseconds - s.captured.nanoseconds)};
    return by_storage < s.captured ? by_storage : s.captured;
  }

  static bool is_later(const StoredSnapshot& a, const StoredSnapshot& b, const RetentionRule& log) {
    if (end_of(a, log) != end_of(b, log)) return end_of(a, log) > end_of(b, log);
    if (begin_of(a) != begin_of(b)) return begin_of(a) > begin_of(b);
    return a.id > b.id;
  }

  [[nodiscard]] bool is_old(const StoredSnapshot& s, const RetentionRule& log) const {
    return log.keep.age && end_of(s, log) + *log.keep.age <= request_.now;
  }

  template <typename Condition>
  [[nodiscard]] bool any_base(Condition condition) const {
    for (const auto& s : request_.snapshots) {
      if (s.is_base && condition(s)) return true;
    }
    return false;
  }

  // Nobody knows which base is any good: all are needed.
  [[nodiscard]] bool needs_all(const RetentionRule& log) const {
    if (any_base([&](const auto& s) { return is_old(s, log); })) {
      return !any_base([&](const auto& s) { return is_old(s, log) && is_good(s, log); });
    }
    return !any_base([&](const auto& s) { return is_good(s, log); });
  }

  // From where the log is replayed: the last good base before the window, or, where there is none
  // before it at all, the one that began first.
  [[nodiscard]] bool is_anchor(const StoredSnapshot& s, const RetentionRule& log) const {
    if (any_base([&](const auto& other) { return is_old(other, log); })) {
      return is_good(s, log) && is_old(s, log) && !any_base([&](const auto& other) {
               return is_good(other, log) && is_old(other, log) && is_later(other, s, log);
             });
    }
    return !any_base([&](const auto& other) {
      if (begin_of(other) != begin_of(s)) return begin_of(other) < begin_of(s);
      return is_later(s, other, log);
    });
  }

  // Before there is one before the window, the first that came: which clock is right isn't known.
  [[nodiscard]] bool is_pioneer(const StoredSnapshot& s, const RetentionRule& log) const {
    return !any_base([&](const auto& other) {
      if (is_old(other, log)) return true;
      return other.stored < s.stored || (other.stored == s.stored && is_later(s, other, log));
    });
  }

  enum class Among { all, good };

  // The first of those that follow one another, or one that succeeds one of them: the last that
  // ended not later than the window's length after it, or, if there is none, the next one.
  [[nodiscard]] bool follows(const StoredSnapshot& s, const RetentionRule& log, Among among) const {
    const auto counts = [&](const StoredSnapshot& each) {
      return each.is_base && (among == Among::all || is_good(each, log));
    };
    if (!counts(s)) return false;
    const bool any_old = any_base([&](const auto& other) { return is_old(other, log); });
    const bool nothing_before =
        !any_base([&](const auto& other) { return counts(other) && is_later(s, other, log); });
    if (any_old ? is_anchor(s, log) : nothing_before) return true;
    if (!log.keep.age) return false;
    return any_base([&](const auto& from) {
      if (!counts(from) || !is_later(s, from, log) || !follows(from, log, among)) return false;
      const auto reach = end_of(from, log) + *log.keep.age;
      return !any_base([&](const auto& other) {
        if (!counts(other) || !is_later(other, from, log)) return false;
        if (end_of(s, log) > reach) return is_later(s, other, log);
        return is_later(other, s, log) && end_of(other, log) <= reach;
      });
    });
  }

  [[nodiscard]] bool is_log_base(const StoredSnapshot& s, const RetentionRule& log) const {
    return s.is_base && (needs_all(log) || is_anchor(s, log) || is_pioneer(s, log) ||
                         follows(s, log, Among::all) || follows(s, log, Among::good));
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
  if (pick(random, 4) == 0) {
    s.captured = s.captured + base::hours(static_cast<std::int64_t>(pick(random, 120)) - 60);
  }
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
    const auto demand = pick(random, 3) == 0 ? static_cast<Level>(pick(random, 6)) : Level::none;
    request.rules.push_back({"log", keep, demand, true});
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
    ASSERT_EQ(decision.log_from, model.log_from()) << "round " << round;
    // Without words the same is decided.
    auto silent = request;
    silent.reasons = Reasons::untold;
    const auto untold = decide_retention(silent, zone);
    for (std::size_t i = 0; i < request.snapshots.size(); ++i) {
      ASSERT_EQ(untold.verdicts[i].is_kept(), decision.verdicts[i].is_kept());
      ASSERT_TRUE(untold.verdicts[i].because.empty());
      ASSERT_EQ(decision.verdicts[i].because.empty(), !decision.verdicts[i].is_kept());
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

// A log and its bases through months, as they are and as a clock says that is now and then wrong.
class SkewedWorld {
 public:
  explicit SkewedWorld(base::SeededRandom& random) : random_(random) {
    request_.now = start_;
    const auto demand = pick(random, 2) == 0 ? Level::none : Level::sound;
    request_.rules.push_back({"p", {.age = base::days(1)}, demand, false});
    request_.rules.push_back({"wal", {.age = window_}, Level::none, true});
    demand_ = demand;
  }

  void live(int hours) {
    for (int i = 0; i < hours; ++i) {
      if (pick(random_, 24 * 6) == 0) skew_ = base::hours(hours_within(72));
      request_.now = request_.now + base::hours(1);
      const auto at = request_.now;
      log_.push_back({at, std::max(at, at + skew_)});
      if (i % 24 == 12) take_base(at);
      if (i % 24 == 18) look();
      expire();
      if (testing::Test::HasFatalFailure()) return;
    }
  }

 private:
  struct Piece {
    Time at;
    Time dated;  // by its writer or the storage, whichever is later
  };
  struct True {
    Time began;
    Time ended;
  };

  std::int64_t hours_within(std::int64_t most) {
    return static_cast<std::int64_t>(pick(random_, static_cast<std::uint64_t>(2 * most + 1))) -
           most;
  }

  void take_base(Time at) {
    const auto id = base::format_utc(at);
    const True truth{at - base::minutes(20), at - base::minutes(10)};
    truths_[id] = truth;
    if (!first_) first_ = truth.ended;
    request_.snapshots.push_back({.id = id,
                                  .plans = {"p"},
                                  .captured = truth.began + skew_,
                                  .finished = truth.ended + skew_,
                                  .stored = at,
                                  .is_base = true});
  }

  // Some are never any good.
  void look() {
    for (auto& each : request_.snapshots) {
      if (truths_[each.id].ended > request_.now - base::days(1) && pick(random_, 3) != 0) {
        each.proved = Level::sound;
      }
    }
  }

  void expire() {
    const auto decision = decide_retention(request_, TimeZone::utc());
    std::vector<StoredSnapshot> left;
    for (std::size_t i = 0; i < request_.snapshots.size(); ++i) {
      if (decision.verdicts[i].is_kept()) left.push_back(request_.snapshots[i]);
    }
    request_.snapshots = left;
    std::erase_if(log_, [&](const Piece& piece) {
      return decision.log_from && piece.dated < *decision.log_from;
    });
    expect_promise_is_kept();
  }

  // The first instant of the window needs a base before it and all log since that base began. Once
  // there has been a good one, there always is.
  void expect_promise_is_kept() {
    const auto from = request_.now - window_;
    if (!first_ || *first_ > from) return;
    bool plain = false;
    bool good = false;
    for (const auto& each : request_.snapshots) {
      const auto& truth = truths_[each.id];
      if (truth.ended > from || !has_log_since(truth.began)) continue;
      plain = true;
      good = good || each.proved >= demand_;
    }
    ASSERT_TRUE(plain) << "nothing reaches back to " << base::format_utc(from);
    if (*first_ + base::days(21) > request_.now) return;
    ASSERT_TRUE(good || !had_good_) << "nothing good reaches back to " << base::format_utc(from);
    had_good_ = good;
  }

  // There is a piece for every hour.
  [[nodiscard]] bool has_log_since(Time began) const {
    const auto hours = (request_.now - began).nanoseconds / base::hours(1).nanoseconds + 1;
    return std::count_if(log_.begin(), log_.end(),
                         [&](const Piece& piece) { return piece.at > began; }) >= hours;
  }

  base::SeededRandom& random_;
  const Time start_ = base::parse_utc("2026-01-01T00:00:00Z").value();
  const base::Duration window_ = base::days(7);
  RetentionRequest request_;
  Level demand_ = Level::none;
  base::Duration skew_;
  std::vector<Piece> log_;
  std::map<std::string, True> truths_;
  std::optional<Time> first_;  // the end of the first base
  bool had_good_ = false;
};

TEST(RetentionProperty, AWrongClockBreaksNoPromiseOfALog) {
  base::SeededRandom random(9);
  for (int round = 0; round < 40; ++round) {
    SkewedWorld(random).live(24 * 60);
    ASSERT_FALSE(HasFatalFailure()) << "round " << round;
  }
}

}  // namespace
}  // namespace holdfast::strategy
