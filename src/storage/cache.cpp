// The cache: a shelf of files in order of use, and the decorator that asks it first.
//
// One file is one answer. Its name is "<hash of the object's name>-w-<size>" for a whole object and
// "<hash>-r-<offset>-<size>" for a range, so that a listing of the directory tells all sizes. It
// holds a SHA-256 over what the answer is to and the answer, then the answer: torn and rotten files
// are noticed and thrown away.
#include "storage/cache.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "answers.hpp"
#include "codec/hash.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t hash_digits = 64;
constexpr std::size_t key_digits = 32;
constexpr std::uint64_t block_size = 4096;  // what a small file costs
constexpr std::size_t files_max = 65536;    // bounds the shelf's own memory

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  if (digits.empty() || digits.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

std::string short_hash(std::string_view name) {
  return base::to_hex(codec::sha256(base::as_bytes(name))).substr(0, key_digits);
}

std::string whole_key(std::string_view name) { return short_hash(name) + "-w"; }

std::string range_key(std::string_view name, Range range) {
  return short_hash(name) + "-r-" + std::to_string(range.offset);
}

codec::Digest seal(std::string_view name, std::string_view key, base::ByteView content) {
  codec::Sha256 hash;
  hash.update(base::as_bytes(name));
  hash.update(base::as_bytes("\n"));
  hash.update(base::as_bytes(key));
  hash.update(base::as_bytes("\n"));
  hash.update(content);
  return hash.finish();
}

}  // namespace

bool ends_in_hash(std::string_view name) {
  if (name.size() < hash_digits) return false;
  const auto start = name.size() - hash_digits;
  if (!is_hex(name.substr(start))) return false;
  return start == 0 || std::string_view("/.-_").find(name[start - 1]) != std::string_view::npos;
}

// The files and their order of use. Thread-safe; files are touched without the lock.
class CacheStorage::Shelf {
 public:
  Shelf(io::FileSystem& file_system, std::string directory, std::uint64_t size_max)
      : files_(file_system), directory_(std::move(directory)), size_max_(size_max) {}

  base::Result<void> load() {
    const auto names = TRY_CONTEXT(files_.list(directory_), "cache directory " + directory_);
    for (const std::string& name : names) {
      const auto dash = name.rfind('-');
      if (dash == std::string::npos || dash <= key_digits) continue;
      const auto size = number_of(std::string_view(name).substr(dash + 1));
      if (!size || !is_hex(std::string_view(name).substr(0, key_digits))) continue;
      for (const std::string& victim : add(name, *size)) (void)files_.remove(path_of(victim)).ok();
    }
    return {};
  }

  // A key with a size names a range exactly; a whole object's size is what it is.
  std::optional<base::Bytes> find(std::string_view name, const std::string& key,
                                  std::optional<std::uint64_t> size) {
    const auto file = size ? key + "-" + std::to_string(*size) : name_of_whole(key);
    if (file.empty() || !touch(file)) return std::nullopt;
    auto read = files_.read(path_of(file));
    if (read.ok()) {
      base::Bytes& bytes = read.value();
      if (bytes.size() >= sizeof(codec::Digest)) {
        const base::ByteView content = base::ByteView(bytes).subspan(sizeof(codec::Digest));
        const codec::Digest expected = seal(name, key, content);
        const bool right_size = !size || content.size() == *size;
        if (right_size && std::equal(expected.begin(), expected.end(), bytes.begin())) {
          bytes.erase(bytes.begin(), bytes.begin() + sizeof(codec::Digest));
          return std::move(bytes);
        }
      }
      (void)files_.remove(path_of(file)).ok();
    }
    forget(file);
    return std::nullopt;
  }

  void keep(std::string_view name, const std::string& key, base::ByteView content) {
    const std::string file = key + "-" + std::to_string(content.size());
    if (!write(path_of(file), seal(name, key, content), content).ok()) return;
    for (const std::string& victim : add(file, content.size())) {
      (void)files_.remove(path_of(victim)).ok();
    }
  }

  void drop(std::string_view name) {
    const std::string start = short_hash(name) + "-";
    std::vector<std::string> files;
    {
      const std::lock_guard lock(mutex_);
      for (auto at = by_file_.lower_bound(start);
           at != by_file_.end() && at->first.starts_with(start); ++at) {
        files.push_back(at->first);
      }
    }
    for (const std::string& file : files) {
      forget(file);
      (void)files_.remove(path_of(file)).ok();
    }
  }

 private:
  struct Entry {
    std::string file;
    std::uint64_t cost = 0;
  };

  [[nodiscard]] std::string path_of(const std::string& file) const {
    return directory_ + "/" + file;
  }

  base::Result<void> write(const std::string& path, const codec::Digest& digest,
                           base::ByteView content) {
    const auto writer = TRY(files_.create(path));
    TRY(writer->append(digest));
    TRY(writer->append(content));
    return writer->commit(io::FileWriter::Durable::no);
  }

  std::string name_of_whole(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_file_.lower_bound(key + "-");
    if (found == by_file_.end() || !found->first.starts_with(key + "-")) return {};
    return found->first;
  }

  bool touch(const std::string& file) {
    const std::lock_guard lock(mutex_);
    const auto found = by_file_.find(file);
    if (found == by_file_.end()) return false;
    entries_.splice(entries_.begin(), entries_, found->second);
    return true;
  }

