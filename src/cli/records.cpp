// Renderings of snapshots and entries.
#include "records.hpp"

#include <fmt/format.h>

#include "base/units.hpp"

namespace holdfast::cli {

namespace {

using repository::EntryKind;

constexpr std::size_t short_id_size = 8;

std::string text_of(base::ByteView bytes) { return std::string(base::as_text(bytes)); }

char kind_letter(EntryKind kind) {
  switch (kind) {
    case EntryKind::directory: return 'd';
    case EntryKind::symlink: return 'l';
    case EntryKind::character_device: return 'c';
    case EntryKind::block_device: return 'b';
    case EntryKind::fifo: return 'p';
    case EntryKind::socket: return 's';
    case EntryKind::file:
    case EntryKind::hard_link:
    case EntryKind::object: return '-';
  }
  return '?';
}

// "rwxr-xr-x", with s and t for set-id and sticky bits.
std::string mode_text(std::uint32_t mode) {
  std::string text = "rwxrwxrwx";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((mode >> (8 - i) & 1) == 0) text[i] = '-';
  }
  const auto special = [&](std::uint32_t bit, std::size_t at, char with, char without) {
    if ((mode & bit) != 0) text[at] = text[at] == 'x' ? with : without;
  };
  special(04000, 2, 's', 'S');
  special(02000, 5, 's', 'S');
  special(01000, 8, 't', 'T');
  return text;
}

// Where a link leads: the text of a symbolic one, the first name of a hard one.
std::string target_of(const engine::BrowsedEntry& entry) {
  const auto& attributes = entry.attributes;
  if (entry.kind == EntryKind::symlink) return text_of(attributes.symlink_target);
  if (entry.kind != EntryKind::hard_link || !attributes.hard_link_key) return "";
  auto path = "/" + text_of(*attributes.hard_link_key);
  for (auto& c : path) {
    if (c == '\0') c = '/';
  }
  return path;
}

}  // namespace

std::string hex(const repository::ObjectHash& id) { return base::to_hex(id); }
std::string short_id(const repository::ObjectHash& id) { return hex(id).substr(0, short_id_size); }

std::string_view kind_name(EntryKind kind) {
  switch (kind) {
    case EntryKind::file: return "file";
    case EntryKind::directory: return "directory";
    case EntryKind::symlink: return "symlink";
    case EntryKind::hard_link: return "hard_link";
    case EntryKind::character_device: return "character_device";
    case EntryKind::block_device: return "block_device";
    case EntryKind::fifo: return "fifo";
    case EntryKind::socket: return "socket";
    case EntryKind::object: return "object";
  }
  return "unknown";
}

std::string tags_text(const repository::Tags& tags) {
  std::string text;
  for (const auto& [key, value] : tags)
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", key, value);
  return text;
}

void write_tags(JsonWriter& json, const repository::Tags& tags) {
  json.begin_object("tags");
  for (const auto& [key, value] : tags) json.text(key, value);
  json.end();
}

std::string paths_text(const std::vector<base::Bytes>& paths) {
  std::string text;
  for (const auto& path : paths) text += (text.empty() ? "" : ", ") + text_of(path);
  return text;
}

void write_snapshot(JsonWriter& json, const repository::SnapshotRecord& snapshot) {
  const auto& summary = snapshot.summary;
  json.text("id", hex(snapshot.id));
  json.text("short_id", short_id(snapshot.id));
  json.text("time", base::format_utc(summary.started, base::TimePrecision::nanoseconds));
  json.text("host", summary.host);
  json.begin_array("paths");
  for (const auto& path : summary.paths) json.text(text_of(path));
  json.end();
  write_tags(json, summary.tags);
  json.integer("entries", summary.root.entries);
  json.integer("bytes", summary.root.bytes);
  json.boolean("held", snapshot.is_held());
  json.boolean("late", snapshot.late);
  json.integer("warning_count", summary.warning_count);
}

void write_entry(JsonWriter& json, const engine::BrowsedEntry& entry) {
  const auto& attributes = entry.attributes;
  json.raw_name("path", entry.path);
  json.text("kind", kind_name(entry.kind));
  json.integer("size", entry.size);
  json.text("mode", fmt::format("{:04o}", attributes.mode));
  json.integer("uid", attributes.uid);
  json.integer("gid", attributes.gid);
  json.text("user", attributes.user);
  json.text("group", attributes.group);
  json.text("mtime", base::format_utc({attributes.mtime}, base::TimePrecision::nanoseconds));
  if (const auto target = target_of(entry); !target.empty()) json.raw_name("target", target);
}

std::string long_line(const engine::BrowsedEntry& entry) {
  const auto& attributes = entry.attributes;
  const auto owner = attributes.user.empty() ? std::to_string(attributes.uid) : attributes.user;
  const auto group = attributes.group.empty() ? std::to_string(attributes.gid) : attributes.group;
  auto line = fmt::format("{}{} {:<8} {:<8} {:>12} {} {}", kind_letter(entry.kind),
                          mode_text(attributes.mode), owner, group, entry.size,
                          base::format_utc({attributes.mtime}), entry.path);
  const auto target = target_of(entry);
  if (!target.empty()) line += (entry.kind == EntryKind::symlink ? " -> " : " = ") + target;
  return line;
}

void write_incident(JsonWriter& json, std::string_view path, std::string_view message) {
  json.begin_object();
  json.raw_name("path", path);
  json.text("message", message);
  json.end();
}

void tell_ignored(Output& output, const std::vector<repository::IgnoredObject>& ignored) {
  if (ignored.empty()) return;
  const auto* advice = output.verbosity() == Verbosity::verbose ? "" : "; --verbose names them";
  output.note(
      fmt::format("{} objects in the repository count for nothing{}", ignored.size(), advice));
  for (const auto& object : ignored) output.detail(object.name + ": " + object.error.to_string());
}

void write_ignored(JsonWriter& json, std::string_view name,
                   const std::vector<repository::IgnoredObject>& ignored) {
  json.begin_array(name);
  for (const auto& object : ignored) {
    json.begin_object();
    json.text("object", object.name);
    json.text("message", object.error.to_string());
    json.end();
  }
  json.end();
}

}  // namespace holdfast::cli
