// EntrySink: what a source writes a snapshot into. The source walks in key order and gives each
// item with its content; chunking, deduplication, compression, encryption and the tree happen
// behind, concurrently. Used by one task.
#pragma once

#include <string>

#include "base/result.hpp"
#include "repository/entry.hpp"

namespace holdfast::repository {

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
