// What each kind of component can do: its types of plan, their synonyms, and which make a base for
// a log.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strategy/component.hpp"
#include "strategy/plan.hpp"

namespace holdfast::strategy {

// Synonyms included (wal, oplog); nothing if the kind has no such type.
[[nodiscard]] std::optional<PlanType> parse_type(ComponentKind kind, std::string_view text);
// As a user writes them; empty if there is one way only.
[[nodiscard]] std::vector<std::string> type_names(ComponentKind kind);
// Of a plan without a type; nothing if it must be said.
[[nodiscard]] std::optional<PlanType> default_type(ComponentKind kind);
// Whether a snapshot of this type plus a log gives any instant.
[[nodiscard]] bool is_base_of_log(ComponentKind kind, PlanType type);
// In words: "a physical (or incremental) plan".
[[nodiscard]] std::string_view base_of_log_name(ComponentKind kind);
// Whether a plan of the kind may run at such times.
[[nodiscard]] bool allows(ComponentKind kind, PlanType type, WhenKind when);
// Whether it is a server that is reached over a network.
[[nodiscard]] bool is_server(ComponentKind kind) noexcept;

}  // namespace holdfast::strategy
