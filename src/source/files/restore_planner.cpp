// The walk of the tree, and what is decided for each entry; restore_places.cpp has what is done in
// the target at once.
#include "restore_planner.hpp"

#include <algorithm>

#include "inode_attributes.hpp"
#include "repository/path_key.hpp"
#include "source/files/posix_attributes.hpp"

namespace holdfast::source {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;
using repository::Entry;
using repository::EntryKind;
using repository::Extent;

namespace {

constexpr std::size_t window_files_max = 8'192;
constexpr std::size_t window_uses_max = 32'768;
constexpr std::size_t lone_links_max = 100'000;

Bytes parent_key(ByteView key) {
  const auto zero = std::ranges::find(key.rbegin(), key.rend(), base::Byte{0});
  if (zero == key.rend()) return {};
  return {key.begin(), std::prev(zero.base())};
}

Error damaged(const char* what) { return {ErrorCode::damaged, what}; }

}  // namespace

RestorePlanner::RestorePlanner(const Parts& parts, Give give, std::stop_token stop)
    : options_(parts.options),
      selection_(parts.selection),
      target_(parts.target),
      reader_(parts.reader),
      root_(parts.root),
      metadata_(parts.metadata),
      tally_(parts.tally),
      writer_(parts.writer),
      give_(std::move(give)),
      stop_(std::move(stop)),
      window_(std::make_unique<RestoreWindow>()) {}

void RestorePlanner::fail(const std::string& shown, const Error& error) {
  tally_.fail(shown, error.to_string(), RestoreTally::Cause::target);
}

void RestorePlanner::lost(const std::string& shown, const Error& error) {
  // An outage says nothing about what the repository holds.
  const bool outage = error.code() == ErrorCode::unavailable;
  tally_.fail(shown, error.to_string(),
              outage ? RestoreTally::Cause::target : RestoreTally::Cause::repository);
}

Result<void> RestorePlanner::run() {
  repository::TreeCursor tree(reader_, root_, repository::TreeCursor::OnGap::collect);
  TRY(start(tree));
  while (true) {
    if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "the restore was stopped");
    auto entry = TRY(tree.next());
    if (!entry || !repository::is_within(entry->key, selection_.base_key())) break;
    TRY(plan(std::move(*entry)));
    tally_.tell();
    TRY(give_if_full());
  }
  for (const auto& gap : tree.gaps()) {
    const auto path = repository::path_of_key(gap.first_key);
    lost(path.ok() ? path.value().substr(1) : base::printable(base::as_text(gap.first_key)),
         Error(gap.error).with_context(std::to_string(gap.entries) +
                                       " entries from here on are lost"));
  }
  while (!frames_.empty()) leave_frame();
  return give_window();
}

Result<void> RestorePlanner::start(repository::TreeCursor& tree) {
  const auto& base = selection_.base_key();
  TRY(tree.seek(base));
  const auto* first = TRY(tree.peek());
  if (first == nullptr || !repository::is_within(first->key, base)) {
    // An empty snapshot, or one whose nodes are lost, is no mistake of the caller's.
    if (base.empty() || !tree.gaps().empty()) {
      frames_.emplace_back();
    } else {
      return Error(ErrorCode::not_found,
                   "the snapshot holds nothing at " + base::printable(options_.path))
          .with_hint("list what it holds with: holdfast snapshot ls SNAPSHOT");
    }
  }
  const bool is_leaf =
      first != nullptr && first->key == base && first->kind != EntryKind::directory;
  Frame top;
  if (is_leaf)
    top.key = parent_key(base);
  else
    top.key = base;
  if (!top.key.empty()) {
    top.shown = base::as_text(top.key);
    std::ranges::replace(top.shown, '\0', '/');
    stripped_ = top.key.size() + 1;
  }
  top.existed = target_.existed;
  top.state = Frame::State::made;
  top.wanted = !is_leaf && selection_.wants(top.shown, PathKind::directory, false);
  if (target_.directory.valid()) {
    FileStatus status;
    if (const int error = read_status(target_.directory.get(), status); error != 0) {
      return Error::from_errno(error, "cannot read the state of the target");
    }
    top.group = metadata_.group_in(status);
  }
  frames_.clear();
  frames_.push_back(std::move(top));
  return {};
}

