// Facts about locations, components and plans.
#include "facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "address.hpp"
#include "kinds.hpp"
#include "words.hpp"

namespace holdfast::strategy {

namespace {

class Facts {
 public:
  Facts(const Strategy& strategy, Diagnostics& diagnostics)
      : strategy_(strategy), diagnostics_(diagnostics) {}

  void check() {
    check_locations();
    for (const auto& component : strategy_.components) check_component(component);
    check_use_of_locations();
  }

 private:
  void check_locations() {
    const auto& all = strategy_.locations;
    for (std::size_t i = 0; i < all.size(); ++i) {
      check_location(all[i]);
      for (std::size_t j = 0; j < i; ++j) {
        if (all[i].url.empty() || all[i].url != all[j].url) continue;
        diagnostics_.error(all[i].url_position,
                           fmt::format("{} is the same place as {}", all[i].name, all[j].name),
                           "one place is one location", all[i].url);
      }
    }
  }

  void check_location(const Location& location) {
    static constexpr std::array<std::string_view, 4> schemes{"", "file", "s3", "sftp"};
    const auto address = parse_address(location.url);
    const bool known = std::find(schemes.begin(), schemes.end(), address.scheme) != schemes.end();
    if (location.kind == LocationKind::repository && !known) {
      diagnostics_.error(location.url_position,
                         fmt::format("repositories can't lie behind {}://", address.scheme),
                         "write a path, s3://bucket/prefix or sftp://user@host/path", location.url);
    }
    const auto twice = [&](std::string_view key, const std::string& value,
                           const std::string& of_url) {
      if (!value.empty() && !of_url.empty()) stated_twice(location.url_position, key);
    };
    twice("region", location.region, address.parameter("region"));
    twice("endpoint", location.endpoint, address.parameter("endpoint"));
    if (location.kind == LocationKind::mirror) {
      check_git_address(location.url_position, location.url);
    }
    if (location.kind == LocationKind::mirror && (location.keep || location.lock)) {
      diagnostics_.error(location.position,
                         fmt::format("{} is a mirror: it has no keep and no lock", location.name),
                         "remove them, or write url instead of mirror");
    }
    if (!location.server_encryption_key.empty() && location.server_encryption != "aws:kms") {
      diagnostics_.error(location.position, "sse-key goes with sse: aws:kms",
                         "add sse: aws:kms, or remove sse-key");
    }
  }

  void stated_twice(Position at, std::string_view key) {
    diagnostics_.error(at, fmt::format("the address says {} too", key),
                       fmt::format("a fact is written once: remove {} or take it out of the "
                                   "address",
                                   key));
  }

  void check_component(const Component& component) {
    if (component.name == "all") {
      diagnostics_.error(component.position, "no component can be called all",
                         "drills restore all: another name is needed");
    }
    if (component.kind == ComponentKind::part) return check_part(component);
    check_source(component);
    if (component.plans.empty() && component.enabled) {
      diagnostics_.error(component.position,
                         fmt::format("{} has no plan: nothing would be backed up", component.name),
                         "add plans, or enabled: false");
    }
    if (is_built(component.kind) == Built::not_yet && component.enabled) {
      diagnostics_.note(component.kind_position,
                        fmt::format("{}: {} is declared and not carried out yet", component.name,
                                    component_kind_name(component.kind)),
                        "its plans run with a later version; until then it is not backed up");
    }
    for (const auto& plan : component.plans) {
      check_plan(component, plan);
      if (is_built(component.kind, plan.type) == Built::yes || !plan.enabled) continue;
      diagnostics_.note(
          plan.type_position,
          fmt::format("{}/{}: {} plans of {} are declared and not carried out yet", component.name,
                      plan.name, plan_type_name(plan.type), component_kind_name(component.kind)),
          "they run with a later version; until then they back up nothing");
    }
    for (const auto& each : component.verifications) check_verification(each);
  }

