// Reading of percentages, rates, samples, secret references and the like.
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/units.hpp"

namespace holdfast::strategy {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

Error malformed(std::string_view text, std::string_view what, std::string_view hint) {
  return Error(ErrorCode::invalid_argument, fmt::format("'{}' is not {}", text, what))
      .with_hint(std::string(hint));
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> split_words(std::string_view text) {
  auto words = split(text, ' ');
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

Result<bool> parse_flag(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return malformed(text, "true or false", "write true or false, without quotes");
}

Result<std::uint64_t> parse_integer(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() ||
      value > 1'000'000'000) {
    return malformed(text, "a whole number", "write digits only, at most 1000000000");
  }
  return value;
}

Result<double> parse_percentage(std::string_view text) {
  double value = 0;
  if (text.ends_with('%')) {
    const auto digits = text.substr(0, text.size() - 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc() && end == digits.data() + digits.size() && std::isfinite(value) &&
        value >= 0 && value <= 100'000) {
      return value;
    }
  }
  return malformed(text, "a percentage", "write a number and %, like 80%");
}

Result<Percentage> parse_percentage_rate(std::string_view text) {
  const auto words = split_words(text);
  static constexpr std::array<std::string_view, 5> periods{"day", "week", "month", "quarter",
                                                           "year"};
  if (words.size() == 1 || (words.size() == 3 && words[1] == "per" &&
                            std::find(periods.begin(), periods.end(), words[2]) != periods.end())) {
    const double percent = TRY(parse_percentage(words[0]));
    if (percent <= 100) {
      return Percentage{percent, words.size() == 3 ? std::string(words[2]) : std::string()};
    }
  }
  return malformed(text, "a rate", "write it like 99.9% per month, or 100%");
}

Result<RequestRate> parse_request_rate(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, int>, 4> periods{
      {{"day", 1}, {"week", 7}, {"month", 30}, {"year", 365}}};
  const auto error = malformed(text, "a number of requests", "write it like 5M per month");
  const auto words = split_words(text);
  if (words.size() != 3 || words[1] != "per") return error;
  auto digits = words[0];
  std::uint64_t factor = 1;
  if (digits.ends_with('k') || digits.ends_with('K')) factor = 1000;
  if (digits.ends_with('M')) factor = 1'000'000;
  if (factor != 1) digits.remove_suffix(1);
  const auto count = parse_integer(digits);
  if (!count.ok()) return error;
  for (const auto& [name, days] : periods) {
    if (name == words[2]) return RequestRate{count.value() * factor, base::days(days)};
  }
  return error;
}

Result<Sample> parse_sample(std::string_view text) {
  if (text == "all") return Sample{Sample::Kind::all, 100};
  if (text == "newest") return Sample{Sample::Kind::newest, 100};
  if (text == "new") return Sample{Sample::Kind::unverified, 100};
  const auto percent = parse_percentage(text);
  if (percent.ok() && percent.value() > 0 && percent.value() <= 100) {
    return Sample{Sample::Kind::percent, percent.value()};
  }
  return malformed(text, "a choice of snapshots", "write all, new, newest or a share like 10%");
}

Result<SecretReference> parse_secret(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, SecretReference::Kind>, 4> kinds{
      {{"env:", SecretReference::Kind::env},
       {"file:", SecretReference::Kind::file},
       {"command:", SecretReference::Kind::command},
       {"mailto:", SecretReference::Kind::address}}};
  for (const auto& [prefix, kind] : kinds) {
    if (!text.starts_with(prefix) || text.size() == prefix.size()) continue;
    auto name = text.substr(prefix.size());
    while (name.starts_with(' ')) name.remove_prefix(1);
    const bool is_variable = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (name.empty() || (kind == SecretReference::Kind::env && !is_variable)) break;
    SecretReference reference;
    reference.kind = kind;
    reference.name = kind == SecretReference::Kind::address ? std::string(text) : std::string(name);
    return reference;
  }
  return Error(ErrorCode::invalid_argument, "a secret does not stand in the strategy")
      .with_hint("say where it comes from: env:NAME, file:/path or \"command:program\"");
}

Result<base::Duration> parse_span(std::string_view text) {
  auto result = base::parse_duration(text);
  if (result.ok()) return result;
  if (text.ends_with("mo") || text.ends_with('y') || text.ends_with("month") ||
      text.ends_with("months") || text.ends_with("year") || text.ends_with("years")) {
    return malformed(text, "a duration",
                     "months and years have no fixed length: count days, like 30d or 365d");
  }
  if (text.find("min") != std::string_view::npos) {
    return malformed(text, "a duration", "minutes are m: 5m");
  }
  if (!text.empty() &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return malformed(
        text, "a duration",
        fmt::format("it lacks its unit: {0}s, {0}m, {0}h or {0}d?", text.substr(0, 20)));
  }
  return result;
}

}  // namespace holdfast::strategy
