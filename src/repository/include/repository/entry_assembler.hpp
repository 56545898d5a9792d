// EntryAssembler: takes entries in order, waits until the chunks that they refer to have ids, and
// builds the tree.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "io/bounded_queue.hpp"
#include "repository/chunk_pipeline.hpp"
#include "repository/entry_sorter.hpp"
#include "repository/node_cache.hpp"
#include "repository/small_file_table.hpp"
#include "repository/tree_builder.hpp"

namespace holdfast::repository {

// A run of content whose chunk may not have its id yet.
struct PendingExtent {
  ChunkJobPtr job;  // null: a hole
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// What the assembler is told, in order.
struct CompleteEntry {
  Entry entry;
};
struct BundledEntry {  // its content is a part of a bundle
  Entry entry;
  PendingExtent extent;
  Fingerprint fingerprint{};
};
struct ContentPart {  // the next extents of the content that is being streamed
  std::vector<PendingExtent> extents;
};
struct StreamedEntry {  // ends the streamed content
  Entry entry;
};
struct AbandonedContent {};
using AssemblyStep =
    std::variant<CompleteEntry, BundledEntry, ContentPart, StreamedEntry, AbandonedContent>;

// How entries come: in the order of the tree, or in any order, sorted before they go into it.
enum class EntryOrder { by_key, any };

// push() by one task; the assembly runs on a task of its own.
class EntryAssembler {
 public:
  EntryAssembler(io::Executor& executor, ChunkStore& store, ChunkPipeline& pipeline,
                 SmallFileTable* small_files, std::unique_ptr<NodeCacheWriter> node_cache,
                 std::unique_ptr<EntrySorter> sorter = nullptr);  // with one: entries in any order
  ~EntryAssembler();

  base::Result<void> push(AssemblyStep step);
  // No more steps; the finished tree. The tree's packs are handed to the store.
  base::Result<TreeRoot> finish();
  // After finish(): the nodes of this tree, for the local cache.
  [[nodiscard]] NodeCacheWriter& node_cache() { return *node_cache_; }

 private:
  class StoringSink;
  void run();
  base::Result<void> take(AssemblyStep& step);
  base::Result<void> place(Entry entry);
  base::Result<Extent> resolve(const PendingExtent& pending);
  base::Result<void> send();

  ChunkStore& store_;
  ChunkPipeline& pipeline_;
  SmallFileTable* small_files_;
  std::unique_ptr<NodeCacheWriter> node_cache_;
  std::unique_ptr<EntrySorter> sorter_;
  std::unique_ptr<StoringSink> sink_;
  TreeBuilder tree_;
  std::optional<ExtentTreeBuilder> content_;
  std::vector<AssemblyStep>
      batch_;  // the pusher's own: steps travel in batches, a queue operation each
  io::BoundedQueue<std::vector<AssemblyStep>> steps_;
  std::optional<base::Error> failure_;
  TreeRoot root_;
  std::unique_ptr<io::Task> task_;
};

// How many steps may be under way between the pusher and the tree. A bundle must be handed to the
// pipeline before more than half of them follow its first entry, or the two would wait for each
// other.
constexpr std::size_t assembly_batch_size = 256;
constexpr std::size_t assembly_batches_max = 64;
constexpr std::size_t assembly_steps_max = assembly_batch_size * assembly_batches_max;

}  // namespace holdfast::repository
