// Builds plans, what they keep and verifications.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "builder.hpp"
#include "keys.hpp"
#include "kinds.hpp"
#include "words.hpp"

namespace holdfast::strategy {

namespace {

constexpr std::array<std::pair<std::string_view, Period>, period_count> periods{
    {{"hourly", Period::hourly},
     {"daily", Period::daily},
     {"weekly", Period::weekly},
     {"monthly", Period::monthly},
     {"yearly", Period::yearly}}};

std::optional<Bucket> build_bucket(const Node& node, Period period, Diagnostics& diagnostics) {
  if (node.is_scalar()) {
    const auto count = parse_integer(node.text);
    if (!count.ok()) return std::nullopt;
    return Bucket{static_cast<std::uint32_t>(count.value()), {}};
  }
  const Fields fields(node, bucket_rule_record());
  const auto count = fields.integer("count");
  if (!count) return std::nullopt;
  Bucket bucket{static_cast<std::uint32_t>(*count), {}};
  if (fields.has("pick")) {
    auto pick = parse_pick(fields.text("pick"), period);
    if (pick.ok()) {
      bucket.pick = pick.value();
    } else {
      diagnostics.error(fields.position("pick"), pick.error().message(), pick.error().hint(),
                        fields.text("pick"));
    }
  }
  return bucket;
}

void check_keep(const Keep& keep, const Fields& fields, Diagnostics& diagnostics) {
  if (keep.empty()) {
    diagnostics.error(fields.node().position, "this keeps nothing",
                      "write how long: 30d, forever, or { daily: 7 }");
  }
  if (!keep.until_event && fields.has("then")) {
    diagnostics.error(fields.position("then"), "then says how long after the event of until",
                      "add until: event NAME, or write for:");
  }
}

Export build_export(const Fields& fields) {
  return {.to = fields.text("to"),
          .name = fields.text("name"),
          .encrypt = fields.text("encrypt"),
          .manifest = fields.flag("manifest").value_or(false)};
}

PlanType build_type(const Fields& fields, ComponentKind kind, Diagnostics& diagnostics) {
  const auto written = fields.text("type");
  const bool is_copy = fields.has("copy");
  if (written.empty()) {
    if (is_copy) return PlanType::unspecified;
    const auto fallback = default_type(kind);
    if (!fallback && !fields.node().is_faulty("type")) {
      diagnostics.error(fields.node().position, "the plan has no type",
                        fmt::format("add type: one of {}", fmt::join(type_names(kind), ", ")));
    }
    return fallback.value_or(PlanType::unspecified);
  }
  if (is_copy) {
    diagnostics.error(fields.position("type"), "a copy has the type of what it copies",
                      "remove type", written);
    return PlanType::unspecified;
  }
  if (kind == ComponentKind::postgres && written == "full") {
    diagnostics.error(fields.position("type"),
                      "full: do you mean logical (as pg_dump: portable, one database at a moment) "
                      "or physical (as pg_basebackup: the whole server, restorable to any instant "
                      "with a log)?",
                      "write type: logical or type: physical", written);
    return PlanType::unspecified;
  }
  const auto type = parse_type(kind, written);
  if (!type) {
    const auto names = type_names(kind);
    diagnostics.error(
        fields.position("type"),
        fmt::format("{} has no type '{}'", component_kind_name(kind), base::printable(written)),
        names.empty() ? "remove type: there is one way only" : advice_on_name(written, names),
        written);
  }
  return type.value_or(PlanType::unspecified);
}

// What is kept where the plan itself, the location and the defaults say different things.
class KeepChoice {
 public:
  KeepChoice(const Fields& fields, const Strategy& strategy, const Defaults& defaults,
             Diagnostics& diagnostics)
      : strategy_(strategy),
        defaults_(defaults),
        diagnostics_(diagnostics),
        keep_is_faulty_(fields.node().is_faulty("keep")) {
    if (const auto* node = fields.find("keep")) {
      plan_ = build_keep(*node, diagnostics);
      plan_position_ = node->position;
    }
  }

  Destination destination(const std::string& name, Position at, const Node* keep) {
    Destination made{.location = name, .position = at, .keep_position = at};
    const auto* location = strategy_.location(name);
    if (location != nullptr && location->kind == LocationKind::mirror) {
      if (keep != nullptr && !is_empty_map(*keep)) {
        diagnostics_.error(keep->position,
                           fmt::format("{} is a mirror: nothing is kept there", name),
                           "remove what is to be kept, or make it a repository with url");
      }
      return made;
    }
    if (keep != nullptr && !is_empty_map(*keep)) {
      made.keep = build_keep(*keep, diagnostics_);
      made.keep_position = keep->position;
    } else if (plan_) {
      made.keep = *plan_;
      made.keep_position = plan_position_;
    } else if (location != nullptr && location->keep) {
      made.keep = *location->keep;
    } else if (defaults_.keep) {
      made.keep = *defaults_.keep;
    } else if (location != nullptr && !keep_is_faulty_) {
      diagnostics_.error(
          at, fmt::format("how long is it kept at {}?", name),
          fmt::format("write to: {{ {}: 30d }}, or keep: 30d, or defaults: keep", name));
    }
    return made;
  }

