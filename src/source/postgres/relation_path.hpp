// Paths in a PostgreSQL data directory: which files are made of pages, and how an incremental
// backup names them.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::source {

inline constexpr std::size_t postgres_page_size = 8192;

// Whether it is a relation's file, one of pages: base/5/16384, its forks and its further segments
// (16384_fsm, 16384.1), in global and in tablespaces too. Relative to the data directory.
[[nodiscard]] bool is_relation_path(std::string_view path);

// The relation's file whose changed blocks lie in base/5/INCREMENTAL.16384; empty for every other
// path.
[[nodiscard]] std::string incremental_of(std::string_view path);

}  // namespace holdfast::source
