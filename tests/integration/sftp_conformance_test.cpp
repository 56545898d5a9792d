// The conformance suite over OpenSSH's server: the driver alone, with a server that lacks the
// extensions, one that changes keys all the time, and below retries while connections die.
#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "storage/retry.hpp"
#include "storage/sftp.hpp"
#include "support/ssh_server.hpp"
#include "support/storage_under_test.hpp"

namespace holdfast::storage {

namespace {

class SftpUnderTest : public StorageUnderTest {
 public:
  explicit SftpUnderTest(SshServer& server) : server_(server) {
    auto created = SftpStorage::create(server.url(server.fresh_directory()), executor_);
    EXPECT_TRUE(created.ok()) << created.error().to_string();
    if (!created.ok()) return;
    sftp_ = created.value().get();
    top_ = std::move(created).value();
  }

  Storage& storage() override { return *top_; }
  bool go_offline() override {
    server_.stop();
    return true;
  }
  void come_back() override { server_.start(); }

 protected:
  SshServer& server_;
  io::ThreadExecutor executor_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  SftpStorage* sftp_ = nullptr;  // the top, or what it owns
  std::unique_ptr<Storage> top_;
};

// Every few hundred milliseconds all connections are cut; each time a little later than before, so
// that a busy machine gets through, too.
class TroubledSftp final : public SftpUnderTest {
 public:
  explicit TroubledSftp(SshServer& server) : SftpUnderTest(server) {
    RetryOptions options;
    options.attempts_max = 12;
    options.delay_first = base::milliseconds(5);
    options.delay_max = base::milliseconds(50);
    top_ = std::make_unique<RetryStorage>(std::move(top_), executor_, clock_, random_, options);
    trouble_ = executor_.spawn("trouble", [this] {
      base::Duration interval = base::milliseconds(300);
      while (!over_) {
        executor_.sleep(interval, {});
        if (!over_) sftp_->break_off();
        interval = interval + base::Duration{interval.nanoseconds / 8};
      }
    });
  }
  ~TroubledSftp() override {
    over_ = true;
    trouble_.reset();
  }

 private:
  std::atomic<bool> over_ = false;
  std::unique_ptr<io::Task> trouble_;
};

StorageCase plain(std::string name, const std::string& settings) {
  return {std::move(name), [settings] {
            static std::map<std::string, std::unique_ptr<SshServer>> servers;
            auto& server = servers[settings];
            if (!server) server = std::make_unique<SshServer>(settings);
            return std::make_unique<SftpUnderTest>(*server);
          }};
}

INSTANTIATE_TEST_SUITE_P(Sftp, StorageConformance,
                         testing::Values(plain("openssh", ""),
                                         plain("openssh_rekeys", "RekeyLimit 20M"),
                                         plain("no_extensions", plain_sftp_setting()),
                                         StorageCase{"openssh_troubled",
                                                     [] {
                                                       return std::make_unique<TroubledSftp>(
                                                           shared_ssh_server());
                                                     }}),
                         case_name);

}  // namespace

}  // namespace holdfast::storage
