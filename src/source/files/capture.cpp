// One pass over the walk: each item is compared with the parent snapshot's entry, and read if it
// has changed.
#include "source/files/capture.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <unordered_map>

#include "file_content.hpp"
#include "file_status.hpp"
#include "inode_attributes.hpp"
#include "owner_names.hpp"
#include "parent_view.hpp"
#include "repository/tree_node.hpp"
#include "source/files/posix_attributes.hpp"
#include "source_opening.hpp"
#include "tree_walk.hpp"
#include "walk_ahead.hpp"

namespace holdfast::source {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;
using repository::Entry;
using repository::EntryKind;

namespace {

constexpr std::uint64_t tell_every_items = 128;
constexpr std::uint64_t tell_every_bytes = std::uint64_t{8} << 20;
// A file that changed while it was read is read once more, unless it is larger.
constexpr std::uint64_t read_again_size_max = std::uint64_t{64} << 20;
// From here on a fresh stat just before reading costs nothing beside the reading.
constexpr std::uint64_t fresh_status_from_size = std::uint64_t{1} << 20;

std::string reason(int error) { return Error::from_errno(error, "").message().substr(2); }

bool is_exhaustion(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

class Capture {
 public:
  Capture(const FilesCaptureOptions& options, const FilesParent& parent,
          repository::EntrySink& sink, const FilesCaptureProgress& progress, std::stop_token stop)
      : options_(options),
        parent_(parent),
        parent_view_(parent.entries),
        sink_(sink),
        progress_(progress),
        stop_(std::move(stop)),
        opening_(options.access_times) {}

  Result<FilesCaptureResult> run(WalkAhead& walk);

 private:
  // How reading one regular file went.
  enum class Reading { done, changed, failed };
  struct Inode {
    std::uint64_t device;
    std::uint64_t number;
    bool operator==(const Inode&) const = default;
  };
  struct InodeHash {
    std::size_t operator()(const Inode& inode) const noexcept {
      return std::hash<std::uint64_t>()(inode.number * 0x9e3779b97f4a7c15U ^ inode.device);
    }
  };
  // A file with further names: where its content is, and how many of the names were not met yet.
  struct FirstName {
    Bytes key;
    std::uint64_t names_left;
  };

  Result<void> handle(const WalkItem& item);
  Result<void> record(const WalkItem& item);
  // False: it must be read after all.
  Result<bool> add_unchanged(const WalkItem& item);
  Result<void> add_hard_link(const WalkItem& item, FirstName& first);
  Result<void> add_file(const WalkItem& item);
  Result<Reading> read_file(int fd, const WalkItem& item, FileStatus status, bool last_attempt);
  Result<void> add_without_content(const WalkItem& item);

  [[nodiscard]] bool is_unchanged(const FileStatus& status) const;
  [[nodiscard]] bool has_same_token(const FileStatus& status) const;
  PosixAttributes attributes_of(const FileStatus& status);
  Entry entry_of(const WalkItem& item, const FileStatus& status, PosixAttributes& attributes);
  FirstName* first_name_of(const FileStatus& status);
  void remember_name(const FileStatus& status);
  // Counts what became of the item at hand.
  void count(const FileStatus& status, std::uint64_t content_size);
  void warn(const WalkItem& item, std::string message);
  Result<void> told(std::uint64_t bytes);
  void tell(std::string_view path);

  const FilesCaptureOptions& options_;
  const FilesParent& parent_;
  ParentView parent_view_;
  repository::EntrySink& sink_;
  const FilesCaptureProgress& progress_;
  std::stop_token stop_;
  SourceOpening opening_;
  OwnerNames owners_;
  InodeAttributeReader inode_attributes_;
  std::unordered_map<Inode, FirstName, InodeHash> first_names_;
  FilesCaptureResult result_;
  std::uint64_t items_ = 0;
  std::uint64_t bytes_since_told_ = 0;
  Bytes key_;                    // of the item at hand
  std::optional<Entry> before_;  // the parent's entry of that key
  std::string_view path_;        // of the item at hand
};

Result<FilesCaptureResult> Capture::run(WalkAhead& walk) {
  while (const WalkItem* item = walk.next()) {
    if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "the backup was stopped");
    path_ = item->path;
    TRY_CONTEXT(handle(*item), "/" + base::printable(item->path));
    if (++items_ % tell_every_items == 0) tell(item->path);
  }
  tell({});
  return result_;
}

void Capture::tell(std::string_view path) {
  bytes_since_told_ = 0;
  if (progress_) progress_(result_, path);
}

Result<void> Capture::told(std::uint64_t bytes) {
  result_.bytes_read += bytes;
  bytes_since_told_ += bytes;
  if (bytes_since_told_ < tell_every_bytes) return {};
  tell(path_);
  if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "the backup was stopped");
  return {};
}

void Capture::warn(const WalkItem& item, std::string message) {
  ++result_.warnings;
  sink_.warn("/" + item.path, std::move(message));
}

Result<void> Capture::handle(const WalkItem& item) {
  if (!item.message.empty()) warn(item, item.message);
  if (item.kind == WalkItem::Kind::message) return {};
  const auto path = base::as_bytes(item.path);
  if (path.size() > repository::key_size_max) {
    warn(item, "its path is longer than an entry can hold, so it is missing");
    return {};
  }
  key_.assign(path.begin(), path.end());
  std::ranges::replace(key_, base::Byte{'/'}, base::Byte{0});
  before_ = TRY(parent_view_.take(key_));
  return record(item);
}

Result<void> Capture::record(const WalkItem& item) {
  if (item.status.is_regular() && item.status.link_count > 1) {
    if (auto* first = first_name_of(item.status)) return add_hard_link(item, *first);
  }
  // A directory that can't be opened may have attributes that can't be read: its entry is made
  // anew, to be tried again.
  if (item.message.empty() && is_unchanged(item.status) && TRY(add_unchanged(item))) return {};
  if (item.status.is_regular()) return add_file(item);
  return add_without_content(item);
}

bool Capture::has_same_token(const FileStatus& status) const {
  return before_ && before_->kind == entry_kind_of(status) &&
         before_->token == change_token(status);
}

bool Capture::is_unchanged(const FileStatus& status) const {
  return options_.trust_stat == FilesCaptureOptions::TrustStat::incremental &&
         times_settled(status, parent_.started) && has_same_token(status);
}

void Capture::count(const FileStatus& status, std::uint64_t content_size) {
  if (status.is_directory())
    ++result_.directories;
  else if (status.is_regular())
    ++result_.files;
  else
    ++result_.others;
  result_.bytes += content_size;
}

Result<bool> Capture::add_unchanged(const WalkItem& item) {
  const auto size = before_->size;
  const auto done = TRY(sink_.reuse(std::move(*before_)));
  if (done == repository::EntrySink::Reuse::read_again) return false;
  if (item.status.is_regular()) remember_name(item.status);
  count(item.status, size);
  ++result_.unchanged;
  return true;
}

PosixAttributes Capture::attributes_of(const FileStatus& status) {
  PosixAttributes attributes;
  attributes.mode = status.mode & 07777;
  attributes.uid = status.uid;
  attributes.gid = status.gid;
  attributes.user = owners_.user_name(status.uid);
  attributes.group = owners_.group_name(status.gid);
  attributes.mtime = status.mtime;
  return attributes;
}

Entry Capture::entry_of(const WalkItem& item, const FileStatus& status,
                        PosixAttributes& attributes) {
  Entry entry;
  entry.key = key_;
  entry.kind = entry_kind_of(status);
  entry.token = change_token(status);
  entry.attributes = encode_attributes(attributes);
  if (key_.size() + entry.attributes.size() + entry.token.size() > repository::entry_bytes_max) {
    warn(item, "its extended attributes are larger than an entry can hold and were left out");
    attributes.extended.clear();
    entry.attributes = encode_attributes(attributes);
  }
  return entry;
}

Capture::FirstName* Capture::first_name_of(const FileStatus& status) {
  const auto found = first_names_.find({status.device, status.inode});
  return found == first_names_.end() ? nullptr : &found->second;
}

void Capture::remember_name(const FileStatus& status) {
  if (status.link_count < 2) return;
  first_names_.insert_or_assign(Inode{status.device, status.inode},
                                FirstName{key_, status.link_count - 1});
}

Result<void> Capture::add_hard_link(const WalkItem& item, FirstName& first) {
  auto attributes = attributes_of(item.status);
  attributes.hard_link_key = first.key;
  auto entry = entry_of(item, item.status, attributes);
  entry.kind = EntryKind::hard_link;
  // Names outside the roots are never met; the others free the memory of their first one.
  if (--first.names_left == 0) first_names_.erase({item.status.device, item.status.inode});
  count(item.status, 0);
  if (before_ && before_->kind == EntryKind::hard_link && before_->attributes == entry.attributes) {
    ++result_.unchanged;
  } else {
    ++(before_ ? result_.changed : result_.added);
  }
  return sink_.add(std::move(entry));
}

Result<void> Capture::add_file(const WalkItem& item) {
  const io::Fd file(opening_.open(item.parent->get(), item.name(), 0, item.status));
  if (!file.valid()) {
    const int error = errno;
    if (is_exhaustion(error)) return Error::from_errno(error, "cannot open a file");
    warn(item,
         error == ENOENT ? "vanished before it could be read" : "can't be read: " + reason(error));
    return {};
  }
  FileStatus status = item.status;
  if (status.size >= fresh_status_from_size) (void)read_status(file.get(), status);
  const auto first = TRY(read_file(file.get(), item, status, status.size > read_again_size_max));
  if (first != Reading::changed) return {};
  // Once more, from its present state: most changes lie between the walk's stat and the reading.
  if (const int error = read_status(file.get(), status); error != 0) {
    warn(item, "can't be read: " + reason(error));
    return {};
  }
  TRY(read_file(file.get(), item, status, true));
  return {};
}

Result<Capture::Reading> Capture::read_file(int fd, const WalkItem& item, FileStatus status,
                                            bool last_attempt) {
  if (!status.is_regular()) {
    warn(item, "was replaced by something that isn't a file while it was read");
    return Reading::failed;
  }
  const bool has_content = status.size > 0;
  ContentCopy copy;
  if (has_content) {
    TRY(sink_.begin_content(status.size));
    copy =
        TRY(copy_content(fd, status, sink_, [this](std::uint64_t bytes) { return told(bytes); }));
  }
  PosixAttributes beyond_stat;
  const int attributes_error =
      copy.error != 0 ? 0 : inode_attributes_.read(fd, status.device, beyond_stat);
  FileStatus after;
  int error = read_status(fd, after);
  // What took a file's place since the walk may fail in ways of its own: the second attempt sees
  // what it is.
  if (copy.error != 0 && (last_attempt || (after.is_regular() && after.same_file(status))))
    error = copy.error;
  if (error != 0) {
    if (has_content) sink_.abandon_content();
    warn(item, "can't be read: " + reason(error));
    return Reading::failed;
  }
  const bool changed = !after.unchanged_since(status) || copy.size != status.size;
  if (changed && !last_attempt) {
    if (has_content) sink_.abandon_content();
    return Reading::changed;
  }
  auto attributes = attributes_of(after);
  attributes.extended = std::move(beyond_stat.extended);
  attributes.inode_flags = beyond_stat.inode_flags;
  auto entry = entry_of(item, after, attributes);
  if (changed)
    warn(
        item,
        "changed while it was read: what was recorded may never have been its content at one time");
  if (attributes_error != 0)
    warn(item, "its extended attributes can't be read: " + reason(attributes_error));
  if (changed || attributes_error != 0) entry.token.clear();
  remember_name(after);
  count(after, copy.size);
  ++(has_same_token(after) ? result_.unchanged : before_ ? result_.changed : result_.added);
  if (has_content)
    TRY(sink_.end_content(std::move(entry)));
  else
    TRY(sink_.add(std::move(entry)));
  return Reading::done;
}

Result<void> Capture::add_without_content(const WalkItem& item) {
  auto attributes = attributes_of(item.status);
  int error = 0;
  if (item.status.is_directory()) {
    if (item.self != nullptr)
      error = inode_attributes_.read(item.self->get(), item.status.device, attributes);
  } else {
    error = inode_attributes_.read_unopened(item.parent->get(), item.name(), item.status.device,
                                            attributes);
  }
  if (item.status.is_symlink()) {
    std::array<char, 8192> target;  // the kernel allows PATH_MAX
    const auto size = ::readlinkat(item.parent->get(), item.name(), target.data(), target.size());
    if (size <= 0) {
      warn(item, size < 0 && errno == ENOENT ? "vanished before it could be read"
                                             : "can't be read as a symbolic link");
      return {};
    }
    attributes.symlink_target.assign(target.data(), target.data() + size);
  } else if (S_ISCHR(item.status.mode) || S_ISBLK(item.status.mode)) {
    attributes.device = DeviceNumber{::gnu_dev_major(item.status.special_device),
                                     ::gnu_dev_minor(item.status.special_device)};
  } else if (S_ISSOCK(item.status.mode)) {
    attributes.note = "a socket belongs to the program that made it; it is not restored";
  }
  auto entry = entry_of(item, item.status, attributes);
  if (error != 0) warn(item, "its extended attributes can't be read: " + reason(error));
  if (error != 0 || !item.message.empty()) entry.token.clear();
  count(item.status, 0);
  ++(has_same_token(item.status) ? result_.unchanged : before_ ? result_.changed : result_.added);
  return sink_.add(std::move(entry));
}

}  // namespace

Result<FilesCaptureResult> capture_files(const FilesCaptureOptions& options,
                                         const FilesParent& parent, repository::EntrySink& sink,
                                         io::Executor& executor,
                                         const FilesCaptureProgress& progress,
                                         std::stop_token stop) {
  auto walk = TRY(TreeWalk::open(options));
  WalkAhead ahead(executor, std::move(walk));
  return Capture(options, parent, sink, progress, std::move(stop)).run(ahead);
}

}  // namespace holdfast::source
