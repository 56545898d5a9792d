// EntrySink: what a source writes a snapshot into. The source walks in key order and gives each
// item with its content; chunking, deduplication, compression, encryption and the tree happen
// behind, concurrently. Used by one task.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "repository/entry.hpp"

namespace holdfast::repository {

// Unless the repository's chunk_max is less.
inline constexpr std::size_t page_chunk_size = std::size_t{128} * base::KiB;

class EntrySink {
 public:
  virtual ~EntrySink() = default;

  // An entry without content. Entries come in strictly ascending order of key, unless the sink
  // sorts them (EntryOrder::any).
  virtual base::Result<void> add(Entry entry) = 0;

  // An unchanged entry with its content, taken from the parent snapshot. `read_again`: a chunk of
  // it can't be relied on any more (a prune is about to delete it); nothing was added, the content
  // must be read.
  enum class Reuse { taken, read_again };
  virtual base::Result<Reuse> reuse(Entry entry) = 0;

  // Content, between begin_content and end_content: fill buffer() and say how much with filled(),
  // or skip a hole. `expected_size` chooses between bundling and streaming; another size than
  // expected is allowed.
  virtual base::Result<void> begin_content(std::uint64_t expected_size) = 0;
  // The same for content that is overwritten in place, such as the files of a database: cut every
  // page_chunk_size bytes and not where its bytes say, so that of a later version only those chunks
  // are new in which something changed.
  virtual base::Result<void> begin_pages(std::uint64_t expected_size) {
    return begin_content(expected_size);
  }
  // The same for content that is put together: pieces of the parent snapshot's contents by
  // reuse_extent(), new bytes and holes between them. New bytes share chunks with those of the
  // next such content.
  virtual base::Result<void> begin_overlay() = 0;
  // The next bytes of an overlay: an extent of the parent's or a part of one. read_again: nothing
  // was added, the overlay can't be made.
  virtual base::Result<Reuse> reuse_extent(const Extent& extent) = 0;
  // At least one byte, usually hundreds of KiB; for bundled content at least expected_size + 1 in
  // the first call.
  virtual base::Result<base::MutableByteView> buffer() = 0;
  virtual base::Result<void> filled(std::size_t size) = 0;
  virtual base::Result<void> hole(std::uint64_t size) = 0;
  // Sets the entry's size and content and adds it.
  virtual base::Result<void> end_content(Entry entry) = 0;
  // Forgets what was filled since begin_content; the entry isn't added.
  virtual void abandon_content() = 0;

  // Something that the user must know of, kept in the snapshot. `path` is raw bytes.
  virtual void warn(std::string path, std::string message) = 0;
};

}  // namespace holdfast::repository
