// The storage in the heap. One mutex guards the map; contents are shared with readers, so that
// nothing large is copied while it is held.
#include "storage/memory.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "answers.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr char place[] = "memory:";

// Wide enough that text order is number order.
std::string version_text(std::uint64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "v%016" PRIu64, number);
  return text;
}

// A continuation of list_versions is "<name>\n<version>"; of list "<name>".
std::pair<std::string_view, std::string_view> split_continuation(std::string_view text) {
  const auto at = text.find('\n');
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

class MemoryStorage::MemoryUpload final : public Upload {
 public:
  explicit MemoryUpload(MemoryStorage& storage) : storage_(storage) {}

  base::Result<void> append(base::ByteView data) override {
    content_.insert(content_.end(), data.begin(), data.end());
    return {};
  }

  base::Result<ObjectInfo> commit(std::string_view name, const PutOptions& options) override {
    if (done_) return already_exists(name, place);
    auto result = storage_.commit(name, content_, options);
    done_ = result.ok();
    return result;
  }

 private:
  MemoryStorage& storage_;
  base::Bytes content_;
  bool done_ = false;
};

MemoryStorage::MemoryStorage(const base::Clock& clock, MemoryOptions options)
    : clock_(clock), options_(options) {
  CHECK(!options.capabilities.retention || options.capabilities.versions,
        "retention without versions");
}

std::string MemoryStorage::describe() const { return place; }

Capabilities MemoryStorage::capabilities() const { return options_.capabilities; }

base::Result<std::unique_ptr<Upload>> MemoryStorage::begin_put() {
  return std::unique_ptr<Upload>(std::make_unique<MemoryUpload>(*this));
}

MemoryStorage::Version* MemoryStorage::current(std::string_view name) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) return nullptr;
  Version& newest = found->second.back();
  return newest.content ? &newest : nullptr;
}

ObjectInfo MemoryStorage::info_of(const std::string& name, const Version& version) const {
  ObjectInfo info;
  info.name = name;
  info.size = version.content ? version.content->size() : 0;
  info.stored_at = version.stored_at;
  if (options_.capabilities.versions) info.version = version_text(version.number);
  info.retained_until = version.retained_until;
  info.kind = version.content ? ObjectInfo::Kind::object : ObjectInfo::Kind::delete_marker;
  return info;
}

std::optional<base::Time> MemoryStorage::lock_of(const PutOptions& options) const {
  if (!options_.capabilities.lock) return options.retain_until;
  return std::max(options.retain_until.value_or(base::Time{}),
                  clock_.now() + *options_.capabilities.lock);
}

base::Result<ObjectInfo> MemoryStorage::commit(std::string_view name, base::Bytes& content,
                                               const PutOptions& options) {
  if (!is_valid_name(name)) return invalid_name(name, place);
  if (options.retain_until && !options_.capabilities.retention) return no_retention(place);
  const std::lock_guard lock(mutex_);
  if (current(name) != nullptr) return already_exists(name, place);
  if (options_.capacity && used_ + content.size() > *options_.capacity) {
    return Error(ErrorCode::no_space, "no room for '" + std::string(name) + "' in " + place)
        .with_hint("remove something, or give it a larger capacity");
  }
  auto shared = std::make_shared<const base::Bytes>(std::move(content));
  used_ += shared->size();
  Versions& versions = objects_[std::string(name)];
  versions.push_back({++last_number_, std::move(shared), clock_.now(), lock_of(options)});
  return info_of(std::string(name), versions.back());
}

base::Result<std::shared_ptr<const base::Bytes>> MemoryStorage::find(std::string_view name,
                                                                     std::string_view version) {
  if (!is_valid_name(name)) return invalid_name(name, place);
  const std::lock_guard lock(mutex_);
  if (version.empty()) {
    const Version* newest = current(name);
    if (newest == nullptr) return absent(name, place);
    return newest->content;
  }
  if (const auto found = objects_.find(name); found != objects_.end()) {
    for (const Version& one : found->second) {
      if (one.content && options_.capabilities.versions && version_text(one.number) == version) {
        return one.content;
      }
    }
  }
  return absent(name, place);
}