std::string RestorePlanner::relative(ByteView key) const {
  if (key.size() <= stripped_) return {};
  std::string path(base::as_text(key.subspan(stripped_)));
  std::ranges::replace(path, '\0', '/');
  return path;
}

void RestorePlanner::push_frame(Bytes key, std::string name) {
  const auto& parent = frames_.back();
  Frame frame;
  frame.path = parent.path.empty() ? name : parent.path + "/" + name;
  frame.shown = parent.shown.empty() ? std::move(name) : parent.shown + "/" + name;
  frame.key = std::move(key);
  frame.wanted = selection_.wants(frame.shown, PathKind::directory, parent.wanted);
  frames_.push_back(std::move(frame));
  constexpr std::size_t open_max = 64;
  if (frames_.size() > open_max) frames_[frames_.size() - 1 - open_max].fd.reset();
}

void RestorePlanner::approach(ByteView key) {
  while (frames_.size() > 1 && (frames_.back().key == Bytes(key.begin(), key.end()) ||
                                !repository::is_within(key, frames_.back().key))) {
    leave_frame();
  }
  // Directories whose own entries are missing, because a part of the tree is lost.
  auto at = frames_.back().key.size();
  if (at > 0) ++at;
  while (true) {
    const auto zero = std::find(key.begin() + static_cast<std::ptrdiff_t>(std::min(at, key.size())),
                                key.end(), 0);
    if (zero == key.end()) return;
    const auto end = static_cast<std::size_t>(zero - key.begin());
    push_frame({key.begin(), zero}, std::string(base::as_text(key.subspan(at, end - at))));
    at = end + 1;
  }
}

void RestorePlanner::leave_frame() {
  auto frame = std::move(frames_.back());
  frames_.pop_back();
  if (dry() || frame.state != Frame::State::made || !frame.has_metadata) return;
  if (frame.existed && options_.overwrite == FilesRestoreOptions::Overwrite::never) return;
  window().finished.push_back({.path = std::move(frame.path),
                               .shown = std::move(frame.shown),
                               .metadata = std::move(frame.metadata),
                               .existed = frame.existed});
}

Result<void> RestorePlanner::plan(Entry entry) {
  const auto path = repository::path_of_key(entry.key);
  if (!path.ok()) {
    lost(base::printable(base::as_text(entry.key)), path.error());
    return {};
  }
  const auto shown = path.value().substr(1);
  if (!last_leaf_.empty() && repository::is_within(entry.key, last_leaf_)) {
    lost(shown, damaged("the snapshot says that it lies in something that isn't a directory"));
    return {};
  }
  if (entry.key.size() < stripped_ || entry.key == frames_[0].key) {
    if (entry.kind == EntryKind::directory) return plan_directory(entry, shown, {});
    lost(shown, damaged("the top of the snapshot isn't a directory"));
    return {};
  }
  approach(entry.key);
  const auto slash = shown.rfind('/');
  const auto name = slash == std::string::npos ? shown : shown.substr(slash + 1);
  if (entry.kind == EntryKind::directory) return plan_directory(entry, shown, name);
  last_leaf_ = entry.key;
  if (!selection_.wants(shown, PathKind::other, frames_.back().wanted)) return {};
  return plan_leaf(entry, shown, name);
}

Result<void> RestorePlanner::plan_directory(Entry& entry, const std::string& shown,
                                            const std::string& name) {
  const auto attributes = decode_attributes(entry.attributes);
  const bool is_top = entry.key == frames_[0].key;
  if (!is_top) push_frame(std::move(entry.key), name);
  auto& frame = frames_.back();
  if (attributes.ok()) {
    frame.metadata = target_metadata(attributes.value());
    // "/" itself stands for the target only if the target is new or "/" was asked for.
    frame.has_metadata = !is_top || !target_.existed || !options_.path.empty();
  } else {
    lost(shown, attributes.error());
  }
  if (is_top)
    ++tally_.directories;
  else if (frame.wanted)
    (void)make(frames_.size() - 1);
  return {};
}

