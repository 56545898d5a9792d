// From arguments to an exit status: parse, carry out, report.
#include "cli/run.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "declarations.hpp"
#include "engine/version.hpp"
#include "invocation.hpp"
#include "output.hpp"
#include "parser.hpp"
#include "render/help.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;

Verbosity verbosity_of(const Values& values) {
  if (values.options.contains("quiet")) return Verbosity::quiet;
  return values.options.contains("verbose") ? Verbosity::verbose : Verbosity::normal;
}

Error advised(Error error) {
  if (error.code() == ErrorCode::cancelled) {
    return Error(ErrorCode::cancelled, "interrupted")
        .with_hint("run the same command again to continue");
  }
  return error;
}

bool can_be_unverified(const Command& command) {
  for (const auto& exit : command.exits) {
    if (exit.code == ExitCode::unverified) return true;
  }
  return false;
}

// A verification that ends with an error has proved nothing: neither a pass nor damage.
ExitCode exit_code_of_command(const Command& command, const Error& error) {
  const bool settled = error.code() == ErrorCode::invalid_argument ||
                       error.code() == ErrorCode::cancelled || error.code() == ErrorCode::damaged;
  return can_be_unverified(command) && !settled ? ExitCode::unverified : exit_code_of(error.code());
}

int finished(Output& output, ExitCode code) {
  if (output.finish() || code != ExitCode::done) return static_cast<int>(code);
  output.error(Error(ErrorCode::io, "standard output did not take the result"));
  return static_cast<int>(ExitCode::failed);
}

int show_help(const Parsed& parsed, Output& output) {
  const auto text = parsed.command != nullptr ? command_help(*parsed.command)
                    : parsed.topic.empty()    ? program_help()
                                              : family_help(parsed.topic);
  output.verbatim(text);
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("help", text);
  }
  return finished(output, ExitCode::done);
}

int show_version(Output& output) {
  output.verbatim(fmt::format("{} {}\n", program_name, program_version()));
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("version", program_version());
  }
  return finished(output, ExitCode::done);
}

}  // namespace

std::string program_version() {
  return engine::program_name_and_version().substr(program_name.size() + 1);
}

int run(Process process) {
  const auto format = asks_for_json(process.arguments) ? Format::json : Format::text;
  auto parsed = parse(process.arguments);
  if (!parsed.ok()) {
    Output output(process.out, process.err, format, Verbosity::normal);
    output.error(parsed.error());
    return finished(output, ExitCode::usage);
  }
  auto& request = parsed.value();
  Output output(process.out, process.err, format, verbosity_of(request.values));
  if (request.request == Parsed::Request::help) return show_help(request, output);
  if (request.request == Parsed::Request::version) return show_version(output);
  if (output.verbosity() == Verbosity::verbose) base::set_log_level(base::LogLevel::info);

  const auto& command = *request.command;
  Invocation invocation(command, std::move(request.values), output, std::move(process.secrets));
  const auto result = command.run(invocation);
  if (result.ok()) return finished(output, result.value());
  output.error(advised(result.error()));
  return finished(output, exit_code_of_command(command, result.error()));
}

}  // namespace holdfast::cli