  void check_part(const Component& part) {
    const auto* whole = strategy_.component(part.part_of);
    if (whole == nullptr || whole->name == part.name) {
      diagnostics_.error(
          part.kind_position,
          fmt::format("{} is part of '{}', which does not exist", part.name, part.part_of),
          advice_on_name(part.part_of, names_of(strategy_.components)), part.part_of);
    } else if (whole->kind == ComponentKind::part) {
      diagnostics_.error(
          part.kind_position,
          fmt::format("{} is part of {}, which is a part itself", part.name, whole->name),
          "name the component that has the data", part.part_of);
    }
    if (!part.plans.empty()) {
      diagnostics_.error(
          part.plans.front().position,
          fmt::format("{} is part of {} and has no data of its own", part.name, part.part_of),
          fmt::format("move its plans to {}", part.part_of));
    }
  }

  // Git gives its address to other programs: everyone can read it in the process list.
  void check_git_address(Position at, const std::string& url) {
    const auto scheme = parse_address(url).scheme;
    if (!parse_address(url).has_password || scheme == "s3") return;
    diagnostics_.error(at, "the address of a git repository holds a password",
                       "leave it to a credential helper of git, or to an ssh key");
  }

  void check_source(const Component& component) {
    const auto& source = component.source;
    const auto& url = source.word("url");
    const auto address = parse_address(url);
    if (component.kind == ComponentKind::git) check_git_address(component.kind_position, url);
    if (url.empty() && is_server(component.kind) && source.word("host").empty() &&
        source.word("container").empty()) {
      diagnostics_.error(component.kind_position,
                         fmt::format("{} does not say where its server is", component.name),
                         "add url");
    }
    if (url.empty() || !is_server(component.kind)) return;
    const std::array<std::pair<std::string_view, std::string>, 5> facts{
        {{"host", address.host},
         {"port", address.port},
         {"user", address.user},
         {"database", component.kind == ComponentKind::postgres ? address.path : ""},
         {"tls",
          address.parameter(component.kind == ComponentKind::postgres ? "sslmode" : "tls")}}};
    for (const auto& [key, of_url] : facts) {
      if (!of_url.empty() && !source.word(key).empty()) stated_twice(component.kind_position, key);
    }
    if (address.has_password && source.secrets.contains("password")) {
      stated_twice(component.kind_position, "password");
    }
  }

  void check_plan(const Component& component, const Plan& plan) {
    for (const auto& destination : plan.to) check_destination(component, plan, destination);
    if (!plan.copy_of.empty()) check_copy(component, plan);
    if (!plan.when.written.empty()) check_when(component, plan);
    if (plan.is_log()) check_log(plan);
    if (plan.content != "" && plan.content != "all" && plan.type != PlanType::logical) {
      diagnostics_.error(plan.position, "content is chosen of logical dumps only",
                         "remove content, or write type: logical");
    }
  }

  void check_destination(const Component& component, const Plan& plan,
                         const Destination& destination) {
    const auto* location = strategy_.location(destination.location);
    if (location == nullptr) {
      diagnostics_.error(
          destination.position,
          fmt::format("{} goes to '{}', which is not a location", plan.name, destination.location),
          advice_on_name(destination.location, names_of(strategy_.locations)),
          destination.location);
      return;
    }
    const bool follows =
        component.kind == ComponentKind::git || component.kind == ComponentKind::bucket;
    if (location->kind == LocationKind::mirror && !follows) {
      diagnostics_.error(destination.position,
                         fmt::format("{} is a mirror: only buckets and git repositories can be "
                                     "mirrored",
                                     location->name),
                         "send it to a repository", destination.location);
    }
  }

