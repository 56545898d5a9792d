// Exports on a real disk: what is written, under which names, what goes again, and what never does.
#include "engine/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "codec/hash.hpp"
#include "export_cipher.hpp"
#include "export_record.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {
namespace {

using catalog::RunState;
using testing::HasSubstr;
namespace fs = std::filesystem;

const ProgressCall silent = [](const Progress&) {};

std::string component(const std::string& exported, const std::string& keep = "{ last: 2 }",
                      const std::string& paths = "[data]") {
  return "  files:\n    files: { paths: " + paths +
         " }\n    plans: { daily: { when: manual, to: { ssd: " + keep + " }, export: { to: out, " +
         exported + " } } }\n";
}

class ExportTest : public testing::Test {
 protected:
  void start(const std::string& components) {
    test = std::make_unique<TestStrategy>(components);
    ASSERT_TRUE(make_places(*test->workplace).ok());
    test->write("data/a", "one");
  }
  PlanRunReport run() const {
    return run_plans(*test->workplace, test->run_of("files", "daily"), silent, {}).value();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& each : fs::directory_iterator(test->directory / "out")) {
      all.push_back(each.path().filename().string());
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  static unsigned mode_of(const std::string& path) {
    struct stat status;
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }
  // A command's exit status, in the strategy's folder.
  int shell(const std::string& command) const {
    const auto line = "cd " + test->directory.path() + " && " + command;
    return std::system(line.c_str());  // NOLINT(concurrency-mt-unsafe)
  }

  std::unique_ptr<TestStrategy> test;
};

TEST_F(ExportTest, ATreeIsATarWithAManifest) {
  start(component("name: \"{component}_{plan}_{environment}_{strategy}.tar\", manifest: true"));
  const auto report = run();
  ASSERT_EQ(report.end.state, RunState::succeeded) << testing::PrintToString(report.warnings);
  EXPECT_THAT(names(), testing::ElementsAre("files_daily_testing_test.tar",
                                            "files_daily_testing_test.tar.json"));
  const auto path = test->directory / "out/files_daily_testing_test.tar";
  EXPECT_EQ(mode_of(test->directory / "out"), 0700U);
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(mode_of(path + ".json"), 0600U);
  EXPECT_EQ(shell("mkdir x && tar -C x -xf out/*.tar && diff -r data x" + test->directory.path() +
                  "/data"),
            0);
  const auto record = decode_manifest("files_daily_testing_test.tar.json",
                                      test->read("out/files_daily_testing_test.tar.json"));
  ASSERT_TRUE(record.has_value());
  const auto content = test->read("out/files_daily_testing_test.tar");
  EXPECT_EQ(record->size, content.size());
  EXPECT_EQ(record->sha256, base::to_hex(codec::sha256(base::as_bytes(content))));
  EXPECT_EQ(record->snapshot, report.end.snapshot);
  const auto evidence = test->catalog->evidence().list(0, 10).value();
  EXPECT_EQ(evidence.at(0).kind, "export");
  EXPECT_THAT(evidence.at(0).body, HasSubstr(record->sha256));
}

TEST_F(ExportTest, ASingleFileIsAsItIs) {
  start(component("name: a", "7d", "[data/a]"));
  ASSERT_EQ(run().end.state, RunState::succeeded);
  EXPECT_EQ(test->read("out/a"), "one");
  EXPECT_THAT(names(), testing::ElementsAre(".a.json", "a"));
  // Its own is replaced.
  test->write("data/a", "two");
  ASSERT_EQ(run().end.state, RunState::succeeded);
  EXPECT_EQ(test->read("out/a"), "two");
}

TEST_F(ExportTest, AFolderWithOneFileIsATar) {
  start(component("name: a.tar.zst"));
  ASSERT_EQ(run().end.state, RunState::succeeded);
  EXPECT_EQ(shell("zstd -dqc out/a.tar.zst | tar -tf - | grep -q data/a"), 0);
}

TEST_F(ExportTest, WhatIsNotOursIsNeitherReplacedNorRemoved) {
  start(component("name: a", "{ last: 1 }", "[data/a]"));
  test->write("out/a", "somebody's");
  const auto report = run();
  EXPECT_EQ(report.end.state, RunState::warnings);
  EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("cannot name the export")));
  EXPECT_EQ(test->read("out/a"), "somebody's");
  EXPECT_THAT(names(), testing::ElementsAre("a"));  // no leftovers either
}

