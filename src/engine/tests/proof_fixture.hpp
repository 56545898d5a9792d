// A component of files at two locations, with verifications and drills, and ways to harm it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "engine/component_verify.hpp"
#include "engine/plan_run.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {

class ProofTest : public testing::Test {
 protected:
  static inline const ProgressCall silent = [](const Progress&) {};

  // `rest`: what follows the components: drills, targets.
  explicit ProofTest(const std::string& verify, const std::string& rest = {},
                     const std::string& keep = "7d")
      : test(
            "  files:\n    files: { paths: [data] }\n    objectives: { rto: 1h }\n"
            "    plans: { daily: { at: '03:00', to: [ssd, hdd], keep: " +
            keep + ", demand: sound } }\n    verify: " + verify + "\n" + rest) {
    test.write("data/noise", noise(1, 300'000));
    test.write("data/text", "a few words\n");
    EXPECT_TRUE(make_places(*test.workplace).ok());
  }

  static std::string noise(std::uint64_t seed, std::size_t size) {
    base::SeededRandom random(seed);
    std::string text(size, '\0');
    random.fill({reinterpret_cast<base::Byte*>(text.data()), text.size()});
    return text;
  }
  // The snapshot's id at ssd.
  std::string back_up() {
    const auto report =
        run_plans(*test.workplace, test.run_of("files", "daily"), silent, {}).value();
    EXPECT_EQ(report.end.state, catalog::RunState::succeeded) << report.end.message;
    return report.end.snapshot;
  }
  [[nodiscard]] const strategy::Verification& declared(const std::string& name) const {
    const auto& all = test.component("files").verifications;
    return *std::find_if(all.begin(), all.end(),
                         [&](const auto& each) { return each.name == name; });
  }
  VerificationReport verify(const std::string& name, std::optional<base::Time> slot = {}) {
    VerificationRun run;
    run.component = &test.component("files");
    run.verification = &declared(name);
    run.slot = slot;
    return verify_component(*test.workplace, run, silent, {}).value();
  }
  // Flips a byte in the middle of the largest pack of a location.
  void damage(const std::string& location) const {
    namespace fs = std::filesystem;
    fs::path largest;
    std::uintmax_t size = 0;
    for (const auto& each :
         fs::recursive_directory_iterator(test.directory / (location + "/data"))) {
      if (!each.is_regular_file() || each.file_size() <= size) continue;
      largest = each.path();
      size = each.file_size();
    }
    fs::permissions(largest, fs::perms::owner_read | fs::perms::owner_write);
    std::fstream file(largest, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(size / 2));
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(size / 2));
    file.put(byte);
    CHECK(file.good(), "a pack that can't be damaged");
  }
  std::vector<catalog::VerificationRecord> ledger(const std::string& location) {
    return test.catalog->verifications().list("files", location).value();
  }
  std::string log_of(const std::string& run) {
    std::string text;
    const auto lines = test.catalog->runs().lines(run).value();
    for (const auto& line : lines) text += line.text + "\n";
    return text;
  }

  TestStrategy test;
};

}  // namespace holdfast::engine
