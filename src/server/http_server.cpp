// The loop that moves the bytes of all connections.
#include "server/http_server.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

#include "access.hpp"
#include "base/log.hpp"
#include "connection.hpp"
#include "error_answer.hpp"
#include "listener.hpp"
#include "router.hpp"
#include "tls.hpp"
#include "workers.hpp"

namespace holdfast::server {

using base::Duration;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr Duration stop_grace = base::milliseconds(700);
constexpr Duration accept_pause = base::milliseconds(100);
constexpr int accepts_at_once = 64;

Response answer_of(const Route& route, const Request& request) {
  try {
    return route.handler(request);
  } catch (const std::exception& thrown) {
    base::log(base::LogLevel::error, fmt::format("{}: {}", route.path, thrown.what()));
  } catch (...) {
    base::log(base::LogLevel::error, route.path + ": an unknown exception");
  }
  return error_answer(Error(ErrorCode::internal, "the request could not be answered")
                          .with_hint("the daemon's log says why"));
}

// A task's signals are its own: what OpenSSL writes to a broken connection must not end the
// program.
void block_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

ErrorCode code_of_refusal(int status) {
  if (status == 408) return ErrorCode::unavailable;
  return status == 501 || status == 505 ? ErrorCode::unsupported : ErrorCode::invalid_argument;
}

struct Denial {
  int status;
  Error error;
  std::string headers;
};

Denial denial_of(Verdict verdict) {
  if (verdict == Verdict::no_token_configured) {
    return {403,
            Error(ErrorCode::permission_denied, "this needs a token, and the daemon has none")
                .with_hint("configure one, or use the daemon's Unix socket"),
            {}};
  }
  const bool is_missing = verdict == Verdict::token_missing;
  return {401,
          Error(ErrorCode::permission_denied,
                is_missing ? "this needs a token" : "the token is another one")
              .with_hint("send the header Authorization: Bearer TOKEN"),
          is_missing ? "WWW-Authenticate: Bearer\r\n"
                     : "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n"};
}

}  // namespace

class HttpServer::State {
 public:
  State(ServerOptions options, std::vector<Route> routes, Listener listener,
        std::unique_ptr<TlsContext> tls, io::Fd wake, io::Executor& executor)
      : options_(std::move(options)),
        router_(std::move(routes)),
        listener_(std::move(listener)),
        address_(listener_.address()),
        tls_(std::move(tls)),
        wake_(std::move(wake)),
        workers_(std::make_unique<Workers>(executor, options_.workers)),
        loop_(executor.spawn("http", [this] { run(); })) {}

  [[nodiscard]] std::string address() const { return address_.text(); }

  void stop() {
    const std::lock_guard lock(stop_mutex_);
    if (!loop_) return;
    is_stopping_ = true;
    wake();
    loop_->join();
    loop_.reset();
    workers_.reset();
  }

 private:
  using Phase = Connection::Phase;
  using Connections = std::map<std::uint64_t, std::unique_ptr<Connection>>;

  void run();
  Duration poll_all();
  void accept_some();
  bool accept_one();
  bool make_room();
  void advance_all();
  void settle(std::uint64_t id, Connection& connection);
  void admit(Connection& connection);
  void dispatch(std::uint64_t id, Connection& connection);
  void deliver_answers();
  void close_idle();
  void wake() const {
    // One that is full is awake.
    static_cast<void>(::eventfd_write(wake_.get(), 1));
  }
  void deny(Connection& connection, int status, const Error& error,
            const std::string& headers = {}) {
    connection.answer(error_answer(status, error), headers, now_);
  }

  const ServerOptions options_;
  const Router router_;
  Listener listener_;
  const Address address_;
  const std::unique_ptr<TlsContext> tls_;
  const io::Fd wake_;
  const base::SystemClock clock_{};

  // The loop's alone.
  Duration now_;
  Duration accept_after_;
  std::uint64_t next_id_ = 1;
  Connections connections_;
  std::vector<pollfd> polled_;
  std::vector<std::uint64_t> polled_ids_;

  std::atomic<bool> is_stopping_ = false;
  std::mutex answers_mutex_;
  std::vector<std::pair<std::uint64_t, Response>> answers_;
  std::mutex stop_mutex_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<io::Task> loop_;
};

