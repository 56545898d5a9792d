// Damaged requests and answers: whatever is done to them, reading ends, and what is read keeps what
// the rest of the server relies on.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "api_json.hpp"
#include "base/random.hpp"
#include "http_protocol.hpp"

namespace holdfast::server {

namespace {

constexpr int rounds = 30'000;

const std::string request =
    "POST /api/v1/runs/20261121-101530-4f2a/cancel?state=failed&limit=5 HTTP/1.1\r\nHost: "
    "localhost:9840\r\nAuthorization: Bearer abc\r\nContent-Length: 5\r\nX: y\r\n\r\n";
const std::string answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n";
const std::string event =
    R"({"event": "deployed", "id": "v1", "tags": {"service": "shop", "by": "ä"}})";

void mutate(std::string& text, base::SeededRandom& random) {
  static constexpr std::array<const char*, 26> tokens{"\r\n",
                                                      "\n",
                                                      "\r",
                                                      " ",
                                                      "\t",
                                                      ":",
                                                      "%",
                                                      "%00",
                                                      "%2e",
                                                      "/",
                                                      "..",
                                                      "?",
                                                      "&",
                                                      "=",
                                                      "\"",
                                                      "{",
                                                      "}",
                                                      "[",
                                                      "\\u0000",
                                                      "null",
                                                      "Content-Length: 1\r\n",
                                                      "Transfer-Encoding: chunked\r\n",
                                                      "Host: a\r\n",
                                                      "99999999999999999999",
                                                      "-1",
                                                      "HTTP/1.1"};
  const auto at = random.below(text.size() + 1);
  switch (random.below(5)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(random.below(256));
      break;
    case 1: text.erase(at, random.below(20)); break;
    case 2: text.insert(at, tokens[random.below(tokens.size())]); break;
    case 3: text.insert(at, text.substr(random.below(text.size() + 1), random.below(40))); break;
    default: text.resize(at); break;
  }
}

template <typename Call>
void damage(const std::string& text, const Call& call) {
  base::SeededRandom random(23);
  for (int round = 0; round < rounds; ++round) {
    auto damaged = text;
    for (auto times = 1 + random.below(6); times > 0; --times) mutate(damaged, random);
    call(damaged);
  }
}

TEST(HttpProtocolFuzz, Requests) {
  int understood = 0;
  damage(request, [&](const std::string& text) {
    const auto end = find_head_end(text, 0);
    const auto result =
        parse_request_head(end.found == HeadEnd::Found::here ? text.substr(0, end.size) : text);
    if (const auto* refusal = std::get_if<Refusal>(&result)) {
      EXPECT_GE(refusal->status, 400);
      EXPECT_FALSE(refusal->message.empty());
      return;
    }
    ++understood;
    const auto& head = std::get<RequestHead>(result);
    for (const auto& segment : head.segments) {
      EXPECT_NE(segment, "..");
      EXPECT_EQ(segment.find('/'), std::string::npos);
      EXPECT_TRUE(std::none_of(segment.begin(), segment.end(),
                               [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
    }
    for (const auto& [name, value] : head.query) {
      EXPECT_EQ((name + value).find_first_of(std::string_view("\r\n\0", 3)), std::string::npos);
    }
    EXPECT_EQ(head.authorization.find_first_of("\r\n"), std::string::npos);
  });
  EXPECT_GT(understood, rounds / 100);
}

TEST(HttpProtocolFuzz, EndsAreFoundHoweverBytesCome) {
  base::SeededRandom random(3);
  damage(request, [&](const std::string& text) {
    const auto whole = find_head_end(text, 0);
    std::size_t scanned = 0;
    HeadEnd found;
    while (found.found == HeadEnd::Found::more && scanned < text.size()) {
      const auto size = std::min(text.size(), scanned + 1 + random.below(20));
      found = find_head_end(std::string_view(text).substr(0, size), scanned);
      scanned = size;
    }
    // One that reads on may see more after the end, or a broken line after a good one.
    if (whole.found != HeadEnd::Found::more) EXPECT_EQ(found.found, whole.found);
    if (whole.found == HeadEnd::Found::here) EXPECT_EQ(found.size, whole.size);
  });
}

TEST(HttpProtocolFuzz, Answers) {
  int understood = 0;
  damage(answer, [&](const std::string& text) {
    const auto head = parse_response_head(text);
    if (!head.ok()) return;
    ++understood;
    EXPECT_GE(head.value().status, 200);
    EXPECT_LE(head.value().status, 599);
  });
  EXPECT_GT(understood, rounds / 100);
}

TEST(HttpProtocolFuzz, Events) {
  int understood = 0;
  damage(event, [&](const std::string& text) {
    const auto record = parse_event(text);
    if (!record.ok()) {
      EXPECT_EQ(record.error().code(), base::ErrorCode::invalid_argument);
      return;
    }
    ++understood;
    EXPECT_FALSE(record.value().event.empty());
    EXPECT_EQ(record.value().event.find('\0'), std::string::npos);
  });
  EXPECT_GT(understood, rounds / 100);
}

}  // namespace

}  // namespace holdfast::server
