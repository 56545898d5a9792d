// Faults: one decision before every call, drawn under the lock; everything else happens without it.
#include "storage/fault.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "answers.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

bool stores(FaultOperation operation) {
  return operation == FaultOperation::begin_put || operation == FaultOperation::append ||
         operation == FaultOperation::commit;
}

}  // namespace

std::string_view fault_operation_name(FaultOperation operation) noexcept {
  switch (operation) {
    case FaultOperation::begin_put: return "begin_put";
    case FaultOperation::append: return "append";
    case FaultOperation::commit: return "commit";
    case FaultOperation::read: return "read";
    case FaultOperation::get: return "get";
    case FaultOperation::stat: return "stat";
    case FaultOperation::list: return "list";
    case FaultOperation::list_versions: return "list_versions";
    case FaultOperation::remove: return "remove";
    case FaultOperation::retain: return "retain";
    case FaultOperation::free_bytes: return "free_bytes";
  }
  return "unknown";
}

void RecentlyRemoved::record(ObjectInfo info, base::Time removed_at, base::Duration staleness) {
  const std::lock_guard lock(mutex_);
  std::erase_if(removed_, [&](const auto& one) { return one.second.at + staleness < removed_at; });
  std::string name = info.name;
  removed_.insert_or_assign(std::move(name), Removed{std::move(info), removed_at});
}

std::vector<ObjectInfo> RecentlyRemoved::find(const std::string& prefix, const std::string& after,
                                              base::Time since) const {
  std::vector<ObjectInfo> found;
  const std::lock_guard lock(mutex_);
  for (auto at = removed_.lower_bound(prefix);
       at != removed_.end() && at->first.starts_with(prefix); ++at) {
    if (at->first > after && at->second.at > since) found.push_back(at->second.info);
  }
  return found;
}

FaultStorage::FaultStorage(Storage& inner, const base::Clock& clock, std::uint64_t seed,
                           FaultOptions options, std::shared_ptr<RecentlyRemoved> removed)
    : inner_(inner),
      clock_(clock),
      removed_(std::move(removed)),
      random_(seed),
      options_(std::make_shared<const FaultOptions>(std::move(options))) {
  CHECK(removed_ != nullptr, "no memory of what was removed");
}

FaultStorage::~FaultStorage() = default;

void FaultStorage::set_options(FaultOptions options) {
  auto replacement = std::make_shared<const FaultOptions>(std::move(options));
  const std::lock_guard lock(mutex_);
  options_ = std::move(replacement);
}

void FaultStorage::crash() {
  const std::lock_guard lock(mutex_);
  crashed_ = true;
}

bool FaultStorage::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

std::uint64_t FaultStorage::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::uint64_t FaultStorage::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

std::uint64_t FaultStorage::below(std::uint64_t bound) {
  const std::lock_guard lock(mutex_);
  return random_.below(bound);
}

bool FaultStorage::chance(double probability) {
  if (probability <= 0) return false;
  constexpr std::uint64_t resolution = std::uint64_t{1} << 32;
  const bool happens =
      static_cast<double>(below(resolution)) < probability * static_cast<double>(resolution);
  if (happens) {
    const std::lock_guard lock(mutex_);
    ++faults_;
  }
  return happens;
}

FaultStorage::Decision FaultStorage::decide(FaultOperation operation, std::string_view name) {
  Decision decision;
  decision.call.operation = operation;
  decision.call.name = name;
  bool crash_now = false;
  {
    const std::lock_guard lock(mutex_);
    decision.call.number = ++calls_;
    decision.options = options_;
    crash_now = !crashed_ && options_->crash_at_call == calls_;
  }
  const FaultOptions& options = *decision.options;
  if (options.before_call) options.before_call(decision.call);
  if (crashed()) {
    decision.fault = Fault::dead;
  } else if (crash_now) {
    decision.fault = below(2) == 0 ? Fault::crash_before : Fault::crash_after;
    if (decision.fault == Fault::crash_before) crash();
  } else if (chance(options.unavailable_before)) {
    decision.fault = Fault::fail_before;
  } else if (stores(operation) && chance(options.no_space)) {
    decision.fault = Fault::no_space;
  } else if (chance(options.unavailable_after)) {
    decision.fault = operation == FaultOperation::append ? Fault::fail_before : Fault::fail_after;
  }
  return decision;
}

