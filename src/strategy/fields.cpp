// Reading of checked values.
#include "fields.hpp"

#include "base/check.hpp"
#include "base/units.hpp"

namespace holdfast::strategy {

namespace {

template <typename T>
std::optional<T> value_of(base::Result<T> result) {
  if (!result.ok()) return std::nullopt;
  return std::move(result).value();
}

}  // namespace

const Node* Fields::find(std::string_view key) const {
  CHECK(record_.find(key) != nullptr, key);
  return node_.find(key);
}

const Node* Fields::scalar_at(std::string_view key) const {
  const auto* found = find(key);
  return found != nullptr && found->is_scalar() ? found : nullptr;
}

Position Fields::position(std::string_view key) const {
  const auto* found = find(key);
  return found != nullptr ? found->position : node_.position;
}

std::string Fields::text(std::string_view key) const {
  const auto* found = scalar_at(key);
  return found != nullptr ? found->text : std::string();
}

std::vector<std::string> Fields::texts(std::string_view key) const {
  const auto* found = find(key);
  std::vector<std::string> all;
  if (found == nullptr) return all;
  if (found->is_scalar()) all.push_back(found->text);
  for (const auto& item : found->items) all.push_back(item.text);
  return all;
}

std::optional<bool> Fields::flag(std::string_view key) const {
  const auto* found = scalar_at(key);
  return found != nullptr ? value_of(parse_flag(found->text)) : std::nullopt;
}

std::optional<std::uint64_t> Fields::integer(std::string_view key) const {
  const auto* found = scalar_at(key);
  return found != nullptr ? value_of(parse_integer(found->text)) : std::nullopt;
}

std::optional<base::Duration> Fields::duration(std::string_view key) const {
  const auto* found = scalar_at(key);
  return found != nullptr ? value_of(parse_span(found->text)) : std::nullopt;
}

std::optional<std::uint64_t> Fields::size(std::string_view key) const {
  const auto* found = scalar_at(key);
  return found != nullptr ? value_of(base::parse_size(found->text)) : std::nullopt;
}

std::optional<double> Fields::percentage(std::string_view key) const {
  const auto* found = scalar_at(key);
  return found != nullptr ? value_of(parse_percentage(found->text)) : std::nullopt;
}

std::optional<Percentage> Fields::rate(std::string_view key) const {
  const auto* found = scalar_at(key);
  return found != nullptr ? value_of(parse_percentage_rate(found->text)) : std::nullopt;
}

SecretReference Fields::secret(std::string_view key) const {
  const auto* found = scalar_at(key);
  if (found == nullptr) return {};
  auto reference = value_of(parse_secret(found->text)).value_or(SecretReference{});
  reference.position = found->position;
  return reference;
}

std::vector<Window> Fields::windows(std::string_view key) const {
  std::vector<Window> all;
  for (const auto& text : texts(key)) {
    if (const auto window = parse_window(text); window.ok()) all.push_back(window.value());
  }
  return all;
}

const std::vector<Member>& Fields::named(std::string_view key) const {
  static const std::vector<Member> none;
  const auto* found = find(key);
  return found != nullptr ? found->members : none;
}

}  // namespace holdfast::strategy
