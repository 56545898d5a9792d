// "Database File Layout" of PostgreSQL's documentation.
#include "relation_path.hpp"

#include <algorithm>

namespace holdfast::source {

namespace {

constexpr std::string_view incremental_prefix = "INCREMENTAL.";

// Takes the digits that `text` begins with; whether there were any.
bool take_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(end);
  return end > 0;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool is_relation_name(std::string_view name) {
  if (!take_digits(name)) return false;
  for (const std::string_view fork : {"_fsm", "_vm", "_init"}) {
    if (take(name, fork)) break;
  }
  if (!take(name, ".")) return name.empty();
  return take_digits(name) && name.empty();
}

// global/, base/DATABASE/ or pg_tblspc/OID/PG_VERSION/DATABASE/.
bool is_relation_folder(std::string_view folder) {
  if (folder == "global/") return true;
  if (take(folder, "pg_tblspc/")) {
    if (!take_digits(folder) || !take(folder, "/PG_")) return false;
    const auto end = folder.find('/');
    if (end == std::string_view::npos) return false;
    folder.remove_prefix(end + 1);
  } else if (!take(folder, "base/")) {
    return false;
  }
  return take_digits(folder) && folder == "/";
}

}  // namespace

bool is_relation_path(std::string_view path) {
  const auto end = path.rfind('/');
  if (end == std::string_view::npos) return false;
  return is_relation_folder(path.substr(0, end + 1)) && is_relation_name(path.substr(end + 1));
}

std::string incremental_of(std::string_view path) {
  const auto end = path.rfind('/');
  if (end == std::string_view::npos) return {};
  auto name = path.substr(end + 1);
  if (!take(name, incremental_prefix)) return {};
  auto made = std::string(path.substr(0, end + 1)) + std::string(name);
  return is_relation_path(made) ? made : std::string();
}

}  // namespace holdfast::source
