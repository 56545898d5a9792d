// SnapshotWriter: makes a snapshot: registers a session, takes entries and their content from a
// source, and commits. Until commit() has returned nothing counts; what was stored before is found
// and reused by a later run.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/chunker.hpp"
#include "repository/entry_assembler.hpp"
#include "repository/entry_sink.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::repository {

// preview: takes everything as a real run would, chunks, names and looks up, and stores nothing: no
// session, no pack, no snapshot.
enum class SnapshotRun { real, preview };

struct SnapshotOptions {
  int compression_level = codec::compression_level_default;
  std::string source;  // kind: "files"
  std::string host;
  std::string label;
  std::vector<base::Bytes> paths;
  Tags tags;
  std::string command;  // for the record; never holds a secret
  std::string program;
  base::Time started;
  std::optional<base::Time> finished = {};  // a copy keeps its original's; else that of the commit
  // Repair: the snapshot whose entries are taken over. It stands in for the parent.
  std::optional<SnapshotRecord> rewrite_of;
  SnapshotRun run = SnapshotRun::real;
  // any: a source that can't walk in key order. Two entries of one key are an error at the commit.
  EntryOrder order = EntryOrder::by_key;
};

struct CommittedSnapshot {
  ObjectHash id{};
  SnapshotSummary summary;
  StoreTotals totals;
};

// Used by one task.
class SnapshotWriter final : public EntrySink {
 public:
  // Registers first, then looks for the parent: so the parent can't be pruned away unnoticed.
  static base::Result<std::unique_ptr<SnapshotWriter>> begin(Repository& repository,
                                                             SnapshotOptions options);
  ~SnapshotWriter() override;

  // The snapshot that unchanged entries can be taken from; nullptr if there is none that can be
  // read here.
  [[nodiscard]] const SnapshotRecord* parent() const;
  // Its nodes. Only with a parent.
  [[nodiscard]] NodeSource& parent_nodes();

  base::Result<void> add(Entry entry) override;
  base::Result<Reuse> reuse(Entry entry) override;
  base::Result<void> begin_content(std::uint64_t expected_size) override;
  base::Result<void> begin_pages(std::uint64_t expected_size) override;
  base::Result<void> begin_overlay() override;
  base::Result<Reuse> reuse_extent(const Extent& extent) override;
  base::Result<base::MutableByteView> buffer() override;
  base::Result<void> filled(std::size_t size) override;
  base::Result<void> hole(std::uint64_t size) override;
  base::Result<void> end_content(Entry entry) override;
  void abandon_content() override;
  void warn(std::string path, std::string message) override;

  // `statistics` go into the snapshot's detail. When it returns, the snapshot is durable and
  // counts.
  base::Result<CommittedSnapshot> commit(
      std::vector<std::pair<std::string, std::uint64_t>> statistics);

  // Of a preview, in place of commit(). bytes_new is what commit() would have added; small files
  // that are equal to each other and far apart may count more than once, as may chunks beyond those
  // that a ChunkTally remembers.
  base::Result<StoreTotals> conclude();

  [[nodiscard]] StoreTotals totals() const { return store_->totals(); }
  [[nodiscard]] const std::vector<SnapshotWarning>& warnings() const { return warnings_; }
  [[nodiscard]] std::uint64_t warning_count() const { return warning_count_; }

 private:
  SnapshotWriter(Repository& repository, SnapshotOptions options);
  base::Result<void> start();
  base::Result<void> find_parent();
  base::Result<TreeRoot> finish_tree();
  base::Result<void> push(AssemblyStep step);
  base::Result<bool> all_known(const Content& content, std::uint64_t size);
  base::Result<bool> is_known(const Extent& extent);

  base::Result<void> dispatch_bundle();
  base::Result<void> open_bundle_block();
  base::Result<void> leave_bundle();
  base::Result<void> cut_stream(bool at_end);
  base::Result<void> next_stream_block();
  base::Result<void> send_parts();
  base::Result<void> dispatch_pages();
  base::Result<base::MutableByteView> page_buffer();
  base::Result<void> pages_filled(std::size_t size);

  // Content being bundled, streamed, cut into pages' chunks, or put together.
  enum class Mode { none, bundled, streamed, paged, overlaid };
  // A block being filled: [begin, end) waits to become chunks.
  struct Filling {
    BlockPool::Lease block;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  Repository& repository_;
  SnapshotOptions options_;
  std::unique_ptr<Session> session_;
  std::optional<SnapshotRecord> parent_;
  std::unique_ptr<NodeSource> parent_nodes_;
  codec::Chunker chunker_;
  std::unique_ptr<SmallFileTable> small_files_;
  BlockPool bundle_blocks_;
  BlockPool stream_blocks_;
  const std::size_t page_chunk_size_;
  BlockPool page_blocks_;
  std::unique_ptr<ChunkStore> store_;
  std::unique_ptr<ChunkPipeline> pipeline_;
  std::unique_ptr<EntryAssembler> assembler_;

  Mode mode_ = Mode::none;
  std::uint64_t content_size_ = 0;
  Filling bundle_;
  std::size_t bundled_start_ = 0;  // of the current small file, in the bundle's block
  ChunkJobPtr bundle_job_;         // the bundle being filled; null while no entry has a part of it
  std::size_t steps_since_bundle_ = 0;
  Filling stream_;
  Filling pages_;         // the chunk of pages being filled
  ChunkJobPtr page_job_;  // null while there is nothing in it
  std::size_t steps_since_pages_ = 0;
  std::vector<PendingExtent> parts_;
  struct FingerprintHash {
    std::size_t operator()(const Fingerprint& value) const noexcept { return IdHash()(value); }
  };
  std::unordered_map<Fingerprint, PendingExtent, FingerprintHash>
      recent_small_files_;  // not yet in the table

  ChunkId last_known_{};  // by all_known: neighbours often share a bundle
  std::vector<SnapshotWarning> warnings_;
  std::uint64_t warning_count_ = 0;
};

}  // namespace holdfast::repository
