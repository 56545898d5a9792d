// git as a child: in English, without questions, without the variables by which a hook's git would
// lead it astray.
#include "git_program.hpp"

#include <algorithm>
#include <array>

#include "base/units.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t output_size_max = 256 * base::MiB;  // a million refs
constexpr std::size_t complaints_max = 20;
constexpr base::Duration quiet_limit = base::minutes(10);

// What git sets for its hooks, and what a user may have set for one repository.
constexpr std::array<const char*, 17> repository_variables{"GIT_DIR",
                                                           "GIT_WORK_TREE",
                                                           "GIT_INDEX_FILE",
                                                           "GIT_OBJECT_DIRECTORY",
                                                           "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                                           "GIT_COMMON_DIR",
                                                           "GIT_NAMESPACE",
                                                           "GIT_PREFIX",
                                                           "GIT_QUARANTINE_PATH",
                                                           "GIT_SHALLOW_FILE",
                                                           "GIT_GRAFT_FILE",
                                                           "GIT_REPLACE_REF_BASE",
                                                           "GIT_CONFIG",
                                                           "GIT_CONFIG_PARAMETERS",
                                                           "GIT_CONFIG_COUNT",
                                                           "GIT_TRACE",
                                                           "GIT_CEILING_DIRECTORIES"};

bool is_noise(std::string_view line) {
  constexpr std::array<std::string_view, 9> noise{
      "hint:", "warning:", "Warning:",     "Please make sure", "and the repository exists",
      "From ", "To ",      "remote: Enum", "remote: Count",
  };
  return std::any_of(noise.begin(), noise.end(),
                     [&](std::string_view each) { return line.starts_with(each); });
}

// After the settings and places before it.
std::string subcommand_of(const GitCall& call) {
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const auto& argument = call.arguments[i];
    if (!argument.starts_with('-')) return argument;
    if (argument == "-c" || argument == "-C") ++i;
  }
  return {};
}

}  // namespace

std::string git_complaint(const std::vector<std::string>& lines) {
  std::string text;
  int count = 0;
  for (const auto& line : lines) {
    if (is_noise(line)) continue;
    text += (text.empty() ? "" : "; ") + base::printable(line);
    if (++count == 2) break;
  }
  return text.empty() && !lines.empty() ? base::printable(lines.back()) : text;
}

io::ChildStreamCommand git_command(const GitCall& call, const GitSurroundings& surroundings,
                                   std::vector<std::string>& complaints) {
  using Kind = io::ChildStreamCommand::Line;
  io::ChildStreamCommand command;
  command.arguments = {"git"};
  if (!call.directory.empty()) command.arguments.push_back("--git-dir=" + call.directory);
  // Nothing may change the repository behind us, nor outlive the call.
  for (const auto* setting : {"gc.autoDetach=false", "maintenance.auto=false", "core.fsmonitor="}) {
    command.arguments.insert(command.arguments.end(), {"-c", setting});
  }
  command.arguments.insert(command.arguments.end(), call.arguments.begin(), call.arguments.end());
  command.hidden_variables = surroundings.hidden_variables;
  command.hidden_variables.insert(command.hidden_variables.end(), repository_variables.begin(),
                                  repository_variables.end());
  for (const auto* own : {"LC_ALL", "GIT_TERMINAL_PROMPT", "GIT_ALLOW_PROTOCOL"}) {
    command.hidden_variables.emplace_back(own);
  }
  command.variables = {"LC_ALL=C", "GIT_TERMINAL_PROMPT=0",
                       "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh"};
  if (!call.input.empty()) {
    command.input = io::ChildStreamCommand::Input::text;
    command.input_text = call.input;
  }
  command.working_directory = "/";
  command.stall = surroundings.stall.nanoseconds > 0 ? surroundings.stall : quiet_limit;
  const bool is_followed = call.words == GitCall::Words::followed;
  command.on_line = [&complaints, &surroundings, is_followed](std::string_view line, Kind kind) {
    if (kind == Kind::overwritten || line.ends_with(", done.") ||
        line.ends_with(", done.        ")) {
      if (is_followed && surroundings.on_progress) surroundings.on_progress(line);
      return;
    }
    // The beginning says what is wrong; the end only what follows from it.
    if (complaints.size() < complaints_max) complaints.emplace_back(line);
    if (is_followed && surroundings.on_line) surroundings.on_line(line);
  };
  return command;
}

Result<GitAnswer> ask_git(const GitCall& call, const GitSurroundings& surroundings,
                          const std::stop_token& stop) {
  std::vector<std::string> complaints;
  auto asked = io::ask_child(git_command(call, surroundings, complaints), output_size_max, stop);
  if (!asked.ok()) {
    auto error = std::move(asked).error();
    if (error.code() != ErrorCode::not_found) return error;
    return std::move(error).with_hint("install git");
  }
  return GitAnswer{.output = std::move(asked.value().output),
                   .status = asked.value().status,
                   .complaint = git_complaint(complaints)};
}

Result<std::string> run_git(const GitCall& call, const GitSurroundings& surroundings,
                            const std::stop_token& stop) {
  auto answer = TRY(ask_git(call, surroundings, stop));
  if (answer.status == 0) return std::move(answer.output);
  const auto what = "git " + subcommand_of(call);
  return Error(ErrorCode::io, what + " ended with status " + std::to_string(answer.status) +
                                  (answer.complaint.empty() ? "" : ": " + answer.complaint));
}

std::vector<std::string> git_reading_options(const GitAddress& address) {
  if (address.kind != GitAddress::Kind::path) return {};
  return {"--upload-pack=git -c safe.directory=* upload-pack"};
}

}  // namespace holdfast::source
