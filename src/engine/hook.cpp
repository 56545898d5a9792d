// Running hooks, and what they print.
#include "hook.hpp"

#include <fmt/format.h>

#include "io/child_process.hpp"

namespace holdfast::engine {

namespace {

constexpr base::Duration hook_timeout = base::minutes(30);
constexpr std::size_t hook_output_max = 1 << 20;

base::Result<void> log_output(const Workplace& workplace, const std::string& run,
                              std::string_view output) {
  while (!output.empty()) {
    const auto end = output.find('\n');
    const auto line = output.substr(0, end);
    if (!line.empty()) {
      TRY(workplace.catalog.runs().log(run, workplace.clock.now(), base::printable(line)));
    }
    output = end == std::string_view::npos ? std::string_view() : output.substr(end + 1);
  }
  return {};
}

}  // namespace

base::Result<void> run_hooks(const Workplace& workplace, const std::vector<std::string>& commands,
                             const HookSurroundings& surroundings, std::stop_token stop) {
  for (const auto& line : commands) {
    auto command = io::shell_command(line + " 2>&1");
    command.timeout = hook_timeout;
    command.output_size_max = hook_output_max;
    command.working_directory = workplace.strategy.folder;
    command.variables = {"HOLDFAST_COMPONENT=" + surroundings.component,
                         "HOLDFAST_PLAN=" + surroundings.plan,
                         "HOLDFAST_RUN=" + surroundings.run,
                         "HOLDFAST_STATE=" + surroundings.state,
                         "HOLDFAST_SNAPSHOT=" + surroundings.snapshot,
                         "HOLDFAST_ENVIRONMENT=" + workplace.strategy.environment};
    TRY(workplace.catalog.runs().log(surroundings.run, workplace.clock.now(), "hook: " + line));
    const auto output = TRY_CONTEXT(io::run_child(command, stop), fmt::format("hook '{}'", line));
    TRY(log_output(workplace, surroundings.run, base::as_text(output.view())));
  }
  return {};
}

}  // namespace holdfast::engine
