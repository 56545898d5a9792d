// One transfer: settings, bytes, and what libcurl's codes mean to us.
//
// Socket buffers are left to the kernel: its tuning grows them to several megabytes, while a
// setsockopt would freeze them at net.core.wmem_max, which is far less. TCP_NODELAY is libcurl's
// default.
#include "http_transfer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace holdfast::wire {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t header_bytes_max = 64 * base::KiB;
constexpr std::uint64_t failure_bytes_max = 64 * base::KiB;
constexpr long transfer_buffer_bytes = 256 * 1024;

long milliseconds_of(base::Duration duration) {
  return static_cast<long>(std::max<std::int64_t>(duration.nanoseconds / 1'000'000, 1));
}

}  // namespace

HttpTransfer::HttpTransfer(const HttpOptions& options, const HttpRequest& request, HttpRates& rates)
    : options_(options), request_(request), rates_(rates) {}

HttpTransfer::~HttpTransfer() { curl_slist_free_all(header_list_); }

base::Result<void> HttpTransfer::prepare(CURL* easy) {
  for (const HttpHeader& header : request_.headers) {
    const std::string line = header.name + ": " + header.value;
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return Error(ErrorCode::invalid_argument,
                   "a header with a line break: " + base::printable(header.name));
    }
    header_list_ = curl_slist_append(header_list_, line.c_str());
  }
  // Waiting for "100 Continue" costs a round trip, and silence for a second where it isn't known.
  header_list_ = curl_slist_append(header_list_, "Expect:");
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  if (curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str()) != CURLE_OK) {
    return Error(ErrorCode::invalid_argument, "not a URL for HTTP");
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, header_list_);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (options_.proxy) curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy->c_str());
  if (request_.proxy == HttpRequest::Proxy::none) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  prepare_method(easy);
  prepare_limits(easy);
  return {};
}

void HttpTransfer::prepare_method(CURL* easy) {
  const std::string& method = request_.method;
  if (method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (method == "PUT" || method == "POST" || !request_.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &HttpTransfer::on_upload);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &HttpTransfer::on_rewind);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, transfer_buffer_bytes);
  }
  if (method != "GET") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void HttpTransfer::prepare_limits(CURL* easy) {
  const auto buffer = rates_.download.piece_size(transfer_buffer_bytes);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, static_cast<long>(buffer));
  if (rates_.download.is_limited()) {
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &HttpTransfer::on_socket);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, this);
  }
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds_of(options_.connect_timeout));
  const base::Duration stall = request_.stall_timeout.value_or(options_.stall_timeout);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (milliseconds_of(stall) + 999) / 1000);
  if (request_.total_timeout) {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds_of(*request_.total_timeout));
  }
}

std::size_t HttpTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  return static_cast<HttpTransfer*>(self)->take_header({data, bytes}) ? bytes : 0;
}

// A status line begins a response: an interim one (100), a proxy's, or the real one, the last.
bool HttpTransfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > header_bytes_max) return false;
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    begin_response(line);
    return true;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  HttpHeader header;
  header.name = line.substr(0, colon);
  for (char& c : header.name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  header.value = value;
  response_.headers.push_back(std::move(header));
  return true;
}

void HttpTransfer::begin_response(std::string_view status_line) {
  response_.headers.clear();
  response_.body.clear();
  response_.into_size = 0;
  response_.status = 0;
  const auto space = status_line.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view digits = status_line.substr(space + 1, 3);
  std::from_chars(digits.data(), digits.data() + digits.size(), response_.status);
}

std::size_t HttpTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  const base::ByteView view(reinterpret_cast<const base::Byte*>(data), bytes);
  auto& transfer = *static_cast<HttpTransfer*>(self);
  auto& rates = transfer.rates_;
  const auto now = rates.clock.monotonic();
  if (rates.download.wait(now).nanoseconds > 0) {
    transfer.download_pauses_ = true;
    return CURL_WRITEFUNC_PAUSE;  // libcurl keeps the bytes and brings them again
  }
  rates.download.pass(bytes, now);
  return transfer.take_body(view) ? bytes : 0;
}

bool HttpTransfer::take_body(base::ByteView bytes) {
  if (request_.into && response_.is_success()) {
    const base::MutableByteView rest = request_.into->subspan(response_.into_size);
    const std::size_t taken = std::min(rest.size(), bytes.size());
    if (taken > 0) std::memcpy(rest.data(), bytes.data(), taken);
    response_.into_size += taken;
    response_.body_cut = taken < bytes.size();
    return !response_.body_cut;
  }
  // What a failure says is wanted however little was expected.
  const std::uint64_t size_max = response_.is_success()
                                     ? request_.body_size_max
                                     : std::max(request_.body_size_max, failure_bytes_max);
  if (response_.body.empty()) {
    std::uint64_t announced = 0;
    const std::string_view length = response_.header("content-length");
    std::from_chars(length.data(), length.data() + length.size(), announced);
    response_.body_cut = announced > size_max;
    if (response_.body_cut) return false;
    response_.body.reserve(announced);
  }
  response_.body_cut = bytes.size() > size_max - response_.body.size();
  if (response_.body_cut) return false;
  response_.body.insert(response_.body.end(), bytes.begin(), bytes.end());
  return true;
}

