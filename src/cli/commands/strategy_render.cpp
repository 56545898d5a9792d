// strategy render.
#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>

#include "commands/handlers.hpp"
#include "engine/version.hpp"
#include "invocation.hpp"
#include "io/file.hpp"
#include "strategy/render.hpp"
#include "strategy_file.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
namespace fs = std::filesystem;

constexpr std::uint64_t document_size_max = 700'000;  // a ConfigMap takes 1 MiB

strategy::RenderTarget target_of(std::string_view word) {
  if (word == "systemd") return strategy::RenderTarget::systemd;
  return word == "cron" ? strategy::RenderTarget::cron : strategy::RenderTarget::kubernetes;
}

Result<std::string> absolute(const std::string& path) {
  std::error_code error;
  const auto made = fs::absolute(path, error).lexically_normal();
  if (error) return Error::from_errno(error.value(), path);
  return made.string();
}

// The strategy and what it includes, for a ConfigMap.
Result<std::vector<strategy::RenderedFile>> documents_of(const strategy::Strategy& strategy) {
  std::vector<strategy::RenderedFile> documents;
  for (const auto& name : strategy.files) {
    const auto path = TRY(absolute(name));
    const auto relative = fs::path(path).lexically_relative(strategy.folder).string();
    if (relative.empty() || relative.starts_with("..")) {
      return Error(ErrorCode::invalid_argument,
                   fmt::format("{} lies outside the strategy's folder", name))
          .with_hint("a ConfigMap holds the folder of the strategy: include files from below it");
    }
    const auto bytes = TRY(io::read_file(path, document_size_max).with_context(name));
    documents.push_back({.name = relative, .text = std::string(base::as_text(bytes))});
  }
  return documents;
}

Result<strategy::RenderOptions> options_of(const Invocation& invocation,
                                           const strategy::Strategy& strategy,
                                           strategy::RenderTarget target) {
  strategy::RenderOptions options;
  options.program = TRY(invocation.required("program"));
  options.environment_file = TRY(invocation.required("variables"));
  for (const auto& path : {options.program, options.environment_file}) {
    if (path.starts_with('/')) continue;
    return Error(ErrorCode::invalid_argument, fmt::format("'{}' is no absolute path", path))
        .with_hint("systemd and cron know no other: begin it with /");
  }
  options.image = "holdfast:" + engine::program_name_and_version().substr(
                                    engine::program_name_and_version().find(' ') + 1);
  if (!strategy.files.empty()) options.config = TRY(absolute(strategy.files.front()));
  if (target == strategy::RenderTarget::kubernetes) {
    options.documents = TRY(documents_of(strategy));
  }
  return options;
}

Result<void> write_file(const std::string& directory, const strategy::RenderedFile& file) {
  const auto path = fs::path(directory) / file.name;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return Error::from_errno(error.value(), path.parent_path().string());
  const auto opened = TRY(io::open_file(path.string(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
  return io::write_all(opened.get(), base::as_bytes(file.text)).with_context(path.string());
}

}  // namespace

Result<ExitCode> run_strategy_render(Invocation& invocation) {
  const auto strategy = TRY(usable_strategy(invocation));
  const auto target = target_of(invocation.argument("FORMAT"));
  const auto options = TRY(options_of(invocation, strategy, target));
  const auto made = strategy::render(strategy, target, options);
  const auto into = invocation.option("into");
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("files");
  }
  for (const auto& file : made.files) {
    if (into) {
      TRY(write_file(*into, file));
      output.summary((fs::path(*into) / file.name).string());
    } else if (!output.is_json()) {
      output.verbatim(made.files.size() > 1 ? fmt::format("# {}\n{}\n", file.name, file.text)
                                            : file.text);
    }
    if (!output.is_json()) continue;
    output.json().begin_object();
    output.json().text("name", file.name);
    output.json().text("text", file.text);
    output.json().end();
  }
  if (output.is_json()) {
    output.json().end();
    output.json().begin_array("notes");
    for (const auto& note : made.notes) output.json().text(note);
  }
  for (const auto& note : made.notes) output.note(note);
  return ExitCode::done;
}

}  // namespace holdfast::cli
