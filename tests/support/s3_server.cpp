// Starting, asking and ending the servers' processes.
#include "s3_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <vector>

#include "codec/hash.hpp"
#include "io/file.hpp"
#include "wire/http.hpp"
#include "wire/sigv4.hpp"

namespace holdfast::storage {

namespace {

constexpr const char* access_key = "holdfast-test";
constexpr const char* secret_key = "holdfast-test-secret";

int free_port() {
  const io::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  CHECK(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "no free port");
  CHECK(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0, "no port");
  return ntohs(address.sin_port);
}

std::string program_of(S3Server::Kind kind, const std::string& programs) {
  const std::string path = programs + (kind == S3Server::Kind::minio ? "/minio" : "/versitygw");
  CHECK(::access(path.c_str(), X_OK) == 0, "the S3 servers are missing: run ./dev setup");
  return path;
}

}  // namespace

S3Server::S3Server(Kind kind, const std::string& programs)
    : kind_(kind), program_(program_of(kind, programs)), port_(free_port()) {
  for (const char* name : {"/data", "/versions", "/home"}) {
    std::filesystem::create_directory(directory_.path() + name);
  }
  start();
}

S3Server::~S3Server() { stop(); }

std::vector<std::string> S3Server::command() const {
  const std::string address = "127.0.0.1:" + std::to_string(port_);
  const std::string data = directory_.path() + "/data";
  if (kind_ == Kind::minio) return {program_, "server", "--quiet", "--address", address, data};
  return {program_,
          "--quiet",
          "--port",
          address,
          "--access",
          access_key,
          "--secret",
          secret_key,
          "posix",
          "--versioning-dir",
          directory_.path() + "/versions",
          data};
}

void S3Server::start() {
  const std::vector<std::string> words = command();
  const std::string home = "HOME=" + directory_.path() + "/home";
  const std::string user = std::string("MINIO_ROOT_USER=") + access_key;
  const std::string password = std::string("MINIO_ROOT_PASSWORD=") + secret_key;
  const std::string log = directory_.path() + "/log";
  std::vector<const char*> arguments;
  for (const std::string& word : words) arguments.push_back(word.c_str());
  arguments.push_back(nullptr);
  const char* environment[] = {
      home.c_str(),        user.c_str(),     password.c_str(),     "MINIO_UPDATE=off",
      "MINIO_BROWSER=off", "MINIO_CI_CD=on", "PATH=/usr/bin:/bin", nullptr};
  pid_ = ::fork();
  CHECK(pid_ >= 0, "fork failed");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execve(program_.c_str(), const_cast<char* const*>(arguments.data()),
             const_cast<char* const*>(environment));
    ::_exit(127);
  }
  for (int i = 0; i < 600 && !answers(); ++i) executor_.sleep(base::milliseconds(50), {});
  CHECK(answers(), "the S3 server does not answer");
}

void S3Server::stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool S3Server::answers() { return request("GET", "/") == 200; }

int S3Server::request(const std::string& method, const std::string& path_and_query,
                      const std::string& body, const std::string& header) {
  wire::HttpClient http(executor_, {.proxy = ""});
  const auto question = path_and_query.find('?');
  wire::SignedRequest signing;
  signing.method = method;
  signing.path = path_and_query.substr(0, question);
  if (question != std::string::npos) {
    signing.query.emplace_back(path_and_query.substr(question + 1), "");
  }
  signing.payload_hash = base::to_hex(codec::sha256(base::as_bytes(body)));
  const wire::SigningScope scope{.region = "us-east-1", .at = clock_.now()};
  signing.headers = {{"host", endpoint().substr(7)},
                     {"x-amz-date", wire::amazon_time(scope.at)},
                     {"x-amz-content-sha256", signing.payload_hash}};
  if (const auto colon = header.find(':'); colon != std::string::npos) {
    signing.headers.emplace_back(header.substr(0, colon), header.substr(colon + 1));
  }
  wire::HttpRequest one;
  one.method = method;
  one.url = endpoint() + signing.path;
  if (!signing.query.empty()) one.url += "?" + wire::canonical_query(signing.query);
  for (const auto& [name, value] : signing.headers) {
    if (name != "host") one.headers.push_back({name, value});
  }
  one.headers.push_back({"authorization", wire::authorization(signing, scope, access_key,
                                                              base::as_bytes(secret_key))});
  one.body = base::as_bytes(body);
  const auto answer = http.perform(one);
  return answer.ok() ? answer.value().status : 0;
}

void S3Server::make_bucket(const std::string& name, Buckets kind) {
  const std::string header =
      kind == Buckets::locked ? "x-amz-bucket-object-lock-enabled:true" : std::string();
  CHECK(request("PUT", "/" + name, {}, header) == 200, "the bucket could not be made");
  if (kind == Buckets::versioned) set_versioning(name, "Enabled");
}

void S3Server::set_versioning(const std::string& bucket, const std::string& status) {
  const std::string body =
      "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>" +
      status + "</Status></VersioningConfiguration>";
  CHECK(request("PUT", "/" + bucket + "?versioning", body) == 200, "versioning cannot be set");
}

S3Url S3Server::url(const std::string& bucket, const std::string& prefix) const {
  S3Url url;
  url.bucket = bucket;
  url.prefix = prefix;
  url.endpoint = endpoint();
  url.region = "us-east-1";
  return url;
}

std::optional<std::string> S3Server::environment(const std::string& name) {
  if (name == "AWS_ACCESS_KEY_ID") return access_key;
  if (name == "AWS_SECRET_ACCESS_KEY") return secret_key;
  return std::nullopt;
}

S3Surroundings S3Server::surroundings() {
  return {.executor = executor_, .clock = clock_, .environment = environment};
}

S3Server& shared_s3_server(S3Server::Kind kind) {
  static std::map<S3Server::Kind, std::unique_ptr<S3Server>> servers;
  auto& server = servers[kind];
  if (!server) server = std::make_unique<S3Server>(kind, HOLDFAST_SERVERS);
  return *server;
}

}  // namespace holdfast::storage
