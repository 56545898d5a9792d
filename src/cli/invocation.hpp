// Invocation: one command as the user gave it: its options and arguments, checked against the
// declaration, and where its output and secrets are.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/run.hpp"
#include "declaration.hpp"
#include "output.hpp"

namespace holdfast::cli {

// What was given, by the names of the declaration. A flag that was given has some value.
struct Values {
  std::map<std::string, std::vector<std::string>, std::less<>> options;
  std::map<std::string, std::vector<std::string>, std::less<>> arguments;
};

// Asking for an option or argument that the command does not declare ends the program.
class Invocation {
 public:
  Invocation(const Command& command, Values values, Output& output, Secrets secrets)
      : command_(command),
        values_(std::move(values)),
        output_(output),
        secrets_(std::move(secrets)) {}

  [[nodiscard]] const Command& command() const noexcept { return command_; }
  [[nodiscard]] Output& output() noexcept { return output_; }
  [[nodiscard]] Secrets& secrets() noexcept { return secrets_; }

  [[nodiscard]] bool flag(std::string_view name) const { return !given(name).empty(); }
  // The value given, or from the environment, or the declared fallback; nothing if none of these.
  [[nodiscard]] std::optional<std::string> option(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& options(std::string_view name) const {
    return given(name);
  }
  // The option, or an error that names it and its variable.
  [[nodiscard]] base::Result<std::string> required(std::string_view name) const;

  [[nodiscard]] const std::vector<std::string>& arguments(std::string_view name) const;
  // The only value of an argument of Count::one.
  [[nodiscard]] const std::string& argument(std::string_view name) const;

 private:
  [[nodiscard]] const std::vector<std::string>& given(std::string_view name) const;
  [[nodiscard]] const Option& declared(std::string_view name) const;

  const Command& command_;
  Values values_;
  Output& output_;
  Secrets secrets_;
};

}  // namespace holdfast::cli
