// Making a snapshot: registering, finding the parent, committing. How contents become chunks is in
// snapshot_content.cpp.
#include "repository/snapshot_writer.hpp"

#include "repository/object_name.hpp"
#include "repository/repository_reader.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t bundle_blocks = 8;
constexpr std::size_t stream_blocks = 4;
constexpr std::size_t page_blocks = 8;
constexpr std::size_t page_chunks_in_a_block = 16;
constexpr std::size_t tags_max = 1'000;

// What readers would refuse is refused before anything is stored.
base::Result<void> check_texts(const SnapshotOptions& options) {
  bool fits = options.tags.size() <= tags_max && options.host.size() <= tag_bytes_max &&
              options.label.size() <= tag_bytes_max;
  for (const auto& [key, value] : options.tags) {
    fits = fits && key.size() + value.size() <= tag_bytes_max;
  }
  if (fits) return {};
  return base::Error(base::ErrorCode::invalid_argument,
                     "a tag, the host or the label is too long, or there are too many tags")
      .with_hint("16 KiB each and 1,000 tags are the most");
}

}  // namespace

SnapshotWriter::SnapshotWriter(Repository& repository, SnapshotOptions options)
    : repository_(repository),
      options_(std::move(options)),
      chunker_(repository.config().chunker, repository.own_domain().chunker_key()),
      bundle_blocks_(
          repository.environment().executor,
          std::size_t{repository.config().bundle_target} + repository.config().bundle_file_max + 1,
          bundle_blocks),
      stream_blocks_(repository.environment().executor,
                     std::size_t{repository.config().chunker.size_max} * 2, stream_blocks),
      page_chunk_size_(
          std::min(page_chunk_size, std::size_t{repository.config().chunker.size_max})),
      page_blocks_(repository.environment().executor, page_chunk_size_ * page_chunks_in_a_block,
                   page_blocks) {}

// The assembler waits for the pipeline, whose lanes use the store until they have ended: the store
// goes last.
SnapshotWriter::~SnapshotWriter() {
  assembler_.reset();
  pipeline_.reset();
  store_.reset();
}

base::Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::begin(Repository& repository,
                                                                    SnapshotOptions options) {
  if (!repository.keys().writer) return needs_writing_key("a backup");
  TRY(check_texts(options));
  std::unique_ptr<SnapshotWriter> writer(new SnapshotWriter(repository, std::move(options)));
  TRY(writer->start());
  return writer;
}

base::Result<void> SnapshotWriter::start() {
  const bool is_real = options_.run == SnapshotRun::real;
  session_ = TRY(is_real ? Session::begin(repository_, "backup")
                         : Session::observe(repository_, "backup"));
  TRY(find_parent());
  const auto& domain = repository_.own_domain();
  const auto expected = parent_ ? parent_->summary.root.entries : 0;
  auto table =
      SmallFileTable::open(repository_.environment().files,
                           repository_.cache_path("small-files-" + base::to_hex(domain.id())),
                           domain.small_file_key(), expected);
  if (table.ok()) small_files_ = std::move(table).value();
  auto& executor = repository_.environment().executor;
  store_ =
      std::make_unique<ChunkStore>(repository_, *session_, options_.compression_level,
                                   is_real ? ChunkStore::Effect::store : ChunkStore::Effect::count);
  pipeline_ = std::make_unique<ChunkPipeline>(executor, *store_);
  auto cache = std::make_unique<NodeCacheWriter>(
      repository_.environment().files,
      series_cache_path(repository_, options_.source, options_.host, options_.label,
                        options_.paths));
  // The table must not learn of bundles that nobody stores.
  auto* const learning = is_real ? small_files_.get() : nullptr;
  auto sorter = options_.order == EntryOrder::any
                    ? std::make_unique<EntrySorter>(repository_.cache_path(""))
                    : nullptr;
  assembler_ = std::make_unique<EntryAssembler>(executor, *store_, *pipeline_, learning,
                                                std::move(cache), std::move(sorter));
  return {};
}

