// Nodes in memory and made-up entries.
#include "tree_fixture.hpp"

#include <algorithm>
#include <cstdio>

namespace holdfast::repository {

using base::Bytes;
using base::Error;
using base::ErrorCode;
using base::Result;

Result<ChunkId> MemoryNodes::put(Bytes node) {
  const auto id = id_of(node);
  nodes.insert_or_assign(id, std::move(node));
  return id;
}

Result<Bytes> MemoryNodes::get(const ChunkId& id) {
  reads.push_back(id);
  if (const auto failure = failures.find(id); failure != failures.end()) return failure->second;
  const auto found = nodes.find(id);
  if (found == nodes.end()) return Error(ErrorCode::not_found, "no such node");
  return found->second;
}

ChunkId id_of(base::ByteView bytes) { return codec::sha256(bytes); }

ChunkId random_id(base::Random& random) { return random.array<32>(); }

Bytes bytes_of(std::string_view text) {
  const auto view = base::as_bytes(text);
  return {view.begin(), view.end()};
}

Bytes numbered_key(std::uint64_t number) {
  char text[64];
  const int length = std::snprintf(text, sizeof text, "usr/share/package-%05llu/file-%03llu.txt",
                                   static_cast<unsigned long long>(number / 100),
                                   static_cast<unsigned long long>(number % 100));
  auto key = bytes_of({text, static_cast<std::size_t>(length)});
  std::replace(key.begin(), key.end(), base::Byte{'/'}, base::Byte{0});
  return key;
}

Entry numbered_entry(std::uint64_t number, std::uint64_t salt) {
  base::SeededRandom random(number * 1000 + salt);
  Entry entry;
  entry.key = numbered_key(number);
  Extent extent;
  extent.length = 1 + random.below(20'000);
  extent.offset = random.below(1'000'000);
  base::SeededRandom chunks(number / 40);  // some files share a chunk
  extent.chunk = random_id(chunks);
  entry.size = extent.length;
  entry.content = std::vector<Extent>{extent};
  entry.attributes.resize(50);
  random.fill(entry.attributes);
  entry.token.resize(32);
  random.fill(entry.token);
  return entry;
}

Extent any_extent(base::Random& random) {
  Extent extent;
  extent.length = 1 + random.below(random.below(2) == 0 ? 100 : 8'000'000);
  if (random.below(4) == 0) {
    extent.kind = Extent::Kind::hole;
    return extent;
  }
  extent.chunk = random_id(random);
  extent.offset = random.below(2) * random.below(100'000);
  return extent;
}

Entry any_entry(base::Random& random, Bytes key) {
  Entry entry;
  entry.key = std::move(key);
  entry.version.resize(random.below(3) == 0 ? random.below(20) : 0);
  random.fill(entry.version);
  entry.kind = static_cast<EntryKind>(1 + random.below(9));
  entry.attributes.resize(random.below(random.below(50) == 0 ? 20'000 : 60));
  random.fill(entry.attributes);
  entry.token.resize(random.below(40));
  random.fill(entry.token);
  switch (random.below(3)) {
    case 0: entry.size = random.below(1000); break;
    case 1: {
      std::vector<Extent> list(1 + random.below(random.below(10) == 0 ? inline_extents_max : 3));
      for (auto& extent : list) {
        extent = any_extent(random);
        entry.size += extent.length;
      }
      entry.content = std::move(list);
      break;
    }
    default:
      entry.size = random.below(std::uint64_t{1} << 40);
      entry.content = ExtentTree{static_cast<std::uint8_t>(random.below(4)), random_id(random)};
  }
  return entry;
}

std::vector<Entry> any_entries(base::Random& random, std::size_t count) {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    Bytes key(random.below(random.below(20) == 0 ? 300 : 12));
    for (auto& byte : key)
      byte = static_cast<base::Byte>(random.below(5) == 0 ? 0 : 'a' + random.below(4));
    entries.push_back(any_entry(random, std::move(key)));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return compare_entries(a, b) < 0; });
  entries.erase(
      std::unique(entries.begin(), entries.end(),
                  [](const Entry& a, const Entry& b) { return compare_entries(a, b) == 0; }),
      entries.end());
  return entries;
}

TreeRoot build(NodeSink& sink, const std::vector<Entry>& entries) {
  TreeBuilder builder(sink);
  for (const auto& entry : entries) CHECK(builder.add(entry).ok(), "an entry was refused");
  auto root = builder.finish();
  CHECK(root.ok(), "the tree was not built");
  return root.value();
}

Result<std::vector<Entry>> try_read_all(NodeSource& source, const TreeRoot& root) {
  TreeCursor cursor(source, root);
  std::vector<Entry> entries;
  while (auto entry = TRY(cursor.next())) entries.push_back(std::move(*entry));
  return entries;
}

std::vector<Entry> read_all(NodeSource& source, const TreeRoot& root) {
  auto entries = try_read_all(source, root);
  CHECK(entries.ok(), entries.error().to_string());
  return std::move(entries).value();
}

}  // namespace holdfast::repository
