// Listing, making and dropping sidecars.
#include "repository/parity.hpp"

#include <algorithm>
#include <unordered_set>

#include "repository/object_name.hpp"
#include "work_list.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t tasks_max = 4;  // each holds an object and its parity
constexpr std::size_t batch_size = 1'000;
constexpr std::array parity_kinds{config_prefix,    keys_prefix,  roster_prefix, index_prefix,
                                  snapshots_prefix, notes_prefix, tree_prefix,   data_prefix};

base::Result<void> each_object(
    storage::Storage& storage, std::string_view prefix,
    const std::function<base::Result<void>(const storage::ObjectInfo&)>& receive) {
  storage::ListOptions options;
  options.page_size = storage::list_page_size_large;
  options.prefix = prefix;
  do {
    const auto page = TRY(storage.list(options));
    for (const auto& info : page.objects) TRY(receive(info));
    options.continuation = page.next;
  } while (!options.continuation.empty());
  return {};
}

base::Result<void> remove(storage::Storage& storage, const std::vector<std::string>& names) {
  for (std::size_t at = 0; at < names.size(); at += batch_size) {
    const auto batch =
        std::span<const std::string>(names).subspan(at, std::min(batch_size, names.size() - at));
    for (const auto& outcome : TRY(storage.remove(batch))) {
      if (outcome.error && !outcome.locked_until)
        return base::Error(*outcome.error).with_context("deleting " + outcome.name);
    }
  }
  return {};
}

class Protector {
 public:
  Protector(storage::Storage& storage, unsigned percent, const ParityProgress& progress)
      : storage_(storage), percent_(percent), progress_(progress) {}

  base::Result<ProtectReport> run(io::Executor& executor, const std::stop_token& stop) {
    // First the sidecars: one that is listed and whose object is not is of an object that is gone.
    sidecars_ = TRY(list_sidecars(storage_));
    TRY(find_unprotected());
    const auto work = [&](std::size_t number) { return protect_object(wanting_[number]); };
    TRY(work_through(executor, tasks_max, wanting_.size(), work, stop));
    report_.dropped += TRY(drop_sidecars_of_gone(storage_));
    return std::move(report_);
  }

 private:
  base::Result<void> find_unprotected() {
    return each_parity_object(storage_, [&](const storage::ObjectInfo& info) -> base::Result<void> {
      ++report_.objects;
      const auto found = sidecars_.find(*hash_of_name(info.name));
      if (found != sidecars_.end() && found->second.front().percent >= percent_) {
        ++report_.had;
      } else if (info.size == 0) {
        skip(info.name, base::Error(base::ErrorCode::damaged, "is empty"));
      } else if (info.size > parity_object_size_max) {
        skip(info.name, base::Error(base::ErrorCode::unsupported, "is too large to have parity"));
      } else {
        wanting_.push_back(info.name);
      }
      return {};
    });
  }

  base::Result<void> protect_object(const std::string& name) {
    auto object = get_object(storage_, name, parity_object_size_max);
    std::uint64_t size = 0;
    if (object.ok()) {
      size = TRY(store_sidecar(storage_, name, object.value(), percent_));
      TRY(drop_weaker(*hash_of_name(name)));
    } else if (object.error().code() == base::ErrorCode::damaged ||
               object.error().code() == base::ErrorCode::io) {
      const std::lock_guard lock(mutex_);
      skip(name, std::move(object).error());
    } else if (object.error().code() != base::ErrorCode::not_found) {
      return std::move(object).error();
    }
    const std::lock_guard lock(mutex_);
    if (size > 0) {
      ++report_.added;
      report_.bytes_added += size;
    }
    if (progress_) progress_(++done_, wanting_.size());
    return {};
  }

  // What an object had is weaker than the sidecar that was just stored.
  base::Result<void> drop_weaker(const ObjectHash& object) {
    const auto found = sidecars_.find(object);
    if (found == sidecars_.end()) return {};
    std::vector<std::string> names;
    for (const auto& sidecar : found->second) names.push_back(sidecar.name);
    TRY(remove(storage_, names));
    const std::lock_guard lock(mutex_);
    report_.dropped += names.size();
    return {};
  }

  void skip(std::string name, base::Error error) {
    report_.skipped.push_back({std::move(name), std::move(error)});
  }

  storage::Storage& storage_;
  const unsigned percent_;
  const ParityProgress& progress_;
  SidecarListing sidecars_;
  std::vector<std::string> wanting_;
  std::mutex mutex_;
  ProtectReport report_;
  std::uint64_t done_ = 0;
};

}  // namespace

