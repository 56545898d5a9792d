// Credentials for S3, found where AWS's own tools look: the environment, a web identity, the shared
// files with their profiles, a container's endpoint, the instance's metadata. What expires is
// fetched again before it does.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/executor.hpp"
#include "wire/http.hpp"

namespace holdfast::wire {

// Looks up a variable of the environment. Thread-safe.
using EnvironmentCall = std::function<std::optional<std::string>(const std::string&)>;

struct S3Credentials {
  std::string access_key;
  base::SecretBytes secret_key;
  std::string session_token;          // a secret, too; empty for lasting keys
  std::optional<base::Time> expires;  // nothing: they last
  std::string origin;                 // for messages: "the environment", "profile 'x'"
};
// Shared by the requests that are under way while newer ones are fetched.
using SharedS3Credentials = std::shared_ptr<const S3Credentials>;

struct S3CredentialsOptions {
  EnvironmentCall environment;
  // Asked for by name: then the environment's keys are not used. Empty: AWS_PROFILE, or "default".
  std::string profile;
  std::string region;  // for the token service
};

// Thread-safe. Borrows all it is given.
class S3CredentialsSource {
 public:
  S3CredentialsSource(HttpClient& http, io::Executor& executor, const base::Clock& clock,
                      S3CredentialsOptions options);
  ~S3CredentialsSource();

  // Those to use now. permission_denied, with a hint, if there are none; unavailable if the service
  // that has them does not answer.
  base::Result<SharedS3Credentials> current();
  // The server said that these have expired: the next current() fetches others.
  void discard(const SharedS3Credentials& expired);
  // The region that environment or profile name; empty if none does.
  [[nodiscard]] std::string configured_region() const;

 private:
  [[nodiscard]] std::string variable(const std::string& name) const;
  [[nodiscard]] std::string file_path(const std::string& name, const std::string& in_home) const;
  [[nodiscard]] std::string profile_name() const;
  [[nodiscard]] std::string profile_value(const std::string& key) const;

  base::Result<S3Credentials> fetch();
  std::optional<S3Credentials> from_environment() const;
  base::Result<std::optional<S3Credentials>> from_profile();
  base::Result<std::optional<S3Credentials>> from_web_identity(const std::string& role,
                                                               const std::string& token_file);
  base::Result<std::optional<S3Credentials>> from_container();
  base::Result<std::optional<S3Credentials>> from_instance();

  HttpClient& http_;
  const base::Clock& clock_;
  const S3CredentialsOptions options_;
  std::mutex mutex_;
  const std::unique_ptr<io::Signal> changed_;
  SharedS3Credentials current_;
  bool fetching_ = false;  // one task fetches, the others wait
};

}  // namespace holdfast::wire
