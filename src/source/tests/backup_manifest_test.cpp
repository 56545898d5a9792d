// A backup manifest against what arrived.
#include "postgres/backup_manifest.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "codec/crc32c.hpp"

namespace holdfast::source {
namespace {

using base::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;

std::string checksum_of(std::string_view content) {
  base::Bytes bytes;
  base::ByteWriter(bytes).u32(codec::crc32c(base::as_bytes(content)));
  return base::to_hex(bytes);
}

std::string file_line(std::string_view path, std::string_view content) {
  return fmt::format(R"({{ "Path": "{}", "Size": {}, "Last-Modified": "2026-01-01 00:00:00 GMT", )"
                     R"("Checksum-Algorithm": "CRC32C", "Checksum": "{}" }})",
                     path, content.size(), checksum_of(content));
}

// As the server writes it.
std::string manifest_of(
    const std::string& files,
    const std::string& ranges =
        R"({ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" })") {
  auto text = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n" + files +
              "\n],\n\"WAL-Ranges\": [\n" + ranges + "\n],\n";
  const auto hash = base::to_hex(codec::sha256(base::as_bytes(text)));
  return text + "\"Manifest-Checksum\": \"" + hash + "\"}\n";
}

base::Result<void> check(const std::string& manifest, ArrivedFiles& files, std::size_t piece = 50) {
  ManifestCheck check(files);
  for (std::size_t at = 0; at < manifest.size(); at += piece) {
    TRY(check.feed(base::as_bytes(std::string_view(manifest).substr(at, piece))));
  }
  return check.finish();
}

void arrive(ArrivedFiles& files, std::string_view path, std::string_view content) {
  files.add(path, content.size(), codec::crc32c(base::as_bytes(content)));
}

TEST(BackupManifest, WhatArrivedIsWhatItSays) {
  const auto manifest = manifest_of(file_line("backup_label", "label") + ",\n" +
                                    file_line("base/1/1259", "pages") + ",\n" +
                                    R"({ "Encoded-Path": "c3", "Size": 0, "Checksum-Algorithm": )"
                                    R"("CRC32C", "Checksum": "00000000" })");
  for (const std::size_t piece : {1U, 50U, 100'000U}) {
    ArrivedFiles files;
    arrive(files, "base/1/1259", "pages");
    arrive(files, "backup_label", "label");
    arrive(files, "\xC3", "");
    const auto done = check(manifest, files, piece);
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().to_string());
  }
}

TEST(BackupManifest, EveryDifferenceIsDamage) {
  const auto manifest = manifest_of(file_line("a", "content"));
  const auto message = [&](const std::vector<std::pair<std::string, std::string>>& arrived) {
    ArrivedFiles files;
    for (const auto& [path, content] : arrived) arrive(files, path, content);
    const auto done = check(manifest, files);
    if (done.ok()) return std::string("right");
    EXPECT_EQ(done.error().code(), ErrorCode::damaged);
    return done.error().to_string();
  };
  EXPECT_EQ(message({{"a", "content"}}), "right");
  EXPECT_THAT(message({}), HasSubstr("did not come"));
  EXPECT_THAT(message({{"a", "contents"}}), HasSubstr("another size"));
  EXPECT_THAT(message({{"a", "c0ntent"}}), HasSubstr("another checksum"));
  EXPECT_THAT(message({{"a", "content"}, {"b", ""}}), HasSubstr("doesn't have"));
}

TEST(BackupManifest, ItMustBeWholeAndItself) {
  const auto good = manifest_of(file_line("a", "content"));
  const auto is_right = [](const std::string& manifest) {
    ArrivedFiles files;
    arrive(files, "a", "content");
    return check(manifest, files).ok();
  };
  ASSERT_TRUE(is_right(good));
  for (std::size_t size = 0; size + 3 < good.size(); size += 13) {
    EXPECT_FALSE(is_right(good.substr(0, size))) << size;
  }
  auto flipped = good;
  flipped[flipped.find("GMT") - 2] = '1';
  EXPECT_FALSE(is_right(flipped));
  EXPECT_FALSE(is_right(good + "x\n"));
  EXPECT_FALSE(is_right(manifest_of(file_line("a", "content"), "")));
  EXPECT_FALSE(is_right(std::string(100'000, ' ')));
}

TEST(BackupManifest, MutationsNeverCrash) {
  const auto good = manifest_of(file_line("a", "content") + ",\n" + file_line("b", "b"));
  base::SeededRandom random(1);
  for (int round = 0; round < 10'000; ++round) {
    auto text = good;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    ArrivedFiles files;
    arrive(files, "a", "content");
    arrive(files, "b", "b");
    if (text != good) EXPECT_FALSE(check(text, files, 1 + random.below(99)).ok()) << text;
  }
}

TEST(BackupManifest, TheWalOfTheWholeRangeIsWanted) {
  constexpr std::uint64_t size = 16U << 20;
  const std::vector<WalRange> ranges{{.timeline = 1, .start = 0x2000028, .end = 0x4000000}};
  // The end is the beginning of a segment that isn't needed.
  EXPECT_THAT(missing_segments(ranges, {}, size),
              ElementsAre("000000010000000000000002", "000000010000000000000003"));
  EXPECT_THAT(missing_segments(ranges, {"000000010000000000000002"}, size),
              ElementsAre("000000010000000000000003"));
  EXPECT_THAT(missing_segments({{.timeline = 2, .start = 0x2000000, .end = 0x2000000}}, {}, size),
              ElementsAre("000000020000000000000002"));
}

}  // namespace
}  // namespace holdfast::source