  void check_copy(const Component& component, const Plan& plan) {
    const auto* original = component.plan(plan.copy_of);
    if (original == nullptr || original == &plan) {
      auto names = names_of(component.plans);
      std::erase(names, plan.name);
      diagnostics_.error(plan.copy_position,
                         fmt::format("{} copies '{}', which is no other plan of {}", plan.name,
                                     plan.copy_of, component.name),
                         advice_on_name(plan.copy_of, names), plan.copy_of);
    } else if (!original->copy_of.empty()) {
      diagnostics_.error(
          plan.copy_position,
          fmt::format("{} copies {}, which is a copy itself", plan.name, original->name),
          fmt::format("write copy: {}", original->copy_of), plan.copy_of);
    } else if (original->is_log()) {
      diagnostics_.error(plan.copy_position, "a log is not copied by a schedule",
                         fmt::format("add the location to {}", original->name), plan.copy_of);
    }
  }

  void check_when(const Component& component, const Plan& plan) {
    const auto kind = plan.when.kind;
    check_interval(plan.when, plan.when_position);
    if (allows(component.kind, plan.type, kind)) return;
    std::string hint = "write every, at, cron, when: manual or when: event NAME";
    if (plan.is_log()) hint = "a log is written all the time: when: continuous";
    if (kind == WhenKind::change && component.kind == ComponentKind::git)
      hint = "write when: commit";
    diagnostics_.error(plan.when_position,
                       fmt::format("a {} plan of {} can't run {}", plan_type_name(plan.type),
                                   component_kind_name(component.kind), describe(plan.when)),
                       hint, plan.when.written);
  }

  void check_interval(const When& when, Position at) {
    if (when.kind != WhenKind::every) return;
    if (when.interval < base::seconds(1)) {
      diagnostics_.error(at, "an interval is a second or more", {}, when.written);
    } else if (when.interval.nanoseconds % base::nanoseconds_per_second != 0) {
      diagnostics_.error(at, "an interval is whole seconds", {}, when.written);
    }
  }

  void check_log(const Plan& plan) {
    for (const auto& destination : plan.to) {
      const auto& keep = destination.keep;
      const bool is_promise =
          keep == Keep{.forever = true} || (keep.age && keep == Keep{.age = keep.age});
      if (keep.empty() || is_promise) continue;
      diagnostics_.error(
          destination.keep_position,
          fmt::format("{} is a log: what is kept of it is a stretch of time", plan.name),
          "write a duration like 7d: any instant of it can be restored");
    }
  }

  void check_verification(const Verification& verification) {
    const auto& when = verification.when;
    check_interval(when, verification.when_position);
    if (when.kind == WhenKind::change || when.kind == WhenKind::commit ||
        when.kind == WhenKind::continuous) {
      diagnostics_.error(
          verification.when_position, fmt::format("a verification can't run {}", describe(when)),
          "write after: each, every, at, cron, when: manual or when: event NAME", when.written);
    }
    if (verification.level == Level::restorable && verification.drill.empty()) {
      diagnostics_.error(verification.position, "only a drill proves that it can be restored",
                         "write drill: NAME instead of level: restorable");
    }
    if (!verification.drill.empty() && strategy_.drill(verification.drill) == nullptr) {
      diagnostics_.error(
          verification.drill_position, fmt::format("there is no drill '{}'", verification.drill),
          advice_on_name(verification.drill, names_of(strategy_.drills)), verification.drill);
    }
  }

  void check_use_of_locations() {
    std::set<std::string> used;
    for (const auto& component : strategy_.components) {
      for (const auto& plan : component.plans) {
        for (const auto& destination : plan.to) used.insert(destination.location);
      }
    }
    for (const auto& location : strategy_.locations) {
      if (used.contains(location.name)) continue;
      diagnostics_.warning(location.position, fmt::format("no plan goes to {}", location.name),
                           "send a plan there, or remove it");
    }
  }

  const Strategy& strategy_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_facts(const Strategy& strategy, Diagnostics& diagnostics) {
  Facts(strategy, diagnostics).check();
  check_drill_facts(strategy, diagnostics);
}

}  // namespace holdfast::strategy
