// Snapshots are written and read back whole; what is known is not stored again; nothing counts
// before commit.
#include "repository/snapshot_writer.hpp"

#include <gtest/gtest.h>

#include "repository/object_name.hpp"
#include "repository/path_key.hpp"
#include "repository/tree_cursor.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

TestFiles varied_files() {
  TestFiles files;
  files["/empty"] = {};
  files["/one-byte"] = {42};
  files["/just-bundled"] = noise(1, 1024);
  files["/just-streamed"] = noise(2, 1025);
  files["/large"] = noise(3, 300'000);
  files["/zeros"] = base::Bytes(100'000);
  for (int i = 0; i < 200; ++i)
    files["/dir/small" + std::to_string(i)] = noise(100 + i, 10 + i * 5);
  return files;
}

TEST(SnapshotWriter, GivesBackWhatWasWritten) {
  TestRepository test;
  auto repository = test.open();
  const auto files = varied_files();
  const auto committed = must(write_snapshot(*repository, files));
  EXPECT_EQ(must(read_snapshot(*repository, committed.summary.root)), files);
  EXPECT_EQ(committed.summary.root.entries, files.size());
}

// Writes these files in the order given, through a writer that sorts.
base::Result<CommittedSnapshot> write_unsorted(Repository& repository,
                                               const std::vector<std::string>& paths,
                                               const TestFiles& files) {
  SnapshotOptions options{.source = "test",
                          .host = "test",
                          .label = "unsorted",
                          .paths = {},
                          .tags = {},
                          .command = "test",
                          .program = "test",
                          .started = repository.environment().clock.now(),
                          .rewrite_of = {},
                          .order = EntryOrder::any};
  auto writer = TRY(SnapshotWriter::begin(repository, std::move(options)));
  for (const auto& path : paths) {
    const auto& content = files.at(path);
    Entry entry;
    entry.key = TRY(key_of_path(path));
    TRY(writer->begin_content(content.size()));
    for (base::ByteView rest(content); !rest.empty();) {
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

TEST(SnapshotWriter, SortsWhatComesInAnyOrder) {
  TestRepository test;
  auto repository = test.open();
  const auto files = varied_files();
  std::vector<std::string> paths;
  for (const auto& [path, content] : files) paths.push_back(path);
  std::reverse(paths.begin(), paths.end());
  const auto committed = must(write_unsorted(*repository, paths, files));
  EXPECT_EQ(must(read_snapshot(*repository, committed.summary.root)), files);
  // The tree is the one that a walk in order makes.
  EXPECT_EQ(must(write_unsorted(*repository, paths, files)).totals.bytes_new, 0U);
}

TEST(SnapshotWriter, TheSameNameTwiceIsNoSnapshot) {
  TestRepository test;
  auto repository = test.open();
  const TestFiles files{{"/a", noise(1, 100)}, {"/b", noise(2, 100)}};
  const auto committed = write_unsorted(*repository, {"/b", "/a", "/b"}, files);
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().code(), base::ErrorCode::invalid_argument);
}

TEST(SnapshotWriter, AnotherMachineReadsIt) {
  TestRepository test;
  const auto files = varied_files();
  const auto committed = must(write_snapshot(*test.open("a"), files));
  EXPECT_EQ(must(read_snapshot(*test.open("b"), committed.summary.root)), files);
}

TEST(SnapshotWriter, StoresNothingTwice) {
  TestRepository test;
  const auto files = varied_files();
  (void)must(write_snapshot(*test.open(), files));
  const auto unchanged = must(write_snapshot(*test.open(), files));
  EXPECT_EQ(unchanged.totals.bytes_new, 0U);
  // Without parent and small-file table the large files still deduplicate by their chunks.
  const auto elsewhere = must(write_snapshot(*test.open("fresh cache"), files, "another label"));
  EXPECT_LT(elsewhere.totals.bytes_new, 150'000U);
  EXPECT_EQ(must(read_snapshot(*test.open(), elsewhere.summary.root)), files);
}

TEST(SnapshotWriter, EqualSmallFilesAreStoredOnce) {
  TestRepository test;
  TestFiles files;
  for (int i = 0; i < 50; ++i) files["/copy" + std::to_string(i)] = noise(7, 900);
  const auto committed = must(write_snapshot(*test.open(), files));
  EXPECT_LT(committed.totals.bytes_new, 10'000U);
  EXPECT_EQ(must(read_snapshot(*test.open(), committed.summary.root)), files);
}

TEST(SnapshotWriter, WithoutCommitNothingCounts) {
  TestRepository test;
  auto repository = test.open();
  {
    auto writer = must(SnapshotWriter::begin(*repository, {.source = "files",
                                                           .host = "h",
                                                           .label = "l",
                                                           .paths = {},
                                                           .tags = {},
                                                           .command = "",
                                                           .program = "",
                                                           .started = {},
                                                           .rewrite_of = {}}));
    must(writer->begin_content(300'000));
    auto room = must(writer->buffer());
    std::memset(room.data(), 1, room.size());
    must(writer->filled(room.size()));
  }
  EXPECT_TRUE(must(list_snapshots(*repository)).snapshots.empty());
  EXPECT_TRUE(must(test.storage.list_all(sessions_prefix)).empty())
      << "an ended session leaves no object";
}

TEST(SnapshotWriter, AbandonedContentLeavesNoEntry) {
  TestRepository test;
  auto repository = test.open();
  auto writer = must(SnapshotWriter::begin(*repository, {.source = "files",
                                                         .host = "h",
                                                         .label = "l",
                                                         .paths = {},
                                                         .tags = {},
                                                         .command = "",
                                                         .program = "",
                                                         .started = {},
                                                         .rewrite_of = {}}));
  for (const std::uint64_t size : {std::uint64_t{100}, std::uint64_t{50'000}}) {
    must(writer->begin_content(size));
    const auto room = must(writer->buffer());
    std::memset(room.data(), 3, room.size());
    must(writer->filled(std::min<std::size_t>(room.size(), size)));
    writer->abandon_content();
  }
  Entry kept;
  kept.key = {'k'};
  must(writer->begin_content(5));
  std::memcpy(must(writer->buffer()).data(), "hello", 5);
  must(writer->filled(5));
  must(writer->end_content(kept));
  const auto committed = must(writer->commit({}));
  const auto files = must(read_snapshot(*repository, committed.summary.root));
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(base::as_text(files.at("/k")), "hello");
}

TEST(SnapshotWriter, FilesThatGrowOrShrinkWhileTheyAreRead) {
  TestRepository test;
  auto repository = test.open();
  auto writer = must(SnapshotWriter::begin(*repository, {.source = "files",
                                                         .host = "h",
                                                         .label = "l",
                                                         .paths = {},
                                                         .tags = {},
                                                         .command = "",
                                                         .program = "",
                                                         .started = {},
                                                         .rewrite_of = {}}));
  TestFiles expected;
  const auto put = [&](const std::string& name, std::uint64_t expected_size,
                       const base::Bytes& bytes) {
    must(writer->begin_content(expected_size));
    for (base::ByteView rest(bytes); !rest.empty();) {
      const auto room = must(writer->buffer());
      const auto size = std::min<std::size_t>({room.size(), rest.size(), 700});
      std::memcpy(room.data(), rest.data(), size);
      must(writer->filled(size));
      rest = rest.subspan(size);
    }
    Entry entry;
    entry.key.assign(name.begin(), name.end());
    must(writer->end_content(entry));
    expected["/" + name] = bytes;
  };
  put("grew-a-little", 10, noise(2, 900));
  put("grew-out-of-its-bundle", 10, noise(1, 40'000));
  put("shrank", 50'000, noise(3, 20));
  put("shrank-to-nothing", 50'000, {});
  const auto committed = must(writer->commit({}));
  EXPECT_EQ(must(read_snapshot(*repository, committed.summary.root)), expected);
}

TEST(SnapshotWriter, HolesComeBackAsZeros) {
  TestRepository test;
  auto repository = test.open();
  auto writer = must(SnapshotWriter::begin(*repository, {.source = "files",
                                                         .host = "h",
                                                         .label = "l",
                                                         .paths = {},
                                                         .tags = {},
                                                         .command = "",
                                                         .program = "",
                                                         .started = {},
                                                         .rewrite_of = {}}));
  must(writer->begin_content(1'000'000));
  must(writer->hole(500'000));
  std::memcpy(must(writer->buffer()).data(), "data", 4);
  must(writer->filled(4));
  must(writer->hole(499'996));
  Entry entry;
  entry.key = {'f'};
  must(writer->end_content(entry));
  const auto committed = must(writer->commit({}));
  base::Bytes expected(1'000'000);
  std::memcpy(expected.data() + 500'000, "data", 4);
  EXPECT_EQ(must(read_snapshot(*repository, committed.summary.root)).at("/f"), expected);
  EXPECT_LT(committed.totals.bytes_new, 1'000U);
}

// Each is newer than the one before.
SnapshotOptions pages_options() {
  static std::int64_t seconds = 0;
  return {.source = "files",
          .host = "h",
          .label = "pages",
          .paths = {},
          .tags = {},
          .command = "",
          .program = "",
          .started = base::Time{} + base::seconds(++seconds),
          .rewrite_of = {},
          .order = EntryOrder::any};
}

void fill(SnapshotWriter& writer, base::ByteView content) {
  while (!content.empty()) {
    const auto room = must(writer.buffer());
    const auto size = std::min({room.size(), content.size(), std::size_t{5'000}});
    std::memcpy(room.data(), content.data(), size);
    must(writer.filled(size));
    content = content.subspan(size);
  }
}

Entry named(std::string_view path) {
  Entry entry;
  entry.key = must(key_of_path(path));
  return entry;
}

CommittedSnapshot write_pages(Repository& repository, const TestFiles& files) {
  auto writer = must(SnapshotWriter::begin(repository, pages_options()));
  for (const auto& [path, content] : files) {
    must(writer->begin_pages(content.size()));
    fill(*writer, content);
    must(writer->end_content(named(path)));
  }
  return must(writer->commit({}));
}

TEST(SnapshotWriter, OfPagesThatChangedOnlyTheirChunksAreNew) {
  TestRepository test;
  auto repository = test.open();
  TestFiles files;
  files["/empty"] = {};
  files["/small"] = noise(1, 1000);
  files["/table"] = noise(2, 3'000'000);
  const auto first = write_pages(*repository, files);
  EXPECT_EQ(must(read_snapshot(*repository, first.summary.root)), files);
  files["/table"][1'500'000] ^= 1;
  const auto second = write_pages(*repository, files);
  EXPECT_EQ(must(read_snapshot(*repository, second.summary.root)), files);
  EXPECT_LE(second.totals.bytes_new, page_chunk_size + 20'000);
  const auto third = write_pages(*repository, files);
  EXPECT_LT(third.totals.bytes_new, 5'000U);
}

// The first `kept` bytes of each file of the parent, `added` after them, the rest of the file.
CommittedSnapshot write_overlay(Repository& repository, std::uint64_t kept, base::ByteView added,
                                TestFiles& files) {
  auto writer = must(SnapshotWriter::begin(repository, pages_options()));
  TreeCursor cursor(writer->parent_nodes(), writer->parent()->summary.root);
  while (auto entry = must(cursor.next())) {
    must(writer->begin_overlay());
    std::uint64_t at = 0;
    const auto take = [&](std::uint64_t begin, std::uint64_t end) {
      ExtentCursor extents(writer->parent_nodes(), entry->content, entry->size);
      at = must(extents.seek(begin));
      while (auto extent = must(extents.next())) {
        const auto skip = begin > at ? begin - at : 0;
        at += extent->length;
        extent->length = std::min(at, end) - (at - extent->length) - skip;
        extent->offset += skip;
        EXPECT_EQ(must(writer->reuse_extent(*extent)), EntrySink::Reuse::taken);
        if (at >= end) break;
      }
    };
    const auto middle = std::min(kept, entry->size);
    if (middle > 0) take(0, middle);
    fill(*writer, added);
    if (middle < entry->size) take(middle, entry->size);
    must(writer->hole(10));
    auto& content = files.at(must(path_of_key(entry->key)));
    content.insert(content.begin() + static_cast<std::ptrdiff_t>(middle), added.begin(),
                   added.end());
    content.resize(content.size() + 10);
    Entry made;
    made.key = entry->key;
    must(writer->end_content(made));
  }
  return must(writer->commit({}));
}

TEST(SnapshotWriter, ContentsArePutTogetherFromTheParentsAndNewOnes) {
  TestRepository test;
  auto repository = test.open();
  TestFiles files;
  files["/empty"] = {};
  files["/table"] = noise(2, 3'000'000);
  for (int i = 0; i < 300; ++i) files["/small" + std::to_string(i)] = noise(10 + i, 100 + i);
  write_pages(*repository, files);
  const auto added = noise(99, 700);
  for (const std::uint64_t kept : {1'000'000, 150, 0}) {
    const auto made = write_overlay(*repository, kept, added, files);
    const auto read = must(read_snapshot(*repository, made.summary.root));
    for (const auto& [path, content] : files) {
      EXPECT_TRUE(read.at(path) == content) << path << ", " << kept << " bytes kept";
    }
    // What was added everywhere; nothing that was there.
    EXPECT_LT(made.totals.bytes_new, files.size() * (added.size() + 300));
    EXPECT_LT(made.totals.chunks_new, 40U) << "new pieces share chunks";
  }
}

TEST(SnapshotWriter, ManyPiecesOfTheParentAfterANewOneDontBlock) {
  TestRepository test;
  auto repository = test.open();
  TestFiles files;
  files["/table"] = noise(2, 300'000);
  write_pages(*repository, files);
  auto writer = must(SnapshotWriter::begin(*repository, pages_options()));
  TreeCursor cursor(writer->parent_nodes(), writer->parent()->summary.root);
  const auto entry = must(cursor.next());
  ExtentCursor extents(writer->parent_nodes(), entry->content, entry->size);
  auto piece = *must(extents.next());
  must(writer->begin_overlay());
  fill(*writer, noise(5, 10));
  piece.length = 1;
  for (int i = 0; i < 2'000'000; ++i) {
    piece.offset = static_cast<std::uint64_t>(i % 2) * 7;
    must(writer->reuse_extent(piece));
  }
  must(writer->end_content(named("/table")));
  EXPECT_EQ(must(writer->commit({})).summary.root.bytes, 2'000'010U);
}

TEST(SnapshotWriter, LateSnapshotsAreReportedAsFailures) {
  TestRepository test;
  auto repository = test.open();
  auto writer = must(SnapshotWriter::begin(*repository, {.source = "files",
                                                         .host = "h",
                                                         .label = "l",
                                                         .paths = {},
                                                         .tags = {},
                                                         .command = "",
                                                         .program = "",
                                                         .started = {},
                                                         .rewrite_of = {}}));
  test.clock.advance(repository->config().session_ttl + base::seconds(1));
  const auto committed = writer->commit({});
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().code(), base::ErrorCode::conflict);
  EXPECT_TRUE(must(list_snapshots(*repository)).snapshots.empty());
}

TEST(SnapshotWriter, ManyEntriesBetweenTwoSmallFilesDontBlock) {
  TestRepository test;
  TestFiles files;
  files["/a"] = {1};
  for (std::size_t i = 0; i < assembly_steps_max * 2; ++i) files["/b" + std::to_string(i)] = {};
  files["/c"] = {2};
  const auto committed = must(write_snapshot(*test.open(), files));
  EXPECT_EQ(committed.summary.root.entries, files.size());
  EXPECT_EQ(must(read_snapshot(*test.open(), committed.summary.root)), files);
}

}  // namespace
}  // namespace holdfast::repository
