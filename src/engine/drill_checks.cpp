// Which expectation is looked at how; commands and what they print.
#include "drill_checks.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/units.hpp"
#include "drill_files.hpp"
#include "io/child_process.hpp"
#include "io/file.hpp"
#include "postgres_drill.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr base::Duration command_timeout = base::minutes(30);
constexpr std::uint64_t command_output_max = base::MiB;

void log(const DrillScene& scene, const std::string& text) {
  static_cast<void>(
      scene.workplace.catalog.runs().log(scene.run, scene.workplace.clock.now(), text).ok());
}

// The beginning of what a command wrote, line by line.
void log_output(const DrillScene& scene, const std::string& path) {
  const auto file = io::open_file(path, O_RDONLY | O_NOFOLLOW);
  if (!file.ok()) return;
  base::Bytes bytes(command_output_max);
  const auto size = io::read_some(file.value().get(), base::MutableByteView(bytes));
  if (!size.ok()) return;
  auto text = base::as_text(base::ByteView(bytes).first(size.value()));
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    if (!line.empty()) log(scene, base::printable(line));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  if (size.value() == command_output_max) log(scene, "… and more");
}

// What a command that did not end well proves: a status of its own and a time-out are answers; that
// there is no such command (126, 127) is none.
DrillOutcome outcome_of(const Error& error) {
  const auto& message = error.message();
  if (error.code() == ErrorCode::unavailable) return DrillOutcome::failed;
  if (error.code() != ErrorCode::io) return DrillOutcome::unknown;
  const bool did_not_run = message.ends_with("status 126") || message.ends_with("status 127");
  return did_not_run ? DrillOutcome::unknown : DrillOutcome::failed;
}

void check_command(const DrillScene& scene, const strategy::Expectation& expected,
                   const std::stop_token& stop, DrillCheck& check) {
  const auto output = scene.folder + "/.output";
  io::ChildCommand command;
  // The shell that redirects is another one than that which reads the command.
  command.arguments = {"/bin/sh", "-c", R"(exec >"$0" 2>&1; exec /bin/sh -c "$1")", output,
                       expected.text};
  command.timeout = expected.timeout > base::Duration{} ? expected.timeout : command_timeout;
  command.working_directory = scene.workplace.strategy.folder;
  command.variables = {"HOLDFAST_DRILL=" + scene.drill, "HOLDFAST_RUN=" + scene.run,
                       "HOLDFAST_SANDBOX=" + scene.folder,
                       "HOLDFAST_ENVIRONMENT=" + scene.workplace.strategy.environment};
  for (const auto& each : scene.restored) {
    command.variables.push_back(component_variable(each.component->name) + "=" + each.folder);
    if (each.postgres == nullptr) continue;
    command.variables.push_back(url_variable(each.component->name) + "=" + each.postgres->url());
  }
  log(scene, "run: " + expected.text);
  const auto ran = io::run_child(command, stop);
  log_output(scene, output);
  if (ran.ok()) {
    check.outcome = DrillOutcome::passed;
    return;
  }
  check.outcome = outcome_of(ran.error());
  check.message = ran.error().message();
}

const RestoredFolder* find_restored(const DrillScene& scene, const std::string& on) {
  const auto* component = scene.workplace.strategy.component(on);
  if (component == nullptr) return nullptr;
  const auto& whole = scene.workplace.strategy.protector(*component);
  const auto found =
      std::find_if(scene.restored.begin(), scene.restored.end(),
                   [&](const RestoredFolder& each) { return each.component->name == whole.name; });
  return found == scene.restored.end() ? nullptr : &*found;
}

void check_restored(const DrillScene& scene, const strategy::Expectation& expected,
                    const std::stop_token& stop, DrillCheck& check) {
  const auto* restored = find_restored(scene, expected.on);
  if (restored == nullptr) {
    check.message = fmt::format("{} was not restored", expected.on);
    return;
  }
  if (restored->postgres != nullptr) {
    auto answer = restored->postgres->ask(expected, stop);
    check.outcome = answer.outcome;
    check.message = std::move(answer.message);
    return;
  }
  if (restored->component->kind == strategy::ComponentKind::postgres) {
    check.message = fmt::format("{} has no server that can be asked", expected.on);
    return;
  }
  if (expected.kind != strategy::ExpectKind::files) {
    check.message = fmt::format("components of the kind {} can't be asked yet",
                                strategy::component_kind_name(restored->component->kind));
    return;
  }
  const auto found = check_files(scene.workplace, *restored, expected, stop);
  if (found.ok()) {
    check.outcome = found.value().outcome;
    check.message = found.value().message;
  } else {
    check.message = found.error().to_string();
  }
}

}  // namespace

std::string_view expectation_name(strategy::ExpectKind kind) noexcept {
  constexpr std::array names{"query", "keys", "files", "tables", "run", "confirm"};
  return names[static_cast<std::size_t>(kind)];
}

namespace {

std::string variable(std::string name, const std::string& component) {
  for (const char c : component) {
    const bool is_lower = c >= 'a' && c <= 'z';
    const bool is_kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += is_lower ? static_cast<char>(c - 'a' + 'A') : is_kept ? c : '_';
  }
  return name;
}

}  // namespace

std::string component_variable(const std::string& component) {
  return variable("HOLDFAST_COMPONENT_", component);
}

std::string url_variable(const std::string& component) {
  return variable("HOLDFAST_URL_", component);
}

DrillCheck check_expectation(const DrillScene& scene, const strategy::Expectation& expected,
                             const std::stop_token& stop) {
  DrillCheck check{.kind = std::string(expectation_name(expected.kind)),
                   .on = expected.on,
                   .text = expected.text,
                   .message = {},
                   .duration = {},
                   .confirmed_by = {},
                   .confirmed_at = {}};
  for (const auto& table : expected.tables) check.text += (check.text.empty() ? "" : ", ") + table;
  const auto began = scene.workplace.clock.monotonic();
  if (stop.stop_requested()) {
    check.message = "interrupted";
  } else if (expected.kind == strategy::ExpectKind::confirm) {
    check.message =
        fmt::format("waits for a named person: holdfast drill {} --confirm '{}' --by NAME",
                    scene.drill, expected.text);
  } else if (expected.kind == strategy::ExpectKind::run) {
    check_command(scene, expected, stop, check);
  } else {
    check_restored(scene, expected, stop, check);
  }
  check.duration = scene.workplace.clock.monotonic() - began;
  log(scene, fmt::format("expected: {}{}{} {}: {}{}{}", check.kind, check.on.empty() ? "" : " on ",
                         check.on, check.text, drill_outcome_name(check.outcome),
                         check.message.empty() ? "" : ": ", check.message));
  return check;
}

}  // namespace holdfast::engine
