// What only a real server can show: trust and login, the layout shared with directories, uploads
// and readings that outlive their connection.
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/units.hpp"
#include "storage/factory.hpp"
#include "storage/local.hpp"
#include "storage/sftp.hpp"
#include "support/ssh_server.hpp"
#include "support/storage_under_test.hpp"

namespace holdfast::storage {

namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

base::Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  base::SeededRandom random(seed);
  base::Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

// What a faulty server wrote down behind the last line that begins so.
std::vector<std::string> lines_after(const std::string& log, const std::string& mark) {
  std::vector<std::string> lines;
  std::ifstream file(log);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(mark)) {
      lines.clear();
    } else {
      lines.push_back(line);
    }
  }
  return lines;
}

bool contains(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

class SftpTest : public testing::Test {
 protected:
  std::unique_ptr<SftpStorage> create(const std::string& directory) {
    auto created = SftpStorage::create(server_.url(directory), executor_);
    CHECK(created.ok(), created.ok() ? "" : created.error().to_string().c_str());
    return std::move(created).value();
  }

  // The error of a login with these changes.
  base::Error refusal(const SftpUrl& url) {
    auto opened = SftpStorage::create(url, executor_);
    return opened.ok() ? base::Error(ErrorCode::internal, "it was let in")
                       : std::move(opened).error();
  }

  // Each connection's loss may be noticed only by a request of its own.
  static base::Result<ObjectInfo> committed(Upload& upload, const std::string& name) {
    for (int attempt = 0;; ++attempt) {
      auto stored = upload.commit(name, {});
      if (stored.ok() || stored.error().code() != ErrorCode::unavailable || attempt == 5) {
        return stored;
      }
    }
  }

  SshServer& server_ = shared_ssh_server();
  const std::string root_ = server_.fresh_directory();
  io::ThreadExecutor executor_;
};

TEST_F(SftpTest, RefusesAnUnknownServerAndSaysHowToTrustIt) {
  SftpUrl url = server_.url(root_);
  url.known_hosts_file = server_.directory() + "/trusted-by-hand";
  const auto refused = refusal(url);
  EXPECT_EQ(refused.code(), ErrorCode::permission_denied) << refused.to_string();
  EXPECT_EQ(refused.retry(), base::Retry::never);
  EXPECT_NE(refused.message().find("SHA256:"), std::string::npos);
  EXPECT_FALSE(fs::exists(root_));
  // The hint's command is what makes it trusted.
  const auto command = refused.hint().substr(refused.hint().find("echo "));
  ASSERT_EQ(run_program({"sh", "-c", command}), 0) << command;
  EXPECT_TRUE(SftpStorage::create(url, executor_).ok());
}

TEST_F(SftpTest, RefusesAServerWhoseKeyChanged) {
  SshServer server;
  server.stop();
  server.change_host_key();
  server.start();
  const auto refused = refusal(server.url(root_));
  EXPECT_EQ(refused.code(), ErrorCode::permission_denied);
  EXPECT_NE(refused.message().find("HAS CHANGED"), std::string::npos) << refused.to_string();
  EXPECT_NE(refused.hint().find("ssh-keygen -R"), std::string::npos);
  EXPECT_FALSE(fs::exists(root_));
}

TEST_F(SftpTest, LogsInWithAnRsaKey) {
  SftpUrl url = server_.url(root_);
  url.identity_file = server_.make_user_key("rsa");
  const auto storage = SftpStorage::create(url, executor_);
  ASSERT_WORKS(storage);
}

TEST_F(SftpTest, AKeyThatTheServerDoesNotKnowIsNoOutage) {
  SftpUrl url = server_.url(root_);
  url.identity_file = server_.directory() + "/stranger";
  ASSERT_EQ(run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", url.identity_file}),
            0);
  const auto refused = refusal(url);
  EXPECT_EQ(refused.code(), ErrorCode::permission_denied) << refused.to_string();
  EXPECT_FALSE(refused.hint().empty());
  url.identity_file = server_.directory() + "/absent";
  EXPECT_EQ(refusal(url).code(), ErrorCode::not_found);
}

TEST_F(SftpTest, AKeyWithAPassphraseIsTheAgents) {
  SftpUrl url = server_.url(root_);
  url.identity_file = server_.make_user_key("ed25519", "long enough");
  ::unsetenv("SSH_AUTH_SOCK");
  const auto refused = refusal(url);
  EXPECT_EQ(refused.code(), ErrorCode::permission_denied) << refused.to_string();
  EXPECT_NE(refused.hint().find("ssh-add"), std::string::npos);
  const std::string socket = server_.directory() + "/agent";
  const std::string pid_file = socket + ".pid";
  ASSERT_EQ(run_program({"sh", "-c",
                         "ssh-agent -a " + socket +
                             " -s | sed -n 's/.*AGENT_PID=\\([0-9]*\\);.*/\\1/p' > " + pid_file}),
            0);
  const std::string add = "SSH_AUTH_SOCK=" + socket +
                          " SSH_ASKPASS_REQUIRE=force SSH_ASKPASS=" + server_.directory() +
                          "/ask ssh-add " + url.identity_file;
  std::ofstream(server_.directory() + "/ask") << "#!/bin/sh\necho long enough\n";
  fs::permissions(server_.directory() + "/ask", fs::perms::owner_all);
  EXPECT_EQ(run_program({"sh", "-c", add}), 0);
  ::setenv("SSH_AUTH_SOCK", socket.c_str(), 1);
  const auto storage = SftpStorage::create(url, executor_);
  EXPECT_TRUE(storage.ok()) << storage.error().to_string();
  ::unsetenv("SSH_AUTH_SOCK");
  pid_t agent = 0;
  std::ifstream(pid_file) >> agent;
  if (agent > 1) ::kill(agent, SIGTERM);
}

TEST_F(SftpTest, ASlowLoginIsNoRefusal) {
  const passwd* user = ::getpwuid(::geteuid());
  SshServer server("AuthorizedKeysCommand /usr/bin/sleep 4\nAuthorizedKeysCommandUser " +
                   std::string(user == nullptr ? "root" : user->pw_name));
  SftpUrl url = server.url(root_);
  // Of a key that the server's file doesn't hold it asks the command, which takes its time.
  url.identity_file = server.directory() + "/stranger";
  ASSERT_EQ(run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", url.identity_file}),
            0);
  SftpOptions impatient;
  impatient.open_timeout = base::seconds(1);
  const auto storage = SftpStorage::create(url, executor_, impatient);
  ASSERT_FALSE(storage.ok());
  EXPECT_EQ(storage.error().code(), ErrorCode::unavailable) << storage.error().to_string();
  EXPECT_EQ(storage.error().retry(), base::Retry::may_help);
}

TEST_F(SftpTest, NobodyThereIsAnOutage) {
  SshServer server;
  const SftpUrl url = server.url(root_);
  server.stop();
  const auto refused = refusal(url);
  EXPECT_EQ(refused.code(), ErrorCode::unavailable);
  EXPECT_EQ(refused.retry(), base::Retry::may_help);
}

TEST_F(SftpTest, IsTheLayoutOfADirectory) {
  const auto sftp = create(root_);
  ASSERT_WORKS(sftp->put("packs/ab/one", random_bytes(300'000, 1)));
  const auto local = LocalStorage::open(root_);
  ASSERT_WORKS(local);
  EXPECT_EQ(local.value()->get("packs/ab/one", 300'000).value(), random_bytes(300'000, 1));
  ASSERT_WORKS(local.value()->put("packs/cd/two", random_bytes(10, 2)));
  EXPECT_EQ(sftp->get("packs/cd/two", 10).value(), random_bytes(10, 2));
  EXPECT_EQ(local.value()->put("packs/ab/one", base::Bytes{1}).error().code(),
            ErrorCode::already_exists);
  EXPECT_EQ(sftp->put("packs/cd/two", base::Bytes{1}).error().code(), ErrorCode::already_exists);
  const auto by_sftp = sftp->list_all("");
  const auto by_local = local.value()->list_all("");
  ASSERT_WORKS(by_sftp);
  ASSERT_WORKS(by_local);
  ASSERT_EQ(by_sftp.value().size(), by_local.value().size());
  for (std::size_t i = 0; i < by_sftp.value().size(); ++i) {
    EXPECT_EQ(by_sftp.value()[i].name, by_local.value()[i].name);
    EXPECT_EQ(by_sftp.value()[i].size, by_local.value()[i].size);
    const auto apart = by_local.value()[i].stored_at - by_sftp.value()[i].stored_at;
    EXPECT_GE(apart, base::seconds(0));
    EXPECT_LT(apart, base::seconds(1));
  }
  EXPECT_TRUE(fs::is_empty(root_ + "/tmp"));
}

TEST_F(SftpTest, StartsInNewOrEmptyDirectoriesOnly) {
  const SftpUrl url = server_.url(root_ + "/deep/down");
  EXPECT_EQ(SftpStorage::open(url, executor_).error().code(), ErrorCode::not_found);
  ASSERT_WORKS(SftpStorage::create(url, executor_));
  ASSERT_WORKS(SftpStorage::create(url, executor_));
  const auto storage = SftpStorage::open(url, executor_);
  ASSERT_WORKS(storage);
  ASSERT_WORKS(storage.value()->put("config", base::Bytes{1}));
  EXPECT_EQ(SftpStorage::create(url, executor_).error().code(), ErrorCode::already_exists);
  fs::create_directories(root_ + "/empty/lost+found");
  EXPECT_EQ(SftpStorage::open(server_.url(root_ + "/empty"), executor_).error().code(),
            ErrorCode::not_found);
}

TEST_F(SftpTest, AMountPointWithANoteInItIsNoRepository) {
  fs::create_directories(root_);
  std::ofstream(root_ + "/NOT-MOUNTED") << "mount me";
  const auto storage = SftpStorage::open(server_.url(root_), executor_);
  ASSERT_FALSE(storage.ok());
  EXPECT_EQ(storage.error().code(), ErrorCode::not_found) << storage.error().to_string();
  EXPECT_FALSE(fs::exists(root_ + "/tmp"));
}

TEST_F(SftpTest, ACopyWithoutItsEmptyDirectoryIsWhole) {
  ASSERT_WORKS(create(root_)->put("packs/a", base::Bytes{1}));
  fs::remove(root_ + "/tmp");
  const auto storage = SftpStorage::open(server_.url(root_), executor_);
  ASSERT_WORKS(storage);
  EXPECT_EQ(storage.value()->stat("packs/b").error().code(), ErrorCode::not_found);
  EXPECT_EQ(storage.value()->list_all("").value().size(), 1U);
  EXPECT_FALSE(fs::exists(root_ + "/tmp")) << "reading makes nothing";
  fs::rename(root_, root_ + ".away");
  fs::create_directories(root_);
  EXPECT_EQ(storage.value()->stat("packs/b").error().code(), ErrorCode::unavailable);
  EXPECT_EQ(storage.value()->begin_put().error().code(), ErrorCode::unavailable);
  fs::remove(root_);
  fs::rename(root_ + ".away", root_);
  ASSERT_WORKS(storage.value()->put("packs/b", base::Bytes{2}));
}

TEST_F(SftpTest, AnUnmountedDiskIsAnOutage) {
  const auto storage = create(root_);
  ASSERT_WORKS(storage->put("a", base::Bytes{1}));
  fs::rename(root_, root_ + ".away");
  fs::create_directories(root_);  // the mount point, without its disk
  EXPECT_EQ(storage->stat("a").error().code(), ErrorCode::unavailable);
  EXPECT_EQ(storage->list({}).error().code(), ErrorCode::unavailable);
  EXPECT_EQ(storage->begin_put().error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(fs::is_empty(root_));
  fs::remove(root_);
  fs::rename(root_ + ".away", root_);
  EXPECT_TRUE(storage->stat("a").ok());
}

TEST_F(SftpTest, OneOfTwoClientsWins) {
  const auto first = create(root_);
  const auto second = SftpStorage::open(server_.url(root_), executor_);
  ASSERT_WORKS(second);
  for (int round = 0; round < 30; ++round) {
    const std::string name = "race/" + std::to_string(round);
    const auto a = first->begin_put();
    const auto b = second.value()->begin_put();
    ASSERT_WORKS(a);
    ASSERT_WORKS(b);
    ASSERT_WORKS(a.value()->append(base::Bytes(1000, 1)));
    ASSERT_WORKS(b.value()->append(base::Bytes(1000, 2)));
    bool won = false;
    auto task = executor_.spawn("racer", [&] { won = b.value()->commit(name, {}).ok(); });
    const bool also = a.value()->commit(name, {}).ok();
    task.reset();
    EXPECT_NE(won, also);
    EXPECT_EQ(first->get(name, 1000).value(), base::Bytes(1000, won ? 2 : 1));
  }
}

TEST_F(SftpTest, AnUploadGoesOnOverANewConnection) {
  const auto storage = create(root_);
  const base::Bytes content = random_bytes(30 * base::MiB, 3);
  const auto upload = storage->begin_put();
  ASSERT_WORKS(upload);
  for (std::size_t at = 0; at < content.size(); at += 2 * base::MiB) {
    if (at % (6 * base::MiB) == 0) storage->break_off();
    if (at == 14 * base::MiB) server_.drop_sessions();
    ASSERT_WORKS(upload.value()->append(base::ByteView(content).subspan(at, 2 * base::MiB)));
  }
  storage->break_off();
  const auto stored = committed(*upload.value(), "large");
  ASSERT_WORKS(stored);
  const auto local = LocalStorage::open(root_);
  EXPECT_TRUE(local.value()->get("large", content.size()).value() == content);
}

TEST_F(SftpTest, AServerThatEndsAtEveryWriteIsAnOutage) {
  // SIGXFSZ ends it at the first byte.
  SshServer server("ForceCommand sh -c 'ulimit -f 0; exec /usr/lib/openssh/sftp-server'");
  const auto storage = SftpStorage::create(server.url(server.fresh_directory()), executor_);
  ASSERT_WORKS(storage);
  const auto upload = storage.value()->begin_put();
  ASSERT_WORKS(upload);
  const auto appended = upload.value()->append(random_bytes(6 * base::MiB, 8));
  ASSERT_FALSE(appended.ok());
  EXPECT_EQ(appended.error().code(), ErrorCode::unavailable) << appended.error().to_string();
  EXPECT_EQ(appended.error().retry(), base::Retry::may_help);
  EXPECT_FALSE(appended.error().hint().empty());
  EXPECT_EQ(upload.value()->append(random_bytes(6 * base::MiB, 8)).error().code(),
            ErrorCode::unavailable)
      << "and it can be asked again";
}

TEST_F(SftpTest, AWriteThatTheServerCouldNotTakeIsWrittenAgain) {
  const TemporaryDirectory logs;
  // No connection to what is behind it, and a lost one.
  SshServer server(faulty_sftp(logs.path() + "/log", {"write:6:3:", "write:7:3:"}));
  const auto storage = SftpStorage::create(server.url(server.fresh_directory()), executor_);
  ASSERT_WORKS(storage);
  const base::Bytes content = random_bytes(10 * base::MiB, 9);
  const auto upload = storage.value()->begin_put();
  ASSERT_WORKS(upload);
  // The answers to an append's writes are looked at by a later one.
  int failures = 0;
  for (std::size_t at = 0; at < content.size();) {
    const auto appended = upload.value()->append(base::ByteView(content).subspan(at, base::MiB));
    if (appended.ok()) {
      at += base::MiB;
      continue;
    }
    ASSERT_EQ(appended.error().code(), ErrorCode::unavailable) << appended.error().to_string();
    ASSERT_LT(++failures, 20);
  }
  EXPECT_GT(failures, 0);
  ASSERT_WORKS(committed(*upload.value(), "large"));
  EXPECT_TRUE(storage.value()->get("large", content.size()).value() == content);
}

TEST_F(SftpTest, WhatIsThereLasts) {
  const TemporaryDirectory logs;
  const std::string log = logs.path() + "/log";
  // As if an earlier request for the link had come late.
  SshServer server(faulty_sftp(log, {"hardlink@openssh.com!:4:1:"}));
  const auto storage = SftpStorage::create(server.url(server.fresh_directory()), executor_);
  ASSERT_WORKS(storage);
  EXPECT_EQ(storage.value()->put("a", base::Bytes{1}).error().code(), ErrorCode::already_exists);
  const auto after_the_link = lines_after(log, "hardlink@openssh.com");
  EXPECT_TRUE(contains(after_the_link, "fsync@openssh.com"));
  // Another's, which he may not have synced yet.
  std::ofstream(log, std::ios::trunc);
  EXPECT_EQ(storage.value()->put("a", base::Bytes{1}).error().code(), ErrorCode::already_exists);
  EXPECT_TRUE(contains(lines_after(log, "fstat"), "fsync@openssh.com"));
  EXPECT_FALSE(contains(lines_after(log, "fstat"), "hardlink@openssh.com"));
}

TEST_F(SftpTest, NewParentsOfTheRootLast) {
  const TemporaryDirectory logs;
  const std::string log = logs.path() + "/log";
  SshServer server(faulty_sftp(log, {}));
  const std::string root = server.fresh_directory();
  ASSERT_WORKS(SftpStorage::create(server.url(root + "/new/root"), executor_));
  std::vector<std::string> opened;
  for (const std::string& line : lines_after(log, "never")) {
    if (line.starts_with("open ")) opened.push_back(line.substr(5));
  }
  const std::string above = fs::path(root).parent_path();
  EXPECT_EQ(opened, (std::vector<std::string>{above, root, root + "/new", root + "/new/root"}))
      << "each that got a new entry";
}

TEST_F(SftpTest, AServerWithoutDescriptorsHasNotSynced) {
  const TemporaryDirectory logs;
  SshServer server(faulty_sftp(logs.path() + "/log", {"open:4:1:/packs", "opendir:4:1:/packs"}));
  const auto storage = SftpStorage::create(server.url(server.fresh_directory()), executor_);
  ASSERT_WORKS(storage);
  const auto failed = storage.value()->put("packs/a/b", base::Bytes{1});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), ErrorCode::io) << failed.error().to_string();
  ASSERT_WORKS(storage.value()->put("packs/a/b", base::Bytes{1}));
}

TEST_F(SftpTest, AServerThatOnlyListsDirectoriesIsGoodEnough) {
  const TemporaryDirectory logs;
  SshServer server(faulty_sftp(logs.path() + "/log", {"open:4:99:/packs"}));
  const auto storage = SftpStorage::create(server.url(server.fresh_directory()), executor_);
  ASSERT_WORKS(storage);
  ASSERT_WORKS(storage.value()->put("packs/a/b", base::Bytes{1}));
}

TEST_F(SftpTest, AFailedListingLeavesNothingOpen) {
  const TemporaryDirectory logs;
  const std::string log = logs.path() + "/log";
  SshServer server(faulty_sftp(log, {"opendir:3:1:/d03", "readdir:4:2:"}));
  const auto storage = SftpStorage::create(server.url(server.fresh_directory()), executor_);
  ASSERT_FALSE(storage.ok()) << "the first listing fails";
  const auto again = SftpStorage::create(server.url(server.fresh_directory()), executor_);
  ASSERT_WORKS(again);
  for (const std::string name : {"d01/x", "d02/x", "d03/x", "d04/x", "d05/x"}) {
    ASSERT_WORKS(again.value()->put(name, base::Bytes{1}));
  }
  ASSERT_WORKS(again.value()->stat("d01/x"));  // behind it nothing of the puts is under way
  std::ofstream(log, std::ios::trunc);
  EXPECT_EQ(again.value()->list({}).error().code(), ErrorCode::permission_denied);
  EXPECT_EQ(again.value()->list_all("").value().size(), 5U);
  const auto lines = lines_after(log, "never");
  const auto beginning = [&](const std::string& with) {
    return std::count_if(lines.begin(), lines.end(),
                         [&](const std::string& line) { return line.starts_with(with); });
  };
  EXPECT_EQ(beginning("opendir"), 12) << "twice the root and what is in it";
  EXPECT_EQ(beginning("close"), 11) << "one was not opened";
}

TEST_F(SftpTest, BytesThatAServerLostAreNoticed) {
  const auto storage = create(root_);
  const auto upload = storage->begin_put();
  ASSERT_WORKS(upload);
  ASSERT_WORKS(upload.value()->append(random_bytes(12 * base::MiB, 4)));
  storage->break_off();
  // As if the server had restarted before it wrote all to its disk.
  for (const auto& entry : fs::directory_iterator(root_ + "/tmp")) {
    fs::resize_file(entry.path(), base::MiB);
  }
  const auto stored = committed(*upload.value(), "large");
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), ErrorCode::conflict) << stored.error().to_string();
  EXPECT_EQ(storage->stat("large").error().code(), ErrorCode::not_found);
}

TEST_F(SftpTest, ARemovedTemporaryFileIsNoSuccess) {
  const auto storage = create(root_);
  const auto upload = storage->begin_put();
  ASSERT_WORKS(upload);
  ASSERT_WORKS(upload.value()->append(base::Bytes{1}));
  for (const auto& entry : fs::directory_iterator(root_ + "/tmp")) fs::remove(entry.path());
  EXPECT_FALSE(upload.value()->commit("a", {}).ok());
  EXPECT_EQ(storage->stat("a").error().code(), ErrorCode::not_found);
}

TEST_F(SftpTest, StorageTimeIsTheServersAtCommit) {
  const auto storage = create(root_);
  const auto upload = storage->begin_put();
  ASSERT_WORKS(upload);
  ASSERT_WORKS(upload.value()->append(random_bytes(base::MiB, 5)));
  executor_.sleep(base::milliseconds(2100), {});
  const base::Time before = base::SystemClock().now();
  const auto stored = upload.value()->commit("a", {});
  ASSERT_WORKS(stored);
  EXPECT_GE(stored.value().stored_at, before - base::seconds(1));
}

TEST_F(SftpTest, CleansUpLeftoversOfADay) {
  (void)create(root_);
  const auto leave = [&](char digit, const char* age) {
    const std::string path = root_ + "/tmp/" + std::string(32, digit);
    std::ofstream(path) << "left";
    ASSERT_EQ(run_program({"touch", "-d", age, path}), 0);
  };
  leave('a', "25 hours ago");
  leave('b', "23 hours ago");
  const auto storage = SftpStorage::open(server_.url(root_), executor_);
  ASSERT_WORKS(storage);
  ASSERT_WORKS(storage.value()->put("a", base::Bytes{1}));
  EXPECT_FALSE(fs::exists(root_ + "/tmp/" + std::string(32, 'a')));
  EXPECT_TRUE(fs::exists(root_ + "/tmp/" + std::string(32, 'b')));
  EXPECT_EQ(storage.value()->remove_stale_uploads(base::hours(22)).value(), 1U);
}

TEST_F(SftpTest, ManyTasksShareFewConnections) {
  const auto storage = create(root_);
  const base::Bytes content = random_bytes(3 * base::MiB, 6);
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (int task = 0; task < 16; ++task) {
    tasks.push_back(executor_.spawn("user", [&, task] {
      for (int i = 0; i < 4; ++i) {
        const std::string name = "many/" + std::to_string(task) + "/" + std::to_string(i);
        ASSERT_WORKS(storage->put(name, content));
        ASSERT_EQ(storage->get(name, content.size()).value(), content);
        base::Bytes part(1000);
        ASSERT_WORKS(storage->read(name, Range{base::MiB, 1000}, part));
        ASSERT_TRUE(std::equal(part.begin(), part.end(), content.begin() + base::MiB));
      }
    }));
  }
  tasks.clear();
  EXPECT_EQ(storage->list_all("many/").value().size(), 64U);
}

TEST_F(SftpTest, AServerThatRefusesMoreConnectionsIsNotPestered) {
  const TemporaryDirectory attempts;
  const passwd* user = ::getpwuid(::geteuid());
  // A file for every login with a key that the server doesn't know.
  SshServer server("AuthorizedKeysCommand /usr/bin/mktemp " + attempts.path() +
                   "/XXXXXXXX\nAuthorizedKeysCommandUser " +
                   std::string(user == nullptr ? "root" : user->pw_name));
  const auto storage = SftpStorage::create(server.url(server.fresh_directory()), executor_);
  ASSERT_WORKS(storage);
  std::ofstream(server.directory() + "/authorized_keys", std::ios::trunc);
  const auto count = [&] {
    return std::distance(fs::directory_iterator(attempts.path()), fs::directory_iterator());
  };
  const auto before = count();
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (int task = 0; task < 6; ++task) {
    tasks.push_back(executor_.spawn("user", [&, task] {
      for (int i = 0; i < 8; ++i) {
        ASSERT_WORKS(storage.value()->put("t" + std::to_string(task) + "/" + std::to_string(i),
                                          base::Bytes{1}));
      }
    }));
  }
  tasks.clear();
  EXPECT_GT(count(), before);
  EXPECT_LE(count() - before, 3) << "as many as may be made at the same time";
}

TEST_F(SftpTest, TheFactoryKnowsIt) {
  base::SystemClock clock;
  base::SystemRandom random;
  LocationUrl url;
  url.scheme = LocationUrl::Scheme::sftp;
  url.sftp = server_.url(root_);
  const StorageDependencies around{.executor = executor_, .clock = clock, .random = random};
  const auto storage = create_storage(format_location_url(url), around);
  ASSERT_WORKS(storage);
  ASSERT_WORKS(storage.value()->put("a", base::Bytes{1}));
  EXPECT_TRUE(storage.value()->describe().starts_with("sftp://"));
  EXPECT_EQ(storage.value()->describe().find("user_key"), std::string::npos);
  server_.drop_sessions();
  EXPECT_TRUE(storage.value()->stat("a").ok()) << "the retries find a new connection";
}

}  // namespace

}  // namespace holdfast::storage
