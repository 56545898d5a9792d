// Listing versions, and choosing among them by content.
#include "storage/immutable.hpp"

#include <algorithm>
#include <utility>

#include "answers.hpp"
#include "codec/hash.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t versions_looked_at_max = 1'000;
constexpr std::size_t remembered_max = 50'000;
constexpr std::size_t hash_digits = 64;
// The largest object that is read whole to find out which of its versions is meant. Packs are far
// smaller.
constexpr std::uint64_t hashed_size_max = std::uint64_t{1} << 30;

// The hash that a name ends in, in hexadecimal; empty for a foreign name.
std::string_view hash_in(std::string_view name) {
  if (name.size() < hash_digits) return {};
  const auto digits = name.substr(name.size() - hash_digits);
  const bool good = std::all_of(digits.begin(), digits.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  return good ? digits : std::string_view();
}

bool is_meant(base::ByteView bytes, std::string_view hash) {
  return base::to_hex(codec::sha256(bytes)) == hash;
}

bool is_absence_or_damage(const Error& error) {
  return error.code() == ErrorCode::not_found || error.code() == ErrorCode::damaged;
}

std::string_view folder_of(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash + 1);
}

bool holds_something(const ObjectInfo& info) { return info.kind == ObjectInfo::Kind::object; }

}  // namespace

ImmutableStorage::ImmutableStorage(std::unique_ptr<Storage> inner) : inner_(std::move(inner)) {
  CHECK(inner_->capabilities().versions, "immutability by versions without versions");
}

ImmutableStorage::~ImmutableStorage() = default;

std::string ImmutableStorage::describe() const { return inner_->describe(); }

Capabilities ImmutableStorage::capabilities() const { return inner_->capabilities(); }

base::Result<std::unique_ptr<Upload>> ImmutableStorage::begin_put() { return inner_->begin_put(); }

base::Result<std::vector<ObjectInfo>> ImmutableStorage::versions_of(std::string_view name) {
  if (!is_valid_name(name)) return invalid_name(name, describe());
  std::vector<ObjectInfo> found;
  ListOptions options;
  options.prefix = name;
  do {
    ListPage page = TRY(inner_->list_versions(options));
    for (ObjectInfo& info : page.objects) {
      if (info.name == name && holds_something(info)) found.push_back(std::move(info));
    }
    if (found.size() > versions_looked_at_max) {
      found.erase(found.begin(), found.end() - versions_looked_at_max);
    }
    options.continuation = std::move(page.next);
  } while (!options.continuation.empty());
  std::reverse(found.begin(), found.end());
  return found;
}

base::Result<ObjectInfo> ImmutableStorage::meant(std::string_view name) {
  auto versions = TRY(versions_of(name));
  if (versions.empty()) return absent(name, describe());
  const auto hash = hash_in(name);
  if (versions.size() == 1 || hash.empty()) return std::move(versions.front());
  for (ObjectInfo& info : versions) {
    if (info.size > hashed_size_max) continue;
    const auto bytes = inner_->get(name, info.size, info.version);
    if (bytes.ok() && is_meant(bytes.value(), hash)) return std::move(info);
    // What can't be asked for now may be the one.
    if (!bytes.ok() && !is_absence_or_damage(bytes.error())) return Error(bytes.error());
  }
  return std::move(versions.front());
}

// What the beginning of a folder's listing tells of the objects in it that nothing lies over. Only
// a shortcut: whatever fails here is asked for once more by name.
void ImmutableStorage::remember_folder(std::string_view name) {
  ListOptions options;
  options.prefix = folder_of(name);
  {
    const std::lock_guard lock(mutex_);
    if (options.prefix.empty() || !folders_.insert(options.prefix).second) return;
  }
  const auto page = inner_->list_versions(options);
  if (!page.ok()) return;
  const auto& objects = page.value().objects;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const bool is_first = i == 0 || objects[i - 1].name != objects[i].name;
    // Of the last one more may follow on the next page.
    const bool is_last = i + 1 == objects.size() ? page.value().next.empty()
                                                 : objects[i + 1].name != objects[i].name;
    if (is_first && is_last && holds_something(objects[i])) {
      versions_[objects[i].name] = objects[i].version;
    }
  }
}

base::Result<std::string> ImmutableStorage::version_to_read(std::string_view name) {
  const auto known = [&]() -> std::optional<std::string> {
    const std::lock_guard lock(mutex_);
    const auto found = versions_.find(name);
    if (found == versions_.end()) return std::nullopt;
    return found->second;
  };
  if (auto version = known()) return std::move(*version);
  remember_folder(name);
  if (auto version = known()) return std::move(*version);
  ObjectInfo info = TRY(meant(name));
  const std::lock_guard lock(mutex_);
  if (versions_.size() > remembered_max) {
    versions_.clear();
    folders_.clear();
  }
  versions_[std::string(name)] = info.version;
  return std::move(info.version);
}

base::Result<void> ImmutableStorage::read(std::string_view name, Range range,
                                          base::MutableByteView out) {
  const std::string version = TRY(version_to_read(name));
  auto done = inner_->read_version({std::string(name), version}, range, out);
  if (!done.ok() && done.error().code() == ErrorCode::not_found) {
    const std::lock_guard lock(mutex_);
    versions_.erase(std::string(name));
  }
  return done;
}

