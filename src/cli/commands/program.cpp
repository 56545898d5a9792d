// The commands about the program itself: help, completion, docs.
#include <fcntl.h>

#include <filesystem>
#include <system_error>

#include "commands/handlers.hpp"
#include "declarations.hpp"
#include "invocation.hpp"
#include "io/file.hpp"
#include "render/completion.hpp"
#include "render/help.hpp"
#include "render/man_page.hpp"
#include "render/reference.hpp"
#include "strategy/schema.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

struct Document {
  std::string path;  // below the target
  std::string text;
};

std::vector<Document> documents() {
  std::vector<Document> all{
      {"man/holdfast.1", program_man_page()},
      {"completions/holdfast.bash", bash_completion()},
      {"completions/_holdfast", zsh_completion()},
      {"completions/holdfast.fish", fish_completion()},
      {"reference/cli.md", cli_reference()},
      {"reference/json.md", json_reference()},
      {"reference/strategy.md", strategy::strategy_reference()},
      {"commands.json", commands_json()},
  };
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::shown) {
      all.push_back({"man/" + man_page_file(*command), command_man_page(*command)});
    }
  }
  return all;
}

Result<void> write_document(const std::string& directory, const Document& document) {
  const std::filesystem::path path = std::filesystem::path(directory) / document.path;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return Error::from_errno(error.value(), path.parent_path().string());
  const auto file = TRY(io::open_file(path.string(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
  return io::write_all(file.get(), base::as_bytes(document.text)).with_context(path.string());
}

}  // namespace

Result<ExitCode> run_help(Invocation& invocation) {
  std::string topic;
  for (const auto& word : invocation.arguments("COMMAND"))
    topic += (topic.empty() ? "" : " ") + word;
  const auto* command = find_command(topic);
  bool family = false;
  for (const auto& each : command_families()) family = family || each.name == topic;
  if (command == nullptr && !family && !topic.empty()) {
    return Error(ErrorCode::invalid_argument, "unknown command '" + topic + "'")
        .with_hint("holdfast --help lists the commands");
  }
  const auto text = command != nullptr ? command_help(*command)
                    : family           ? family_help(topic)
                                       : program_help();
  invocation.output().verbatim(text);
  if (invocation.output().is_json()) {
    invocation.output().json().begin_object();
    invocation.output().json().text("help", text);
  }
  return ExitCode::done;
}

Result<ExitCode> run_completion(Invocation& invocation) {
  const auto& shell = invocation.argument("SHELL");
  const auto script = shell == "bash"  ? bash_completion()
                      : shell == "zsh" ? zsh_completion()
                                       : fish_completion();
  invocation.output().verbatim(script);
  if (invocation.output().is_json()) {
    invocation.output().json().begin_object();
    invocation.output().json().text("script", script);
  }
  return ExitCode::done;
}

Result<ExitCode> run_docs(Invocation& invocation) {
  const auto directory = TRY(invocation.required("into"));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("files");
  }
  for (const auto& document : documents()) {
    TRY(write_document(directory, document));
    output.detail(document.path);
    if (output.is_json()) output.json().text(document.path);
  }
  return ExitCode::done;
}

}  // namespace holdfast::cli
