// A repository in memory for tests of sources: a sink that cuts contents into chunks and builds a
// real tree of them, and a reader that gives them back, loses some, or damages some.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "io/executor.hpp"
#include "repository/content_reader.hpp"
#include "repository/entry_sink.hpp"
#include "repository/tree_builder.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::source::test {

// Chunks by id. Thread-safe for reading.
class MemoryChunks final : public repository::ContentReader, public repository::NodeSink {
 public:
  base::Result<repository::ChunkId> put(base::Bytes bytes) override;
  base::Result<base::Bytes> get(const repository::ChunkId& id) override;
  // On two tasks, in the order of ids.
  base::Result<void> fetch(std::span<const repository::ChunkId> ids, const Receive& receive,
                           std::stop_token stop) override;
  // From now on reading this chunk fails with damaged.
  void damage(const repository::ChunkId& id) { damaged_.insert(id); }
  [[nodiscard]] std::size_t fetches() const { return fetches_; }

 private:
  std::map<repository::ChunkId, base::Bytes> chunks_;
  std::set<repository::ChunkId> damaged_;
  io::ThreadExecutor executor_;
  std::size_t fetches_ = 0;
};

struct Warning {
  std::string path;
  std::string message;
};

// Contents up to `bundle_file_max` share chunks of `chunk_size`; larger ones are cut every
// `chunk_size` bytes.
class MemorySink final : public repository::EntrySink {
 public:
  struct Sizes {
    std::size_t chunk = 64 * 1024;
    std::size_t bundle_file_max = 32 * 1024;
  };
  explicit MemorySink(MemoryChunks& chunks) : MemorySink(chunks, Sizes()) {}
  MemorySink(MemoryChunks& chunks, Sizes sizes);
  base::Result<void> add(repository::Entry entry) override;
  base::Result<Reuse> reuse(repository::Entry entry) override;
  base::Result<void> begin_content(std::uint64_t expected_size) override;
  base::Result<void> begin_overlay() override;
  base::Result<Reuse> reuse_extent(const repository::Extent& extent) override;
  base::Result<base::MutableByteView> buffer() override;
  base::Result<void> filled(std::size_t size) override;
  base::Result<void> hole(std::uint64_t size) override;
  base::Result<void> end_content(repository::Entry entry) override;
  void abandon_content() override;
  void warn(std::string path, std::string message) override;

  base::Result<repository::TreeRoot> finish();
  [[nodiscard]] const std::vector<Warning>& warnings() const { return warnings_; }
  [[nodiscard]] const std::vector<repository::Entry>& entries() const { return entries_; }
  [[nodiscard]] std::size_t reused() const { return reused_; }
  // The next reuse() or reuse_extent() asks for reading.
  void refuse_reuse() { refuses_reuse_ = true; }

 private:
  base::Result<void> flush_bundle();
  base::Result<void> flush_piece();
  base::Result<void> take(repository::Entry entry);

  MemoryChunks& chunks_;
  Sizes sizes_;
  repository::TreeBuilder tree_;
  base::Bytes buffer_;
  bool in_content_ = false;
  bool bundled_ = false;
  base::Bytes piece_;                        // of the content at hand
  std::vector<repository::Extent> extents_;  // of the content at hand; a zero id: the bundle
  base::Bytes bundle_;
  std::vector<repository::Entry> waiting_;  // for the bundle's id
  std::vector<repository::Entry> entries_;
  std::vector<Warning> warnings_;
  std::size_t reused_ = 0;
  bool refuses_reuse_ = false;
};

}  // namespace holdfast::source::test
