// Building the tree of a snapshot behind the pipeline.
#include "repository/entry_assembler.hpp"

namespace holdfast::repository {

// Stores nodes and remembers them for the local cache.
class EntryAssembler::StoringSink final : public NodeSink {
 public:
  StoringSink(ChunkStore& store, NodeCacheWriter& cache)
      : store_(store), cache_(cache), lane_(store.make_lane()) {}
  base::Result<ChunkId> put(base::Bytes node) override {
    const auto id = TRY(store_.put(lane_, ChunkType::tree, node));
    cache_.add(id, node);
    return id;
  }
  base::Result<void> finish() { return store_.finish(lane_); }

 private:
  ChunkStore& store_;
  NodeCacheWriter& cache_;
  ChunkStore::Lane lane_;
};

EntryAssembler::EntryAssembler(io::Executor& executor, ChunkStore& store, ChunkPipeline& pipeline,
                               SmallFileTable* small_files,
                               std::unique_ptr<NodeCacheWriter> node_cache,
                               std::unique_ptr<EntrySorter> sorter)
    : store_(store),
      pipeline_(pipeline),
      small_files_(small_files),
      node_cache_(std::move(node_cache)),
      sorter_(std::move(sorter)),
      sink_(std::make_unique<StoringSink>(store, *node_cache_)),
      tree_(*sink_),
      steps_(executor, assembly_batches_max) {
  task_ = executor.spawn("tree", [this] { run(); });
}

EntryAssembler::~EntryAssembler() {
  pipeline_.fail(base::Error(base::ErrorCode::cancelled, "storing was given up"));
  steps_.abandon();
  task_->join();
}

base::Result<void> EntryAssembler::push(AssemblyStep step) {
  batch_.push_back(std::move(step));
  return batch_.size() < assembly_batch_size ? base::Result<void>() : send();
}

base::Result<void> EntryAssembler::send() {
  if (steps_.push(std::exchange(batch_, {}))) return {};
  task_->join();
  return failure_ ? *failure_ : base::Error(base::ErrorCode::cancelled, "storing was given up");
}

base::Result<TreeRoot> EntryAssembler::finish() {
  if (!batch_.empty()) TRY(send());
  steps_.close();
  task_->join();
  if (failure_) return *failure_;
  return root_;
}

void EntryAssembler::run() {
  const auto assemble = [this]() -> base::Result<void> {
    while (auto batch = steps_.pop()) {
      for (auto& step : *batch) TRY(take(step));
    }
    if (sorter_) TRY(sorter_->drain([this](const Entry& entry) { return tree_.add(entry); }));
    root_ = TRY(tree_.finish());
    return sink_->finish();
  };
  auto assembled = assemble();
  if (assembled.ok()) return;
  failure_ = std::move(assembled).error();
  pipeline_.fail(*failure_);
  steps_.abandon();
}

base::Result<Extent> EntryAssembler::resolve(const PendingExtent& pending) {
  if (!pending.job)
    return Extent{.kind = Extent::Kind::hole, .length = pending.length, .chunk = {}, .offset = 0};
  TRY(pipeline_.wait(*pending.job));
  return Extent{.kind = Extent::Kind::data,
                .length = pending.length,
                .chunk = pending.job->id,
                .offset = pending.offset};
}

base::Result<void> EntryAssembler::place(Entry entry) {
  return sorter_ ? sorter_->add(std::move(entry)) : tree_.add(entry);
}

base::Result<void> EntryAssembler::take(AssemblyStep& step) {
  if (auto* complete = std::get_if<CompleteEntry>(&step)) return place(std::move(complete->entry));
  if (auto* bundled = std::get_if<BundledEntry>(&step)) {
    const auto extent = TRY(resolve(bundled->extent));
    if (small_files_ != nullptr) {
      small_files_->insert(bundled->fingerprint,
                           {.chunk = extent.chunk,
                            .offset = static_cast<std::uint32_t>(extent.offset),
                            .length = static_cast<std::uint32_t>(extent.length)});
    }
    bundled->entry.content = std::vector<Extent>{extent};
    return place(std::move(bundled->entry));
  }
  if (auto* part = std::get_if<ContentPart>(&step)) {
    if (!content_) content_.emplace(*sink_);
    for (const auto& pending : part->extents) TRY(content_->add(TRY(resolve(pending))));
    return {};
  }
  if (auto* streamed = std::get_if<StreamedEntry>(&step)) {
    if (content_) streamed->entry.content = TRY(content_->finish());
    content_.reset();
    return place(std::move(streamed->entry));
  }
  content_.reset();
  return {};
}

}  // namespace holdfast::repository
