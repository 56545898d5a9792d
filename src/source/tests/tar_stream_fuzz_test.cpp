// Bytes from outside as a tar archive: reading never crashes, and hands over no path that leaves
// its place.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "postgres/tar_stream.hpp"
#include "support/tar_writer.hpp"

namespace holdfast::source {
namespace {

class Judge final : public TarReceiver {
 public:
  base::Result<void> begin_member(const TarMember& member) override {
    EXPECT_FALSE(member.path.empty());
    EXPECT_FALSE(member.path.starts_with('/'));
    EXPECT_EQ(("/" + member.path + "/").find("/../"), std::string::npos);
    left_ = member.size;
    return {};
  }
  base::Result<void> content(base::ByteView bytes) override {
    EXPECT_LE(bytes.size(), left_);
    left_ -= bytes.size();
    return {};
  }
  base::Result<void> end_member() override {
    EXPECT_EQ(left_, 0U);
    return {};
  }

 private:
  std::uint64_t left_ = 0;
};

void try_one(const std::string& archive, std::size_t piece) {
  Judge judge;
  TarStream stream(judge);
  for (std::size_t at = 0; at < archive.size(); at += piece) {
    if (!stream.feed(base::as_bytes(std::string_view(archive).substr(at, piece))).ok()) return;
  }
  (void)stream.finish().ok();
}

TEST(TarStreamFuzz, MutationsWithMendedChecksums) {
  const auto first =
      test::tar_header({.path = "base/16384/2619", .content = std::string(700, 'c')});
  base::SeededRandom random(1);
  for (int round = 0; round < 20'000; ++round) {
    auto header = first;
    for (std::uint64_t i = 0; i <= random.below(6); ++i) {
      header[random.below(header.size())] = static_cast<char>(random.below(256));
    }
    if (random.below(3) == 0) header.replace(random.below(90), 4, "/../");
    auto archive = test::sealed(header) + std::string(random.below(2'000), 'c') +
                   test::tar_member({.path = "next", .content = "n"});
    if (random.below(4) == 0) archive.resize(random.below(archive.size()));
    try_one(archive, 1 + random.below(900));
  }
}

}  // namespace
}  // namespace holdfast::source