TEST_F(ExportTest, OldOnesGoByTheRulesOfThePlan) {
  start(component("name: \"{time}\", manifest: true", "{ last: 2 }", "[data/a]"));
  ExportRecord record{.name = "old",
                      .size = 3,
                      .sha256 = "00",
                      .strategy = "test",
                      .environment = "testing",
                      .component = "files",
                      .plan = "daily",
                      .snapshot = "00",
                      .captured = base::parse_utc("2020-01-01T00:00:00Z").value(),
                      .encrypt = {},
                      .program = "holdfast 0.0.1"};
  const auto put = [&](const std::string& name, const std::string& plan) {
    record.name = name;
    record.plan = plan;
    test->write("out/" + name, "old");
    test->write("out/" + manifest_name(name, true), encode_manifest(record));
  };
  put("old", "daily");
  put("other plan", "weekly");
  put("changed", "daily");
  test->write("out/changed", "longer than it was");
  test->write("out/foreign", "x");
  test->write("out/foreign.json", "{ \"name\": \"foreign\" }");
  test->write("out/broken.json", "{");
  for (int i = 0; i < 2; ++i) {
    test->write("data/a", std::to_string(i));
    const auto report = run();
    if (i == 1)
      EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("isn't what its manifest")));
    ::usleep(1'100'000);
  }
  const auto left = names();
  for (const auto* name : {"other plan", "changed", "foreign", "foreign.json", "broken.json"}) {
    EXPECT_THAT(left, testing::Contains(name));
  }
  EXPECT_THAT(left, testing::Not(testing::Contains("old")));
  EXPECT_THAT(left, testing::Not(testing::Contains("old.json")));
  EXPECT_EQ(left.size(), 6U + 1U + 4U);
}

TEST_F(ExportTest, EncryptedWithTheStrategysKey) {
  start(component("name: a, encrypt: gpg", "7d", "[data/a]"));
  ASSERT_EQ(run().end.state, RunState::succeeded);
  EXPECT_EQ(
      shell("mkdir -m 700 h && echo passphrase | gpg --homedir h --no-autostart --batch --quiet "
            "--pinentry-mode loopback --passphrase-fd 0 --decrypt out/a.gpg > plain && "
            "printf one | cmp - plain"),
      0);
  start(component("name: a, encrypt: openssl", "7d", "[data/a]"));
  ASSERT_EQ(run().end.state, RunState::succeeded);
  EXPECT_EQ(shell("openssl enc -d -aes-256-cbc -pbkdf2 -pass pass:passphrase -in out/a.enc | "
                  "(printf one | cmp - /dev/fd/3) 3<&0"),
            0);
}

TEST_F(ExportTest, LargeContentsPassThroughTheCipher) {
  start(component("name: a, encrypt: openssl", "7d", "[data/a]"));
  std::string large;
  while (large.size() < 20'000'000) large += std::to_string(large.size() * 7919);
  test->write("data/a", large);
  ASSERT_EQ(run().end.state, RunState::succeeded);
  EXPECT_EQ(
      shell("openssl enc -d -aes-256-cbc -pbkdf2 -pass pass:passphrase -in out/a.enc -out plain "
            "&& cmp plain data/a"),
      0);
}

TEST_F(ExportTest, AKeyThatIsNoPassphraseIsRefused) {
  for (const auto* key : {"two\nlines", ""}) {
    const auto started =
        ExportCipher::start("gpg", base::SecretBytes(base::as_bytes(std::string(key))), 1);
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().code(), base::ErrorCode::invalid_argument);
    EXPECT_EQ(started.error().to_string().find("two"), std::string::npos);
  }
}

TEST_F(ExportTest, ASlipInTheNameIsAWarningOfTheRun) {
  for (const auto* name : {"\"{nothing}\"", "\"../a\"", "\".hidden\"", "\"{time\""}) {
    start(component(std::string("name: ") + name));
    const auto report = run();
    EXPECT_EQ(report.end.state, RunState::warnings) << name;
    EXPECT_FALSE(report.end.snapshot.empty());
    EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("the export's name"))) << name;
  }
}

TEST(ExportRecords, ManifestsOfOthersAreNone) {
  ExportRecord record{.name = "a",
                      .sha256 = "00",
                      .strategy = {},
                      .environment = {},
                      .component = {},
                      .plan = {},
                      .snapshot = {},
                      .captured = {},
                      .encrypt = {},
                      .program = "holdfast 1"};
  const auto text = encode_manifest(record);
  EXPECT_TRUE(decode_manifest("a.json", text).has_value());
  EXPECT_TRUE(decode_manifest(".a.json", text).has_value());
  EXPECT_FALSE(decode_manifest("b.json", text).has_value());
  for (const auto* wrong : {"", "[]", "null", "{\"name\": 3}", "{\"size\": -1}", "\xff\xfe"}) {
    EXPECT_FALSE(decode_manifest("a.json", wrong).has_value()) << wrong;
  }
  record.name = "../a";
  EXPECT_FALSE(decode_manifest("../a.json", encode_manifest(record)).has_value());
}

}  // namespace
}  // namespace holdfast::engine
