// The walk hands out plans, each of which becomes a pack. A prune of the source may delete a pack
// that a plan reads from, after its chunks have got another place: such plans are gathered, the
// index is read again, and what they wanted is handed out anew.
#include "ciphertext_copy.hpp"

#include <algorithm>
#include <utility>

#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {

// An interruption costs at most what was stored in this time.
constexpr auto checkpoint_interval = base::seconds(60);
constexpr std::size_t waiting_chunks_max = 16'384;
constexpr std::uint64_t waiting_bytes_max = 256 * base::MiB;
// More than the cores: most of their time goes by in waiting for the two storages.
constexpr std::size_t packs_at_once = 4;
// How often in a row packs may vanish under the same chunks.
constexpr int moves_max = 5;

}  // namespace

CiphertextCopy::CiphertextCopy(Repository& from, RepositoryReader& reader, Repository& to,
                               Session& session, const CopyOptions& options)
    : from_(from),
      reader_(reader),
      to_(to),
      session_(session),
      options_(options),
      source_(*from.index(Repository::Segments::all)),
      target_(*to.index(Repository::Segments::trusted)),
      seen_(source_.chunk_count()),
      numbers_of_(reader.index_updates()),
      pending_since_(to.environment().clock.monotonic()),
      changed_(to.environment().executor.make_signal()),
      plans_(to.environment().executor, packs_at_once) {
  for (std::size_t i = 0; i < packs_at_once; ++i) {
    tasks_.push_back(to.environment().executor.spawn("pack copy", [this] { run_task(); }));
  }
}

CiphertextCopy::~CiphertextCopy() {
  plans_.abandon();
  for (auto& task : tasks_) task->join();
}

base::Result<CopyTotals> CiphertextCopy::run(const TreeRoot& root) {
  TRY(visit_tree(reader_, root, *this));
  if (visit_failure_) return *visit_failure_;
  TRY(settle());
  const std::lock_guard lock(mutex_);
  return totals_;
}

bool CiphertextCopy::enter_node(const ChunkId& id) {
  if (visit_failure_) return false;
  auto entered = is_new(ChunkType::tree, id);
  if (entered.ok()) return entered.value();
  visit_failure_ = std::move(entered).error();
  return false;
}

base::Result<void> CiphertextCopy::data_chunk(const ChunkId& id, std::uint64_t) {
  if (visit_failure_) return *visit_failure_;
  TRY(is_new(ChunkType::data, id));
  return {};
}

base::Result<void> CiphertextCopy::unreadable_node(const TreeGap& gap, const ChunkId&) {
  return gap.error;
}

// Whether the walk meets a chunk for the first time. If the target lacks it, it waits now.
base::Result<bool> CiphertextCopy::is_new(ChunkType type, const ChunkId& id) {
  if (numbers_of_ != reader_.index_updates()) TRY(renew_numbers());
  const auto number = source_.number_of(id);
  const auto found = source_.find(id);
  if (!number || !found) {
    return base::Error(base::ErrorCode::damaged,
                       "the snapshot refers to a chunk that no pack of its repository holds")
        .with_hint("see `holdfast verify`; `holdfast repository repair` keeps what is left");
  }
  if (seen_.at(*number)) return false;
  seen_.at(*number) = true;
  if (const auto there = target_.find(id)) {
    session_.rely_on(there->pack.name);
    const std::lock_guard lock(mutex_);
    ++totals_.chunks_present;
    return true;
  }
  Waiting& waiting = type == ChunkType::data ? data_ : tree_;
  waiting.chunks.push_back(*found);
  waiting.bytes += found->place.stored_size;
  const bool full =
      waiting.chunks.size() >= waiting_chunks_max || waiting.bytes >= waiting_bytes_max;
  if (full) TRY(hand_out(type, std::exchange(waiting, {})));
  return true;
}

// The source's index was read again while a node was looked for: its numbers are new. What was seen
// until now is then found in the target.
base::Result<void> CiphertextCopy::renew_numbers() {
  TRY(settle());
  numbers_of_ = reader_.index_updates();
  seen_.assign(source_.chunk_count(), false);
  return {};
}

base::Result<void> CiphertextCopy::hand_out(ChunkType type, Waiting waiting) {
  for (auto& plan : plan_packs(to_.config(), type, std::move(waiting.chunks))) {
    TRY(state());
    {
      const std::lock_guard lock(mutex_);
      ++under_way_;
    }
    if (!plans_.push(std::move(plan))) return state();
    report_progress();
    if (is_segment_due()) TRY(write_segment());
  }
  return {};
}