  // Returns what has to go for it.
  std::vector<std::string> add(const std::string& file, std::uint64_t size) {
    const std::uint64_t cost =
        (size + sizeof(codec::Digest) + block_size - 1) / block_size * block_size;
    std::vector<std::string> victims;
    const std::lock_guard lock(mutex_);
    forget_locked(file);
    entries_.push_front({file, cost});
    by_file_.emplace(file, entries_.begin());
    used_ += cost;
    while ((used_ > size_max_ || entries_.size() > files_max) && !entries_.empty()) {
      victims.push_back(entries_.back().file);
      forget_locked(victims.back());
    }
    return victims;
  }

  void forget(const std::string& file) {
    const std::lock_guard lock(mutex_);
    forget_locked(file);
  }

  void forget_locked(const std::string& file) {
    const auto found = by_file_.find(file);
    if (found == by_file_.end()) return;
    used_ -= found->second->cost;
    entries_.erase(found->second);
    by_file_.erase(found);
  }

  io::FileSystem& files_;
  const std::string directory_;
  const std::uint64_t size_max_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::map<std::string, std::list<Entry>::iterator> by_file_;
  std::uint64_t used_ = 0;
};

CacheStorage::CacheStorage(std::unique_ptr<Storage> inner, std::unique_ptr<Shelf> shelf,
                           CacheOptions options)
    : inner_(std::move(inner)), shelf_(std::move(shelf)), options_(std::move(options)) {}

CacheStorage::~CacheStorage() = default;

base::Result<std::unique_ptr<CacheStorage>> CacheStorage::open(std::unique_ptr<Storage> inner,
                                                               io::FileSystem& file_system,
                                                               CacheOptions options) {
  auto shelf = std::make_unique<Shelf>(file_system, options.directory, options.size_max);
  TRY(shelf->load());
  return std::unique_ptr<CacheStorage>(
      new CacheStorage(std::move(inner), std::move(shelf), std::move(options)));
}

std::string CacheStorage::describe() const { return inner_->describe(); }

Capabilities CacheStorage::capabilities() const { return inner_->capabilities(); }

base::Result<std::unique_ptr<Upload>> CacheStorage::begin_put() { return inner_->begin_put(); }

base::Result<void> CacheStorage::read(std::string_view name, Range range,
                                      base::MutableByteView out) {
  CHECK(range.size == out.size(), "a range and a buffer of different sizes");
  if (range.size == 0 || !options_.keeps(name)) return inner_->read(name, range, out);
  if (const auto whole = shelf_->find(name, whole_key(name), std::nullopt)) {
    if (range.offset > whole->size() || range.size > whole->size() - range.offset) {
      return range_past_end(name, range, whole->size(), describe());
    }
    std::copy_n(whole->begin() + static_cast<std::ptrdiff_t>(range.offset), range.size,
                out.begin());
    return {};
  }
  if (range.size > options_.item_size_max) return inner_->read(name, range, out);
  const std::string key = range_key(name, range);
  if (const auto kept = shelf_->find(name, key, range.size)) {
    std::copy(kept->begin(), kept->end(), out.begin());
    return {};
  }
  TRY(inner_->read(name, range, out));
  shelf_->keep(name, key, out);
  return {};
}

base::Result<base::Bytes> CacheStorage::get(std::string_view name, std::uint64_t size_max,
                                            std::string_view version) {
  if (!version.empty() || !options_.keeps(name)) return inner_->get(name, size_max, version);
  const std::string key = whole_key(name);
  if (auto kept = shelf_->find(name, key, std::nullopt)) {
    if (kept->size() > size_max) return too_large(name, kept->size(), size_max, describe());
    return std::move(*kept);
  }
  base::Bytes content = TRY(inner_->get(name, size_max, version));
  if (ends_in_hash(name) &&
      base::to_hex(codec::sha256(content)) != name.substr(name.size() - hash_digits)) {
    return Error(ErrorCode::damaged, "object '" + std::string(name) + "' in " + describe() +
                                         " does not match the hash in its name")
        .with_hint("run `holdfast verify`, then `holdfast repository repair`");
  }
  if (content.size() <= options_.item_size_max) shelf_->keep(name, key, content);
  return content;
}

base::Result<ObjectInfo> CacheStorage::stat(std::string_view name) { return inner_->stat(name); }

base::Result<ListPage> CacheStorage::list(const ListOptions& options) {
  return inner_->list(options);
}

base::Result<ListPage> CacheStorage::list_versions(const ListOptions& options) {
  return inner_->list_versions(options);
}

base::Result<std::vector<RemoveOutcome>> CacheStorage::remove(std::span<const std::string> names) {
  for (const std::string& name : names) shelf_->drop(name);
  auto outcomes = TRY(inner_->remove(names));
  // Once more: somebody may have read, and kept, one of them in between.
  for (const std::string& name : names) shelf_->drop(name);
  return outcomes;
}

base::Result<void> CacheStorage::retain(std::string_view name, base::Time until) {
  return inner_->retain(name, until);
}

base::Result<std::optional<std::uint64_t>> CacheStorage::free_bytes() {
  return inner_->free_bytes();
}

}  // namespace holdfast::storage