 private:
  static bool is_empty_map(const Node& node) { return node.is_map() && node.members.empty(); }
  const Strategy& strategy_;
  const Defaults& defaults_;
  Diagnostics& diagnostics_;
  const bool keep_is_faulty_;
  std::optional<Keep> plan_;
  Position plan_position_;
};

std::vector<Destination> build_destinations(const Fields& fields, const Strategy& strategy,
                                            const Defaults& defaults, Diagnostics& diagnostics) {
  std::vector<Destination> all;
  const auto* to = fields.find("to");
  if (to == nullptr) return all;
  KeepChoice choice(fields, strategy, defaults, diagnostics);
  const auto add = [&](const std::string& name, Position at, const Node* keep) {
    for (const auto& each : all) {
      if (each.location != name) continue;
      diagnostics.error(at, fmt::format("'{}' stands twice in to", name), "remove one", name);
      return;
    }
    all.push_back(choice.destination(name, at, keep));
  };
  if (to->is_scalar()) add(to->text, to->position, nullptr);
  for (const auto& item : to->items) add(item.text, item.position, nullptr);
  for (const auto& member : to->members) add(member.key, member.position, &member.value);
  return all;
}

// Keys that mean something in some plans only.
void check_belonging(const Fields& fields, const Plan& plan, Diagnostics& diagnostics) {
  for (const auto* key : {"settle", "at-most", "sweep"}) {
    if (!fields.has(key) || plan.when.kind == WhenKind::change) continue;
    diagnostics.error(fields.position(key), fmt::format("{} goes with when: change", key),
                      fmt::format("remove {}, or write when: change", key), fields.text(key));
  }
  if (fields.has("flush") && !plan.is_log()) {
    diagnostics.error(fields.position("flush"), "flush goes with type: log", "remove flush",
                      fields.text("flush"));
  }
}

}  // namespace

Keep build_keep(const Node& node, Diagnostics& diagnostics) {
  Keep keep;
  if (node.is_scalar()) {
    keep.forever = node.text == "forever";
    if (!keep.forever) {
      const auto age = parse_span(node.text);
      if (age.ok()) keep.age = age.value();
    }
    return keep;
  }
  const Fields fields(node, keep_record());
  keep.age = fields.duration("for");
  const auto number = [&](std::string_view key) -> std::optional<std::uint32_t> {
    const auto value = fields.integer(key);
    if (!value) return std::nullopt;
    return static_cast<std::uint32_t>(*value);
  };
  keep.last = number("last");
  keep.versions = number("versions");
  for (const auto& [name, period] : periods) {
    const auto* rule = fields.find(name);
    if (rule == nullptr) continue;
    keep.buckets[static_cast<std::size_t>(period)] = build_bucket(*rule, period, diagnostics);
  }
  if (fields.has("until")) keep.until_event = std::string(split_words(fields.text("until")).back());
  keep.then = fields.duration("then").value_or(base::Duration{});
  keep.per_tag = fields.text("per");
  check_keep(keep, fields, diagnostics);
  return keep;
}

When build_when(const Fields& fields) {
  When when;
  if (const auto every = fields.duration("every")) {
    when.kind = WhenKind::every;
    when.interval = *every;
    when.written = fields.text("every");
  } else if (fields.has("at")) {
    when.kind = WhenKind::at;
    for (const auto& text : fields.texts("at")) {
      if (const auto time = parse_at(text); time.ok()) when.at.push_back(time.value());
      when.written += (when.written.empty() ? "" : ", ") + text;
    }
  } else if (fields.has("cron")) {
    when.kind = WhenKind::cron;
    when.written = fields.text("cron");
    if (const auto cron = parse_cron(when.written); cron.ok()) when.cron = cron.value();
  } else if (fields.has("when")) {
    if (auto parsed = parse_when(fields.text("when")); parsed.ok()) when = parsed.value();
  }
  return when;
}

Verification build_verification(const Member& member) {
  const Fields fields(member.value, verify_record());
  Verification made{.name = member.key, .position = member.position};
  made.when = build_when(fields);
  for (const auto* key : {"every", "at", "cron", "when"}) {
    if (fields.has(key)) made.when_position = fields.position(key);
  }
  if (fields.has("after")) {
    made.when.kind = WhenKind::each;
    made.when.written = "each";
    made.of.kind = Sample::Kind::unverified;
  }
  made.level = parse_level(fields.text("level")).value_or(Level::none);
  if (fields.has("of")) {
    if (const auto sample = parse_sample(fields.text("of")); sample.ok()) made.of = sample.value();
  }
  made.drill = fields.text("drill");
  made.drill_position = fields.position("drill");
  if (!made.drill.empty()) made.level = Level::restorable;
  made.enabled = fields.flag("enabled").value_or(true);
  return made;
}

Plan build_plan(const Member& member, ComponentKind kind, const Strategy& strategy,
                const Defaults& defaults, Diagnostics& diagnostics) {
  const Fields fields(member.value, plan_record());
  Plan plan{.name = member.key, .position = member.position};
  plan.type = build_type(fields, kind, diagnostics);
  plan.type_position = fields.position("type");
  plan.when = build_when(fields);
  for (const auto* key : {"every", "at", "cron", "when"}) {
    if (fields.has(key)) plan.when_position = fields.position(key);
  }
  plan.copy_of = fields.text("copy");
  plan.copy_position = fields.position("copy");
  plan.to = build_destinations(fields, strategy, defaults, diagnostics);
  plan.demand = parse_level(fields.text("demand")).value_or(defaults.demand);
  if (const auto* node = fields.find("export")) {
    plan.exported = build_export(Fields(*node, export_record()));
  }
  plan.content = fields.text("content");
  plan.enabled = fields.flag("enabled").value_or(true);
  const auto span = [&](std::string_view key, base::Duration fallback) {
    return fields.duration(key).value_or(fallback);
  };
  plan.settle = span("settle", base::seconds(5));
  plan.at_most = span("at-most", {});
  plan.sweep = span("sweep", {});
  plan.flush = span("flush", {});
  plan.stall = span("stall", defaults.stall);
  plan.jitter = span("jitter", defaults.jitter);
  plan.blackout = fields.windows("blackout");
  plan.note = fields.text("note");
  check_belonging(fields, plan, diagnostics);
  return plan;
}

}  // namespace holdfast::strategy
