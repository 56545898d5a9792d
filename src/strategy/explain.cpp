// Sentences about a component.
#include "strategy/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.hpp"
#include "strategy/checks.hpp"

namespace holdfast::strategy {

namespace {

std::string listed(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  return text;
}

std::string place_of(const Strategy& strategy, const std::string& name) {
  const auto* location = strategy.location(name);
  if (location == nullptr) return name;
  std::vector<std::string> traits;
  if (location->kind == LocationKind::mirror) traits.emplace_back("a mirror");
  if (!location->media.empty()) traits.push_back(location->media);
  if (location->offsite) traits.emplace_back("off-site");
  if (location->removable) traits.emplace_back("removable");
  return traits.empty() ? name : fmt::format("{} ({})", name, listed(traits));
}

std::string kept(const Plan& plan, const Destination& destination) {
  const auto& keep = destination.keep;
  if (keep.empty()) return "as its source";
  if (plan.is_log() && keep.age) {
    return fmt::format("so that any instant of the last {} can be restored", describe(*keep.age));
  }
  return describe(keep);
}

std::string sentence_of(const Strategy& strategy, const Plan& plan) {
  if (!plan.enabled) return fmt::format("{} is switched off.", plan.name);
  std::string what = plan.copy_of.empty()
                         ? fmt::format("a snapshot ({}) is taken", plan_type_name(plan.type))
                         : fmt::format("the newest of {} is copied", plan.copy_of);
  if (plan.type == PlanType::unspecified && plan.copy_of.empty()) what = "a snapshot is taken";
  if (plan.is_log()) what = "the log is written";
  std::vector<std::string> places;
  for (const auto& destination : plan.to) {
    places.push_back(fmt::format("to {}, kept {}", place_of(strategy, destination.location),
                                 kept(plan, destination)));
  }
  auto text = fmt::format("{}: {} {} {}.", plan.name, describe(plan.when), what, listed(places));
  if (plan.demand != Level::none) {
    text +=
        fmt::format(" The newest that was proved {} is never deleted.", level_name(plan.demand));
  }
  if (plan.exported) {
    text += fmt::format(" A plain file goes to {}{}.", without_password(plan.exported->to),
                        plan.exported->encrypt.empty() ? "" : ", encrypted");
  }
  return text;
}

void explain_loss(const Strategy& strategy, const Component& component, const Component& protector,
                  std::vector<std::string>& sentences) {
  const auto loss = worst_loss(strategy, protector);
  const auto& objectives = component.objectives;
  if (!loss) {
    sentences.emplace_back("No plan runs by itself: how much can be lost is anybody's guess.");
  } else {
    auto text = fmt::format("At worst {} is lost, and what a run under way has not finished",
                            describe(*loss));
    if (objectives.rpo) text += fmt::format("; promised is {}", describe(*objectives.rpo));
    sentences.push_back(text + ".");
  }
  for (const auto& plan : protector.plans) {
    if (!plan.is_log() || !plan.enabled) continue;
    for (const auto& destination : plan.to) {
      if (!has_base_at(protector, destination.location)) continue;
      sentences.push_back(fmt::format("From {} it can be restored to any instant of the log.",
                                      destination.location));
    }
  }
}

void explain_time(const Strategy& strategy, const Component& component, const Component& protector,
                  std::vector<std::string>& sentences) {
  std::optional<base::Duration> quickest;
  std::string where;
  for (const auto& plan : protector.plans) {
    for (const auto& destination : plan.to) {
      const auto* location = strategy.location(destination.location);
      if (location == nullptr || !location->access) continue;
      if (quickest && *quickest <= *location->access) continue;
      quickest = *location->access;
      where = location->name;
    }
  }
  std::string text;
  if (quickest)
    text = fmt::format("The quickest location is {}: {} to get at it", where, describe(*quickest));
  if (component.objectives.rto) {
    text += fmt::format("{}ecovery is promised within {}", text.empty() ? "R" : "; r",
                        describe(*component.objectives.rto));
  }
  if (!text.empty()) sentences.push_back(text + ".");
  std::vector<std::string> drills;
  for (const auto& each : protector.verifications) {
    if (!each.drill.empty() && each.enabled) {
      drills.push_back(fmt::format("{} {}", each.drill, describe(each.when)));
    }
  }
  sentences.push_back(drills.empty() ? "No drill measures how long recovery takes."
                                     : fmt::format("Drills: {}.", listed(drills)));
}

}  // namespace

Explanation explain(const Strategy& strategy, const Component& component) {
  Explanation made;
  auto& sentences = made.sentences;
  const auto& protector = strategy.protector(component);
  if (component.kind == ComponentKind::part) {
    sentences.push_back(fmt::format("{} is part of {} and is protected by its plans.",
                                    component.name, protector.name));
  } else {
    sentences.push_back(
        fmt::format("{} is protected as {}{}.", component.name, component_kind_name(component.kind),
                    component.host.empty() ? std::string()
                                           : fmt::format(" by the daemon of {}", component.host)));
    if (is_built(component.kind) == Built::not_yet) {
      sentences.emplace_back("This kind is declared and not carried out yet.");
    }
  }
  if (!component.enabled) sentences.emplace_back("It is switched off.");
  for (const auto& plan : protector.plans) sentences.push_back(sentence_of(strategy, plan));
  explain_loss(strategy, component, protector, sentences);
  explain_time(strategy, component, protector, sentences);
  for (const auto& each : protector.verifications) {
    if (!each.enabled || !each.drill.empty()) continue;
    sentences.push_back(fmt::format("Verification {}: {}, up to {}.", each.name,
                                    describe(each.when), level_name(each.level)));
  }
  return made;
}

}  // namespace holdfast::strategy
