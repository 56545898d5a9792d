// Entry: one item of a snapshot (a file, a directory, an object of a bucket) with its extents, as
// docs/internals/repository_format.md section 4.1 states. Attributes and token are opaque here:
// they belong to the source.
#pragma once

#include <compare>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

enum class EntryKind : std::uint8_t {
  file = 1,
  directory = 2,
  symlink = 3,
  hard_link = 4,
  character_device = 5,
  block_device = 6,
  fifo = 7,
  socket = 8,
  object = 9,
};

// A run of a file's bytes: a part of a chunk's plaintext, or a hole that reads as zeros.
struct Extent {
  enum class Kind : std::uint8_t { data = 0, hole = 1 };
  Kind kind = Kind::data;
  std::uint64_t length = 0;  // bytes, at least 1
  ChunkId chunk{};           // data only
  std::uint64_t offset = 0;  // of the first byte in the chunk
  bool operator==(const Extent&) const = default;
};

// The root of a tree of extents, for content of more than `inline_extents_max` of them.
struct ExtentTree {
  std::uint8_t level = 0;
  ChunkId root{};
  bool operator==(const ExtentTree&) const = default;
};

constexpr std::size_t inline_extents_max = 64;

// Nothing (no content), a short list, or a tree.
using Content = std::variant<std::monostate, std::vector<Extent>, ExtentTree>;

struct Entry {
  base::Bytes key;      // orders the entries, bytewise; see path_key.hpp for files
  base::Bytes version;  // of an object in a versioned bucket; else empty
  EntryKind kind = EntryKind::file;
  std::uint64_t size = 0;  // of the content, bytes
  Content content;
  base::Bytes attributes;
  base::Bytes token;
  bool operator==(const Entry&) const = default;
};

// The root of a snapshot's tree and its totals.
struct TreeRoot {
  std::uint8_t level = 0;
  ChunkId id{};
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of content
  bool operator==(const TreeRoot&) const = default;
};

}  // namespace holdfast::repository
