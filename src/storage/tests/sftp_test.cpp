// SftpStorage without a server. What it does with one: tests/integration/sftp_*.
#include "storage/sftp.hpp"

#include <gtest/gtest.h>

namespace holdfast::storage {

namespace {

TEST(Sftp, NobodyAtThePortIsAnOutage) {
  io::ThreadExecutor executor;
  SftpUrl url;
  url.host = "127.0.0.1";
  url.port = 1;  // nothing listens there
  url.path = "/srv/backup";
  for (const auto& result :
       {SftpStorage::open(url, executor).error(), SftpStorage::create(url, executor).error()}) {
    EXPECT_EQ(result.code(), base::ErrorCode::unavailable) << result.to_string();
    EXPECT_EQ(result.retry(), base::Retry::may_help);
    EXPECT_NE(result.message().find("sftp://127.0.0.1:1/srv/backup"), std::string::npos);
    EXPECT_FALSE(result.hint().empty());
  }
}

}  // namespace

}  // namespace holdfast::storage
