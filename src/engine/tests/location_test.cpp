// Opening and making the place of a repository.
#include "engine/location.hpp"

#include <filesystem>

#include "engine_fixture.hpp"

namespace holdfast::engine {
namespace {

using base::ErrorCode;

class LocationTest : public EngineTest {
 protected:
  ErrorCode code_of_opening(std::string_view with = passphrase) const {
    const auto opened = Location::open(location(), bytes(with));
    CHECK(!opened.ok(), "it opened");
    return opened.error().code();
  }
};

TEST_F(LocationTest, WhatIsCreatedOpens) {
  const auto id = must(Location::create(location(), small_repository(), bytes(passphrase)));
  const auto at = open();
  EXPECT_EQ(at->repository().id(), id);
  EXPECT_EQ(at->repository().config().pack_data_max, 64U * 1024);
  EXPECT_TRUE(at->repository().keys().reader.has_value());
}

TEST_F(LocationTest, AFileUrlIsAPath) {
  auto options = location();
  options.url = "file://" + options.url;
  const auto id = must(Location::create(options, small_repository(), bytes(passphrase)));
  EXPECT_EQ(open()->repository().id(), id);
}

TEST_F(LocationTest, NoRepositoryIsNotFound) {
  EXPECT_EQ(code_of_opening(), ErrorCode::not_found);
  std::filesystem::create_directory(location().url);
  EXPECT_EQ(code_of_opening(), ErrorCode::not_found) << "an empty directory";
  const auto opened = Location::open(location(), bytes(passphrase));
  EXPECT_NE(opened.error().to_string().find(location().url), std::string::npos);
  EXPECT_FALSE(opened.error().hint().empty());
}

TEST_F(LocationTest, OneRepositoryAPlace) {
  create();
  const auto again = Location::create(location(), small_repository(), bytes("other"));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), ErrorCode::already_exists);
  EXPECT_TRUE(Location::open(location(), bytes(passphrase)).ok()) << "and it is as it was";
}

TEST_F(LocationTest, OnlyTheRightPassphraseOpens) {
  create();
  EXPECT_EQ(code_of_opening("wrong"), ErrorCode::wrong_key);
  EXPECT_EQ(code_of_opening(""), ErrorCode::wrong_key);
}

TEST_F(LocationTest, AnUnknownUrlIsRefused) {
  auto options = location();
  options.url = "gopher://x/y";
  EXPECT_FALSE(Location::open(options, bytes(passphrase)).ok());
  EXPECT_FALSE(Location::create(options, small_repository(), bytes(passphrase)).ok());
}

TEST_F(LocationTest, SenselessParametersAreRefusedBeforeAnythingIsStored) {
  auto options = small_repository();
  options.config.chunker.size_target = 5000;
  const auto created = Location::create(location(), options, bytes(passphrase));
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of_opening(), ErrorCode::not_found);
}

// A damaged key slot must not be taken for a wrong passphrase.
TEST_F(LocationTest, ADamagedKeySlotIsDamage) {
  create();
  const auto slot = objects("keys").at(0);
  flip_byte(slot, 60);
  EXPECT_EQ(code_of_opening(), ErrorCode::damaged);
}

TEST_F(LocationTest, AMissingConfigIsNamed) {
  create();
  const auto config = objects("config").at(0);
  remove(config);
  const auto opened = Location::open(location(), bytes(passphrase));
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().to_string().find(config), std::string::npos);
}

TEST_F(LocationTest, AnOldRosterPutBackIsSeen) {
  create();
  {
    const auto at = open();
    must(at->repository().write_roster(at->repository().roster().writers));
  }
  ASSERT_EQ(objects("roster").size(), 2U);
  remove(objects("roster").at(1));
  EXPECT_EQ(code_of_opening(), ErrorCode::damaged);
  EXPECT_TRUE(Location::open(location("new"), bytes(passphrase)).ok())
      << "a machine that never saw the newer one can't know";
}

}  // namespace
}  // namespace holdfast::engine
