// What S3's refusals mean: from status and code to an Error that says what to do.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "wire/http.hpp"

namespace holdfast::wire {

// What was asked, for the message.
struct S3Question {
  std::string_view operation;   // "put", "list"
  std::string_view permission;  // "s3:PutObject": what the credentials need for it
  std::string_view key;         // empty: the bucket itself
  std::string_view bucket;
  std::string_view server;  // host and port
  std::string region;
  base::Time asked_at;  // by our clock
};

// `answer` is no success.
[[nodiscard]] base::Error error_of_answer(const S3Question& question, const HttpResponse& answer);
// The same for a code inside a successful answer, as a batch delete has them.
[[nodiscard]] base::Error error_of_code(const S3Question& question, std::string_view code,
                                        std::string_view message, std::string_view request_id);

}  // namespace holdfast::wire
