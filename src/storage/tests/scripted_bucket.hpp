// A bucket in the heap behind the scripted server: enough of S3 to put, read, list and delete, and
// a hook that answers first where a test wants something else to happen.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "storage/s3.hpp"
#include "storage/url.hpp"
#include "support/scripted_server.hpp"

namespace holdfast::storage {

class ScriptedBucket {
 public:
  // Nothing: the bucket answers.
  using Hook = std::function<std::optional<wire::ScriptedAnswer>(const wire::ReceivedRequest&)>;
  explicit ScriptedBucket(Hook hook = [](const wire::ReceivedRequest&) { return std::nullopt; })
      : hook_(std::move(hook)) {}

  [[nodiscard]] S3Url url() const {
    S3Url url;
    url.bucket = "bucket";
    url.prefix = "p";
    url.endpoint = server_.url();
    return url;
  }
  [[nodiscard]] S3Surroundings surroundings() {
    return {.executor = executor_, .clock = clock_, .environment = [](const std::string& name) {
              return name.starts_with("AWS_") && name.find("KEY") != std::string::npos
                         ? std::optional<std::string>("key")
                         : std::nullopt;
            }};
  }
  // What was asked since the last call, as "PUT /bucket/p/name?query".
  std::vector<std::string> asked() {
    std::vector<std::string> lines;
    const auto received = server_.received();
    for (; seen_ < received.size(); ++seen_) {
      const std::string line = received[seen_].line();
      lines.push_back(line.substr(0, line.rfind(' ')));
    }
    return lines;
  }
  [[nodiscard]] wire::ScriptedServer& server() { return server_; }
  void put(const std::string& key, const std::string& content) {
    const std::lock_guard lock(mutex_);
    objects_[key] = content;
  }

  static constexpr std::string_view modified = "Last-Modified: Sat, 21 Nov 2026 07:00:00 GMT\r\n";

 private:
  wire::ScriptedAnswer answer(const wire::ReceivedRequest& request) {
    if (auto other = hook_(request)) return *other;
    const std::string target = request.line();
    const std::string method = target.substr(0, target.find(' '));
    const std::string path =
        target.substr(method.size() + 1, target.rfind(' ') - method.size() - 1);
    const auto question = path.find('?');
    const std::string query = question == std::string::npos ? "" : path.substr(question + 1);
    const std::string bare = path.substr(0, question);
    const std::string key = bare.size() > 8 ? bare.substr(8) : "";
    const std::lock_guard lock(mutex_);
    if (key.empty()) return of_bucket(method, query, request);
    if (method == "PUT") {
      if (query.find("uploadId") != std::string::npos) {
        parts_[std::stoi(query.substr(query.find('=') + 1))] = request.body;
        return {wire::http_answer("200 OK", "", "ETag: \"e\"\r\n")};
      }
      if (!objects_.emplace(key, request.body).second)
        return refused("412 No", "PreconditionFailed");
      return {wire::http_answer("200 OK", "")};
    }
    if (method == "POST" && query.starts_with("uploads")) {
      parts_.clear();
      return {wire::http_answer("200 OK",
                                "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                                "</InitiateMultipartUploadResult>")};
    }
    if (method == "POST") {
      if (objects_.contains(key)) return refused("412 No", "PreconditionFailed");
      for (const auto& [number, part] : parts_) objects_[key] += part;
      return {wire::http_answer("200 OK", "<CompleteMultipartUploadResult/>")};
    }
    if (method == "DELETE") return {wire::http_answer("204 Gone", "")};
    const auto found = objects_.find(key);
    if (found == objects_.end()) {
      return method == "HEAD" ? wire::ScriptedAnswer{wire::http_answer("404 No", "")}
                              : refused("404 No", "NoSuchKey");
    }
    if (method == "HEAD") {
      return {"HTTP/1.1 200 OK\r\n" + std::string(modified) +
              "Content-Length: " + std::to_string(found->second.size()) + "\r\n\r\n"};
    }
    return {wire::http_answer("200 OK", found->second)};
  }

  wire::ScriptedAnswer of_bucket(const std::string& method, const std::string& query,
                                 const wire::ReceivedRequest&) {
    if (method == "HEAD") return {wire::http_answer("200 OK", "")};
    if (query.starts_with("versioning")) {
      return {wire::http_answer("200 OK", "<VersioningConfiguration/>")};
    }
    if (query.starts_with("object-lock")) {
      return refused("404 No", "ObjectLockConfigurationNotFoundError");
    }
    std::string page = "<ListBucketResult>";
    for (const auto& [key, content] : objects_) {
      page += "<Contents><Key>" + key + "</Key><LastModified>2026-11-21T07:00:00Z</LastModified>" +
              "<Size>" + std::to_string(content.size()) + "</Size></Contents>";
    }
    return {wire::http_answer("200 OK", page + "</ListBucketResult>")};
  }

  static wire::ScriptedAnswer refused(const std::string& status, const std::string& code) {
    return {wire::http_answer(status, "<Error><Code>" + code + "</Code></Error>")};
  }

  const Hook hook_;
  std::mutex mutex_;
  std::map<std::string, std::string> objects_;
  std::map<int, std::string> parts_;
  std::size_t seen_ = 0;
  base::SystemClock clock_;
  io::ThreadExecutor executor_;
  wire::ScriptedServer server_{
      [this](const wire::ReceivedRequest& request) { return answer(request); }};
};

}  // namespace holdfast::storage