base::Result<void> CiphertextCopy::settle() {
  for (int moves = 0;; ++moves) {
    TRY(hand_out(ChunkType::data, std::exchange(data_, {})));
    TRY(hand_out(ChunkType::tree, std::exchange(tree_, {})));
    TRY(wait_for_tasks());
    std::vector<PackPlan> moved;
    {
      const std::lock_guard lock(mutex_);
      moved.swap(moved_);
    }
    if (moved.empty()) break;
    if (moves == moves_max) return why_moved();
    TRY(find_again(std::move(moved)));
  }
  report_progress();
  return write_segment();
}

base::Result<void> CiphertextCopy::wait_for_tasks() {
  std::unique_lock lock(mutex_);
  while (under_way_ > 0 && !failure_) changed_->wait(lock);
  if (failure_) return *failure_;
  return {};
}

base::Result<void> CiphertextCopy::find_again(std::vector<PackPlan> moved) {
  (void)TRY(reader_.look_again(reader_.looks()));
  bool has_changed = false;
  for (const auto& plan : moved) {
    Waiting& waiting = plan.type == ChunkType::data ? data_ : tree_;
    for (const auto& chunk : plan.chunks) {
      const auto found = source_.find(chunk.place.id);
      if (!found) return why_moved();
      has_changed = has_changed || found->pack.name != chunk.pack.name;
      waiting.chunks.push_back(*found);
    }
  }
  if (!has_changed) return why_moved();
  return {};
}

base::Error CiphertextCopy::why_moved() const {
  const std::lock_guard lock(mutex_);
  return *moved_error_;
}

bool CiphertextCopy::is_segment_due() const {
  if (to_.environment().clock.monotonic() - pending_since_ > checkpoint_interval) return true;
  const std::lock_guard lock(mutex_);
  return pending_.chunks.size() >= segment_chunks_max / 2;
}

base::Result<void> CiphertextCopy::write_segment() {
  pending_since_ = to_.environment().clock.monotonic();
  IndexSegment segment;
  {
    const std::lock_guard lock(mutex_);
    segment = std::exchange(pending_, {});
  }
  if (segment.packs.empty()) return {};
  std::sort(segment.chunks.begin(), segment.chunks.end(),
            [](const ChunkPlace& a, const ChunkPlace& b) { return a.id < b.id; });
  const auto name =
      TRY_CONTEXT(to_.write_segment(segment, to_.own_domain(), Repository::SignAs::writer),
                  "storing an index segment");
  return target_.add(name, segment);
}

void CiphertextCopy::run_task() {
  while (auto plan = plans_.pop()) {
    store(std::move(*plan));
    const std::lock_guard lock(mutex_);
    --under_way_;
    changed_->notify_all();
  }
}

void CiphertextCopy::store(PackPlan plan) {
  auto sealed = copy_into_pack(from_, reader_.packs(), to_, plan, options_.stop);
  if (!sealed.ok()) {
    if (sealed.error().code() != base::ErrorCode::not_found) {
      return fail(std::move(sealed).error());
    }
    const std::lock_guard lock(mutex_);
    moved_.push_back(std::move(plan));
    moved_error_ = std::move(sealed).error();
    return;
  }
  const auto& info = sealed.value().info;
  const auto name = pack_object_name(info.type, info.name);
  auto stored = sealed.value().upload->commit(name, {});
  if (!stored.ok() && stored.error().code() != base::ErrorCode::already_exists) {
    return fail(std::move(stored).error().with_context("storing " + name));
  }
  session_.rely_on(info.name);
  if (auto renewed = session_.renew_if_due(); !renewed.ok()) {
    return fail(std::move(renewed).error());
  }
  record(sealed.value());
}

void CiphertextCopy::record(const SealedPack& sealed) {
  const std::lock_guard lock(mutex_);
  const auto number = static_cast<std::uint32_t>(pending_.packs.size());
  for (auto place : sealed.chunks) {
    place.pack = number;
    pending_.chunks.push_back(place);
  }
  pending_.packs.push_back(sealed.info);
  totals_.chunks_copied += sealed.chunks.size();
  totals_.bytes_copied += sealed.info.size;
}

void CiphertextCopy::fail(base::Error error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(error);
}

base::Result<void> CiphertextCopy::state() const {
  const std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  return {};
}

void CiphertextCopy::report_progress() const {
  CopyTotals totals;
  {
    const std::lock_guard lock(mutex_);
    totals = totals_;
  }
  options_.progress(totals);
}

}  // namespace holdfast::repository
