// Which relation a file of a data directory belongs to, as far as the server tells.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "wire/postgres.hpp"

namespace holdfast::source {

// The numbers in "base/5/16384", "global/1262.1", "pg_tblspc/16400/PG_15_202209061/5/16384_vm".
struct RelationFile {
  std::uint32_t tablespace = 0;  // 0: that of the database; 1664: the cluster's own
  std::uint32_t database = 0;    // 0: shared by all
  std::uint32_t node = 0;
  bool operator==(const RelationFile&) const = default;
};
// Nothing if it is no relation's file.
[[nodiscard]] std::optional<RelationFile> parse_relation_file(std::string_view path);

// "public.facts of database shop"; empty if it can't be found out, whyever.
[[nodiscard]] std::string relation_name(const wire::PostgresAddress& address, std::string_view path,
                                        const std::stop_token& stop);

}  // namespace holdfast::source
