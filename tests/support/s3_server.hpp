// Real S3 servers for tests: MinIO and versitygw, each a process of its own on the loopback, with a
// directory and a port of its own, ended with the test.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "io/executor.hpp"
#include "storage/s3.hpp"
#include "storage/url.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::storage {

class S3Server {
 public:
  enum class Kind { minio, versitygw };
  enum class Buckets { plain, versioned, locked };

  // `programs`: the directory that holds the servers' programs.
  S3Server(Kind kind, const std::string& programs);
  ~S3Server();

  [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Ends the process; start() brings it back with what it held.
  void stop();
  void start();
  void make_bucket(const std::string& name, Buckets kind);
  // "Enabled" or "Suspended".
  void set_versioning(const std::string& bucket, const std::string& status);
  // A signed request of the test's own; the answer's status.
  int request(const std::string& method, const std::string& path_and_query,
              const std::string& body = {}, const std::string& header = {});

  [[nodiscard]] S3Url url(const std::string& bucket, const std::string& prefix) const;
  // Variables with the right keys.
  static std::optional<std::string> environment(const std::string& name);
  [[nodiscard]] S3Surroundings surroundings();

 private:
  [[nodiscard]] std::vector<std::string> command() const;
  [[nodiscard]] bool answers();

  const Kind kind_;
  const std::string program_;
  TemporaryDirectory directory_;
  base::SystemClock clock_;
  io::ThreadExecutor executor_;
  int port_ = 0;
  pid_t pid_ = -1;
};

// One server of each kind for the whole test binary.
S3Server& shared_s3_server(S3Server::Kind kind);

}  // namespace holdfast::storage
