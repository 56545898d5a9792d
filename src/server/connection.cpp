// The phases, one after the other.
#include "connection.hpp"

#include <poll.h>

#include <array>

#include "base/check.hpp"
#include "base/units.hpp"

namespace holdfast::server {

namespace {

constexpr base::Duration drain_timeout = base::seconds(1);
constexpr std::size_t drain_size_max = 4 * base::MiB;
constexpr std::size_t read_size = 16 * base::KiB;

}  // namespace

Connection::Connection(io::Fd fd, std::unique_ptr<Transport> transport,
                       const ConnectionLimits& limits, base::Duration now)
    : fd_(std::move(fd)),
      transport_(std::move(transport)),
      limits_(limits),
      events_(POLLIN),
      deadline_(now + limits.request_timeout) {}

bool Connection::waits_for_client() const noexcept {
  return phase_ == Phase::handshake || phase_ == Phase::reading || phase_ == Phase::writing ||
         phase_ == Phase::draining;
}

void Connection::advance(base::Duration now) {
  if (phase_ == Phase::handshake) step_handshake();
  if (phase_ == Phase::reading) step_reading();
  if (phase_ == Phase::writing) step_writing(now);
  if (phase_ == Phase::draining) step_draining();
}

void Connection::expire(base::Duration now) {
  if (!waits_for_client() || now < deadline_) return;
  if (phase_ == Phase::reading && !in_.empty()) {
    refuse({408, "the request took too long"});
  } else {
    phase_ = Phase::over;
  }
}

bool Connection::went_on(Transport::Progress progress) {
  using Progress = Transport::Progress;
  if (progress == Progress::done) return true;
  if (progress == Progress::ended) phase_ = Phase::over;
  if (progress == Progress::wants_read) events_ = POLLIN;
  if (progress == Progress::wants_write) events_ = POLLOUT;
  return false;
}

void Connection::step_handshake() {
  if (went_on(transport_->handshake())) phase_ = Phase::reading;
}

void Connection::refuse(Refusal refusal) {
  refusal_ = std::move(refusal);
  phase_ = Phase::refused;
}

void Connection::look_for_head() {
  const auto end = find_head_end(in_, scanned_);
  scanned_ = in_.size();
  if (end.found == HeadEnd::Found::never) return refuse({400, "this is no request of HTTP"});
  const bool is_here = end.found == HeadEnd::Found::here;
  if ((is_here ? end.size : in_.size()) > limits_.head_size_max) {
    return refuse({431, "the head of the request is too large"});
  }
  if (!is_here) return;
  auto parsed = parse_request_head(std::string_view(in_).substr(0, end.size));
  if (auto* refusal = std::get_if<Refusal>(&parsed)) return refuse(std::move(*refusal));
  head_ = std::get<RequestHead>(std::move(parsed));
  if (head_.content_length > limits_.body_size_max) {
    return refuse({413, "the body of the request is too large"});
  }
  head_size_ = end.size;
  phase_ = Phase::asking;
}

void Connection::admit() {
  phase_ = Phase::reading;
  take_completeness();
  step_reading();
}

// What comes after the body is another request, which nobody asked for here.
void Connection::take_completeness() {
  if (head_size_ && in_.size() - *head_size_ >= head_.content_length) phase_ = Phase::complete;
}

void Connection::step_reading() {
  std::array<char, read_size> bytes;
  while (phase_ == Phase::reading) {
    const auto moved = transport_->read(bytes.data(), bytes.size());
    if (!went_on(moved.progress)) return;
    in_.append(bytes.data(), moved.bytes);
    if (head_size_) {
      take_completeness();
    } else {
      look_for_head();
    }
  }
}

std::string Connection::take_body() {
  CHECK(head_size_.has_value(), "there is no request");
  auto body = in_.substr(*head_size_, head_.content_length);
  in_.clear();
  in_.shrink_to_fit();
  return body;
}

void Connection::begin_handling() noexcept { phase_ = Phase::handling; }

void Connection::answer(const Response& response, const std::string& headers, base::Duration now) {
  using Body = AnswerParts::Body;
  out_ = encode_response(
      response, {.headers = headers, .body = head_.method == "HEAD" ? Body::without : Body::with});
  in_.clear();
  phase_ = Phase::writing;
  deadline_ = now + limits_.response_timeout;
  events_ = POLLOUT;
  step_writing(now);
  if (phase_ == Phase::draining) step_draining();
}

void Connection::step_writing(base::Duration now) {
  while (sent_ < out_.size()) {
    const auto moved = transport_->write(std::string_view(out_).substr(sent_));
    if (!went_on(moved.progress)) return;
    sent_ += moved.bytes;
  }
  out_.clear();
  out_.shrink_to_fit();
  transport_->finish();
  phase_ = Phase::draining;
  deadline_ = now + drain_timeout;
  events_ = POLLIN;
}

// A socket that is closed with bytes unread resets the connection, and with it what the client has
// not read yet.
void Connection::step_draining() {
  std::array<char, read_size> bytes;
  while (phase_ == Phase::draining) {
    const auto moved = receive_some(fd_.get(), bytes.data(), bytes.size());
    if (!went_on(moved.progress)) return;
    drained_ += moved.bytes;
    if (drained_ > drain_size_max) phase_ = Phase::over;
  }
}

}  // namespace holdfast::server
