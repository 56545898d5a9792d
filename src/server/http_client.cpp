// One connection, one request, one answer, all before a deadline.
#include "server/http_client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "address.hpp"
#include "http_protocol.hpp"
#include "io/file.hpp"
#include "transport.hpp"

namespace holdfast::server {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint64_t head_size_max = 64 * base::KiB;

Error no_daemon(const std::string& address, std::string_view why) {
  return Error(ErrorCode::unavailable, fmt::format("no daemon answers on {}: {}", address, why))
      .with_hint("start one with: holdfast daemon")
      .with_retry(base::Retry::may_help);
}

class Asking {
 public:
  Asking(std::string address, base::Duration timeout)
      : address_(std::move(address)), deadline_(clock_.monotonic() + timeout) {}

  Result<void> connect(const Address& address) {
    const auto target = socket_address(address);
    fd_ = io::Fd(::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_.valid()) return Error::from_errno(errno, address_);
    transport_ = make_plain_transport(fd_.get());
    int reason = ::connect(fd_.get(), target.get(), target.size) == 0 ? 0 : errno;
    if (reason == EINPROGRESS) {
      TRY(wait(POLLOUT));
      socklen_t size = sizeof reason;
      ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &reason, &size);
    }
    if (reason == 0) return {};
    if (reason == EACCES || reason == EPERM) return Error::from_errno(reason, address_);
    if (reason == ENOENT || reason == ECONNREFUSED) return no_daemon(address_, "nobody listens");
    const auto error = Error::from_errno(reason, "connecting");
    return no_daemon(address_, error.message());
  }

  // A server that answers before it has read all is heard out: what it says counts.
  Result<void> send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto moved = transport_->write(bytes);
      if (moved.progress == Transport::Progress::ended) return {};
      if (moved.progress == Transport::Progress::done) {
        bytes.remove_prefix(moved.bytes);
      } else {
        TRY(wait(POLLOUT));
      }
    }
    return {};
  }

  Result<Response> receive(const Request& request, std::uint64_t body_size_max) {
    std::string in;
    auto end = TRY(receive_head(in));
    auto head = TRY(parse_response_head(std::string_view(in).substr(0, end)));
    if (request.method == "HEAD") head.content_length = 0;
    in.erase(0, end);
    const auto wanted = head.content_length.value_or(body_size_max + 1);
    bool has_ended = false;
    while (in.size() < wanted && in.size() <= body_size_max && !has_ended) {
      has_ended = !TRY(receive_more(in));
    }
    if (in.size() > body_size_max || (head.content_length && wanted > body_size_max)) {
      return Error(ErrorCode::damaged,
                   fmt::format("{} answers with more than {} bytes", address_, body_size_max));
    }
    if (head.content_length && in.size() < wanted) {
      return Error(ErrorCode::damaged, "the answer of " + address_ + " is cut short");
    }
    if (head.content_length) in.resize(wanted);
    return Response{
        .status = head.status, .content_type = std::move(head.content_type), .body = std::move(in)};
  }

 private:
  Result<std::size_t> receive_head(std::string& in) {
    std::size_t scanned = 0;
    for (;;) {
      const auto end = find_head_end(in, scanned);
      if (end.found == HeadEnd::Found::here) return end.size;
      scanned = in.size();
      if (end.found == HeadEnd::Found::never || in.size() > head_size_max) {
        return Error(ErrorCode::damaged, "what answers on " + address_ + " speaks no HTTP");
      }
      if (TRY(receive_more(in))) continue;
      if (in.empty()) return no_daemon(address_, "it closed the connection");
      return Error(ErrorCode::damaged, "the answer of " + address_ + " is cut short");
    }
  }

  // Whether something came, or nothing more does.
  Result<bool> receive_more(std::string& in) {
    std::array<char, 16 * base::KiB> bytes;
    for (;;) {
      const auto moved = transport_->read(bytes.data(), bytes.size());
      if (moved.progress == Transport::Progress::ended) return false;
      if (moved.progress == Transport::Progress::done) {
        in.append(bytes.data(), moved.bytes);
        return true;
      }
      TRY(wait(POLLIN));
    }
  }

  Result<void> wait(short events) {
    for (;;) {
      const auto left = deadline_ - clock_.monotonic();
      if (left <= base::Duration{}) return no_daemon(address_, "it takes too long");
      pollfd one{fd_.get(), events, 0};
      constexpr std::int64_t nanoseconds_per_millisecond = 1'000'000;
      const auto milliseconds =
          std::min<std::int64_t>(left.nanoseconds / nanoseconds_per_millisecond + 1, 60'000);
      const int found = ::poll(&one, 1, static_cast<int>(milliseconds));
      if (found > 0) return {};
      if (found < 0 && errno != EINTR) return Error::from_errno(errno, "poll");
    }
  }

  const std::string address_;
  const base::SystemClock clock_{};
  const base::Duration deadline_;
  io::Fd fd_;
  std::unique_ptr<Transport> transport_;
};

}  // namespace

Result<Response> ask(const std::string& address, const Request& request,
                     const AskOptions& options) {
  const auto parsed = TRY(parse_address(address));
  const auto token =
      options.token == nullptr ? std::string_view() : base::as_text(options.token->view());
  Asking asking(parsed.text(), options.timeout);
  TRY(asking.connect(parsed));
  auto host = parsed.text();
  if (parsed.kind == Address::Kind::unix_socket) host = "localhost";
  TRY(asking.send(encode_request(request, host, token)));
  return asking.receive(request, options.body_size_max);
}

}  // namespace holdfast::server
