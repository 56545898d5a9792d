// The walk. Sorted by their own names, entries are not in the order of whole names: "a.b" comes
// before "a/c" but "a" before "a.b". So a directory takes part in the order as its name with the
// slash that all names below it have.
#include "local_listing.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "local_upload.hpp"

namespace holdfast::storage {

namespace {

enum class EntryKind { file, directory, other };

class Walk {
 public:
  Walk(const LocalRoot& root, const ListOptions& options)
      : root_(root),
        prefix_(options.prefix),
        after_(std::max(options.start_after, options.continuation)),
        page_size_(options.page_size) {}

  base::Result<ListPage> run() {
    const auto slash = prefix_.rfind('/');
    const std::string base = slash == std::string::npos ? "" : prefix_.substr(0, slash + 1);
    const bool possible = base.empty() || (is_valid_name(base.substr(0, base.size() - 1)) &&
                                           !is_reserved(base) && may_hold(base));
    if (possible) TRY(visit(base));
    // What is missing must be missing from the right place.
    TRY(root_.verify());
    return std::move(page_);
  }

 private:
  // `directory` ends in a slash. Could names below it be part of the answer?
  [[nodiscard]] bool may_hold(const std::string& directory) const {
    if (directory <= after_ && !after_.starts_with(directory)) return false;
    return directory.starts_with(prefix_) || prefix_.starts_with(directory);
  }

  [[nodiscard]] bool full() const { return page_.objects.size() == page_size_; }

  // `name` is below the root. `other` also for what vanished.
  [[nodiscard]] EntryKind kind_of(const std::string& name, unsigned char type) const {
    if (type == DT_REG) return EntryKind::file;
    if (type == DT_DIR) return EntryKind::directory;
    if (type != DT_UNKNOWN && type != DT_LNK) return EntryKind::other;
    struct stat about{};
    if (::fstatat(root_.fd(), name.c_str(), &about, 0) != 0) return EntryKind::other;
    if (S_ISREG(about.st_mode)) return EntryKind::file;
    return S_ISDIR(about.st_mode) ? EntryKind::directory : EntryKind::other;
  }

  struct Entries {
    std::vector<std::string> names;  // ascending; a directory's ends in a slash
    std::string cut_after;           // not empty: names greater than this one are incomplete
  };

  // What lies directly in `base` ("" or with a trailing slash) and may be part of the answer; no
  // more of it than can fill the page.
  base::Result<Entries> entries(const std::string& base) const {
    Entries found;
    auto opened = root_.open_directory(base.empty() ? std::string(".") : base);
    if (!opened.ok() && opened.error().code() == base::ErrorCode::not_found) return found;
    const Directory directory = TRY(std::move(opened));
    const std::size_t wanted = page_size_ - page_.objects.size() + 1;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) break;
      std::string name = base + entry->d_name;
      if (!is_valid_name(name) || is_reserved(name)) continue;
      const EntryKind kind = kind_of(name, entry->d_type);
      if (kind == EntryKind::directory) {
        name += '/';
        if (may_hold(name)) found.names.push_back(std::move(name));
      } else if (kind == EntryKind::file && name > after_ && name.starts_with(prefix_)) {
        found.names.push_back(std::move(name));
      }
      if (found.names.size() >= 4 * wanted) keep_smallest(found, wanted);
    }
    if (errno != 0 && errno != ENOENT) return root_.failure(errno, "list", base);
    std::sort(found.names.begin(), found.names.end());
    return found;
  }

  // Of the files; all directories stay, because an empty one fills no page (there are as many as
  // shards).
  static void keep_smallest(Entries& entries, std::size_t count) {
    std::vector<std::string>& names = entries.names;
    const auto files = std::partition(names.begin(), names.end(),
                                      [](const std::string& name) { return name.back() == '/'; });
    if (static_cast<std::size_t>(names.end() - files) <= count) return;
    const auto last = files + static_cast<std::ptrdiff_t>(count - 1);
    std::nth_element(files, last, names.end());
    entries.cut_after = *last;
    names.erase(last + 1, names.end());
  }

  base::Result<void> visit(const std::string& base) {
    const Entries found = TRY(entries(base));
    for (const std::string& name : found.names) {
      if (full()) {
        page_.next = page_.objects.back().name;
        return {};
      }
      if (name.back() == '/') {
        TRY(visit(name));
        if (!page_.next.empty()) return {};
        continue;
      }
      TRY(add(name));
      if (name == found.cut_after) {
        page_.next = name;
        return {};
      }
    }
    return {};
  }

  base::Result<void> add(const std::string& name) {
    struct stat about{};
    if (::fstatat(root_.fd(), name.c_str(), &about, 0) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return {};  // vanished since it was read
      return root_.failure(errno, "stat", name);
    }
    ObjectInfo info;
    info.name = name;
    info.size = static_cast<std::uint64_t>(about.st_size);
    info.stored_at = time_of(about.st_mtim);
    page_.objects.push_back(std::move(info));
    return {};
  }

  const LocalRoot& root_;
  const std::string prefix_;
  const std::string after_;
  const std::size_t page_size_;
  ListPage page_;
};

}  // namespace

base::Result<ListPage> list_page(const LocalRoot& root, const ListOptions& options) {
  CHECK(options.page_size > 0, "pages without room");
  return Walk(root, options).run();
}

}  // namespace holdfast::storage