void HttpServer::State::run() {
  block_pipe_signal();
  now_ = clock_.monotonic();
  accept_after_ = now_;
  Duration end{};
  bool is_ending = false;
  for (;;) {
    if (is_stopping_ && !is_ending) {
      is_ending = true;
      end = now_ + stop_grace;
      listener_.close();
      close_idle();
    }
    if (is_ending && (connections_.empty() || now_ >= end)) break;
    auto next = poll_all();
    if (is_ending) next = std::min(next, end);
    const timespec wait{
        .tv_sec = std::max(next - now_, Duration{}).nanoseconds / base::nanoseconds_per_second,
        .tv_nsec = std::max(next - now_, Duration{}).nanoseconds % base::nanoseconds_per_second};
    if (::ppoll(polled_.data(), polled_.size(), &wait, nullptr) < 0 && errno != EINTR) {
      // Out of memory, or a limit was lowered under us: not at full speed.
      constexpr int pause_ms = 50;
      ::poll(nullptr, 0, pause_ms);
    }
    now_ = clock_.monotonic();
    eventfd_t woken = 0;
    if (polled_[0].revents != 0) static_cast<void>(::eventfd_read(wake_.get(), &woken));
    deliver_answers();
    advance_all();
    if (!is_ending && polled_[1].revents != 0) accept_some();
  }
  connections_.clear();
}

// Fills polled_: the wake-up call, the listener, then connections. When to look again at the
// latest.
Duration HttpServer::State::poll_all() {
  Duration next = now_ + base::minutes(1);
  polled_.clear();
  polled_ids_.clear();
  polled_.push_back({wake_.get(), POLLIN, 0});
  // A negative descriptor is skipped.
  const bool accepts = now_ >= accept_after_ && make_room();
  polled_.push_back({accepts ? listener_.fd() : -1, POLLIN, 0});
  if (now_ < accept_after_) next = std::min(next, accept_after_);
  for (const auto& [id, connection] : connections_) {
    if (!connection->waits_for_client()) continue;
    polled_.push_back({connection->fd(), connection->events(), 0});
    polled_ids_.push_back(id);
    next = std::min(next, connection->deadline());
  }
  return next;
}

// Whether one more connection has a place.
bool HttpServer::State::make_room() {
  return connections_.size() < options_.connections_max ||
         std::any_of(
             connections_.begin(), connections_.end(),
             [](const auto& each) { return each.second->waits_for_client(); });
}

void HttpServer::State::accept_some() {
  for (int i = 0; i < accepts_at_once; ++i) {
    if (!make_room() || !accept_one()) return;
  }
}

bool HttpServer::State::accept_one() {
  io::Fd fd(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid()) {
    if (errno == EINTR || errno == ECONNABORTED) return true;
    // Out of descriptors or memory: the connection stays in the queue, and would wake us at once.
    if (errno != EAGAIN) accept_after_ = now_ + accept_pause;
    return false;
  }
  if (connections_.size() >= options_.connections_max) {
    // Who has been waiting longest for its client goes; ids ascend.
    const auto oldest =
        std::find_if(connections_.begin(), connections_.end(),
                     [](const auto& each) { return each.second->waits_for_client(); });
    if (oldest == connections_.end()) return false;
    connections_.erase(oldest);
  }
  auto transport = tls_ ? tls_->accept(fd.get()) : make_plain_transport(fd.get());
  if (!transport) return true;
  const ConnectionLimits limits{.head_size_max = options_.head_size_max,
                                .body_size_max = options_.body_size_max,
                                .request_timeout = options_.request_timeout,
                                .response_timeout = options_.response_timeout};
  const auto id = next_id_++;
  auto made = std::make_unique<Connection>(std::move(fd), std::move(transport), limits, now_);
  auto& connection = *connections_.emplace(id, std::move(made)).first->second;
  // Often the request has come with the connection.
  connection.advance(now_);
  settle(id, connection);
  return true;
}