base::Result<void> SnapshotWriter::find_parent() {
  if (options_.rewrite_of) {
    parent_nodes_ = TRY(RepositoryReader::open(repository_, Following::nothing));
    parent_ = options_.rewrite_of;
    return {};
  }
  const auto list = TRY_CONTEXT(list_snapshots(repository_), "looking for the previous snapshot");
  // Only what was signed here: another writer's could say that files are unchanged which aren't.
  const auto* newest =
      newest_of_series(list, options_.source, options_.host, options_.label, options_.paths,
                       signer_id(repository_.keys().writer->verify_key()));
  if (newest == nullptr || newest->domain != repository_.own_domain().id()) return {};
  const auto path = series_cache_path(repository_, options_.source, options_.host, options_.label,
                                      options_.paths);
  auto cached =
      NodeCache::open(repository_.environment().files, path, newest->id, repository_.own_domain());
  if (cached.ok()) {
    parent_nodes_ = std::move(cached).value();
  } else if (repository_.keys().reader) {
    parent_nodes_ = TRY(RepositoryReader::open(repository_, Following::nothing));
  } else {
    return {};
  }
  parent_ = *newest;
  return {};
}

const SnapshotRecord* SnapshotWriter::parent() const { return parent_ ? &*parent_ : nullptr; }

NodeSource& SnapshotWriter::parent_nodes() {
  CHECK(parent_nodes_ != nullptr, "only a snapshot with a parent has the parent's nodes");
  return *parent_nodes_;
}

void SnapshotWriter::warn(std::string path, std::string message) {
  ++warning_count_;
  if (warnings_.size() < warnings_max) warnings_.push_back({std::move(path), std::move(message)});
}

base::Result<TreeRoot> SnapshotWriter::finish_tree() {
  CHECK(mode_ == Mode::none, "a snapshot ends between contents");
  TRY(dispatch_bundle());
  TRY(dispatch_pages());
  auto root = TRY(assembler_->finish());
  TRY(pipeline_->finish());
  return root;
}

base::Result<StoreTotals> SnapshotWriter::conclude() {
  CHECK(options_.run == SnapshotRun::preview, "a real run is committed");
  TRY(finish_tree());
  return store_->totals();
}

// Order: content and tree are durable, then the index of them, then the session is known to live,
// then the snapshot.
base::Result<CommittedSnapshot> SnapshotWriter::commit(
    std::vector<std::pair<std::string, std::uint64_t>> statistics) {
  CHECK(options_.run == SnapshotRun::real, "a preview is not committed");
  CommittedSnapshot committed;
  auto& summary = committed.summary;
  summary.root = TRY(finish_tree());
  TRY(store_->flush());
  TRY(session_->renew());

  const auto& environment = repository_.environment();
  summary.started = options_.started;
  summary.finished = options_.finished.value_or(environment.clock.now());
  summary.source = options_.source;
  summary.host = options_.host;
  summary.label = options_.label;
  summary.session = session_->id();
  summary.renewal = session_->renewal();
  summary.renewed_at = session_->renewed_at();
  summary.paths = options_.paths;
  summary.tags = options_.tags;
  if (parent_) summary.parent = options_.rewrite_of ? parent_->summary.parent : parent_->id;
  summary.program = options_.program;
  summary.warning_count = warning_count_;
  const SnapshotDetail detail{
      .command = options_.command, .warnings = warnings_, .statistics = std::move(statistics)};
  const auto body =
      encode_snapshot(repository_.id(), repository_.own_domain(),
                      repository_.config().box_public_key, summary, detail, environment.random);
  const auto object =
      sign_object(snapshot_magic, repository_.id(), *repository_.keys().writer, body);
  const auto stored = TRY_CONTEXT(put_object(repository_.storage(), snapshots_prefix, object),
                                  "committing the snapshot");
  if (stored.stored_at > summary.renewed_at + repository_.config().session_ttl) {
    const std::vector<std::string> late{object_name(snapshots_prefix, stored.hash)};
    (void)repository_.storage().remove(late);
    return base::Error(base::ErrorCode::conflict,
                       "the snapshot was stored after its session had run out")
        .with_hint("run it again: it goes on with what is stored already");
  }
  committed.id = stored.hash;
  committed.totals = store_->totals();
  assembler_->node_cache().commit(stored.hash);
  return committed;
}

}  // namespace holdfast::repository
