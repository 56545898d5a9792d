// Looking up files of the earlier snapshot, and writing the manifest that the server wants of it
// ("Backup Manifest Format", version 2).
#include "earlier_backup.hpp"

#include <fmt/format.h>

#include "relation_path.hpp"
#include "repository/path_key.hpp"
#include "source/postgres/capture.hpp"

namespace holdfast::source {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;
using repository::Entry;
using repository::TreeCursor;

namespace {

constexpr std::string_view links_folder = "pg_tblspc/";
constexpr std::size_t piece_size = 256 * 1024;

Result<std::optional<Entry>> find(repository::NodeSource& nodes, const repository::TreeRoot& root,
                                  const Bytes& key) {
  TreeCursor cursor(nodes, root);
  TRY(cursor.seek(key));
  auto entry = TRY(cursor.next());
  if (entry && entry->key != key) entry.reset();
  return entry;
}

bool can_be_laid_over(const Entry& entry) {
  return entry.kind == repository::EntryKind::file && entry.size % postgres_page_size == 0 &&
         decode_relation_token(entry.token).ok();
}

// Gives the manifest's lines, a few hundred KiB at a time.
class ManifestLines {
 public:
  ManifestLines(repository::NodeSource& nodes, const repository::TreeRoot& root,
                const ManifestToken& token)
      : cursor_(nodes, root), ranges_(ranges_text(token)) {
    text_ = fmt::format(
        "{{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": {},\n"
        "\"Files\": [",
        token.system);
  }

  Result<ByteView> next() {
    if (is_concluded_) return ByteView();
    while (!is_at_end_ && text_.size() < piece_size) TRY(add_line());
    if (is_at_end_) text_ += ranges_;
    hash_.update(base::as_bytes(text_));
    piece_ = std::exchange(text_, {});
    if (is_at_end_) {
      is_concluded_ = true;
      piece_ += fmt::format("\"Manifest-Checksum\": \"{}\"}}\n", base::to_hex(hash_.finish()));
    }
    return base::as_bytes(piece_);
  }

 private:
  static std::string ranges_text(const ManifestToken& token) {
    std::string text = "\n],\n\"WAL-Ranges\": [";
    bool is_first = true;
    for (const auto& each : token.ranges) {
      text += fmt::format("{}\n{{ \"Timeline\": {}, \"Start-LSN\": \"{}\", \"End-LSN\": \"{}\" }}",
                          std::exchange(is_first, false) ? "" : ",", each.timeline,
                          wire::format_lsn(each.start), wire::format_lsn(each.end));
    }
    return text + "\n],\n";
  }

  Result<void> add_line() {
    const auto entry = TRY(cursor_.next());
    if (!entry) {
      is_at_end_ = true;
      return {};
    }
    const auto path = local_path_of(entry->key);
    if (!is_relation_path(path) || !can_be_laid_over(*entry)) return {};
    text_ += fmt::format("{}\n{{ \"Path\": \"{}\", \"Size\": {} }}",
                         std::exchange(is_first_, false) ? "" : ",", path, entry->size);
    return {};
  }

  TreeCursor cursor_;
  const std::string ranges_;
  codec::Sha256 hash_;
  std::string text_;
  std::string piece_;
  bool is_first_ = true;
  bool is_at_end_ = false;
  bool is_concluded_ = false;
};

}  // namespace

Result<Bytes> key_in_snapshot(std::string_view local_path) {
  if (!local_path.starts_with(links_folder)) {
    return repository::key_of_path(fmt::format("{}/{}", postgres_data_path, local_path));
  }
  local_path.remove_prefix(links_folder.size());
  return repository::key_of_path(fmt::format("{}/{}", postgres_tablespaces_path, local_path));
}

std::string local_path_of(ByteView key) {
  const auto path = repository::path_of_key(key);
  if (!path.ok()) return {};
  const std::string_view text = path.value();
  const auto below = [&](std::string_view folder) {
    return text.size() > folder.size() + 1 && text.starts_with(folder) &&
           text[folder.size()] == '/';
  };
  if (below(postgres_data_path)) return std::string(text.substr(postgres_data_path.size() + 1));
  if (!below(postgres_tablespaces_path)) return {};
  return std::string(links_folder) + std::string(text.substr(postgres_tablespaces_path.size() + 1));
}

Result<EarlierBackup> EarlierBackup::open(repository::NodeSource& nodes,
                                          const repository::TreeRoot& root) {
  const auto entry = TRY(find(nodes, root, TRY(key_in_snapshot("backup_manifest"))));
  if (!entry) {
    return Error(ErrorCode::unsupported, "the previous snapshot has no backup manifest");
  }
  auto token = decode_manifest_token(entry->token);
  if (!token.ok()) {
    return Error(ErrorCode::unsupported,
                 "the previous snapshot doesn't say what changed blocks could be laid over");
  }
  return EarlierBackup(nodes, root, std::move(token).value());
}

Result<std::optional<EarlierBackup::File>> EarlierBackup::relation(
    std::string_view local_path) const {
  auto entry = TRY(find(*nodes_, root_, TRY(key_in_snapshot(local_path))));
  if (!entry || !can_be_laid_over(*entry)) return std::optional<File>();
  auto token = TRY(decode_relation_token(entry->token));
  return std::optional(File{.entry = std::move(*entry), .token = token});
}

std::function<Result<ByteView>()> EarlierBackup::manifest() const {
  // Shared: a function must be copyable.
  auto lines = std::make_shared<ManifestLines>(*nodes_, root_, token_);
  return [lines] { return lines->next(); };
}

}  // namespace holdfast::source