TargetMetadata RestorePlanner::target_metadata(const PosixAttributes& attributes) {
  TargetMetadata metadata{.mode = attributes.mode,
                          .uid = attributes.uid,
                          .gid = attributes.gid,
                          .mtime = attributes.mtime,
                          .inode_flags = attributes.inode_flags & restorable_inode_flags,
                          .extended = attributes.extended};
  if (options_.owners == FilesRestoreOptions::Owners::by_name) {
    if (!attributes.user.empty())
      metadata.uid = owners_.user_number(attributes.user).value_or(metadata.uid);
    if (!attributes.group.empty())
      metadata.gid = owners_.group_number(attributes.group).value_or(metadata.gid);
  }
  return metadata;
}

Result<void> RestorePlanner::plan_leaf(Entry& entry, const std::string& shown,
                                       const std::string& name) {
  const auto attributes = decode_attributes(entry.attributes);
  if (!attributes.ok()) {
    lost(shown, attributes.error());
    return {};
  }
  if (entry.kind == EntryKind::socket) {
    ++tally_.sockets_skipped;
    return {};
  }
  if (entry.kind == EntryKind::object) {
    lost(shown, Error(ErrorCode::unsupported, "it is no file but an object of a bucket"));
    return {};
  }
  if (!make(frames_.size() - 1)) {
    fail(shown, Error(ErrorCode::conflict, "its directory could not be made"));
    return {};
  }
  auto& directory = frames_.back();
  FilePlace place{.directory = index_of(directory), .name = name, .shown = shown};
  if (entry.kind == EntryKind::file) {
    return plan_file(entry, attributes.value(), directory, std::move(place));
  }
  if (entry.kind == EntryKind::hard_link) {
    return plan_hard_link(entry, attributes.value(), directory, std::move(place));
  }
  plan_special(entry, attributes.value(), directory, place);
  return {};
}

Result<void> RestorePlanner::plan_file(Entry& entry, const PosixAttributes& attributes,
                                       Frame& directory, FilePlace place) {
  auto metadata = target_metadata(attributes);
  const auto there = look(directory, place, entry, attributes, metadata);
  if (there == Place::failed) return {};
  if (there == Place::done || dry()) {
    ++tally_.files;
    if (there == Place::done)
      ++tally_.unchanged;
    else
      tally_.bytes += entry.size;
    return {};
  }
  const auto start = there == Place::update ? FileStart::update : FileStart::fresh;
  const auto* extents = std::get_if<std::vector<Extent>>(&entry.content);
  if (entry.size == 0 && start == FileStart::fresh) {
    const SmallFile file{
        .place = std::move(place), .metadata = std::move(metadata), .start = start};
    return writer_.make_empty(directory.fd.get(), window().directories[file.place.directory], file);
  }
  const bool one_piece = extents != nullptr && extents->size() == 1 &&
                         (*extents)[0].kind == Extent::Kind::data &&
                         (*extents)[0].length == entry.size;
  if (!one_piece) return plan_large(entry, std::move(metadata), directory, place, start);
  const auto& extent = (*extents)[0];
  window().uses.push_back({.chunk = window().index_of(extent.chunk),
                           .file = static_cast<std::uint32_t>(window().small_files.size()),
                           .large = false,
                           .file_offset = 0,
                           .chunk_offset = extent.offset,
                           .length = extent.length});
  window().small_files.push_back(
      {.place = std::move(place), .metadata = std::move(metadata), .start = start});
  return {};
}

Result<void> RestorePlanner::plan_large(const Entry& entry, TargetMetadata metadata,
                                        const Frame& directory, const FilePlace& place,
                                        FileStart start) {
  auto file = std::make_shared<LargeFile>();
  file->directory = directory.path;
  file->name = place.name;
  file->shown = place.shown;
  file->directory_group = directory.group;
  file->metadata = std::move(metadata);
  file->size = entry.size;
  file->start = start;
  window().large_files.push_back(file);
  const auto planned = plan_pieces(entry, file);
  if (!planned.ok()) {
    if (concerns_everything(planned.error())) return Error(planned.error());
    TRY(writer_.fail(*file, planned.error(), RestoreTally::Cause::repository));
  }
  return writer_.piece_done(*file);
}

