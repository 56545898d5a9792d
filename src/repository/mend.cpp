// Recovering and putting back. A repository knows no overwriting, so the right bytes are stored
// beside the damaged object before that goes: a crash at any point leaves one of the two, and the
// next call goes on from there.
#include "repository/mend.hpp"

#include <algorithm>

#include "repository/object_name.hpp"
#include "work_list.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t tasks_max = 4;
constexpr std::uint64_t read_size = base::MiB;
constexpr std::uint64_t read_size_min = 4 * base::KiB;  // what a disk loses at once

// Whether the bytes are there and can't be read or are not right: what parity is for.
bool is_damage(const base::Error& error) {
  return error.code() == base::ErrorCode::damaged || error.code() == base::ErrorCode::io;
}

// Reads into `out` what can be read; where a disk refuses, zeros stay.
base::Result<void> read_around_holes(storage::Storage& storage, const std::string& name,
                                     std::uint64_t offset, base::MutableByteView out) {
  const auto read = storage.read(name, {.offset = offset, .size = out.size()}, out);
  if (read.ok()) return {};
  if (!is_damage(read.error())) return base::Error(read.error());
  std::fill(out.begin(), out.end(), base::Byte{0});
  if (out.size() <= read_size_min) return {};
  // Halves end where the disk's sectors do.
  const auto half = (out.size() / 2 + read_size_min - 1) / read_size_min * read_size_min;
  TRY(read_around_holes(storage, name, offset, out.first(half)));
  return read_around_holes(storage, name, offset + half, out.subspan(half));
}

base::Result<base::Bytes> read_what_is_there(storage::Storage& storage, const std::string& name,
                                             std::uint64_t size_max) {
  const auto info = TRY(storage.stat(name));
  base::Bytes bytes(std::min(info.size, size_max));
  for (std::uint64_t at = 0; at < bytes.size(); at += read_size) {
    TRY(read_around_holes(
        storage, name, at,
        base::MutableByteView(bytes).subspan(at, std::min(read_size, bytes.size() - at))));
  }
  return bytes;
}

// `source` is where the bytes of `name` are looked for.
base::Result<base::Bytes> recover_from(storage::Storage& storage, const std::string& source,
                                       const std::string& name,
                                       const std::vector<StoredSidecar>& sidecars) {
  const auto left = TRY(read_what_is_there(storage, source, parity_object_size_max));
  base::Error trouble(base::ErrorCode::damaged, "it has no parity");
  for (const auto& stored : sidecars) {
    auto sidecar = read_what_is_there(storage, stored.name, sidecar_size_max);
    if (!sidecar.ok()) {
      if (sidecar.error().code() != base::ErrorCode::not_found) return sidecar;
      continue;
    }
    const auto head = find_sidecar_head(sidecar.value());
    if (!head.ok() || head.value().object != name) {
      trouble = head.ok() ? base::Error(base::ErrorCode::damaged, "its parity names another object")
                          : base::Error(head.error());
      continue;
    }
    auto recovered = recover_object(head.value(), left, std::move(sidecar).value());
    if (!recovered.ok()) {
      trouble = std::move(recovered).error();
    } else if (codec::sha256(recovered.value().object) == hash_of_name(name)) {
      return std::move(recovered).value().object;
    } else {
      trouble = base::Error(base::ErrorCode::damaged,
                            "what its parity gives is not what its name states");
    }
  }
  return std::move(trouble).with_context("mending " + name);
}

class Mender {
 public:
  Mender(storage::Storage& storage, const ParityProgress& progress, std::stop_token stop)
      : storage_(storage), progress_(progress), stop_(std::move(stop)) {}

  base::Result<MendReport> run(io::Executor& executor) {
    sidecars_ = TRY(list_sidecars(storage_, &report_.ignored));
    TRY(continue_interrupted());
    if (sidecars_.empty()) return std::move(report_);
    std::vector<std::string> names;
    TRY(each_parity_object(storage_, [&](const storage::ObjectInfo& info) -> base::Result<void> {
      if (sidecars_.contains(*hash_of_name(info.name))) names.push_back(info.name);
      return {};
    }));
    const auto work = [&](std::size_t number) -> base::Result<void> {
      TRY(check(names[number]));
      const std::lock_guard lock(mutex_);
      if (progress_) progress_(++report_.checked, names.size());
      return {};
    };
    TRY(work_through(executor, tasks_max, names.size(), work, stop_));
    report_.checked = names.size();
    for (auto* list : {&report_.mended, &report_.renewed}) std::sort(list->begin(), list->end());
    return std::move(report_);
  }

