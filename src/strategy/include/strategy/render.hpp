// Rendering a strategy for those who start things here: systemd, cron, Kubernetes. Pure text from
// the model. What the other side can't say is said in a comment and in the notes, never left out.
#pragma once

#include <string>
#include <vector>

#include "strategy/model.hpp"

namespace holdfast::strategy {

enum class RenderTarget { systemd, cron, kubernetes };

struct RenderedFile {
  std::string name;  // a relative path
  std::string text;
};

// What the model doesn't know.
struct RenderOptions {
  std::string program = "/usr/bin/holdfast";           // absolute
  std::string config = "/etc/holdfast/holdfast.yaml";  // absolute; where the strategy will lie
  std::string environment_file = "/etc/holdfast/environment";  // the variables that it reads
  std::string image = "holdfast";                              // where the strategy names none
  // The strategy as it stands and what it includes, relative to it, for the ConfigMap.
  std::vector<RenderedFile> documents;
};

struct Rendered {
  std::vector<RenderedFile> files;
  std::vector<std::string> notes;  // what could not be said there, and what has to be there
};

// systemd: daemon/ has a unit that runs `holdfast daemon`; timers/ has, instead of it, a timer for
// each plan that a clock can start. cron: a file for /etc/cron.d. kubernetes: one file of
// manifests.
[[nodiscard]] Rendered render(const Strategy& strategy, RenderTarget target,
                              const RenderOptions& options);

// The variables of the environment that secrets of the strategy come from, sorted.
[[nodiscard]] std::vector<std::string> variables_for_secrets(const Strategy& strategy);

}  // namespace holdfast::strategy
