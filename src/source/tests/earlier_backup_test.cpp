// What the next incremental backup finds in a snapshot's tree, and what a server is told of it.
#include "postgres/earlier_backup.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "postgres/backup_manifest.hpp"
#include "support/memory_tree.hpp"

namespace holdfast::source {
namespace {

using base::ErrorCode;
using repository::Entry;
using testing::HasSubstr;
using testing::Not;

const ManifestToken token{.system = 4711,
                          .ranges = {{.timeline = 1, .start = 0x2000028, .end = 0x2000100}}};

class Snapshot {
 public:
  void add(std::string_view path, std::uint64_t size, base::Bytes entry_token) {
    Entry entry;
    entry.key = key_in_snapshot(path).value();
    entry.token = std::move(entry_token);
    entry.size = size;
    if (size > 0) {
      entry.content =
          std::vector<repository::Extent>{{.kind = repository::Extent::Kind::hole, .length = size}};
    }
    entries_[entry.key] = entry;
  }
  base::Result<EarlierBackup> open() {
    repository::TreeBuilder tree(chunks_);
    for (const auto& [key, entry] : entries_) TRY(tree.add(entry));
    const auto root = TRY(tree.finish());
    return EarlierBackup::open(chunks_, root);
  }

 private:
  test::MemoryChunks chunks_;
  std::map<base::Bytes, Entry> entries_;
};

std::string all_of(const std::function<base::Result<base::ByteView>()>& pieces) {
  std::string text;
  while (true) {
    const auto piece = pieces();
    EXPECT_TRUE(piece.ok());
    if (!piece.ok() || piece.value().empty()) return text;
    text += base::as_text(piece.value());
  }
}

TEST(EarlierBackup, PathsAndKeysBelongTogether) {
  for (const std::string path :
       {"base/5/16384", "backup_manifest", "pg_tblspc/16400/PG_17_202406281/5/16384"}) {
    EXPECT_EQ(local_path_of(key_in_snapshot(path).value()), path);
  }
  EXPECT_EQ(local_path_of(base::Bytes()), "");
  const auto other = base::as_bytes("tablespaces.json");
  EXPECT_EQ(local_path_of(other), "");
}

TEST(EarlierBackup, ItsManifestHasTheRelationsThatCanBeLaidOver) {
  Snapshot snapshot;
  snapshot.add("backup_manifest", 10, encode_token(token));
  snapshot.add("base/5/16384", 16384, encode_token(RelationToken{.crc = 1}));
  snapshot.add("base/5/16385", 0, encode_token(RelationToken{}));
  snapshot.add("base/5/16386", 100, encode_token(RelationToken{}));
  snapshot.add("base/5/16387", 8192, {});
  snapshot.add("base/5/PG_VERSION", 3, {});
  snapshot.add("pg_tblspc/16400/PG_17_2/5/7", 8192, encode_token(RelationToken{}));
  const auto backup = snapshot.open().value();
  EXPECT_EQ(backup.cluster(), 4711U);
  const auto text = all_of(backup.manifest());
  EXPECT_THAT(text, HasSubstr("\"System-Identifier\": 4711,\n"));
  EXPECT_THAT(text, HasSubstr(R"({ "Path": "base/5/16384", "Size": 16384 })"));
  EXPECT_THAT(text, HasSubstr(R"({ "Path": "base/5/16385", "Size": 0 })"));
  EXPECT_THAT(text, HasSubstr(R"({ "Path": "pg_tblspc/16400/PG_17_2/5/7", "Size": 8192 })"));
  EXPECT_THAT(text, HasSubstr(R"("Start-LSN": "0/2000028", "End-LSN": "0/2000100" })"));
  for (const auto* absent : {"16386", "16387", "PG_VERSION", "backup_manifest"}) {
    EXPECT_THAT(text, Not(HasSubstr(absent)));
  }
  // The checksum is of all lines before it.
  const auto last = text.rfind("\"Manifest-Checksum\"");
  const auto hash = base::to_hex(codec::sha256(base::as_bytes(text.substr(0, last))));
  EXPECT_EQ(text.substr(last), "\"Manifest-Checksum\": \"" + hash + "\"}\n");
}

TEST(EarlierBackup, ALargeManifestComesInPieces) {
  Snapshot snapshot;
  snapshot.add("backup_manifest", 10, encode_token(token));
  for (int i = 0; i < 20'000; ++i) {
    snapshot.add(fmt::format("base/5/{}", 16384 + i), 8192, encode_token(RelationToken{}));
  }
  const auto backup = snapshot.open().value();
  const auto text = all_of(backup.manifest());
  const auto last = text.rfind("\"Manifest-Checksum\"");
  EXPECT_THAT(text.substr(last),
              HasSubstr(base::to_hex(codec::sha256(base::as_bytes(text.substr(0, last))))));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 20'000 + 3 + 1 + 1 + 1 + 1 + 1);
}

TEST(EarlierBackup, RelationsAreFound) {
  Snapshot snapshot;
  snapshot.add("backup_manifest", 10, encode_token(token));
  snapshot.add("base/5/16384", 16384, encode_token(RelationToken{.crc = 1}));
  snapshot.add("base/5/16387", 8192, {});
  const auto backup = snapshot.open().value();
  const auto found = backup.relation("base/5/16384").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->entry.size, 16384U);
  EXPECT_EQ(found->token.crc, 1U);
  EXPECT_FALSE(backup.relation("base/5/16385").value().has_value());
  EXPECT_FALSE(backup.relation("base/5/16387").value().has_value()) << "without a token";
}

TEST(EarlierBackup, WithoutItsTokenItIsNone) {
  Snapshot without;
  without.add("base/5/16384", 16384, encode_token(RelationToken{}));
  EXPECT_EQ(without.open().error().code(), ErrorCode::unsupported);
  Snapshot older;
  older.add("backup_manifest", 10, {});
  EXPECT_EQ(older.open().error().code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace holdfast::source
