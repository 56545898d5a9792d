// Request and Response: one question and its answer, as handlers and clients see them.
#pragma once

#include <map>
#include <string>

namespace holdfast::server {

struct Request {
  std::string method = "GET";
  std::string path;  // begins with a slash; percent-decoded
  // Of the path, by the names that the route gives them. Empty in a client's request.
  std::map<std::string, std::string> parameters = {};
  std::map<std::string, std::string> query = {};  // decoded
  std::string body = {};
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
};

}  // namespace holdfast::server
