// Reading a snapshot in order. A snapshot whose only path is a file, or of a kind without paths
// that has one file, is that file.
#include "export_content.hpp"

#include <algorithm>
#include <optional>

#include "base/units.hpp"
#include "engine/content_stream.hpp"
#include "repository/path_key.hpp"
#include "repository/repository_reader.hpp"
#include "repository/tree_cursor.hpp"
#include "zstd_stream.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using repository::Entry;
using repository::EntryKind;

namespace {

constexpr std::size_t piece_size = base::MiB;

class ContentExport {
 public:
  ContentExport(repository::Repository& repository, repository::RepositoryReader& reader,
                const repository::SnapshotRecord& snapshot, const std::stop_token& stop)
      : executor_(repository.environment().executor),
        reader_(reader),
        snapshot_(snapshot),
        stop_(stop) {}

  // The only file, if that is what the snapshot is.
  Result<std::optional<Entry>> single_file() {
    std::optional<Entry> only;
    repository::TreeCursor entries(reader_, snapshot_.summary.root);
    while (auto entry = TRY(entries.next())) {
      if (entry->kind == EntryKind::directory) continue;
      if (only || entry->kind != EntryKind::file) return std::optional<Entry>();
      only = std::move(*entry);
    }
    const auto& paths = snapshot_.summary.paths;
    if (!only || paths.size() > 1) return std::optional<Entry>();
    if (paths.empty() || !base::as_text(paths[0]).starts_with('/')) return only;
    const auto key = TRY(repository::key_of_path(base::as_text(paths[0])));
    return key == only->key ? std::move(only) : std::optional<Entry>();
  }

  Result<void> copy(const Entry& entry, const ByteSink& out) {
    ContentStream stream(reader_, executor_, entry.content, entry.size);
    base::Bytes buffer(std::min<std::uint64_t>(piece_size, entry.size));
    std::uint64_t offset = 0;
    while (offset < entry.size) {
      if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
      const auto got = TRY(stream.read(offset, buffer));
      if (got == 0) return Error(ErrorCode::damaged, "a content is shorter than its size");
      TRY(out(base::ByteView(buffer).first(got)));
      offset += got;
    }
    return {};
  }

  Result<void> write_tar(const ByteSink& out) {
    TarWriter tar(out);
    repository::TreeCursor entries(reader_, snapshot_.summary.root);
    while (const auto entry = TRY(entries.next())) {
      if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
      const auto path = TRY(repository::path_of_key(entry->key));
      if (path == "/" || entry->kind == EntryKind::socket) continue;
      TRY_CONTEXT(add(tar, *entry, path.substr(1)), base::printable(path));
    }
    return tar.finish();
  }

 private:
  Result<void> add(TarWriter& tar, const Entry& entry, const std::string& path) {
    TarEntry made{.path = path,
                  .kind = entry.kind,
                  .size = entry.size,
                  .attributes = TRY(source::decode_attributes(entry.attributes)),
                  .link = {}};
    if (entry.kind == EntryKind::object) {
      return Error(ErrorCode::unsupported, "objects of a bucket can't be written into a tar");
    }
    if (entry.kind == EntryKind::hard_link) {
      if (!made.attributes.hard_link_key) {
        return Error(ErrorCode::damaged, "a hard link without the file it shares its content with");
      }
      made.link = TRY(repository::path_of_key(*made.attributes.hard_link_key)).substr(1);
    }
    TRY(tar.begin(made));
    if (entry.kind != EntryKind::file || entry.size == 0) return {};
    return copy(entry, [&](base::ByteView bytes) { return tar.content(bytes); });
  }

  io::Executor& executor_;
  repository::RepositoryReader& reader_;
  const repository::SnapshotRecord& snapshot_;
  const std::stop_token& stop_;
};

}  // namespace

Result<void> write_content(repository::Repository& repository,
                           const repository::SnapshotRecord& snapshot, const std::string& name,
                           const ByteSink& out, const std::stop_token& stop) {
  const auto reader =
      TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
  ContentExport content(repository, *reader, snapshot, stop);
  const auto file = TRY(content.single_file());
  if (file) return content.copy(*file, out);
  auto plain = name;
  for (const auto* end : {".gpg", ".enc"}) {
    if (plain.ends_with(end)) plain.resize(plain.size() - 4);
  }
  if (!plain.ends_with(".zst")) return content.write_tar(out);
  ZstdStream compressed(out);
  TRY(content.write_tar([&](base::ByteView bytes) { return compressed.write(bytes); }));
  return compressed.finish();
}

}  // namespace holdfast::engine