base::Result<SidecarListing> list_sidecars(storage::Storage& storage,
                                           std::vector<IgnoredObject>* ignored) {
  SidecarListing listing;
  TRY(each_object(storage, parity_prefix,
                  [&](const storage::ObjectInfo& info) -> base::Result<void> {
                    if (const auto name = parse_sidecar_name(info.name)) {
                      listing[name->object].push_back(
                          {.name = info.name, .percent = name->percent, .size = info.size});
                    } else if (ignored != nullptr) {
                      ignored->push_back({info.name, base::Error(base::ErrorCode::invalid_argument,
                                                                 "not the name of a sidecar")});
                    }
                    return {};
                  }));
  for (auto& [object, sidecars] : listing) {
    std::sort(sidecars.begin(), sidecars.end(), [](const auto& a, const auto& b) {
      return std::pair(b.percent, std::string_view(a.name)) <
             std::pair(a.percent, std::string_view(b.name));
    });
  }
  return listing;
}

bool gets_parity(std::string_view name) {
  return hash_of_name(name) &&
         std::any_of(parity_kinds.begin(), parity_kinds.end(),
                     [&](std::string_view kind) { return name.starts_with(kind); });
}

base::Result<void> each_parity_object(
    storage::Storage& storage,
    const std::function<base::Result<void>(const storage::ObjectInfo&)>& receive) {
  for (const auto prefix : parity_kinds) {
    TRY(each_object(storage, prefix, [&](const storage::ObjectInfo& info) -> base::Result<void> {
      return hash_of_name(info.name) ? receive(info) : base::Result<void>();
    }));
  }
  return {};
}

base::Result<std::uint64_t> store_sidecar(storage::Storage& storage, const std::string& name,
                                          base::ByteView object, unsigned percent) {
  const auto hash = hash_of_name(name);
  CHECK(hash.has_value(), "an object named by its hash");
  const auto sidecar = make_sidecar(name, object, percent);
  TRY(put_object(storage, sidecar_prefix({.object = *hash, .percent = percent}), sidecar));
  return sidecar.size();
}

base::Result<ProtectReport> protect(storage::Storage& storage, io::Executor& executor,
                                    unsigned percent, const ParityProgress& progress,
                                    const std::stop_token& stop) {
  CHECK(percent >= 1 && percent <= parity_percent_max, "a percentage from 1 to 100");
  return Protector(storage, percent, progress).run(executor, stop);
}

base::Result<SidecarCheck> check_sidecars(storage::Storage& storage, io::Executor& executor,
                                          const SidecarListing& listing,
                                          const std::stop_token& stop) {
  std::vector<const StoredSidecar*> list;
  for (const auto& [object, sidecars] : listing) {
    for (const auto& sidecar : sidecars) list.push_back(&sidecar);
  }
  SidecarCheck check;
  std::mutex mutex;
  const auto work = [&](std::size_t number) -> base::Result<void> {
    const auto& name = list[number]->name;
    const auto bytes = get_object(storage, name, sidecar_size_max);
    if (!bytes.ok()) {
      if (bytes.error().code() == base::ErrorCode::not_found) return {};  // gone since the listing
      const std::lock_guard lock(mutex);
      check.damaged.push_back({name, bytes.error()});
      return {};
    }
    auto head = decode_sidecar(bytes.value());
    const bool is_named_so =
        head.ok() && sidecar_prefix({*hash_of_name(head.value().object), head.value().percent}) +
                             base::to_hex(*hash_of_name(name)) ==
                         name;
    const std::lock_guard lock(mutex);
    check.bytes_read += bytes.value().size();
    if (is_named_so) return {};
    check.forged.push_back({name, head.ok() ? base::Error(base::ErrorCode::damaged,
                                                          "is not of the object that it names")
                                            : std::move(head).error()});
    return {};
  };
  TRY(work_through(executor, tasks_max, list.size(), work, stop));
  for (auto* found : {&check.damaged, &check.forged}) {
    std::sort(found->begin(), found->end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  return check;
}

base::Result<std::uint64_t> drop_sidecars_of_gone(storage::Storage& storage) {
  auto sidecars = TRY(list_sidecars(storage));
  if (sidecars.empty()) return std::uint64_t{0};
  TRY(each_parity_object(storage, [&](const storage::ObjectInfo& info) -> base::Result<void> {
    sidecars.erase(*hash_of_name(info.name));
    return {};
  }));
  // An object that a repair is about to put back isn't gone.
  TRY(each_object(storage, mended_prefix,
                  [&](const storage::ObjectInfo& info) -> base::Result<void> {
                    if (const auto hash = hash_of_name(info.name)) sidecars.erase(*hash);
                    return {};
                  }));
  std::vector<std::string> names;
  for (const auto& [object, gone] : sidecars) {
    for (const auto& sidecar : gone) names.push_back(sidecar.name);
  }
  TRY(remove(storage, names));
  return names.size();
}

}  // namespace holdfast::repository