 private:
  // What a call that was interrupted left below mended/.
  base::Result<void> continue_interrupted() {
    for (const auto& info : TRY(storage_.list_all(mended_prefix))) {
      if (stop_.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
      const auto name = info.name.substr(mended_prefix.size());
      if (!gets_parity(name)) {
        report_.ignored.push_back(
            {info.name, base::Error(base::ErrorCode::invalid_argument, "names no object")});
        continue;
      }
      auto bytes = get_object(storage_, info.name, parity_object_size_max);
      if (!bytes.ok() && is_damage(bytes.error())) {
        TRY(settle_damaged_copy(info.name, name, sidecars_[*hash_of_name(name)]));
        continue;
      }
      TRY(put_in_place(name, TRY(std::move(bytes))));
      report_.mended.push_back(name);
    }
    return {};
  }

  // The copy was damaged after it was stored.
  base::Result<void> settle_damaged_copy(const std::string& copy, const std::string& name,
                                         const std::vector<StoredSidecar>& sidecars) {
    const auto object = storage_.stat(name);
    if (object.ok()) return remove(copy);  // if that is damaged too, it is mended from itself
    if (object.error().code() != base::ErrorCode::not_found) return base::Error(object.error());
    auto bytes = recover_from(storage_, copy, name, sidecars);
    if (!bytes.ok() && !is_damage(bytes.error())) return std::move(bytes).error();
    if (!bytes.ok()) {
      report_.unmendable.push_back({name, std::move(bytes).error()});
      return {};
    }
    TRY(remove(copy));
    TRY(storage_.put(name, bytes.value()));
    report_.mended.push_back(name);
    return {};
  }

  base::Result<void> check(const std::string& name) {
    auto bytes = get_object(storage_, name, parity_object_size_max);
    const auto& sidecars = sidecars_.at(*hash_of_name(name));
    if (!bytes.ok()) {
      if (bytes.error().code() == base::ErrorCode::not_found) return {};  // gone since the listing
      if (!is_damage(bytes.error())) return std::move(bytes).error();
      bytes = recover_stored(storage_, name, sidecars);
      if (!bytes.ok() && !is_damage(bytes.error())) {
        if (bytes.error().code() == base::ErrorCode::not_found) return {};
        return std::move(bytes).error();
      }
      if (!bytes.ok()) {
        const std::lock_guard lock(mutex_);
        report_.unmendable.push_back({name, std::move(bytes).error()});
        return {};
      }
      TRY(put_in_place(name, bytes.value()));
      const std::lock_guard lock(mutex_);
      report_.mended.push_back(name);
    }
    for (const auto& sidecar : sidecars) TRY(check_sidecar(sidecar, name, bytes.value()));
    return {};
  }

  // `object` is right, so its parity can be made anew.
  base::Result<void> check_sidecar(const StoredSidecar& sidecar, const std::string& name,
                                   base::ByteView object) {
    const auto bytes = get_object(storage_, sidecar.name, sidecar_size_max);
    if (bytes.ok()) {
      // A sidecar is a function of the object's name and bytes and the percentage.
      if (bytes.value() == make_sidecar(name, object, sidecar.percent)) return {};
      const auto head = decode_sidecar(bytes.value());
      if (!head.ok() && head.error().code() == base::ErrorCode::unsupported) return {};
    } else {
      if (bytes.error().code() == base::ErrorCode::not_found) return {};
      if (!is_damage(bytes.error())) return base::Error(bytes.error());
    }
    // A forged one goes too: by its name it would count as the object's parity.
    TRY(remove(sidecar.name));
    TRY(store_sidecar(storage_, name, object, sidecar.percent));
    const std::lock_guard lock(mutex_);
    report_.renewed.push_back(sidecar.name);
    return {};
  }

  base::Result<void> put_in_place(const std::string& name, base::ByteView bytes) {
    const auto copy = std::string(mended_prefix) + name;
    TRY(put_right(copy, bytes));
    TRY(put_right(name, bytes));
    return remove(copy);
  }

  // Stores `bytes` under `name`; what is there and is something else goes first.
  base::Result<void> put_right(const std::string& name, base::ByteView bytes) {
    const auto there = get_object(storage_, name, parity_object_size_max);
    if (there.ok()) return {};
    if (is_damage(there.error())) {
      TRY(remove(name));
    } else if (there.error().code() != base::ErrorCode::not_found) {
      return base::Error(there.error());
    }
    const auto put = storage_.put(name, bytes);
    if (put.ok()) return {};
    if (put.error().code() != base::ErrorCode::already_exists)
      return base::Error(put.error()).with_context("storing " + name);
    TRY(get_object(storage_, name, parity_object_size_max));  // somebody else put it right
    return {};
  }

  base::Result<void> remove(const std::string& name) {
    const std::vector<std::string> names{name};
    for (const auto& outcome : TRY(storage_.remove(names))) {
      if (outcome.error) return base::Error(*outcome.error).with_context("deleting " + name);
    }
    return {};
  }

  storage::Storage& storage_;
  const ParityProgress& progress_;
  std::stop_token stop_;
  SidecarListing sidecars_;
  std::mutex mutex_;
  MendReport report_;
};

}  // namespace

base::Result<base::Bytes> recover_stored(storage::Storage& storage, const std::string& name,
                                         const std::vector<StoredSidecar>& sidecars) {
  return recover_from(storage, name, name, sidecars);
}

base::Result<MendReport> mend(storage::Storage& storage, io::Executor& executor,
                              const ParityProgress& progress, const std::stop_token& stop) {
  return Mender(storage, progress, stop).run(executor);
}

}  // namespace holdfast::repository
