// Machines, files and snapshots for tests.
#include "repository_fixture.hpp"

#include <mutex>

#include "repository/object_name.hpp"
#include "repository/path_key.hpp"
#include "repository/repository_reader.hpp"
#include "repository/tree_cursor.hpp"
#include "storage/immutable.hpp"

namespace holdfast::repository {

storage::Capabilities locked_bucket() {
  return {.versions = true, .retention = true, .consistent = false, .lock = lock_of_bucket};
}

TestRepository::TestRepository(storage::Capabilities capabilities)
    : made_(std::make_unique<storage::MemoryStorage>(
          clock, storage::MemoryOptions{.capabilities = capabilities, .capacity = {}})),
      storage(*made_) {
  if (capabilities.versions) {
    seen_ = std::make_unique<storage::ImmutableStorage>(std::move(made_));
  } else {
    seen_ = std::move(made_);
  }
  CreateOptions options;
  options.config = small_config();
  options.cost = {.memory_kib = 8 * 1024, .passes = 1};
  must(Repository::create(environment(), options, passphrase()));
}

Config TestRepository::small_config() {
  Config config;
  config.chunker = {.size_min = 1024, .size_target = 4096, .size_max = 16'384};
  config.pack_data_max = 64 * 1024;
  config.pack_tree_max = 16 * 1024;
  config.bundle_file_max = 1024;
  config.bundle_target = 4096;
  return config;
}

Environment TestRepository::environment(const std::string& machine) {
  return {.storage = *seen_,
          .files = files,
          .executor = executor,
          .clock = clock,
          .random = random,
          .cache_directory = cache_ / machine};
}

std::unique_ptr<Repository> TestRepository::open(const std::string& machine) {
  return must(Repository::open(environment(machine), passphrase()));
}

base::Bytes noise(std::uint64_t seed, std::size_t size) {
  base::SeededRandom random(seed);
  base::Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

base::Result<CommittedSnapshot> write_snapshot(Repository& repository, const TestFiles& content,
                                               const std::string& label) {
  SnapshotOptions options{.source = "files",
                          .host = "test",
                          .label = label,
                          .paths = {},
                          .tags = {},
                          .command = "test",
                          .program = "test",
                          .started = repository.environment().clock.now(),
                          .rewrite_of = {}};
  auto writer = TRY(SnapshotWriter::begin(repository, std::move(options)));
  std::optional<TreeCursor> parent;
  if (writer->parent() != nullptr)
    parent.emplace(writer->parent_nodes(), writer->parent()->summary.root);
  std::map<base::Bytes, const base::Bytes*> by_key;
  for (const auto& [path, bytes] : content) by_key[TRY(key_of_path(path))] = &bytes;
  for (const auto& [key, bytes] : by_key) {
    const auto hash = codec::sha256(*bytes);
    Entry entry;
    entry.key = key;
    entry.token.assign(hash.begin(), hash.end());
    if (parent) {
      TRY(parent->seek(key));
      const auto* old = TRY(parent->peek());
      if (old != nullptr && old->key == key && old->token == entry.token &&
          TRY(writer->reuse(*old)) == EntrySink::Reuse::taken)
        continue;
    }
    TRY(writer->begin_content(bytes->size()));
    for (base::ByteView rest(*bytes); !rest.empty();) {
      const auto room = TRY(writer->buffer());
      const auto size = std::min(room.size(), rest.size());
      std::memcpy(room.data(), rest.data(), size);
      TRY(writer->filled(size));
      rest = rest.subspan(size);
    }
    TRY(writer->end_content(std::move(entry)));
  }
  return writer->commit({});
}

ObjectHash put_late_snapshot(Repository& repository, SnapshotSummary summary,
                             base::Duration earlier) {
  summary.started = summary.started - earlier;
  const auto body =
      encode_snapshot(repository.id(), repository.own_domain(), repository.config().box_public_key,
                      summary, {}, repository.environment().random);
  return must(put_object(
                  repository.storage(), snapshots_prefix,
                  sign_object(snapshot_magic, repository.id(), *repository.keys().writer, body)))
      .hash;
}

base::Result<TestFiles> read_snapshot(Repository& repository, const TreeRoot& root) {
  auto reader = TRY(RepositoryReader::open(repository, Following::nothing));
  TestFiles content;
  TreeCursor cursor(*reader, root);
  while (const auto entry = TRY(cursor.next())) {
    base::Bytes bytes;
    ExtentCursor extents(*reader, entry->content, entry->size);
    while (const auto extent = TRY(extents.next())) {
      const auto at = bytes.size();
      bytes.resize(at + extent->length);
      if (extent->kind == Extent::Kind::hole) continue;
      const std::array<ChunkId, 1> ids{extent->chunk};
      std::mutex mutex;
      TRY(reader->fetch(
          ids,
          [&](const ChunkId&, base::Result<base::ByteView> plaintext) -> base::Result<void> {
            if (!plaintext.ok()) return std::move(plaintext).error();
            const std::lock_guard lock(mutex);
            if (extent->offset + extent->length > plaintext.value().size())
              return base::Error(base::ErrorCode::damaged, "an extent passes its chunk's end");
            std::memcpy(bytes.data() + at, plaintext.value().data() + extent->offset,
                        extent->length);
            return {};
          },
          {}));
    }
    content[TRY(path_of_key(entry->key))] = std::move(bytes);
  }
  return content;
}

}  // namespace holdfast::repository
