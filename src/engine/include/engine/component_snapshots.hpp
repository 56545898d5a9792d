// The snapshots of a component in a repository, and the tags by which a strategy knows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "repository/snapshot_list.hpp"
#include "strategy/component.hpp"

namespace holdfast::engine {

// Names of the plans whose it is at its location, separated by commas.
inline constexpr std::string_view plan_tag = "plan";
inline constexpr std::string_view environment_tag = "environment";
inline constexpr std::string_view run_tag = "run";
inline constexpr std::string_view event_tag = "event";
inline constexpr std::string_view event_id_tag = "event-id";
// Of an old backup that was taken in: its name then, and its hash if it is one file. Retention
// counts it at its capture.
inline constexpr std::string_view imported_tag = "imported";
inline constexpr std::string_view imported_hash_tag = "imported-sha256";

// Nothing if there is no such tag. Borrowed.
[[nodiscard]] std::optional<std::string> tag_of(const repository::SnapshotRecord& snapshot,
                                                std::string_view key);
[[nodiscard]] std::vector<std::string> plans_of(const repository::SnapshotRecord& snapshot);
[[nodiscard]] std::string join_plans(const std::vector<std::string>& names);

// Those that a strategy took of it, oldest first, without late ones. Borrowed from the list.
[[nodiscard]] std::vector<const repository::SnapshotRecord*> snapshots_of(
    const repository::SnapshotList& list, const strategy::Component& component);
// The newest of them that had begun at `at`; of one plan if a name is given; nullptr if there is
// none.
[[nodiscard]] const repository::SnapshotRecord* newest_snapshot(
    const repository::SnapshotList& list, const strategy::Component& component,
    std::optional<base::Time> at = {}, std::string_view plan = {});

}  // namespace holdfast::engine