base::Result<base::Bytes> ImmutableStorage::get(std::string_view name, std::uint64_t size_max,
                                                std::string_view version) {
  auto bytes = inner_->get(name, size_max, version);
  const auto hash = hash_in(name);
  if (!version.empty() || hash.empty()) return bytes;
  if (bytes.ok() && is_meant(bytes.value(), hash)) return bytes;
  if (!bytes.ok() && !is_absence_or_damage(bytes.error())) return bytes;
  const auto info = meant(name);
  if (!info.ok()) {
    // Nothing else is there: what was found stands.
    if (info.error().code() == ErrorCode::not_found) return bytes;
    return Error(info.error());
  }
  return inner_->get(name, size_max, info.value().version);
}

base::Result<ObjectInfo> ImmutableStorage::stat(std::string_view name) {
  const ObjectInfo info = TRY(meant(name));
  return inner_->stat_version({info.name, info.version});
}

base::Result<ListPage> ImmutableStorage::list(const ListOptions& options) {
  CHECK(options.page_size > 0, "pages without room");
  ListOptions ask = options;
  ask.start_after = std::max(options.start_after, options.continuation);
  ask.continuation.clear();
  ListPage page;
  std::optional<ObjectInfo> oldest;  // of the name whose versions are being listed
  std::string name;
  const auto settle = [&] {
    if (oldest) page.objects.push_back(std::move(*oldest));
    oldest.reset();
  };
  for (;;) {
    ListPage versions = TRY(inner_->list_versions(ask));
    for (ObjectInfo& info : versions.objects) {
      if (info.name != name) {
        settle();
        if (page.objects.size() >= options.page_size) {
          page.next = page.objects.back().name;
          return page;
        }
        name = info.name;
      }
      if (holds_something(info)) oldest = std::move(info);
    }
    if (versions.next.empty()) {
      settle();
      return page;
    }
    ask.continuation = std::move(versions.next);
    // Only whole names are given; the last one of the page may go on.
    if (!page.objects.empty()) {
      page.next = page.objects.back().name;
      return page;
    }
  }
}

base::Result<ListPage> ImmutableStorage::list_versions(const ListOptions& options) {
  return inner_->list_versions(options);
}

base::Result<void> ImmutableStorage::remove_all(const std::string& name, RemoveOutcome& outcome) {
  if (!is_valid_name(name)) return invalid_name(name, describe());
  ListOptions options;
  options.prefix = name;
  do {
    const ListPage page = TRY(inner_->list_versions(options));
    std::vector<ObjectVersion> versions;
    for (const ObjectInfo& info : page.objects) {
      if (info.name == name) versions.push_back({name, info.version});
    }
    if (!versions.empty()) {
      for (auto& one : TRY(inner_->remove_versions(versions))) {
        if (!one.error) continue;
        // A failure tells more than a lock, of which the last one counts.
        if (outcome.error && !outcome.locked_until) continue;
        if (one.locked_until && outcome.locked_until) {
          one.locked_until = std::max(*one.locked_until, *outcome.locked_until);
        }
        outcome.error = std::move(one.error);
        outcome.locked_until = one.locked_until;
      }
    }
    options.continuation = page.next;
  } while (!options.continuation.empty());
  return {};
}

base::Result<std::vector<RemoveOutcome>> ImmutableStorage::remove(
    std::span<const std::string> names) {
  TRY(check_batch(names.size(), describe()));
  std::vector<RemoveOutcome> outcomes;
  outcomes.reserve(names.size());
  for (const std::string& name : names) {
    outcomes.push_back({.name = name});
    {
      const std::lock_guard lock(mutex_);
      versions_.erase(name);
    }
    auto done = remove_all(name, outcomes.back());
    if (done.ok()) continue;
    // An outage of one is one of the rest, too.
    if (done.error().code() == ErrorCode::unavailable) return std::move(done).error();
    outcomes.back().error = std::move(done).error();
  }
  return outcomes;
}

base::Result<void> ImmutableStorage::retain(std::string_view name, base::Time until) {
  const ObjectInfo info = TRY(meant(name));
  return inner_->retain_version({info.name, info.version}, until);
}

base::Result<void> ImmutableStorage::read_version(const ObjectVersion& object, Range range,
                                                  base::MutableByteView out) {
  return inner_->read_version(object, range, out);
}

base::Result<ObjectInfo> ImmutableStorage::stat_version(const ObjectVersion& object) {
  return inner_->stat_version(object);
}

base::Result<void> ImmutableStorage::retain_version(const ObjectVersion& object, base::Time until) {
  return inner_->retain_version(object, until);
}

base::Result<std::vector<RemoveOutcome>> ImmutableStorage::remove_versions(
    std::span<const ObjectVersion> objects) {
  return inner_->remove_versions(objects);
}

base::Result<std::optional<std::uint64_t>> ImmutableStorage::free_bytes() {
  return inner_->free_bytes();
}

}  // namespace holdfast::storage
