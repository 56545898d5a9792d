// Collecting, ordering and writing what is wrong with a strategy.
#include "strategy/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/bytes.hpp"

namespace holdfast::strategy {

namespace {

// A file full of nonsense is told by its first faults; so many of each severity.
constexpr std::size_t diagnostics_max = 1000;
constexpr std::size_t text_size_max = 120;

std::string shortened(std::string text) {
  auto shown = base::printable(without_password(text));
  if (shown.size() > text_size_max) shown = shown.substr(0, text_size_max) + "...";
  return shown;
}

}  // namespace

std::string_view severity_name(Severity severity) noexcept {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::note: return "note";
  }
  return "error";
}

void Diagnostics::add(Diagnostic diagnostic) {
  const auto severity = static_cast<std::size_t>(diagnostic.severity);
  if (stored_[severity] >= diagnostics_max) {
    ++dropped_[severity];
    return;
  }
  ++stored_[severity];
  diagnostic.text = shortened(std::move(diagnostic.text));
  all_.push_back(std::move(diagnostic));
}

void Diagnostics::error(Position at, std::string message, std::string hint, std::string text) {
  add({Severity::error, at, std::move(message), std::move(text), std::move(hint)});
}

void Diagnostics::warning(Position at, std::string message, std::string hint, std::string text) {
  add({Severity::warning, at, std::move(message), std::move(text), std::move(hint)});
}

void Diagnostics::note(Position at, std::string message, std::string hint, std::string text) {
  add({Severity::note, at, std::move(message), std::move(text), std::move(hint)});
}

void Diagnostics::settle() {
  const auto place = [](const Diagnostic& each) {
    return std::tie(each.position, each.severity, each.message);
  };
  std::stable_sort(all_.begin(), all_.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
  const auto same = [&](const auto& a, const auto& b) { return place(a) == place(b); };
  all_.erase(std::unique(all_.begin(), all_.end(), same), all_.end());
  stored_ = {};
  for (const auto& each : all_) ++stored_[static_cast<std::size_t>(each.severity)];
}

std::size_t Diagnostics::count(Severity severity) const noexcept {
  const auto index = static_cast<std::size_t>(severity);
  return stored_[index] + dropped_[index];
}

std::size_t Diagnostics::dropped() const noexcept {
  return std::accumulate(dropped_.begin(), dropped_.end(), std::size_t{0});
}

std::string format(const Diagnostic& diagnostic, const std::vector<std::string>& files) {
  const auto& at = diagnostic.position;
  const auto name = at.file < files.size() ? files[at.file] : std::string("strategy");
  const auto place = at.line == 0 ? name : fmt::format("{}:{}:{}", name, at.line, at.column);
  return fmt::format("{}: {}: {}", place, severity_name(diagnostic.severity), diagnostic.message);
}

std::string without_password(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::string(text);
  const auto start = scheme + 3;
  // A password that was filled in may hold what ends one in an address that is well formed: /, ?,
  // # and spaces. Rather too much is hidden than a part of it shown.
  const auto at = text.substr(start).rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  const auto colon = text.substr(start, at).find(':');
  if (colon == std::string_view::npos) return std::string(text);
  return fmt::format("{}:***{}", text.substr(0, start + colon), text.substr(start + at));
}

}  // namespace holdfast::strategy
