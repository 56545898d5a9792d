// A mounted repository shows what was backed up, and lets go when asked.
#include "engine/mount.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stop_token>

#include "engine_fixture.hpp"

namespace holdfast::engine {
namespace {

namespace fs = std::filesystem;

class MountTest : public EngineTest {
 protected:
  void SetUp() override {
    // A kernel without FUSE can't be helped by any set-up.
    const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0) GTEST_SKIP() << "this kernel offers no /dev/fuse";
    ::close(device);
    make_tree();
    write("stream", noise(7, 3'000'000));
    write("deep/er/small", "some bytes");
    create();
    at_ = open();
    (void)back_up(*at_);
    fs::create_directory(place());
    serving_ = at_->executor().spawn("mounter", [this] {
      outcome_ = mount(
          at_->repository(), {.directory = place()}, [this] { ready_.request_stop(); },
          stop_.get_token());
      ready_.request_stop();
    });
    at_->executor().sleep(base::seconds(30), ready_.get_token());
    ASSERT_TRUE(outcome_.ok()) << outcome_.error().to_string();
  }
  void TearDown() override {
    if (!serving_) return;
    stop_.request_stop();
    serving_->join();
    EXPECT_TRUE(outcome_.ok()) << outcome_.error().to_string();
    EXPECT_TRUE(fs::is_empty(place())) << "it is still mounted";
  }
  [[nodiscard]] std::string place() const { return root() + "/mounted"; }
  [[nodiscard]] std::string snapshot() const {
    return fs::directory_iterator(place() + "/by-time")->path().string();
  }

  std::unique_ptr<Location> at_;
  std::stop_source stop_;
  std::stop_source ready_;
  base::Result<void> outcome_;
  std::unique_ptr<io::Task> serving_;
};

TEST_F(MountTest, shows_the_files_as_they_were) {
  const auto seen = snapshot() + files();
  std::size_t compared = 0;
  for (const auto& each : fs::recursive_directory_iterator(files())) {
    const auto name = each.path().lexically_relative(files());
    const auto there = fs::path(seen) / name;
    const auto status = fs::symlink_status(there);
    EXPECT_EQ(status.type(), each.symlink_status().type()) << name;
    EXPECT_EQ(status.permissions(), each.symlink_status().permissions()) << name;
    if (each.is_symlink()) {
      EXPECT_EQ(fs::read_symlink(there), fs::read_symlink(each.path())) << name;
    } else if (each.is_regular_file()) {
      EXPECT_EQ(fs::last_write_time(there), fs::last_write_time(each.path())) << name;
      std::ifstream before(each.path(), std::ios::binary);
      std::ifstream after(there, std::ios::binary);
      using Bytes = std::istreambuf_iterator<char>;
      EXPECT_TRUE(std::equal(Bytes(before), Bytes(), Bytes(after), Bytes())) << name;
      ++compared;
    }
  }
  EXPECT_GT(compared, 3U);
}

TEST_F(MountTest, offers_snapshots_by_time_component_and_id) {
  const auto host = fs::directory_iterator(place() + "/by-component")->path();
  EXPECT_EQ(fs::directory_iterator(host)->path().filename(), fs::path(snapshot()).filename());
  const auto id = fs::directory_iterator(place() + "/by-id")->path();
  EXPECT_TRUE(fs::exists(id.string() + files() + "/deep/er/small"));
  EXPECT_FALSE(fs::exists(place() + "/by-time/nothing"));
}

TEST_F(MountTest, can_not_be_written) {
  std::ofstream file(snapshot() + files() + "/stream", std::ios::app);
  EXPECT_FALSE(file.is_open());
  std::error_code error;
  EXPECT_FALSE(fs::remove(snapshot() + files() + "/stream", error));
  EXPECT_EQ(error, std::errc::read_only_file_system);
}

TEST_F(MountTest, ends_while_a_file_is_open) {
  std::ifstream file(snapshot() + files() + "/stream", std::ios::binary);
  EXPECT_EQ(file.get(), std::ifstream(files() + "/stream", std::ios::binary).get());
  stop_.request_stop();
  serving_->join();
  EXPECT_TRUE(fs::is_empty(place()));
}

}  // namespace
}  // namespace holdfast::engine
