// What every storage shares: which names are valid, and the calls made of other calls.
#include "storage/storage.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "answers.hpp"

namespace holdfast::storage {

namespace {

constexpr std::size_t name_size_max = 512;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

bool is_valid_name(std::string_view name) {
  if (name.empty() || name.size() > name_size_max) return false;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view component = name.substr(begin, end - begin);
    if (component.empty() || component == "." || component == "..") return false;
    for (const char c : component) {
      if (!is_name_byte(c)) return false;
    }
    if (end == name.size()) return true;
    begin = end + 1;
  }
}

base::Result<void> Storage::read_version(const ObjectVersion&, Range, base::MutableByteView) {
  return no_versions(describe());
}

base::Result<ObjectInfo> Storage::stat_version(const ObjectVersion&) {
  return no_versions(describe());
}

base::Result<void> Storage::retain_version(const ObjectVersion&, base::Time) {
  return no_versions(describe());
}

base::Result<std::vector<RemoveOutcome>> Storage::remove_versions(std::span<const ObjectVersion>) {
  return no_versions(describe());
}

base::Result<ObjectInfo> Storage::put(std::string_view name, base::ByteView data,
                                      const PutOptions& options) {
  const auto upload = TRY(begin_put());
  TRY(upload->append(data));
  return upload->commit(name, options);
}

base::Result<std::vector<ObjectInfo>> Storage::list_all(std::string_view prefix) {
  std::vector<ObjectInfo> all;
  ListOptions options;
  options.page_size = list_page_size_large;
  options.prefix = prefix;
  while (true) {
    ListPage page = TRY(list(options));
    const bool empty = page.objects.empty();
    std::move(page.objects.begin(), page.objects.end(), std::back_inserter(all));
    if (page.next.empty()) return all;
    if (empty && page.next == options.continuation) {
      return base::Error(base::ErrorCode::damaged, "the listing of '" + options.prefix + "' in " +
                                                       describe() + " goes round in circles")
          .with_hint("the storage server answers wrongly; look for an update of it");
    }
    options.continuation = std::move(page.next);
  }
}

}  // namespace holdfast::storage
