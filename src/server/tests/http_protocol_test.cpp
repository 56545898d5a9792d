// Requests and answers as bytes. What is refused, a server says in http_server_hostile_test.cpp.
#include "http_protocol.hpp"

#include <gtest/gtest.h>

namespace holdfast::server {

namespace {

RequestHead parsed(const std::string& text) {
  auto result = parse_request_head(text);
  EXPECT_TRUE(std::holds_alternative<RequestHead>(result)) << std::get<Refusal>(result).message;
  return std::get<RequestHead>(std::move(result));
}

TEST(HttpProtocol, ReadsAHead) {
  const auto head = parsed(
      "POST /a%20b/c?x=1&y=a+b%2B&z HTTP/1.1\r\nHOST: Example.ORG:80\r\nAuthorization:\t Bearer t "
      "\r\nContent-Length: 12\r\nX-Other: \xc3\xa4\r\n\r\n");
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.segments, (std::vector<std::string>{"a b", "c"}));
  EXPECT_EQ(head.path(), "/a b/c");
  EXPECT_EQ(head.query, (std::map<std::string, std::string>{{"x", "1"}, {"y", "a b+"}, {"z", ""}}));
  EXPECT_EQ(head.host, "example.org");
  EXPECT_EQ(head.authorization, "Bearer t");
  EXPECT_EQ(head.content_length, 12U);
}

TEST(HttpProtocol, TheRootHasNoSegments) {
  const auto head = parsed("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(head.segments.empty());
  EXPECT_EQ(head.path(), "/");
  EXPECT_EQ(head.host, "");
}

TEST(HttpProtocol, HeadsEndWithAnEmptyLine) {
  using Found = HeadEnd::Found;
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(find_head_end(head.substr(0, size), 0).found, Found::more) << size;
  }
  const auto whole = find_head_end(head + "body", 0);
  EXPECT_EQ(whole.found, Found::here);
  EXPECT_EQ(whole.size, head.size());
  EXPECT_EQ(find_head_end(head, head.size() - 1).size, head.size());
  EXPECT_EQ(find_head_end("GET\n", 0).found, Found::never);
  EXPECT_EQ(find_head_end("\r\n", 0).found, Found::never);
}

TEST(HttpProtocol, WritesAnswers) {
  const auto text = encode_response({.status = 404, .content_type = "a/b", .body = "gone"},
                                    {.headers = "Allow: GET\r\n"});
  EXPECT_TRUE(text.starts_with("HTTP/1.1 404 Not Found\r\nContent-Type: a/b\r\n"));
  EXPECT_NE(text.find("\r\nAllow: GET\r\n\r\ngone"), std::string::npos);
  const auto head = encode_response({.body = "gone"}, {.body = AnswerParts::Body::without});
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_NE(head.find("Content-Length: 4\r\n"), std::string::npos);
}

TEST(HttpProtocol, AContentTypeCannotAddHeaders) {
  const auto text = encode_response({.content_type = "a\r\nSet-Cookie: x", .body = {}});
  EXPECT_EQ(text.find("Set-Cookie"), std::string::npos);
}

TEST(HttpProtocol, WritesRequestsThatItReads) {
  const Request request{.method = "POST",
                        .path = "/things/a b%ä",
                        .query = {{"k&", "v=1 2+"}, {"e", ""}},
                        .body = "text"};
  const auto text = encode_request(request, "localhost:1", "token");
  const auto end = find_head_end(text, 0);
  ASSERT_EQ(end.found, HeadEnd::Found::here);
  EXPECT_EQ(text.substr(end.size), "text");
  const auto head = parsed(text.substr(0, end.size));
  EXPECT_EQ(head.path(), request.path);
  EXPECT_EQ(head.query, request.query);
  EXPECT_EQ(head.content_length, 4U);
  EXPECT_EQ(head.authorization, "Bearer token");
  EXPECT_EQ(head.host, "localhost");
}

TEST(HttpProtocol, ReadsAnswers) {
  const auto head =
      parse_response_head("HTTP/1.1 503 No\r\nContent-Type: a/b\r\nContent-Length: 7\r\n\r\n")
          .value();
  EXPECT_EQ(head.status, 503);
  EXPECT_EQ(head.content_type, "a/b");
  EXPECT_EQ(head.content_length, 7U);
  EXPECT_FALSE(parse_response_head("HTTP/1.0 200 OK\r\n\r\n").value().content_length.has_value());
  for (const auto* text :
       {"", "HTTP/1.1\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    EXPECT_FALSE(parse_response_head(text).ok()) << text;
  }
}

TEST(HttpProtocol, StatusesHaveNames) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(299), "Answer");
}

}  // namespace

}  // namespace holdfast::server
