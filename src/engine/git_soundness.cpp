// Soundness of snapshots of git: the bare repository that they hold has refs, and its HEAD leads to
// one.
#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "repository/path_key.hpp"
#include "repository/tree_cursor.hpp"
#include "soundness.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using repository::EntryKind;

namespace {

constexpr std::uint64_t head_bytes_max = 4 * base::KiB;
constexpr std::uint64_t packed_refs_bytes_max = 64 * base::MiB;

// What of a repository's files says where its branches are.
struct GitFolder {
  std::optional<repository::Entry> head;
  std::optional<repository::Entry> packed_refs;
  std::set<std::string> loose_refs;  // "refs/heads/main"
  bool has_objects = false;
};

Result<std::string> content_of(repository::ContentReader& reader, const repository::Entry& entry,
                               std::uint64_t size_max) {
  if (entry.size > size_max) {
    return Error(ErrorCode::damaged, fmt::format("is {} long", base::format_size(entry.size)));
  }
  std::string text;
  repository::ExtentCursor extents(reader, entry.content, entry.size);
  while (const auto extent = TRY(extents.next())) {
    if (extent->kind == repository::Extent::Kind::hole) {
      text.append(extent->length, '\0');
      continue;
    }
    const auto chunk = TRY(reader.get(extent->chunk));
    if (extent->offset > chunk.size() || extent->length > chunk.size() - extent->offset) {
      return Error(ErrorCode::damaged, "an extent reaches beyond its chunk");
    }
    text += base::as_text(base::ByteView(chunk).subspan(extent->offset, extent->length));
  }
  return text;
}

void trim_end(std::string& text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
}

// Names in the lines "ID NAME".
std::set<std::string> names_in_packed_refs(const std::string& text) {
  std::set<std::string> names;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = std::string_view(text).substr(begin, end - begin);
    const auto space = line.find(' ');
    if (!line.starts_with('#') && !line.starts_with('^') && space != std::string_view::npos) {
      names.emplace(line.substr(space + 1));
    }
    begin = end + 1;
  }
  return names;
}

bool is_object_id(const std::string& text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Notes the entry if it is one of those that count. Paths of nested folders come later.
void note_entry(std::map<std::string, GitFolder>& folders, const std::string& path,
                const repository::Entry& entry) {
  const auto slash = path.rfind('/');
  const auto name = path.substr(slash + 1);
  const auto folder = path.substr(0, slash);
  if (entry.kind == EntryKind::directory) {
    if (name == "objects") folders[folder].has_objects = true;
    return;
  }
  if (entry.kind != EntryKind::file && entry.kind != EntryKind::hard_link) return;
  if (name == "HEAD") folders[folder].head = entry;
  if (name == "packed-refs") folders[folder].packed_refs = entry;
  const auto refs = path.find("/refs/");
  if (refs != std::string::npos && !name.ends_with(".lock")) {
    folders[path.substr(0, refs)].loose_refs.insert(path.substr(refs + 1));
  }
}

Result<void> check_folder(const SoundnessSubject& subject, const std::string& path,
                          const GitFolder& folder) {
  auto head = TRY_CONTEXT(content_of(subject.reader, *folder.head, head_bytes_max), path + "/HEAD");
  trim_end(head);
  auto refs = folder.loose_refs;
  if (folder.packed_refs) {
    const auto text =
        TRY_CONTEXT(content_of(subject.reader, *folder.packed_refs, packed_refs_bytes_max),
                    path + "/packed-refs");
    refs.merge(names_in_packed_refs(text));
  }
  if (refs.empty()) {
    return Error(ErrorCode::damaged, fmt::format("{} has no refs", base::printable(path)));
  }
  constexpr std::string_view symbolic = "ref: ";
  if (is_object_id(head)) return {};
  if (head.starts_with(symbolic) && refs.contains(head.substr(symbolic.size()))) return {};
  return Error(ErrorCode::damaged, fmt::format("HEAD of {} leads nowhere: {}",
                                               base::printable(path), base::printable(head)));
}

}  // namespace

Result<void> check_git(const SoundnessSubject& subject) {
  TRY(check_counts(subject));
  std::map<std::string, GitFolder> folders;
  repository::TreeCursor cursor(subject.reader, subject.snapshot.summary.root);
  while (const auto entry = TRY(cursor.next())) {
    if (subject.stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    note_entry(folders, TRY(repository::path_of_key(entry->key)), *entry);
  }
  bool is_there = false;
  for (const auto& [path, folder] : folders) {
    if (!folder.head || !folder.has_objects) continue;
    is_there = true;
    TRY(check_folder(subject, path, folder));
  }
  if (is_there) return {};
  return Error(ErrorCode::damaged, "holds no git repository");
}

}  // namespace holdfast::engine