void HttpServer::State::advance_all() {
  for (std::size_t i = 0; i < polled_ids_.size(); ++i) {
    const auto found = connections_.find(polled_ids_[i]);
    if (found == connections_.end()) continue;
    auto& connection = *found->second;
    if (polled_[i + 2].revents != 0) connection.advance(now_);
    connection.expire(now_);
    settle(found->first, connection);
  }
}

// Does what a connection's phase asks for, and forgets it when it is over.
void HttpServer::State::settle(std::uint64_t id, Connection& connection) {
  if (connection.phase() == Phase::asking) admit(connection);
  if (connection.phase() == Phase::complete) dispatch(id, connection);
  if (connection.phase() == Phase::refused) {
    const auto& refusal = connection.refusal();
    deny(connection, refusal.status, Error(code_of_refusal(refusal.status), refusal.message));
  }
  if (connection.phase() == Phase::over) connections_.erase(id);
}

// Looks at the head alone: who may not ask, sends no body either.
void HttpServer::State::admit(Connection& connection) {
  const auto& head = connection.head();
  if (!goes_by(head.host, address_, options_.host_names)) {
    return deny(connection, 421,
                Error(ErrorCode::permission_denied, "this server doesn't go by that name")
                    .with_hint("ask for localhost, or configure the name"));
  }
  const auto found = router_.find(head.method, head.segments);
  if (found.route == nullptr && found.allowed.empty()) {
    return deny(connection, 404, Error(ErrorCode::not_found, "there is nothing at this path"));
  }
  if (found.route == nullptr) {
    return deny(connection, 405,
                Error(ErrorCode::unsupported, "this path doesn't take the method")
                    .with_hint("it takes " + found.allowed),
                "Allow: " + found.allowed + "\r\n");
  }
  const auto verdict =
      judge_access(found.route->access, address_, head.authorization, options_.token);
  if (verdict != Verdict::granted) {
    const auto denial = denial_of(verdict);
    return deny(connection, denial.status, denial.error, denial.headers);
  }
  connection.admit();
}

void HttpServer::State::dispatch(std::uint64_t id, Connection& connection) {
  const auto& head = connection.head();
  auto found = router_.find(head.method, head.segments);
  Request request{.method = head.method,
                  .path = head.path(),
                  .parameters = std::move(found.parameters),
                  .query = head.query,
                  .body = connection.take_body()};
  connection.begin_handling();
  if (found.route->runs == Route::Runs::at_once) {
    return connection.answer(answer_of(*found.route, request), {}, now_);
  }
  workers_->add([this, id, route = found.route, request = std::move(request)] {
    auto response = answer_of(*route, request);
    {
      const std::lock_guard lock(answers_mutex_);
      answers_.emplace_back(id, std::move(response));
    }
    wake();
  });
}

void HttpServer::State::deliver_answers() {
  std::vector<std::pair<std::uint64_t, Response>> answers;
  {
    const std::lock_guard lock(answers_mutex_);
    answers.swap(answers_);
  }
  for (const auto& [id, response] : answers) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    found->second->answer(response, {}, now_);
    settle(id, *found->second);
  }
}

// At the end: who has not sent a whole request gets no answer, and who has read one needs no more.
void HttpServer::State::close_idle() {
  std::erase_if(connections_, [](const auto& each) {
    const auto phase = each.second->phase();
    return phase != Phase::handling && phase != Phase::writing;
  });
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() { stop(); }

std::string HttpServer::address() const { return state_->address(); }

void HttpServer::stop() { state_->stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(ServerOptions options,
                                                      std::vector<Route> routes,
                                                      io::Executor& executor) {
  const auto wanted = TRY(parse_address(options.listen));
  TRY(check_options(options, wanted));
  std::unique_ptr<TlsContext> tls;
  if (!options.certificate_file.empty()) {
    tls = TRY(TlsContext::open(options.certificate_file, options.key_file));
  }
  io::Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return Error::from_errno(errno, "eventfd");
  auto listener = TRY(Listener::open(wanted));
  options.connections_max = std::max<std::size_t>(1, options.connections_max);
  return std::unique_ptr<HttpServer>(new HttpServer(
      std::make_unique<State>(std::move(options), std::move(routes), std::move(listener),
                              std::move(tls), std::move(wake), executor)));
}

}  // namespace holdfast::server
