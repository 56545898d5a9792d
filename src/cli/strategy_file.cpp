// Finding and reading the strategy.
#include "strategy_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "environment.hpp"
#include "io/file.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

constexpr std::uint64_t file_size_max = 4'000'000;
constexpr std::array<const char*, 2> usual_places{"holdfast.yaml", "/etc/holdfast/holdfast.yaml"};

Result<std::string> text_of(const std::string& path) {
  const auto bytes = TRY(io::read_file(path, file_size_max));
  return std::string(base::as_text(bytes));
}

struct Found {
  std::string path;
  std::string text;
};

Result<Found> find(const Invocation& invocation) {
  const auto given = invocation.option("config");
  if (given) {
    auto text = text_of(*given);
    if (text.ok()) return Found{*given, std::move(text).value()};
    return Error(ErrorCode::invalid_argument,
                 fmt::format("can't read the strategy: {}", text.error().to_string()))
        .with_hint("--config names the file");
  }
  for (const auto* path : usual_places) {
    auto text = text_of(path);
    if (text.ok()) return Found{path, std::move(text).value()};
    if (text.error().code() == ErrorCode::not_found) continue;
    return Error(ErrorCode::invalid_argument,
                 fmt::format("can't read the strategy: {}", text.error().to_string()));
  }
  return Error(ErrorCode::invalid_argument, fmt::format("there is no strategy: neither {} nor {}",
                                                        usual_places[0], usual_places[1]))
      .with_hint("--config FILE names one");
}

}  // namespace

namespace {

Result<strategy::Parsed> parse_found(const Invocation& invocation, Found found) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(found.path, error);
  if (error) return Error::from_errno(error.value(), found.path);
  strategy::Source source{.text = std::move(found.text),
                          .name = found.path,
                          .folder = absolute.parent_path().lexically_normal().string(),
                          .environment = invocation.option("environment"),
                          .variable = environment_variable,
                          .read = text_of};
  return strategy::parse(source);
}

Result<strategy::Strategy> usable(Invocation& invocation, strategy::Parsed parsed) {
  const auto errors = parsed.diagnostics.count(strategy::Severity::error);
  if (errors == 0) return std::move(parsed.strategy);
  const auto& files = parsed.strategy.files;
  for (const auto& each : parsed.diagnostics.all()) {
    if (each.severity == strategy::Severity::error) {
      invocation.output().warning(strategy::format(each, files));
    }
  }
  return Error(ErrorCode::invalid_argument,
               fmt::format("the strategy has {} error{}", errors, errors == 1 ? "" : "s"))
      .with_hint("holdfast strategy check says what to do about each");
}

}  // namespace

bool has_strategy_file(const Invocation& invocation) {
  std::error_code error;
  return invocation.option("config") ||
         std::any_of(usual_places.begin(), usual_places.end(),
                     [&](const char* path) { return std::filesystem::exists(path, error); });
}

Result<strategy::Parsed> parse_strategy_file(const Invocation& invocation) {
  return parse_found(invocation, TRY(find(invocation)));
}

Result<strategy::Strategy> usable_strategy(Invocation& invocation) {
  return usable(invocation, TRY(parse_strategy_file(invocation)));
}

Result<strategy::Strategy> usable_strategy_at(Invocation& invocation, const std::string& path) {
  auto text = text_of(path);
  if (!text.ok()) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("can't read the strategy: {}", text.error().to_string()));
  }
  return usable(invocation,
                TRY(parse_found(invocation, {.path = path, .text = std::move(text).value()})))
      .with_context(path);
}

}  // namespace holdfast::cli
