// Adding up what lies there.
#include "engine/location_use.hpp"

#include <sys/statvfs.h>

#include <algorithm>

#include "engine/place.hpp"
#include "storage/url.hpp"

namespace holdfast::engine {

using base::Result;

namespace {

Result<std::uint64_t> bytes_in(storage::Storage& storage, const std::stop_token& stop) {
  std::uint64_t bytes = 0;
  storage::ListOptions options;
  options.page_size = storage::list_page_size_large;
  do {
    if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    const auto page = TRY(storage.list(options));
    for (const auto& object : page.objects) bytes += object.size;
    options.continuation = page.next;
  } while (!options.continuation.empty());
  return bytes;
}

void look_at_file_system(const std::string& url, LocationUse& use) {
  const auto parsed = storage::parse_location_url(url);
  if (!parsed.ok() || parsed.value().scheme != storage::LocationUrl::Scheme::file) return;
  struct statvfs status{};
  if (::statvfs(parsed.value().path.c_str(), &status) != 0) return;
  const auto size = std::uint64_t{status.f_frsize};
  use.file_system_bytes = (status.f_blocks - status.f_bfree) * size;
  // What root alone may use is nobody's capacity.
  use.file_system_capacity = (status.f_blocks - status.f_bfree + status.f_bavail) * size;
}

}  // namespace

std::optional<double> LocationUse::percent() const {
  const auto& used = capacity ? bytes : file_system_bytes;
  const auto& all = capacity ? capacity : file_system_capacity;
  if (!used || !all || *all == 0) return std::nullopt;
  return 100.0 * static_cast<double>(*used) / static_cast<double>(*all);
}

Result<std::vector<LocationUse>> location_uses(const Workplace& workplace, std::stop_token stop) {
  std::vector<LocationUse> uses;
  for (const auto& location : workplace.strategy.locations) {
    if (location.kind != strategy::LocationKind::repository) continue;
    LocationUse use;
    use.location = location.name;
    use.capacity = location.capacity;
    const auto place = open_place(workplace, location);
    if (!place.ok()) {
      use.message = place.error().to_string();
    } else {
      auto bytes = bytes_in(place.value()->repository().storage(), stop);
      if (bytes.ok()) {
        use.bytes = bytes.value();
      } else {
        use.message = bytes.error().to_string();
      }
      look_at_file_system(TRY(url_of(workplace.strategy, location)), use);
    }
    if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    uses.push_back(std::move(use));
  }
  return uses;
}

}  // namespace holdfast::engine
