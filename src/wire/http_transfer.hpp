// HttpTransfer: one request on its way through libcurl: the settings of its easy handle, and the
// callbacks that move its bytes.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>

#include "rate.hpp"
#include "wire/http.hpp"

namespace holdfast::wire {

struct CloseEasy {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, CloseEasy>;

// The rates of a client; its own task's.
struct HttpRates {
  base::SystemClock clock;
  Rate upload;
  Rate download;
};

// Lives from before the handle is added to the multi handle until after it was removed. Used by
// one task at a time.
class HttpTransfer {
 public:
  HttpTransfer(const HttpOptions& options, const HttpRequest& request, HttpRates& rates);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Sets a fresh or reset handle up.
  base::Result<void> prepare(CURL* easy);
  // What came of it.
  base::Result<HttpResponse> finish(CURLcode code, CURL* easy);
  // Goes on if the rates for which it paused allow it. The time after which to ask again, if not.
  std::optional<base::Duration> go_on(CURL* easy);

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_upload(char* out, std::size_t size, std::size_t count, void* self);
  static int on_rewind(void* self, curl_off_t offset, int origin);
  static int on_socket(void* self, curl_socket_t socket, curlsocktype purpose);

  void begin_response(std::string_view status_line);
  bool take_header(std::string_view line);
  bool take_body(base::ByteView bytes);
  void prepare_method(CURL* easy);
  void prepare_limits(CURL* easy);
  [[nodiscard]] base::Error failure(CURLcode code) const;

  const HttpOptions& options_;
  const HttpRequest& request_;
  HttpRates& rates_;
  bool upload_pauses_ = false;
  bool download_pauses_ = false;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  std::size_t uploaded_ = 0;
  curl_slist* header_list_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace holdfast::wire