base::Result<void> MemoryStorage::read(std::string_view name, Range range,
                                       base::MutableByteView out) {
  CHECK(range.size == out.size(), "a range and a buffer of different sizes");
  const auto content = TRY(find(name, {}));
  if (range.offset > content->size() || range.size > content->size() - range.offset) {
    return range_past_end(name, range, content->size(), place);
  }
  std::copy_n(content->begin() + static_cast<std::ptrdiff_t>(range.offset), range.size,
              out.begin());
  return {};
}

base::Result<base::Bytes> MemoryStorage::get(std::string_view name, std::uint64_t size_max,
                                             std::string_view version) {
  const auto content = TRY(find(name, version));
  if (content->size() > size_max) return too_large(name, content->size(), size_max, place);
  return *content;
}

base::Result<ObjectInfo> MemoryStorage::stat(std::string_view name) {
  if (!is_valid_name(name)) return invalid_name(name, place);
  const std::lock_guard lock(mutex_);
  const Version* newest = current(name);
  if (newest == nullptr) return absent(name, place);
  return info_of(std::string(name), *newest);
}

base::Result<ListPage> MemoryStorage::list(const ListOptions& options) {
  CHECK(options.page_size > 0, "pages without room");
  const std::string& after = std::max(options.start_after, options.continuation);
  ListPage page;
  const std::lock_guard lock(mutex_);
  auto at =
      after >= options.prefix ? objects_.upper_bound(after) : objects_.lower_bound(options.prefix);
  for (; at != objects_.end() && at->first.starts_with(options.prefix); ++at) {
    if (!at->second.back().content) continue;
    if (page.objects.size() == options.page_size) {
      page.next = page.objects.back().name;
      break;
    }
    page.objects.push_back(info_of(at->first, at->second.back()));
  }
  return page;
}

base::Result<ListPage> MemoryStorage::list_versions(const ListOptions& options) {
  CHECK(options.page_size > 0, "pages without room");
  if (!options_.capabilities.versions) return list(options);
  const auto [last_name, last_version] = split_continuation(options.continuation);
  ListPage page;
  const std::lock_guard lock(mutex_);
  for (auto at = objects_.lower_bound(std::max<std::string_view>(options.prefix, last_name));
       at != objects_.end() && at->first.starts_with(options.prefix); ++at) {
    if (at->first <= options.start_after) continue;
    for (auto one = at->second.rbegin(); one != at->second.rend(); ++one) {
      if (at->first == last_name && version_text(one->number) >= last_version) continue;
      if (page.objects.size() == options.page_size) {
        page.next = page.objects.back().name + "\n" + page.objects.back().version;
        return page;
      }
      page.objects.push_back(info_of(at->first, *one));
    }
  }
  return page;
}

base::Result<std::vector<RemoveOutcome>> MemoryStorage::remove(std::span<const std::string> names) {
  TRY(check_batch(names.size(), place));
  std::vector<RemoveOutcome> outcomes;
  outcomes.reserve(names.size());
  const std::lock_guard lock(mutex_);
  for (const std::string& name : names) {
    outcomes.push_back({name, std::nullopt});
    if (!is_valid_name(name)) {
      outcomes.back().error = invalid_name(name, place);
      continue;
    }
    const Version* newest = current(name);
    if (newest == nullptr) continue;
    if (options_.capabilities.versions) {
      objects_.find(name)->second.push_back({++last_number_, nullptr, clock_.now(), std::nullopt});
    } else {
      used_ -= newest->content->size();
      objects_.erase(name);
    }
  }
  return outcomes;
}

base::Result<void> MemoryStorage::retain(std::string_view name, base::Time until) {
  if (!options_.capabilities.retention) return no_retention(place);
  if (!is_valid_name(name)) return invalid_name(name, place);
  const std::lock_guard lock(mutex_);
  Version* newest = current(name);
  if (newest == nullptr) return absent(name, place);
  if (!newest->retained_until || *newest->retained_until < until) newest->retained_until = until;
  return {};
}

MemoryStorage::Version* MemoryStorage::find_version(const ObjectVersion& object) {
  const auto found = objects_.find(object.name);
  if (found == objects_.end() || !options_.capabilities.versions) return nullptr;
  for (Version& one : found->second) {
    if (version_text(one.number) == object.version) return &one;
  }
  return nullptr;
}

