// Verification of logs: each level sees its own kind of damage.
#include "../log_verify.hpp"

#include <filesystem>
#include <fstream>

#include "log_fixture.hpp"

namespace holdfast::engine {
namespace {

class LogVerifyTest : public LogTestBase {
 protected:
  [[nodiscard]] LogVerifyReport verify(Level level) const {
    return verify_logs(repository(), level, {}).value();
  }
};

TEST_F(LogVerifyTest, WhatIsRightPasses) {
  add_piece(100, 300, 1);
  for (const auto level : {Level::present, Level::intact, Level::readable, Level::sound}) {
    const auto report = verify(level);
    EXPECT_TRUE(report.faults.empty()) << level_name(level);
    EXPECT_EQ(report.pieces, level == Level::present ? 0U : 1U);
  }
}

TEST_F(LogVerifyTest, AChangedByteIsSeen) {
  add_piece(100, 300, 1);
  const auto name = pieces().front().name;
  {
    std::fstream file(test.directory / ("ssd/" + name), std::ios::in | std::ios::out);
    constexpr int at = 60;
    file.seekg(at);
    const auto before = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(before ^ 1));
  }
  const auto report = verify(Level::intact);
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_EQ(report.faults[0].object, name);
  EXPECT_EQ(report.faults[0].error.code(), base::ErrorCode::damaged);
}

// A whole segment whose pages are none: every byte is as it was stored, and it is no WAL.
TEST_F(LogVerifyTest, WhatIsNoWalIsNotSound) {
  repository::LogHead head;
  head.stream = log_stream(component(), "7");
  head.lineage = 1;
  head.end = std::uint64_t{16} << 20;
  base::Bytes content(head.end);
  content[0] = 0x10;
  content[1] = 0xD1;
  content[2] = 0x02;   // a long header
  content[35] = 0x01;  // segments of 16 MiB
  ASSERT_TRUE(repository::store_log_piece(repository(), head, content).ok());
  EXPECT_TRUE(verify(Level::readable).faults.empty());
  const auto report = verify(Level::sound);
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_EQ(report.faults[0].error.code(), base::ErrorCode::damaged);
}

}  // namespace
}  // namespace holdfast::engine
