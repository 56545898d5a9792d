// Line by line: pg_dumpall writes one statement a line.
#include "globals_script.hpp"

#include <algorithm>
#include <vector>

namespace holdfast::engine {

namespace {

constexpr std::string_view create_role = "CREATE ROLE ";
constexpr std::string_view alter_role = "ALTER ROLE ";
constexpr std::string_view granted_by = " GRANTED BY ";
constexpr std::string_view create_tablespace = "CREATE TABLESPACE ";
constexpr std::string_view location = " LOCATION '";
constexpr std::string_view usual_superuser = "postgres";

// The identifier that `text` begins with, as it is written, quotes included.
std::string_view identifier_of(std::string_view text) {
  if (!text.starts_with('"')) return text.substr(0, text.find_first_of(" ;"));
  std::size_t at = 1;
  while (at < text.size()) {
    if (text[at] != '"') {
      ++at;
    } else if (at + 1 < text.size() && text[at + 1] == '"') {
      at += 2;
    } else {
      return text.substr(0, at + 1);
    }
  }
  return text;
}

std::string unquoted(std::string_view identifier) {
  if (!identifier.starts_with('"') || identifier.size() < 2) return std::string(identifier);
  identifier = identifier.substr(1, identifier.size() - 2);
  std::string made;
  for (std::size_t at = 0; at < identifier.size(); ++at) {
    made += identifier[at];
    if (identifier[at] == '"') ++at;
  }
  return made;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view choose_superuser(const std::vector<std::string_view>& lines) {
  std::vector<std::string_view> superusers;
  std::string_view grantor;
  for (const auto line : lines) {
    if (line.starts_with(alter_role) && line.find(" WITH SUPERUSER ") != std::string_view::npos) {
      superusers.push_back(identifier_of(line.substr(alter_role.size())));
    }
    const auto by = line.find(granted_by);
    if (line.starts_with("GRANT ") && by != std::string_view::npos) {
      const auto name = identifier_of(line.substr(by + granted_by.size()));
      const bool is_super =
          std::find(superusers.begin(), superusers.end(), name) != superusers.end();
      if (is_super && grantor.empty()) grantor = name;
    }
  }
  if (!grantor.empty()) return grantor;
  const auto usual = std::find(superusers.begin(), superusers.end(), usual_superuser);
  if (usual != superusers.end() || superusers.empty()) return usual_superuser;
  return superusers.front();
}

}  // namespace

GlobalsScript prepare_globals(std::string_view script) {
  const auto lines = lines_of(script);
  const auto superuser = choose_superuser(lines);
  GlobalsScript made{.superuser = unquoted(superuser), .text = {}};
  for (const auto line : lines) {
    const bool makes_superuser = line.starts_with(create_role) &&
                                 identifier_of(line.substr(create_role.size())) == superuser;
    // Commands of psql that an older one doesn't know.
    const bool restricts = line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
    if (makes_superuser || restricts) continue;
    const auto place = line.find(location);
    if (line.starts_with(create_tablespace)) {
      // Its place is of the original's machine, and may be in use there.
      if (place == std::string_view::npos) continue;
      made.text += line.substr(0, place + location.size());
      made.text += "';";
    } else {
      made.text += line;
    }
    made.text += '\n';
  }
  return made;
}

}  // namespace holdfast::engine
