// The client's task: takes requests from a list, lets libcurl move them, wakes their callers. A
// caller waits until its transfer is out of libcurl's hands, whatever happens: its buffers are in
// use until then.
#include "wire/http.hpp"

#include <algorithm>
#include <atomic>
#include <unordered_set>
#include <utility>

#include "http_transfer.hpp"

namespace holdfast::wire {

namespace {

using base::Error;
using base::ErrorCode;

constexpr int poll_timeout_ms = 1000;
constexpr std::size_t idle_handles_max = 64;

struct CloseMulti {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};

Error not_started() { return {ErrorCode::internal, "libcurl cannot be set up"}; }

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const HttpHeader& one) { return one.name == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

std::string server_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const auto at = url.rfind('@');
  if (at != std::string_view::npos) url.remove_prefix(at + 1);
  return base::printable(url);
}

class HttpClient::Engine {
 public:
  Engine(io::Executor& executor, HttpOptions options)
      : executor_(executor),
        options_(std::move(options)),
        rates_{.clock = {},
               .upload = Rate(options_.upload_bytes_per_second),
               .download = Rate(options_.download_bytes_per_second)} {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started == CURLE_OK) multi_.reset(curl_multi_init());
    if (!multi_) return;
    const auto connections = static_cast<long>(options_.connections_max);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, connections);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, connections);
    curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
    task_ = executor_.spawn("http", [this] { run(); });
  }

  ~Engine() {
    if (!multi_) return;
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    curl_multi_wakeup(multi_.get());
    task_->join();
    idle_.clear();
  }

  base::Result<HttpResponse> perform(const HttpRequest& request) {
    if (!multi_) return not_started();
    Call call(options_, request, rates_, executor_.make_signal());
    Easy easy = take_handle();
    if (!easy) return not_started();
    call.easy = easy.get();
    TRY(call.transfer.prepare(easy.get()));
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return Error(ErrorCode::cancelled, "the HTTP client is being closed");
      arrived_.push_back(&call);
    }
    curl_multi_wakeup(multi_.get());
    {
      const std::stop_callback cancel(request.stop, [&] {
        call.cancelled = true;
        curl_multi_wakeup(multi_.get());
      });
      std::unique_lock lock(call.mutex);
      while (!call.done) call.changed->wait(lock);
    }
    if (call.was_cancelled) return Error(ErrorCode::cancelled, "the request was given up");
    auto answer = call.transfer.finish(call.code, easy.get());
    give_handle(std::move(easy));
    return answer;
  }

 private:
  struct Call {
    Call(const HttpOptions& options, const HttpRequest& request, HttpRates& rates,
         std::unique_ptr<io::Signal> signal)
        : transfer(options, request, rates), changed(std::move(signal)) {}
    HttpTransfer transfer;
    CURL* easy = nullptr;
    std::atomic<bool> cancelled = false;
    std::mutex mutex;  // guards what follows
    std::unique_ptr<io::Signal> changed;
    bool done = false;
    bool was_cancelled = false;
    CURLcode code = CURLE_OK;
  };

  Easy take_handle() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Easy easy = std::move(idle_.back());
        idle_.pop_back();
        return easy;
      }
    }
    return Easy(curl_easy_init());
  }

  void give_handle(Easy easy) {
    curl_easy_reset(easy.get());
    const std::lock_guard lock(mutex_);
    if (idle_.size() < idle_handles_max) idle_.push_back(std::move(easy));
  }

  enum class Outcome { answered, cancelled };
  static void finish(Call& call, Outcome outcome, CURLcode code) {
    const std::lock_guard lock(call.mutex);
    call.code = code;
    call.was_cancelled = outcome == Outcome::cancelled;
    call.done = true;
    call.changed->notify_all();
  }

  // False once the client ends and nothing is left.
  bool admit() {
    std::vector<Call*> arrived;
    bool ending = false;
    {
      const std::lock_guard lock(mutex_);
      arrived.swap(arrived_);
      ending = ending_;
    }
    for (Call* call : arrived) {
      if (curl_multi_add_handle(multi_.get(), call->easy) != CURLM_OK) {
        finish(*call, Outcome::answered, CURLE_FAILED_INIT);
      } else {
        active_.insert(call);
      }
    }
    for (auto at = active_.begin(); at != active_.end();) {
      Call* call = *at;
      if (!ending && !call->cancelled) {
        ++at;
        continue;
      }
      at = active_.erase(at);
      curl_multi_remove_handle(multi_.get(), call->easy);
      finish(*call, Outcome::cancelled, CURLE_OK);
    }
    return !ending;
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const easy = message->easy_handle;
      const CURLcode code = message->data.result;
      const auto found = std::find_if(active_.begin(), active_.end(),
                                      [&](const Call* call) { return call->easy == easy; });
      curl_multi_remove_handle(multi_.get(), easy);
      if (found == active_.end()) continue;
      Call* const call = *found;
      active_.erase(found);
      finish(*call, Outcome::answered, code);
    }
  }

  void run() {
    while (admit()) {
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      collect();
      const int timeout_ms = rates_.upload.is_limited() || rates_.download.is_limited()
                                 ? go_on_with_paused()
                                 : poll_timeout_ms;
      curl_multi_poll(multi_.get(), nullptr, 0, timeout_ms, nullptr);
    }
  }

  // Lets go on what paused for a rate, each in its turn. How long to wait for the next, in ms.
  int go_on_with_paused() {
    std::int64_t timeout_ms = poll_timeout_ms;
    std::vector<Call*> in_turn(active_.begin(), active_.end());
    if (!in_turn.empty()) {
      const auto first = static_cast<std::ptrdiff_t>(turn_++ % in_turn.size());
      std::rotate(in_turn.begin(), in_turn.begin() + first, in_turn.end());
    }
    for (Call* call : in_turn) {
      const auto wait = call->transfer.go_on(call->easy);
      if (wait) timeout_ms = std::min(timeout_ms, wait->nanoseconds / 1'000'000 + 1);
    }
    return static_cast<int>(timeout_ms);
  }

  io::Executor& executor_;
  const HttpOptions options_;
  HttpRates rates_;  // the task's own
  std::size_t turn_ = 0;
  std::unique_ptr<CURLM, CloseMulti> multi_;
  std::mutex mutex_;  // guards arrived_, idle_, ending_
  std::vector<Call*> arrived_;
  std::vector<Easy> idle_;
  bool ending_ = false;
  std::unordered_set<Call*> active_;  // the task's own
  std::unique_ptr<io::Task> task_;
};

HttpClient::HttpClient(io::Executor& executor, HttpOptions options)
    : engine_(std::make_unique<Engine>(executor, std::move(options))) {}

HttpClient::~HttpClient() = default;

base::Result<HttpResponse> HttpClient::perform(const HttpRequest& request) {
  return engine_->perform(request);
}

}  // namespace holdfast::wire