std::size_t HttpTransfer::on_upload(char* out, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  const base::ByteView rest = transfer.request_.body.subspan(transfer.uploaded_);
  auto& rates = transfer.rates_;
  const auto now = rates.clock.monotonic();
  if (!rest.empty() && rates.upload.wait(now).nanoseconds > 0) {
    transfer.upload_pauses_ = true;
    return CURL_READFUNC_PAUSE;
  }
  const std::size_t taken = std::min(rest.size(), rates.upload.piece_size(size * count));
  if (taken > 0) std::memcpy(out, rest.data(), taken);
  rates.upload.pass(taken, now);
  transfer.uploaded_ += taken;
  return taken;
}

// What the kernel receives ahead of us has gone over the line already.
int HttpTransfer::on_socket(void* self, curl_socket_t socket, curlsocktype) {
  const auto& download = static_cast<HttpTransfer*>(self)->rates_.download;
  const int size = static_cast<int>(download.piece_size(transfer_buffer_bytes));
  (void)::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  return CURL_SOCKOPT_OK;
}

std::optional<base::Duration> HttpTransfer::go_on(CURL* easy) {
  if (!upload_pauses_ && !download_pauses_) return std::nullopt;
  const auto now = rates_.clock.monotonic();
  const auto upload = upload_pauses_ ? rates_.upload.wait(now) : base::Duration{};
  const auto download = download_pauses_ ? rates_.download.wait(now) : base::Duration{};
  const bool was_both = upload_pauses_ && download_pauses_;
  const bool upload_may = upload_pauses_ && upload.nanoseconds <= 0;
  const bool download_may = download_pauses_ && download.nanoseconds <= 0;
  if (!upload_may && !download_may) {
    return was_both ? std::min(upload, download) : upload_pauses_ ? upload : download;
  }
  if (upload_may) upload_pauses_ = false;
  if (download_may) download_pauses_ = false;
  const int still = (upload_pauses_ ? CURLPAUSE_SEND : 0) | (download_pauses_ ? CURLPAUSE_RECV : 0);
  // The callbacks may run in here, and pause again.
  curl_easy_pause(easy, still);
  return base::Duration{};
}

int HttpTransfer::on_rewind(void* self, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  if (origin != SEEK_SET || offset < 0 ||
      static_cast<std::uint64_t>(offset) > transfer.request_.body.size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  transfer.uploaded_ = static_cast<std::size_t>(offset);
  transfer.response_.sent_again = true;
  return CURL_SEEKFUNC_OK;
}

Error HttpTransfer::failure(CURLcode code) const {
  std::string text = server_of(request_.url) + ": ";
  text += error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  text = base::printable(text);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error(ErrorCode::invalid_argument, std::move(text)).with_hint("correct the URL");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return Error(ErrorCode::permission_denied, std::move(text))
          .with_hint(
              "the server's certificate is not trusted; name the file of its authority's "
              "certificate (ca-file) if the server is yours");
    case CURLE_SSL_CACERT_BADFILE:
      return Error(ErrorCode::invalid_argument, std::move(text))
          .with_hint("the file of trusted certificates (ca-file) cannot be read");
    case CURLE_SSL_CONNECT_ERROR:
      return Error(ErrorCode::unavailable, std::move(text))
          .with_hint("does the server speak https at that port, or plain http?")
          .with_retry(base::Retry::may_help);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return Error(ErrorCode::unavailable, std::move(text))
          .with_hint("is the address right, and the server running and reachable?")
          .with_retry(base::Retry::may_help);
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT: return {ErrorCode::internal, std::move(text)};
    default:
      return Error(ErrorCode::unavailable, std::move(text)).with_retry(base::Retry::may_help);
  }
}

base::Result<HttpResponse> HttpTransfer::finish(CURLcode code, CURL* easy) {
  if (code == CURLE_WRITE_ERROR && response_.body_cut) code = CURLE_OK;
  if (code == CURLE_WRITE_ERROR && header_bytes_ > header_bytes_max) {
    return Error(ErrorCode::unavailable, server_of(request_.url) +
                                             ": the answer's headers are longer than anything "
                                             "that makes sense");
  }
  if (code != CURLE_OK) return failure(code);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

}  // namespace holdfast::wire
