// Who is seen at work: signed sessions, by the storage's clock; nobody else.
#include "repository/session_list.hpp"

#include <gtest/gtest.h>

#include "repository/object_name.hpp"
#include "repository/session.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

class SessionListTest : public testing::Test {
 protected:
  // Stores a session object of this id, signed by `key`.
  std::string put(const ShortId& id, const codec::SigningKey& key, std::uint32_t sequence = 0) {
    const auto object = sign_object(session_magic, repository_->id(), key, test_.random.array<8>());
    const auto prefix =
        numbered_prefix(std::string(sessions_prefix) + base::to_hex(id) + "-", sequence);
    return object_name(prefix, must(put_object(test_.storage, prefix, object)).hash);
  }
  void expect_only_ignored(ErrorCode code) {
    std::vector<IgnoredObject> ignored;
    EXPECT_TRUE(must(list_sessions(*repository_, &ignored)).empty());
    ASSERT_EQ(ignored.size(), 1U);
    EXPECT_EQ(ignored[0].error.code(), code) << ignored[0].error.to_string();
    EXPECT_TRUE(must(list_sessions(*repository_)).empty());
  }

  TestRepository test_;
  std::unique_ptr<Repository> repository_ = test_.open();
};

TEST_F(SessionListTest, TellsRegistrationAndLastRenewal) {
  const auto registered = test_.clock.now();
  const auto session = must(Session::begin(*repository_, "backup"));
  test_.clock.advance(base::minutes(10));
  must(session->renew());
  test_.clock.advance(base::minutes(10));
  must(session->renew());
  const auto renewed = test_.clock.now();
  const auto other = must(Session::begin(*repository_, "prune"));
  const auto sessions = must(list_sessions(*repository_));
  ASSERT_EQ(sessions.size(), 2U);
  const auto& found = sessions[0].id == session->id() ? sessions[0] : sessions[1];
  EXPECT_EQ(found.registered, registered);
  EXPECT_EQ(found.renewed, renewed);
  EXPECT_EQ(found.objects.size(), 3U);
  EXPECT_EQ(session->renewed_at(), renewed);
}

TEST_F(SessionListTest, AStrangerIsNotAtWork) {
  (void)put({1}, codec::SigningKey(test_.random.array<32>()));
  expect_only_ignored(ErrorCode::permission_denied);
}

TEST_F(SessionListTest, WhoseSessionIsDamagedMayBeAtWork) {
  const auto name = put({1}, *repository_->keys().writer);
  must(test_.storage.damage(name, [](base::Bytes& bytes) { bytes[50] ^= 1; }));
  std::vector<IgnoredObject> ignored;
  const auto sessions = must(list_sessions(*repository_, &ignored));
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].id, ShortId{1});
  EXPECT_EQ(sessions[0].renewed, test_.clock.now());
  ASSERT_EQ(ignored.size(), 1U);
  EXPECT_EQ(ignored[0].error.code(), ErrorCode::damaged);
}

TEST_F(SessionListTest, ForeignNames) {
  for (const std::string name : {"sessions/x", "sessions/readme-0123", "sessions/00ff"}) {
    must(test_.storage.put(name, base::as_bytes("x")));
  }
  std::vector<IgnoredObject> ignored;
  EXPECT_TRUE(must(list_sessions(*repository_, &ignored)).empty());
  EXPECT_EQ(ignored.size(), 3U);
}

TEST_F(SessionListTest, AnIdWithoutAHashIsForeign) {
  must(test_.storage.put("sessions/" + std::string(32, 'a'), base::as_bytes("x")));
  std::vector<IgnoredObject> ignored;
  const auto sessions = list_sessions(*repository_, &ignored);
  ASSERT_TRUE(sessions.ok()) << "what anybody can put there stops nobody: "
                             << sessions.error().to_string();
  EXPECT_TRUE(sessions.value().empty());
  EXPECT_EQ(ignored.size(), 1U);
}

TEST_F(SessionListTest, LivesForItsTimeAndTheSkew) {
  Config config;
  config.session_ttl = base::minutes(60);
  const base::Time start{1'000'000'000'000'000};
  const SessionInfo session{.id = {}, .registered = start, .renewed = start, .objects = {}};
  const auto skew = base::minutes(1);
  EXPECT_TRUE(is_live(session, start, config, {}));
  EXPECT_TRUE(is_live(session, start + base::minutes(60), config, {}));
  EXPECT_FALSE(is_live(session, start + base::minutes(60) + base::Duration{1}, config, {}));
  EXPECT_TRUE(is_live(session, start + base::minutes(61), config, skew));
  EXPECT_FALSE(is_live(session, start + base::minutes(61) + base::Duration{1}, config, skew));
  EXPECT_TRUE(is_live(session, start - base::minutes(5), config, {})) << "a clock set back";
}

TEST_F(SessionListTest, OneClockHasNoSkew) {
  EXPECT_EQ(storage_skew(test_.storage), base::Duration{});
  storage::MemoryStorage bucket(test_.clock);
  EXPECT_GT(storage_skew(bucket), base::Duration{});
}

}  // namespace
}  // namespace holdfast::repository