Result<void> RestorePlanner::plan_pieces(const Entry& entry, const LargeFilePtr& file) {
  repository::ExtentCursor extents(reader_, entry.content, entry.size);
  std::uint64_t offset = 0;
  while (auto extent = TRY(extents.next())) {
    if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "the restore was stopped");
    if (extent->kind == Extent::Kind::hole) {
      TRY(writer_.write_hole(*file, offset, extent->length));
    } else {
      if (window().uses.size() >= window_uses_max) {
        TRY(give_window());
        window().large_files.push_back(file);
      }
      ++file->pieces_left;
      window().uses.push_back({.chunk = window().index_of(extent->chunk),
                               .file = static_cast<std::uint32_t>(window().large_files.size() - 1),
                               .large = true,
                               .file_offset = offset,
                               .chunk_offset = extent->offset,
                               .length = extent->length});
    }
    offset += extent->length;
  }
  return {};
}

Result<void> RestorePlanner::plan_hard_link(Entry& entry, const PosixAttributes& attributes,
                                            Frame& directory, FilePlace place) {
  if (!attributes.hard_link_key) {
    lost(place.shown, damaged("a hard link without the file it shares its content with"));
    return {};
  }
  const auto& key = *attributes.hard_link_key;
  const auto path = repository::path_of_key(key);
  if (!path.ok() || key >= entry.key) {
    lost(place.shown, damaged("a hard link to nothing that comes before it"));
    return {};
  }
  const bool is_restored = repository::is_within(key, selection_.base_key()) &&
                           key.size() > stripped_ &&
                           selection_.wants_file(std::string_view(path.value()).substr(1));
  std::string target;
  if (is_restored) {
    target = relative(key);
  } else {
    const std::string first(base::as_text(key));
    const auto known = lone_links_.find(first);
    if (known == lone_links_.end()) {
      if (lone_links_.size() < lone_links_max) lone_links_.emplace(first, relative(entry.key));
      return plan_lone_link(key, directory, std::move(place));
    }
    target = known->second;
  }
  if (dry() || options_.overwrite == FilesRestoreOptions::Overwrite::never) {
    FileStatus there;
    const bool exists = directory.existed && open_frame(directory).ok() &&
                        read_status(directory.fd.get(), place.name.c_str(), there) == 0;
    if (dry() || exists) {
      ++tally_.files;
      if (exists) ++tally_.unchanged;
      return {};
    }
  }
  window().links.push_back({.place = std::move(place), .target = std::move(target)});
  return {};
}

Result<void> RestorePlanner::plan_lone_link(const Bytes& key, Frame& directory, FilePlace place) {
  repository::TreeCursor tree(reader_, root_);
  const auto find = [&]() -> Result<std::optional<Entry>> {
    TRY(tree.seek(key));
    return tree.next();
  };
  auto found = find();
  if (!found.ok()) {
    lost(place.shown,
         std::move(found).error().with_context("looking for the file it is a hard link to"));
    return {};
  }
  auto& entry = found.value();
  if (!entry || entry->key != key || entry->kind != EntryKind::file) {
    lost(place.shown, damaged("a hard link to a file that the snapshot doesn't hold"));
    return {};
  }
  const auto attributes = decode_attributes(entry->attributes);
  if (!attributes.ok()) {
    lost(place.shown, attributes.error());
    return {};
  }
  return plan_file(*entry, attributes.value(), directory, std::move(place));
}

std::uint32_t RestorePlanner::index_of(Frame& frame) {
  if (frame.window != window_number_) {
    frame.window = window_number_;
    frame.index = static_cast<std::uint32_t>(window().directories.size());
    window().directories.push_back({.path = frame.path, .group = frame.group});
  }
  return frame.index;
}

Result<void> RestorePlanner::give_if_full() {
  const auto& now = window();
  const bool full =
      now.small_files.size() >= window_files_max || now.large_files.size() >= window_files_max ||
      now.uses.size() >= window_uses_max || now.links.size() >= window_files_max ||
      now.finished.size() >= window_files_max || now.directories.size() >= window_files_max;
  return full ? give_window() : Result<void>();
}

Result<void> RestorePlanner::give_window() {
  auto full = std::move(window_);
  window_ = std::make_unique<RestoreWindow>();
  ++window_number_;
  if (full->empty()) return {};
  full->seal();
  return give_(std::move(full));
}

}  // namespace holdfast::source
