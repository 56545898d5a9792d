// How snapshots, entries and warnings look in output, as text and as JSON; many commands show the
// same things.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/browse.hpp"
#include "output.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::cli {

[[nodiscard]] std::string hex(const repository::ObjectHash& id);
// The first eight digits.
[[nodiscard]] std::string short_id(const repository::ObjectHash& id);

[[nodiscard]] std::string_view kind_name(repository::EntryKind kind);

// A snapshot's members, into the open object.
void write_snapshot(JsonWriter& json, const repository::SnapshotRecord& snapshot);
// "role=web, tier=1"
[[nodiscard]] std::string tags_text(const repository::Tags& tags);
void write_tags(JsonWriter& json, const repository::Tags& tags);
// Paths separated by commas.
[[nodiscard]] std::string paths_text(const std::vector<base::Bytes>& paths);

// An entry's members, into the open object.
void write_entry(JsonWriter& json, const engine::BrowsedEntry& entry);
// Like a line of ls -l.
[[nodiscard]] std::string long_line(const engine::BrowsedEntry& entry);

// A path and what happened to it, as an element of the open array.
void write_incident(JsonWriter& json, std::string_view path, std::string_view message);

// Says on standard error how many objects were passed over; when verbose, which and why.
void tell_ignored(Output& output, const std::vector<repository::IgnoredObject>& ignored);
// The same: an array of {object, message}.
void write_ignored(JsonWriter& json, std::string_view name,
                   const std::vector<repository::IgnoredObject>& ignored);

}  // namespace holdfast::cli