Error FaultStorage::error_of(const Decision& decision) const {
  const std::string what = std::string(fault_operation_name(decision.call.operation)) + " '" +
                           decision.call.name + "' in " + describe();
  switch (decision.fault) {
    case Fault::crash_before:
    case Fault::crash_after:
    case Fault::dead:
      return Error(ErrorCode::unavailable, what + ": this client has crashed")
          .with_retry(base::Retry::never);
    case Fault::no_space: return {ErrorCode::no_space, what + ": no space (injected)"};
    default: return {ErrorCode::unavailable, what + ": no answer (injected)"};
  }
}

void FaultStorage::finish(Decision& decision, std::optional<ErrorCode> error) {
  decision.call.error = error;
  if (decision.options->after_call) decision.options->after_call(decision.call);
}

// `call` gets the options of this call and returns a Result.
template <typename Call>
auto FaultStorage::inject(FaultOperation operation, std::string_view name, Call call) {
  using Answer = std::invoke_result_t<Call, const FaultOptions&>;
  Decision decision = decide(operation, name);
  const bool effect = decision.fault == Fault::none || decision.fault == Fault::fail_after ||
                      decision.fault == Fault::crash_after;
  std::optional<Answer> answer;
  if (effect) answer.emplace(call(*decision.options));
  if (decision.fault == Fault::crash_after) crash();
  // A crash somewhere else while this call was under way: nobody is left to hear the answer.
  if (decision.fault != Fault::none || crashed()) {
    if (decision.fault == Fault::none) decision.fault = Fault::dead;
    answer.emplace(error_of(decision));
  }
  finish(decision, answer->ok() ? std::nullopt : std::optional(answer->error().code()));
  return std::move(*answer);
}

class FaultStorage::FaultUpload final : public Upload {
 public:
  FaultUpload(FaultStorage& storage, std::unique_ptr<Upload> inner, bool torn)
      : storage_(storage), inner_(std::move(inner)), torn_(torn) {}

  base::Result<void> append(base::ByteView data) override {
    return storage_.inject(FaultOperation::append, {},
                           [&](const FaultOptions&) -> base::Result<void> {
                             if (!torn_) return inner_->append(data);
                             content_.insert(content_.end(), data.begin(), data.end());
                             return {};
                           });
  }

  base::Result<ObjectInfo> commit(std::string_view name, const PutOptions& options) override {
    return storage_.inject(FaultOperation::commit, name,
                           [&](const FaultOptions&) -> base::Result<ObjectInfo> {
                             if (torn_) TRY(tear());
                             auto result = inner_->commit(name, options);
                             if (torn_) storage_.crash();
                             return result;
                           });
  }

 private:
  base::Result<void> tear() {
    if (content_.empty()) return {};
    return inner_->append(base::ByteView(content_).first(storage_.below(content_.size())));
  }

  FaultStorage& storage_;
  const std::unique_ptr<Upload> inner_;
  const bool torn_;
  base::Bytes content_;  // of a torn upload
};

std::string FaultStorage::describe() const { return inner_.describe(); }

Capabilities FaultStorage::capabilities() const { return inner_.capabilities(); }

base::Result<std::unique_ptr<Upload>> FaultStorage::begin_put() {
  using Answer = base::Result<std::unique_ptr<Upload>>;
  return inject(FaultOperation::begin_put, {}, [&](const FaultOptions& faults) -> Answer {
    auto upload = TRY(inner_.begin_put());
    const bool torn = chance(faults.torn_commit);
    return std::unique_ptr<Upload>(std::make_unique<FaultUpload>(*this, std::move(upload), torn));
  });
}

void FaultStorage::flip_a_bit(base::MutableByteView bytes, const FaultOptions& options) {
  if (bytes.empty() || !chance(options.bit_flip)) return;
  const std::uint64_t bit = below(bytes.size() * 8);
  bytes[bit / 8] ^= static_cast<base::Byte>(1U << (bit % 8));
}

base::Result<void> FaultStorage::read(std::string_view name, Range range,
                                      base::MutableByteView out) {
  return inject(FaultOperation::read, name, [&](const FaultOptions& faults) -> base::Result<void> {
    TRY(inner_.read(name, range, out));
    flip_a_bit(out, faults);
    return {};
  });
}

base::Result<base::Bytes> FaultStorage::get(std::string_view name, std::uint64_t size_max,
                                            std::string_view version) {
  using Answer = base::Result<base::Bytes>;
  return inject(FaultOperation::get, name, [&](const FaultOptions& faults) -> Answer {
    auto content = TRY(inner_.get(name, size_max, version));
    flip_a_bit(content, faults);
    return content;
  });
}

base::Result<ObjectInfo> FaultStorage::stat(std::string_view name) {
  return inject(FaultOperation::stat, name, [&](const FaultOptions&) { return inner_.stat(name); });
}

