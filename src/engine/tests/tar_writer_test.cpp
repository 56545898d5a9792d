// Archives as tar reads them.
#include "tar_writer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/temporary_directory.hpp"
#include "zstd_stream.hpp"

namespace holdfast::engine {
namespace {

using repository::EntryKind;

class TarWriterTest : public testing::Test {
 protected:
  void add(TarEntry entry, const std::string& content = {}) {
    entry.size = content.size();
    ASSERT_TRUE(tar.begin(entry).ok());
    if (!content.empty()) ASSERT_TRUE(tar.content(base::as_bytes(content)).ok());
  }
  static TarEntry file(const std::string& path) {
    TarEntry entry{.path = path, .attributes = {}, .link = {}};
    entry.attributes.mode = 0640;
    entry.attributes.mtime = 1'700'000'000'250'000'000;
    return entry;
  }
  void write() {
    ASSERT_TRUE(tar.finish().ok());
    std::ofstream(directory / "a.tar", std::ios::binary) << base::as_text(bytes);
  }
  std::string shell(const std::string& command) const {
    const auto line = "cd " + directory.path() + " && ( " + command + " ) > out 2>&1";
    EXPECT_EQ(std::system(line.c_str()), 0) << command;  // NOLINT(concurrency-mt-unsafe)
    std::ifstream in(directory / "out", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  TemporaryDirectory directory;
  base::Bytes bytes;
  TarWriter tar{[this](base::ByteView more) -> base::Result<void> {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }};
};

TEST_F(TarWriterTest, FilesFoldersAndLinksComeOut) {
  auto folder = file("folder");
  folder.kind = EntryKind::directory;
  folder.attributes.mode = 0750;
  add(folder);
  add(file("folder/empty"));
  add(file("folder/some"), std::string(1500, 'x') + "end");
  auto link = file("folder/link");
  link.kind = EntryKind::symlink;
  const std::string target = "some";
  link.attributes.symlink_target.assign(target.begin(), target.end());
  add(link);
  auto hard = file("hard");
  hard.kind = EntryKind::hard_link;
  hard.link = "folder/some";
  add(hard);
  write();
  EXPECT_EQ(bytes.size() % 512, 0U);
  EXPECT_EQ(shell("tar -xf a.tar && stat -c '%a %s %Y %h' folder/some && readlink folder/link"),
            "640 1503 1700000000 2\nsome\n");
  EXPECT_EQ(shell("stat -c %a folder && tail -c 3 hard"), "750\nend");
  // The fraction of the second, by a reader that shows it.
  EXPECT_EQ(
      shell("python3 -c \"import tarfile; print(tarfile.open('a.tar').getmember('folder/some')"
            ".mtime)\""),
      "1700000000.25\n");
}

TEST_F(TarWriterTest, WhatDoesNotFitGoesIntoExtendedHeaders) {
  const auto path = std::string(90, 'd') + "/" + std::string(200, 'f');
  auto entry = file(path);
  entry.attributes.uid = 4'000'000'000;
  entry.attributes.user = std::string(40, 'u');
  entry.attributes.mtime = -1'500'000'000;
  entry.attributes.extended.push_back({.name = "user.note", .value = {'a', '\n', 0, 'b'}});
  add(entry, "x");
  auto odd = file("odd \xff\n name");
  odd.attributes.mtime = 0;
  add(odd, "y");
  write();
  EXPECT_EQ(
      shell("python3 -c \"import tarfile; t = tarfile.open('a.tar', errors='surrogateescape'); "
            "m = t.getmembers(); print(m[0].uid, m[0].mtime, len(m[0].name), len(m[0].uname), "
            "m[1].name.encode('utf-8', 'surrogateescape'))\""),
      "4000000000 -1.5 291 40 b'odd \\xff\\n name'\n");
  shell("tar -tf a.tar");
}

TEST_F(TarWriterTest, LargeFilesAreSaidInTheExtendedHeader) {
  auto entry = file("large");
  entry.size = std::uint64_t{1} << 40;
  ASSERT_TRUE(tar.begin(entry).ok());
  const std::string all(base::as_text(bytes));
  EXPECT_NE(all.find(" size=1099511627776\n"), std::string::npos);
}

TEST_F(TarWriterTest, AnErrorOfTheSinkIsTheCallers) {
  TarWriter failing([](base::ByteView) -> base::Result<void> {
    return base::Error(base::ErrorCode::no_space, "full");
  });
  EXPECT_EQ(failing.begin(file("a")).error().code(), base::ErrorCode::no_space);
}

TEST_F(TarWriterTest, ZstdIsReadByZstd) {
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += std::to_string(i);
  {
    std::ofstream out(directory / "a.zst", std::ios::binary);
    ZstdStream stream([&](base::ByteView more) -> base::Result<void> {
      out << base::as_text(more);
      return {};
    });
    for (std::size_t at = 0; at < content.size(); at += 7'777) {
      ASSERT_TRUE(stream.write(base::as_bytes(std::string_view(content).substr(at, 7'777))).ok());
    }
    ASSERT_TRUE(stream.finish().ok());
  }
  EXPECT_EQ(shell("zstd -dqc a.zst"), content);
}

}  // namespace
}  // namespace holdfast::engine
