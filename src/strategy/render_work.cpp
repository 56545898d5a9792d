// Sorting plans into those that a clock can start and the others.
#include "render_work.hpp"

#include <fmt/format.h>

#include <set>

#include "strategy/schedule.hpp"
#include "values.hpp"

namespace holdfast::strategy {

namespace {

constexpr std::size_t comment_width = 98;

void add_remarks(const Strategy& strategy, RenderedJob& job) {
  const auto& plan = *job.plan;
  auto& remarks = job.remarks;
  if (is_built(job.component->kind) == Built::not_yet) {
    remarks.push_back(fmt::format("This version can't back up {} yet: the run fails and says so.",
                                  component_kind_name(job.component->kind)));
  }
  if (!job.component->host.empty()) {
    remarks.push_back(fmt::format("For the host {} only.", job.component->host));
  }
  if (plan.when.kind == WhenKind::change) {
    remarks.push_back(
        fmt::format("Only the sweep, {}: what changes in between is noticed by the daemon alone.",
                    describe(job.when)));
  }
  if (!plan.blackout.empty() || !strategy.blackout.empty()) {
    remarks.emplace_back(
        "The strategy forbids runs at some times (blackout): only the daemon waits for their end.");
  }
  if (plan.stall.nanoseconds > 0) {
    remarks.emplace_back("A run without progress (stall) is ended by the daemon alone.");
  }
}

void add_plan(const Strategy& strategy, const Component& component, const Plan& plan,
              RenderWork& work) {
  const auto title = component.name + "/" + plan.name;
  if (!plan.enabled) {
    work.unsaid.push_back(title + " is switched off.");
    return;
  }
  if (plan.when.kind == WhenKind::manual) {
    work.unsaid.push_back(fmt::format("{} runs when somebody asks: holdfast backup {} --plan {}.",
                                      title, component.name, plan.name));
    return;
  }
  RenderedJob job{.component = &component, .plan = &plan, .when = timing_of(plan), .remarks = {}};
  if (!job.when.is_timed()) {
    work.unsaid.push_back(
        fmt::format("{} runs {}: only the daemon does that.", title, describe(plan.when)));
    return;
  }
  add_remarks(strategy, job);
  work.jobs.push_back(std::move(job));
}

void add_variable(const SecretReference& reference, std::set<std::string>& names) {
  if (reference.kind == SecretReference::Kind::env) names.insert(reference.name);
}

}  // namespace

RenderWork work_of(const Strategy& strategy) {
  RenderWork work;
  for (const auto& component : strategy.components) {
    if (component.kind == ComponentKind::part) continue;
    if (!component.enabled) {
      work.unsaid.push_back(component.name + " is switched off.");
      continue;
    }
    for (const auto& plan : component.plans) add_plan(strategy, component, plan, work);
    for (const auto& each : component.verifications) {
      if (!each.enabled) continue;
      work.unsaid.push_back(fmt::format("Verification {} of {}, {}: only the daemon does that.",
                                        each.name, component.name, describe(each.when)));
    }
  }
  return work;
}

std::string comment(std::string_view text, std::string_view indent) {
  std::string made;
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) made += fmt::format("{}# {}\n", indent, line);
    line.clear();
  };
  std::string plain(text);
  for (auto& c : plain) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  for (const auto word : split_words(plain)) {
    if (indent.size() + 2 + line.size() + 1 + word.size() > comment_width) flush();
    line += line.empty() ? "" : " ";
    line += word;
  }
  flush();
  return made;
}

std::string name_word(std::string_view text) {
  std::string word;
  for (const char c : lower(text)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (fits) {
      word += c;
    } else if (!word.empty() && word.back() != '-') {
      word += '-';
    }
  }
  while (word.ends_with('-')) word.pop_back();
  return word.empty() ? "strategy" : word;
}

std::vector<std::string> arguments_of(const Strategy& strategy, const RenderedJob& job,
                                      const std::string& config) {
  return {"backup",        job.component->name, "--plan", job.plan->name, "--config", config,
          "--environment", strategy.environment};
}

std::vector<std::string> variables_for_secrets(const Strategy& strategy) {
  std::set<std::string> names;
  add_variable(strategy.encryption.key, names);
  add_variable(strategy.encryption.write_key, names);
  add_variable(strategy.encryption.read_key, names);
  for (const auto& location : strategy.locations) add_variable(location.credentials, names);
  for (const auto& component : strategy.components) {
    for (const auto& [key, reference] : component.source.secrets) add_variable(reference, names);
  }
  for (const auto& channel : strategy.channels) add_variable(channel.address, names);
  return {names.begin(), names.end()};
}

std::string secrets_in_words(const Strategy& strategy) {
  const auto names = variables_for_secrets(strategy);
  return names.empty() ? "none so far" : fmt::format("{}", fmt::join(names, ", "));
}

Rendered render(const Strategy& strategy, RenderTarget target, const RenderOptions& options) {
  switch (target) {
    case RenderTarget::systemd: return render_systemd(strategy, options);
    case RenderTarget::cron: return render_cron(strategy, options);
    case RenderTarget::kubernetes: return render_kubernetes(strategy, options);
  }
  return {};
}

}  // namespace holdfast::strategy
