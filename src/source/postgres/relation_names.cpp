// From a path to numbers, and from numbers to names by asking the database in question.
#include "relation_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace holdfast::source {

using base::Result;

namespace {

constexpr std::uint32_t global_tablespace = 1664;

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

// A number at the beginning, followed by nothing or by one of `ends`.
std::optional<std::uint32_t> number_of(std::string_view text, std::string_view ends = {}) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto done = std::from_chars(text.data(), end, value);
  if (done.ec != std::errc()) return std::nullopt;
  if (done.ptr != end && ends.find(*done.ptr) == std::string_view::npos) return std::nullopt;
  return value;
}

wire::PostgresAddress copy_of(const wire::PostgresAddress& address) {
  return {.url = address.url,
          .host = address.host,
          .port = address.port,
          .user = address.user,
          .database = address.database,
          .tls = address.tls,
          .ca = address.ca,
          .password = address.password.clone()};
}

Result<std::string> ask(const wire::PostgresAddress& address, const RelationFile& file,
                        const std::stop_token& stop) {
  auto there = copy_of(address);
  auto connection = TRY(wire::PostgresConnection::open(there, {}, stop));
  std::string database;
  if (file.database != 0) {
    const auto found = TRY(connection->query("SELECT datname FROM pg_database WHERE oid = $1",
                                             {std::to_string(file.database)}));
    database = TRY(found.cell(0, 0));
    there.database = database;
    connection = TRY(wire::PostgresConnection::open(there, {}, stop));
  }
  const auto found = TRY(connection->query(
      "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE c.oid = pg_filenode_relation($1, $2)",
      {std::to_string(file.tablespace), std::to_string(file.node)}));
  auto name = TRY(found.cell(0, 0)) + "." + TRY(found.cell(0, 1));
  return database.empty() ? name : name + " of database " + database;
}

}  // namespace

std::optional<RelationFile> parse_relation_file(std::string_view path) {
  const auto parts = parts_of(path);
  if (parts.size() < 2) return std::nullopt;
  std::optional<std::uint32_t> tablespace = 0;
  std::optional<std::uint32_t> database = 0;
  if (parts[0] == "global" && parts.size() == 2) {
    tablespace = global_tablespace;
  } else if (parts[0] == "base" && parts.size() == 3) {
    database = number_of(parts[1]);
  } else if (parts[0] == "pg_tblspc" && parts.size() == 5) {
    tablespace = number_of(parts[1]);
    database = number_of(parts[3]);
  } else {
    return std::nullopt;
  }
  const auto node = number_of(parts.back(), "._");
  if (!tablespace || !database || !node) return std::nullopt;
  return RelationFile{.tablespace = *tablespace, .database = *database, .node = *node};
}

std::string relation_name(const wire::PostgresAddress& address, std::string_view path,
                          const std::stop_token& stop) {
  const auto file = parse_relation_file(path);
  if (!file) return {};
  auto told = ask(address, *file, stop);
  return told.ok() ? base::printable(told.value()) : std::string();
}

}  // namespace holdfast::source