void FaultStorage::hide_recent(std::vector<ObjectInfo>& objects, const FaultOptions& faults) {
  const base::Time horizon = clock_.now() - faults.staleness;
  std::erase_if(objects, [&](const ObjectInfo& one) {
    return one.stored_at > horizon && chance(faults.stale_list);
  });
}

// Continuations are names here, because what is added may have to be cut off a full page again.
base::Result<ListPage> FaultStorage::stale_page(const ListOptions& options,
                                                const FaultOptions& faults) {
  ListOptions inner_options = options;
  inner_options.start_after = std::max(options.start_after, options.continuation);
  inner_options.continuation.clear();
  ListPage inner = TRY(inner_.list(inner_options));
  while (inner.objects.empty() && !inner.next.empty()) {
    inner_options.continuation = inner.next;
    inner = TRY(inner_.list(inner_options));
  }
  const bool last = inner.next.empty();
  const std::string bound = last ? std::string() : inner.objects.back().name;

  ListPage page;
  auto ghosts =
      removed_->find(options.prefix, inner_options.start_after, clock_.now() - faults.staleness);
  for (ObjectInfo& ghost : ghosts) {
    const bool beyond = !last && ghost.name > bound;
    const auto same = [&](const ObjectInfo& one) { return one.name == ghost.name; };
    const bool present = std::any_of(inner.objects.begin(), inner.objects.end(), same);
    if (!beyond && !present && chance(faults.stale_list)) page.objects.push_back(std::move(ghost));
  }
  hide_recent(inner.objects, faults);
  std::move(inner.objects.begin(), inner.objects.end(), std::back_inserter(page.objects));
  std::sort(page.objects.begin(), page.objects.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.name < b.name; });
  page.next = bound;
  if (page.objects.size() > options.page_size) {
    page.objects.resize(options.page_size);
    page.next = page.objects.back().name;
  }
  return page;
}

base::Result<ListPage> FaultStorage::list(const ListOptions& options) {
  using Answer = base::Result<ListPage>;
  return inject(FaultOperation::list, options.prefix, [&](const FaultOptions& faults) -> Answer {
    if (faults.stale_list <= 0) return inner_.list(options);
    return stale_page(options, faults);
  });
}

base::Result<ListPage> FaultStorage::list_versions(const ListOptions& options) {
  using Answer = base::Result<ListPage>;
  return inject(FaultOperation::list_versions, options.prefix,
                [&](const FaultOptions& faults) -> Answer {
                  auto page = TRY(inner_.list_versions(options));
                  hide_recent(page.objects, faults);
                  return page;
                });
}

base::Result<std::vector<RemoveOutcome>> FaultStorage::remove_some(
    std::span<const std::string> names, const FaultOptions& faults) {
  TRY(check_batch(names.size(), describe()));
  std::vector<RemoveOutcome> outcomes(names.size());
  std::vector<std::string> passed;
  std::vector<std::size_t> positions;
  std::vector<ObjectInfo> infos;
  for (std::size_t i = 0; i < names.size(); ++i) {
    outcomes[i].name = names[i];
    if (chance(faults.remove_partial)) {
      outcomes[i].error = Error(ErrorCode::unavailable, "'" + names[i] + "' was left (injected)");
      continue;
    }
    passed.push_back(names[i]);
    positions.push_back(i);
    infos.emplace_back();
    if (faults.stale_list <= 0) continue;
    if (auto info = inner_.stat(names[i]); info.ok()) infos.back() = std::move(info).value();
  }
  auto done = TRY(inner_.remove(passed));
  const base::Time now = clock_.now();
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (!done[i].error && !infos[i].name.empty()) {
      removed_->record(std::move(infos[i]), now, faults.staleness);
    }
    outcomes[positions[i]] = std::move(done[i]);
  }
  return outcomes;
}

base::Result<std::vector<RemoveOutcome>> FaultStorage::remove(std::span<const std::string> names) {
  const std::string_view first = names.empty() ? std::string_view() : names.front();
  return inject(FaultOperation::remove, first,
                [&](const FaultOptions& faults) { return remove_some(names, faults); });
}

base::Result<void> FaultStorage::retain(std::string_view name, base::Time until) {
  return inject(FaultOperation::retain, name,
                [&](const FaultOptions&) { return inner_.retain(name, until); });
}

base::Result<std::optional<std::uint64_t>> FaultStorage::free_bytes() {
  return inject(FaultOperation::free_bytes, {},
                [&](const FaultOptions&) { return inner_.free_bytes(); });
}

}  // namespace holdfast::storage
