// Condemnations: the admin's word alone counts, and nothing else stands in its way.
#include "repository/condemnation.hpp"

#include <gtest/gtest.h>

#include "golden.hpp"
#include "repository/object_name.hpp"
#include "repository/session.hpp"
#include "repository_fixture.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

const std::vector<CondemnedPack> some_packs = {{ChunkType::data, {1, 2}}, {ChunkType::tree, {3}}};

class CondemnationTest : public testing::Test {
 protected:
  // Stores what claims to be a condemnation.
  void put(base::ByteView object) { must(put_object(test_.storage, condemned_prefix, object)); }
  void put_body(base::ByteView body) {
    put(sign_object(condemnation_magic, repository_->id(), *repository_->keys().admin, body));
  }
  // The only condemnation there is must be passed over, for this reason.
  void expect_ignored(ErrorCode code) {
    std::vector<IgnoredObject> ignored;
    EXPECT_TRUE(must(list_condemnations(*repository_, &ignored)).empty());
    ASSERT_EQ(ignored.size(), 1U);
    EXPECT_EQ(ignored[0].error.code(), code) << ignored[0].error.to_string();
    EXPECT_TRUE(ignored[0].name.starts_with(condemned_prefix));
    EXPECT_TRUE(must(list_condemnations(*repository_)).empty()) << "without a list of ignored";
  }

  TestRepository test_;
  std::unique_ptr<Repository> repository_ = test_.open();
};

TEST_F(CondemnationTest, IsFoundAsItWasWritten) {
  for (const auto stage : {CondemnationStage::condemned, CondemnationStage::gone}) {
    const auto written = must(write_condemnation(*repository_, stage, some_packs));
    std::vector<IgnoredObject> ignored;
    const auto found = must(list_condemnations(*repository_, &ignored));
    EXPECT_TRUE(ignored.empty());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].stage, stage);
    EXPECT_EQ(found[0].object, written.object);
    EXPECT_EQ(found[0].stored_at, written.stored_at);
    ASSERT_EQ(found[0].packs.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(found[0].packs[i].type, some_packs[i].type);
      EXPECT_EQ(found[0].packs[i].name, some_packs[i].name);
    }
    const std::vector<std::string> names{written.object};
    (void)must(test_.storage.remove(names));
  }
}

TEST_F(CondemnationTest, Golden) {
  (void)must(write_condemnation(*repository_, CondemnationStage::gone, some_packs));
  const auto names = must(test_.storage.list_all(condemned_prefix));
  const auto bytes = must(test_.storage.get(names.at(0).name, 1000));
  const auto opened =
      open_signed(condemnation_magic, repository_->id(), repository_->signers(), bytes);
  ASSERT_TRUE(opened.ok());
  expect_golden("condemnation", opened.value().body);
}

TEST_F(CondemnationTest, ManyPacks) {
  std::vector<CondemnedPack> packs(10'000);
  for (std::size_t i = 0; i < packs.size(); ++i) {
    packs[i].name[0] = static_cast<base::Byte>(i % 256);
  }
  (void)must(write_condemnation(*repository_, CondemnationStage::condemned, packs));
  EXPECT_EQ(must(list_condemnations(*repository_)).at(0).packs.size(), packs.size());
}

TEST_F(CondemnationTest, AWritersIsIgnored) {
  base::Bytes body{1, 0};
  put(sign_object(condemnation_magic, repository_->id(), *repository_->keys().writer, body));
  expect_ignored(ErrorCode::permission_denied);
}

TEST_F(CondemnationTest, AStrangersIsIgnored) {
  const codec::SigningKey stranger(test_.random.array<32>());
  put(sign_object(condemnation_magic, repository_->id(), stranger, base::Bytes{1, 0}));
  expect_ignored(ErrorCode::permission_denied);
}

TEST_F(CondemnationTest, AnotherRepositorysIsIgnored) {
  put(sign_object(condemnation_magic, ShortId{9}, *repository_->keys().admin, base::Bytes{1, 0}));
  expect_ignored(ErrorCode::damaged);
}

TEST_F(CondemnationTest, NoiseIsIgnored) {
  put(noise(1, 500));
  expect_ignored(ErrorCode::damaged);
}

// It may name what somebody is about to rely on.
TEST_F(CondemnationTest, OneThatIsDamagedIsAnErrorAndNoSessionGoesOn) {
  const auto session = must(Session::begin(*repository_, "backup"));
  const auto name =
      must(write_condemnation(*repository_, CondemnationStage::condemned, some_packs)).object;
  must(test_.storage.damage(name, [](base::Bytes& bytes) { bytes[60] ^= 1; }));
  const auto listed = list_condemnations(*repository_);
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().code(), ErrorCode::damaged);
  EXPECT_FALSE(listed.error().hint().empty());
  EXPECT_EQ(session->renew().error().code(), ErrorCode::damaged);
  EXPECT_EQ(Session::begin(*repository_, "backup").error().code(), ErrorCode::damaged);
}

TEST_F(CondemnationTest, AForeignNameIsIgnored) {
  must(test_.storage.put("condemned/readme", base::as_bytes("x")));
  expect_ignored(ErrorCode::invalid_argument);
}

TEST_F(CondemnationTest, AnUnknownStageIsIgnored) {
  put_body(base::Bytes{3, 0});
  expect_ignored(ErrorCode::unsupported);
}

TEST_F(CondemnationTest, APackOfUnknownTypeIsIgnored) {
  base::Bytes body{1, 1, 3};
  body.resize(body.size() + 32);
  put_body(body);
  expect_ignored(ErrorCode::damaged);
}

TEST_F(CondemnationTest, ACountBeyondTheObjectIsIgnored) {
  base::Bytes body{1};
  base::ByteWriter out(body);
  out.varint(~0ULL);
  put_body(body);
  expect_ignored(ErrorCode::damaged);
}

TEST_F(CondemnationTest, ATrailingByteIsIgnored) {
  put_body(base::Bytes{1, 0, 0});
  expect_ignored(ErrorCode::damaged);
}

TEST_F(CondemnationTest, AnOutageIsAnError) {
  (void)must(write_condemnation(*repository_, CondemnationStage::condemned, some_packs));
  const auto environment = test_.environment();
  storage::FaultStorage broken(test_.storage, test_.clock, 1, {});
  auto elsewhere = must(Repository::open({.storage = broken,
                                          .files = environment.files,
                                          .executor = environment.executor,
                                          .clock = environment.clock,
                                          .random = environment.random,
                                          .cache_directory = environment.cache_directory},
                                         TestRepository::passphrase()));
  ASSERT_EQ(must(list_condemnations(*elsewhere)).size(), 1U);
  storage::FaultOptions options;
  options.before_call = [&](const storage::FaultCall& call) {
    if (call.operation == storage::FaultOperation::list) {
      broken.set_options({.unavailable_before = 1});
    }
  };
  broken.set_options(options);
  const auto listed = list_condemnations(*elsewhere);
  ASSERT_FALSE(listed.ok()) << "a condemnation that could not be read is not none";
  EXPECT_EQ(listed.error().code(), ErrorCode::unavailable);
}

}  // namespace
}  // namespace holdfast::repository