base::Result<void> MemoryStorage::read_version(const ObjectVersion& object, Range range,
                                               base::MutableByteView out) {
  if (!options_.capabilities.versions) return no_versions(place);
  CHECK(range.size == out.size(), "a range and a buffer of different sizes");
  const auto content = TRY(find(object.name, object.version));
  if (range.offset > content->size() || range.size > content->size() - range.offset) {
    return range_past_end(object.name, range, content->size(), place);
  }
  std::copy_n(content->begin() + static_cast<std::ptrdiff_t>(range.offset), range.size,
              out.begin());
  return {};
}

base::Result<ObjectInfo> MemoryStorage::stat_version(const ObjectVersion& object) {
  if (!options_.capabilities.versions) return no_versions(place);
  const std::lock_guard lock(mutex_);
  const Version* version = find_version(object);
  if (version == nullptr || !version->content) return absent(object.name, place);
  return info_of(object.name, *version);
}

base::Result<void> MemoryStorage::retain_version(const ObjectVersion& object, base::Time until) {
  if (!options_.capabilities.versions) return no_versions(place);
  if (!options_.capabilities.retention) return no_retention(place);
  const std::lock_guard lock(mutex_);
  Version* version = find_version(object);
  if (version == nullptr || !version->content) return absent(object.name, place);
  if (!version->retained_until || *version->retained_until < until) version->retained_until = until;
  return {};
}

base::Result<void> MemoryStorage::remove_version(const ObjectVersion& object,
                                                 std::optional<base::Time>& locked_until) {
  const Version* version = find_version(object);
  if (version == nullptr) return {};
  if (version->retained_until && *version->retained_until > clock_.now()) {
    locked_until = version->retained_until;
    return is_locked(object.name, *locked_until, place);
  }
  used_ -= version->content ? version->content->size() : 0;
  const auto found = objects_.find(object.name);
  std::erase_if(found->second,
                [number = version->number](const Version& one) { return one.number == number; });
  if (found->second.empty()) objects_.erase(found);
  return {};
}

base::Result<std::vector<RemoveOutcome>> MemoryStorage::remove_versions(
    std::span<const ObjectVersion> objects) {
  if (!options_.capabilities.versions) return no_versions(place);
  TRY(check_batch(objects.size(), place));
  std::vector<RemoveOutcome> outcomes;
  const std::lock_guard lock(mutex_);
  for (const ObjectVersion& object : objects) {
    RemoveOutcome outcome{.name = object.name};
    auto removed = remove_version(object, outcome.locked_until);
    if (!removed.ok()) outcome.error = std::move(removed).error();
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

void MemoryStorage::overwrite(std::string_view name, base::ByteView content) {
  CHECK(options_.capabilities.versions, "an overwrite without versions");
  const std::lock_guard lock(mutex_);
  used_ += content.size();
  objects_[std::string(name)].push_back(
      {++last_number_, std::make_shared<const base::Bytes>(content.begin(), content.end()),
       clock_.now(), lock_of({})});
}

base::Result<std::optional<std::uint64_t>> MemoryStorage::free_bytes() {
  const std::lock_guard lock(mutex_);
  if (!options_.capacity) return std::optional<std::uint64_t>();
  return std::optional<std::uint64_t>(*options_.capacity - used_);
}

base::Result<void> MemoryStorage::damage(std::string_view name,
                                         const std::function<void(base::Bytes&)>& change) {
  const std::lock_guard lock(mutex_);
  Version* newest = current(name);
  if (newest == nullptr) return absent(name, place);
  base::Bytes content = *newest->content;
  change(content);
  used_ = used_ - newest->content->size() + content.size();
  newest->content = std::make_shared<const base::Bytes>(std::move(content));
  return {};
}

std::size_t MemoryStorage::expire_versions() {
  const std::lock_guard lock(mutex_);
  const base::Time now = clock_.now();
  std::size_t dropped = 0;
  for (auto at = objects_.begin(); at != objects_.end();) {
    Versions& versions = at->second;
    const std::uint64_t newest = versions.back().number;
    const auto gone = [&](const Version& one) {
      if (one.number == newest || (one.retained_until && *one.retained_until > now)) return false;
      used_ -= one.content ? one.content->size() : 0;
      ++dropped;
      return true;
    };
    std::erase_if(versions, gone);
    if (versions.size() == 1 && !versions.back().content) {
      ++dropped;
      at = objects_.erase(at);
    } else {
      ++at;
    }
  }
  return dropped;
}

}  // namespace holdfast::storage
