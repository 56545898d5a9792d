// Each mistake in the call where it would be made.
#include "simulation/mutant_storage.hpp"

#include <algorithm>
#include <cstring>

namespace holdfast::simulation {

namespace {

constexpr std::size_t short_page = 3;
constexpr std::uint64_t torn_every = 7;

bool is_pack(std::string_view name) {
  return name.starts_with("data/") || name.starts_with("tree/");
}

}  // namespace

std::string_view mutant_name(Mutant mutant) {
  switch (mutant) {
    case Mutant::none: return "none";
    case Mutant::swallowed_error: return "swallowed_error";
    case Mutant::early_acknowledgement: return "early_acknowledgement";
    case Mutant::first_page_only: return "first_page_only";
    case Mutant::snapshot_before_index: return "snapshot_before_index";
    case Mutant::skipped_sync: return "skipped_sync";
    case Mutant::client_clock: return "client_clock";
    case Mutant::torn_object: return "torn_object";
    case Mutant::lost_successor: return "lost_successor";
    case Mutant::removes_a_neighbour: return "removes_a_neighbour";
    case Mutant::yesterdays_list: return "yesterdays_list";
  }
  return "";
}

// Collects the bytes, so that they can be held back.
class MutantStorage::MutantUpload final : public storage::Upload {
 public:
  explicit MutantUpload(MutantStorage& storage) : storage_(storage) {}
  base::Result<void> append(base::ByteView data) override {
    content_.insert(content_.end(), data.begin(), data.end());
    return {};
  }
  base::Result<storage::ObjectInfo> commit(std::string_view name,
                                           const storage::PutOptions& options) override {
    return storage_.commit(name, content_, options);
  }

 private:
  MutantStorage& storage_;
  base::Bytes content_;
};

MutantStorage::MutantStorage(storage::Storage& inner, const base::Clock& client_clock,
                             Mutant mutant, Role role)
    : inner_(inner), client_clock_(client_clock), mutant_(mutant), role_(role) {}

MutantStorage::~MutantStorage() = default;

void MutantStorage::flush() {
  for (const auto& held : held_) (void)inner_.put(held.name, held.content);
  held_.clear();
}

std::string MutantStorage::describe() const { return inner_.describe(); }
storage::Capabilities MutantStorage::capabilities() const { return inner_.capabilities(); }

base::Result<std::unique_ptr<storage::Upload>> MutantStorage::begin_put() {
  if (mutant_ == Mutant::none) return inner_.begin_put();
  return std::make_unique<MutantUpload>(*this);
}

base::Result<storage::ObjectInfo> MutantStorage::hold(std::string_view name, base::Bytes content) {
  held_.push_back({std::string(name), std::move(content)});
  return storage::ObjectInfo{.name = std::string(name),
                             .size = held_.back().content.size(),
                             .stored_at = client_clock_.now(),
                             .version = {},
                             .retained_until = {}};
}

base::Result<storage::ObjectInfo> MutantStorage::commit(std::string_view name, base::Bytes content,
                                                        const storage::PutOptions& options) {
  ++commits_;
  if (mutant_ == Mutant::snapshot_before_index && name.starts_with("index/"))
    return hold(name, std::move(content));
  if (mutant_ == Mutant::skipped_sync && is_pack(name)) return hold(name, std::move(content));
  if (mutant_ == Mutant::early_acknowledgement && name.starts_with("snapshots/"))
    return hold(name, std::move(content));
  if (mutant_ == Mutant::lost_successor && role_ == Role::maintenance && name.starts_with("index/"))
    return hold(name, std::move(content));  // nothing flushes a prune
  if (mutant_ == Mutant::torn_object && commits_ % torn_every == 0)
    content.resize(content.size() / 2);
  auto stored = inner_.put(name, content, options);
  if (!stored.ok() && mutant_ == Mutant::swallowed_error) {
    return storage::ObjectInfo{.name = std::string(name),
                               .size = content.size(),
                               .stored_at = client_clock_.now(),
                               .version = {},
                               .retained_until = {}};
  }
  auto info = TRY(std::move(stored));
  if (mutant_ == Mutant::client_clock) info.stored_at = client_clock_.now();
  return info;
}

base::Result<void> MutantStorage::read(std::string_view name, storage::Range range,
                                       base::MutableByteView out) {
  for (const auto& held : held_) {
    if (held.name != name || range.offset + range.size > held.content.size()) continue;
    std::memcpy(out.data(), held.content.data() + range.offset, range.size);
    return {};
  }
  return inner_.read(name, range, out);
}

base::Result<base::Bytes> MutantStorage::get(std::string_view name, std::uint64_t size_max,
                                             std::string_view version) {
  for (const auto& held : held_) {
    if (held.name == name) return held.content;
  }
  return inner_.get(name, size_max, version);
}

base::Result<storage::ObjectInfo> MutantStorage::stat(std::string_view name) {
  auto info = TRY(inner_.stat(name));
  if (mutant_ == Mutant::client_clock && name.starts_with("probe/"))
    info.stored_at = client_clock_.now();
  return info;
}

base::Result<storage::ListPage> MutantStorage::list(const storage::ListOptions& options) {
  const bool of_snapshots = options.prefix.starts_with("snapshots/");
  storage::ListOptions asked = options;
  const bool cut = mutant_ == Mutant::first_page_only && of_snapshots;
  if (cut) asked.page_size = short_page;
  auto page = TRY(inner_.list(asked));
  if (cut) page.next.clear();
  if (mutant_ == Mutant::yesterdays_list && role_ == Role::maintenance && of_snapshots) {
    std::erase_if(page.objects, [&](const storage::ObjectInfo& info) {
      return info.stored_at + base::hours(30) > client_clock_.now();
    });
  }
  return page;
}

base::Result<storage::ListPage> MutantStorage::list_versions(const storage::ListOptions& options) {
  return inner_.list_versions(options);
}

base::Result<std::vector<storage::RemoveOutcome>> MutantStorage::remove(
    std::span<const std::string> names) {
  std::vector<std::string> all(names.begin(), names.end());
  if (mutant_ == Mutant::removes_a_neighbour && !names.empty() && is_pack(names.front())) {
    const auto prefix = names.back().substr(0, names.back().find('/') + 1);
    const auto next = inner_.list(
        {.prefix = prefix, .start_after = names.back(), .continuation = {}, .page_size = 1});
    if (next.ok() && !next.value().objects.empty()) all.push_back(next.value().objects[0].name);
  }
  auto outcomes = TRY(inner_.remove(all));
  outcomes.resize(names.size());
  return outcomes;
}

base::Result<void> MutantStorage::retain(std::string_view name, base::Time until) {
  return inner_.retain(name, until);
}
base::Result<std::optional<std::uint64_t>> MutantStorage::free_bytes() {
  return inner_.free_bytes();
}

}  // namespace holdfast::simulation
