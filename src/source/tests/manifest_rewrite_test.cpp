// The manifest of an incremental backup becomes that of a full one, which is checked as a server's
// own.
#include "postgres/manifest_rewrite.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/crc32c.hpp"
#include "codec/hash.hpp"
#include "postgres/backup_manifest.hpp"

namespace holdfast::source {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string manifest_of(const std::string& files) {
  auto text =
      "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": 7,\n\"Files\": [\n" +
      files +
      "\n],\n\"WAL-Ranges\": [\n"
      "{ \"Timeline\": 1, \"Start-LSN\": \"0/2000028\", \"End-LSN\": \"0/2000100\" }\n],\n";
  const auto hash = base::to_hex(codec::sha256(base::as_bytes(text)));
  return text + "\"Manifest-Checksum\": \"" + hash + "\"}\n";
}

std::string line(std::string_view path, std::size_t size, std::string_view checksum) {
  return fmt::format(R"({{ "Path": "{}", "Size": {}, "Last-Modified": "2026-01-01 00:00:00 GMT", )"
                     R"("Checksum-Algorithm": "CRC32C", "Checksum": "{}" }})",
                     path, size, checksum);
}

base::Result<std::string> rewrite(const std::string& manifest, const ReplacedFiles& files,
                                  std::size_t piece = 37) {
  std::string made;
  ManifestRewrite rewrite(files, [&](std::string_view text) -> base::Result<void> {
    made += text;
    return {};
  });
  for (std::size_t at = 0; at < manifest.size(); at += piece) {
    TRY(rewrite.feed(base::as_bytes(std::string_view(manifest).substr(at, piece))));
  }
  TRY(rewrite.finish());
  return made;
}

TEST(ManifestRewrite, FilesOfChangedBlocksBecomeWholeOnes) {
  ReplacedFiles files;
  ASSERT_TRUE(files.add("base/5/16384", {.size = 24576, .crc = {}}).ok());
  ASSERT_TRUE(files.add("base/5/16385", {.size = 8192, .crc = 0x04030201}).ok());
  ASSERT_TRUE(files.add("backup_label", {.size = 3, .crc = 0xffffffff}).ok());
  const auto manifest = manifest_of(line("backup_label", 226, "00000000") + ",\n" +
                                    line("base/5/INCREMENTAL.16384", 16384, "11111111") + ",\n" +
                                    line("base/5/PG_VERSION", 3, "22222222") + ",\n" +
                                    line("base/5/INCREMENTAL.16385", 12, "33333333"));
  const auto expected = manifest_of(
      line("backup_label", 3, "ffffffff") + ",\n" +
      R"({ "Path": "base/5/16384", "Size": 24576, "Last-Modified": "2026-01-01 00:00:00 GMT" },)" +
      "\n" + line("base/5/PG_VERSION", 3, "22222222") + ",\n" +
      line("base/5/16385", 8192, "01020304"));
  for (const std::size_t piece : {1U, 37U, 100'000U}) {
    EXPECT_EQ(rewrite(manifest, files, piece).value(), expected);
  }
}

TEST(ManifestRewrite, WithoutChangesItStaysAsItIs) {
  const auto manifest = manifest_of(line("base/5/16384", 8192, "00000000") + ",\n" +
                                    R"({ "Encoded-Path": "c3", "Size": 0 })");
  EXPECT_EQ(rewrite(manifest, ReplacedFiles()).value(), manifest);
}

TEST(ManifestRewrite, ChangedBlocksThatDidNotComeAreDamage) {
  const auto done =
      rewrite(manifest_of(line("base/5/INCREMENTAL.16384", 8192, "00000000")), ReplacedFiles());
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), base::ErrorCode::damaged);
  EXPECT_THAT(done.error().to_string(), HasSubstr("base/5/16384"));
}

TEST(ManifestRewrite, ALineWithoutEndIsRefused) {
  EXPECT_FALSE(rewrite(std::string(100'000, 'x'), ReplacedFiles(), 5'000).ok());
}

TEST(ManifestRewrite, AFileThatCameTwiceIsSaid) {
  ReplacedFiles files;
  ASSERT_TRUE(files.add("base/5/1", {}).ok());
  EXPECT_EQ(files.add("base/5/1", {}).error().code(), base::ErrorCode::conflict);
  EXPECT_EQ(files.find("base/5/2"), nullptr);
}

}  // namespace
}  // namespace holdfast::source
