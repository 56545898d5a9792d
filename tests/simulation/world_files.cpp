// A backup as the engine would do it, with a map in place of a file system.
#include "simulation/world_files.hpp"

#include <array>
#include <cstring>
#include <mutex>
#include <optional>

#include "codec/hash.hpp"
#include "repository/path_key.hpp"
#include "repository/repository_reader.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::simulation {

namespace {

using namespace repository;

constexpr std::uint64_t blocks = 24;  // that all contents are made of
constexpr std::size_t files_max = 12;

base::Bytes block(std::uint64_t number) {
  base::SeededRandom random(number * 7919 + 1);
  base::Bytes bytes(700 + random.below(5000));
  random.fill(bytes);
  return bytes;
}

base::Bytes content(base::Random& random) {
  base::Bytes bytes;
  for (auto n = random.below(4); n > 0; --n) {
    const auto next = block(random.below(blocks));
    bytes.insert(bytes.end(), next.begin(), next.end());
  }
  return bytes;
}

base::Result<void> write_content(EntrySink& sink, base::ByteView bytes) {
  TRY(sink.begin_content(bytes.size()));
  while (!bytes.empty()) {
    const auto room = TRY(sink.buffer());
    const auto size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    TRY(sink.filled(size));
    bytes = bytes.subspan(size);
  }
  return {};
}

base::Result<void> read_extent(RepositoryReader& reader, const Extent& extent, base::Bytes& out) {
  const auto at = out.size();
  out.resize(at + extent.length);
  if (extent.kind == Extent::Kind::hole) return {};
  const std::array<ChunkId, 1> ids{extent.chunk};
  const auto receive = [&](const ChunkId&,
                           base::Result<base::ByteView> plaintext) -> base::Result<void> {
    const auto bytes = TRY(std::move(plaintext));
    if (extent.offset + extent.length > bytes.size())
      return base::Error(base::ErrorCode::damaged, "an extent passes its chunk's end");
    std::memcpy(out.data() + at, bytes.data() + extent.offset, extent.length);
    return {};
  };
  return reader.fetch(ids, receive, {});
}

}  // namespace

void change_files(WorldFiles& files, base::Random& random) {
  for (auto n = 1 + random.below(4); n > 0; --n) {
    const auto path =
        "/d" + std::to_string(random.below(3)) + "/f" + std::to_string(random.below(8));
    if (files.size() >= files_max || random.below(4) == 0) {
      files.erase(path);
    } else {
      files[path] = content(random);
    }
  }
}

base::Result<CommittedSnapshot> write_files(Repository& repository, const WorldFiles& files,
                                            const std::string& label) {
  SnapshotOptions options;
  options.source = "files";
  options.host = label;
  options.label = label;
  options.program = "simulation";
  options.started = repository.environment().clock.now();
  auto writer = TRY(SnapshotWriter::begin(repository, std::move(options)));
  std::optional<TreeCursor> parent;
  if (writer->parent() != nullptr)
    parent.emplace(writer->parent_nodes(), writer->parent()->summary.root);
  std::map<base::Bytes, const base::Bytes*> by_key;
  for (const auto& [path, bytes] : files) by_key[TRY(key_of_path(path))] = &bytes;
  for (const auto& [key, bytes] : by_key) {
    const auto hash = codec::sha256(*bytes);
    Entry entry;
    entry.key = key;
    entry.token.assign(hash.begin(), hash.end());
    if (parent) {
      const auto found = parent->seek(key);
      const auto old = found.ok() ? parent->peek() : base::Result<const Entry*>(nullptr);
      if (!old.ok() || !found.ok()) {
        parent.reset();  // a damaged parent is no parent
      } else if (old.value() != nullptr && old.value()->key == key &&
                 old.value()->token == entry.token &&
                 TRY(writer->reuse(*old.value())) == EntrySink::Reuse::taken) {
        continue;
      }
    }
    TRY(write_content(*writer, *bytes));
    TRY(writer->end_content(std::move(entry)));
  }
  return writer->commit({});
}

base::Result<WorldFiles> read_files(Repository& repository, const TreeRoot& root) {
  auto reader = TRY(RepositoryReader::open(repository, repository::Following::prunes));
  WorldFiles files;
  TreeCursor cursor(*reader, root);
  while (const auto entry = TRY(cursor.next())) {
    base::Bytes bytes;
    ExtentCursor extents(*reader, entry->content, entry->size);
    while (const auto extent = TRY(extents.next())) TRY(read_extent(*reader, *extent, bytes));
    files[TRY(path_of_key(entry->key))] = std::move(bytes);
  }
  return files;
}

}  // namespace holdfast::simulation
