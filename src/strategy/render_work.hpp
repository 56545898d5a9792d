// What is to be rendered of a strategy: the plans that a clock outside can start, and what it can't
// do.
#pragma once

#include <string>
#include <vector>

#include "strategy/model.hpp"
#include "strategy/render.hpp"

namespace holdfast::strategy {

struct RenderedJob {
  const Component* component = nullptr;
  const Plan* plan = nullptr;
  When when;                         // timed
  std::vector<std::string> remarks;  // sentences: what differs from what the daemon does
  [[nodiscard]] std::string name() const { return component->name + "-" + plan->name; }
  [[nodiscard]] std::string title() const { return component->name + "/" + plan->name; }
};

struct RenderWork {
  std::vector<RenderedJob> jobs;    // in the order of the strategy
  std::vector<std::string> unsaid;  // sentences: what only the daemon does
};

[[nodiscard]] RenderWork work_of(const Strategy& strategy);

// `text` as comment lines of at most 100 columns.
[[nodiscard]] std::string comment(std::string_view text, std::string_view indent = {});

// The variables that secrets come from; "none so far" if there are none.
[[nodiscard]] std::string secrets_in_words(const Strategy& strategy);

// `text` in lower case with - for all that no name of a unit, a file or a manifest may hold.
[[nodiscard]] std::string name_word(std::string_view text);

// "backup COMPONENT --plan PLAN --environment E --config FILE".
[[nodiscard]] std::vector<std::string> arguments_of(const Strategy& strategy,
                                                    const RenderedJob& job,
                                                    const std::string& config);

// One of the three; each in a file of its own.
[[nodiscard]] Rendered render_systemd(const Strategy& strategy, const RenderOptions& options);
[[nodiscard]] Rendered render_cron(const Strategy& strategy, const RenderOptions& options);
[[nodiscard]] Rendered render_kubernetes(const Strategy& strategy, const RenderOptions& options);

}  // namespace holdfast::strategy
