// Each way a passphrase comes in, and what is refused.
#include "passphrase.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/random.hpp"
#include "declarations.hpp"
#include "repository/identity.hpp"

namespace holdfast::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class Passphrase : public testing::Test {
 protected:
  Passphrase() {
    auto place = (std::filesystem::temp_directory_path() / "passphrase-XXXXXX").string();
    directory_ = ::mkdtemp(place.data());
  }
  ~Passphrase() override { std::filesystem::remove_all(directory_); }

  std::string file(std::string_view content, unsigned mode) {
    const auto path = (directory_ / "key").string();
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }

  // What a command with these options gets.
  base::Result<base::SecretBytes> obtain(
      std::map<std::string, std::vector<std::string>, std::less<>> options,
      std::string_view from_environment = {}) {
    std::ostringstream stream;
    Output output(stream, stream, Format::text, Verbosity::normal);
    const Invocation invocation(*find_command("prune"), {.options = std::move(options)}, output,
                                {});
    return obtain_passphrase(repository_passphrase(), invocation,
                             base::SecretBytes(base::as_bytes(from_environment)), {});
  }

  std::filesystem::path directory_;
};

std::string text(const base::Result<base::SecretBytes>& secret) {
  return secret.ok() ? std::string(base::as_text(secret.value().view()))
                     : "error: " + secret.error().to_string();
}

TEST_F(Passphrase, OneNewlineAtTheEndOfAKeyFileIsDropped) {
  EXPECT_EQ(text(read_key_file(file("secret\n", 0600))), "secret");
  EXPECT_EQ(text(read_key_file(file("secret", 0400))), "secret");
  EXPECT_EQ(text(read_key_file(file("two\nlines\n\n", 0640))), "two\nlines\n");
}

TEST_F(Passphrase, AKeyFileForEveryoneIsRefused) {
  for (const unsigned mode : {0604U, 0602U, 0644U, 0666U}) {
    const auto result = read_key_file(file("secret", mode));
    ASSERT_FALSE(result.ok()) << mode;
    EXPECT_EQ(result.error().code(), base::ErrorCode::invalid_argument);
    EXPECT_THAT(result.error().hint(), HasSubstr("chmod 600"));
    EXPECT_THAT(result.error().to_string(), Not(HasSubstr("secret")));
  }
}

TEST_F(Passphrase, AKeyFileMustHoldSomething) {
  EXPECT_EQ(read_key_file(file("", 0600)).error().code(), base::ErrorCode::invalid_argument);
  EXPECT_EQ(read_key_file(file("\n", 0600)).error().code(), base::ErrorCode::invalid_argument);
  EXPECT_EQ(read_key_file(file(std::string(passphrase_size_max + 1, 'x'), 0600)).error().code(),
            base::ErrorCode::invalid_argument);
  EXPECT_EQ(read_key_file((directory_ / "absent").string()).error().code(),
            base::ErrorCode::not_found);
  EXPECT_EQ(read_key_file(directory_.string()).error().code(), base::ErrorCode::invalid_argument);
}

// An identity's file is taken whole, with the comment that it ends in.
TEST_F(Passphrase, AnIdentityIsTakenWhereverItComesFromAndADamagedOneNowhere) {
  base::SeededRandom random(1);
  const auto identity = repository::format_identity_file(codec::make_box_key_pair(random));
  const std::string good(base::as_text(identity.view()));
  const auto path = file(good, 0600);
  EXPECT_EQ(text(read_key_file(path)), good.substr(0, good.size() - 1));
  EXPECT_EQ(text(run_key_command("cat " + path, {})), good.substr(0, good.find('\n')));
  EXPECT_EQ(text(obtain({}, good)), good);
  auto bad = good;
  bad[30] = bad[30] == 'a' ? 'b' : 'a';
  (void)file(bad, 0600);
  for (const auto& refused : {text(read_key_file(path)), text(run_key_command("cat " + path, {})),
                              text(obtain({}, bad))}) {
    EXPECT_THAT(refused, HasSubstr("the identity was mistyped"));
    EXPECT_THAT(refused, Not(HasSubstr(bad.substr(40, 10))));
  }
  EXPECT_THAT(text(obtain({}, bad)), HasSubstr("BACKUP_ENCRYPTION_KEY"));
  EXPECT_THAT(text(read_key_file(path)), HasSubstr(path));
  (void)file(good, 0604);
  EXPECT_THAT(read_key_file(path).error().hint(), HasSubstr("key generate"));
}

TEST_F(Passphrase, TheFirstLineOfAKeyCommandCounts) {
  EXPECT_EQ(text(run_key_command("echo secret; echo more", {})), "secret");
  EXPECT_EQ(text(run_key_command("printf 'a b'", {})), "a b");
  EXPECT_EQ(run_key_command("true", {}).error().code(), base::ErrorCode::invalid_argument);
  const auto failed = run_key_command("echo secret; exit 3", {});
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().to_string(), Not(HasSubstr("secret")));
}

TEST_F(Passphrase, KeyCommandsDoNotInheritSecrets) {
  ::setenv("BACKUP_ENCRYPTION_KEY", "leak", 1);
  ::setenv("HOLDFAST_NEW_KEY", "leak", 1);
  const auto result = run_key_command("echo seen:$BACKUP_ENCRYPTION_KEY$HOLDFAST_NEW_KEY", {});
  ::unsetenv("BACKUP_ENCRYPTION_KEY");
  ::unsetenv("HOLDFAST_NEW_KEY");
  EXPECT_EQ(text(result), "seen:");
}

TEST_F(Passphrase, WhatIsGivenExplicitlyWins) {
  const auto path = file("from file", 0600);
  EXPECT_EQ(text(obtain({}, "from environment")), "from environment");
  EXPECT_EQ(text(obtain({{"key-file", {path}}}, "from environment")), "from file");
  EXPECT_EQ(text(obtain({{"key-command", {"echo from command"}}}, "from environment")),
            "from command");
  EXPECT_THAT(text(obtain({{"key-file", {path}}, {"key-command", {"x"}}})),
              HasSubstr("exclude each other"));
}

}  // namespace
}  // namespace holdfast::cli
