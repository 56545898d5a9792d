// Connection: one client from its first byte to its last: what has come, what is to be sent, what
// is waited for and until when.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "http_protocol.hpp"
#include "io/file.hpp"
#include "transport.hpp"

namespace holdfast::server {

struct ConnectionLimits {
  std::size_t head_size_max = 0;
  std::size_t body_size_max = 0;
  base::Duration request_timeout;
  base::Duration response_timeout;
};

// One task at a time. Times are the monotonic clock's.
class Connection {
 public:
  enum class Phase {
    handshake,
    reading,   // the request
    asking,    // its head is here: admit() lets its body come, answer() doesn't
    refused,   // it is not to be answered but by refusal()
    complete,  // it is here: take_body(), then answer()
    handling,  // somebody works on the answer
    writing,   // the answer
    draining,  // what the client still sends, so that it gets to read the answer
    over,
  };

  Connection(io::Fd fd, std::unique_ptr<Transport> transport, const ConnectionLimits& limits,
             base::Duration now);

  // Moves as much as goes without waiting.
  void advance(base::Duration now);
  // Does what its deadline demands, if that has passed.
  void expire(base::Duration now);

  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  [[nodiscard]] bool waits_for_client() const noexcept;
  [[nodiscard]] base::Duration deadline() const noexcept { return deadline_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  // Of poll().
  [[nodiscard]] short events() const noexcept { return events_; }

  // Phases asking, complete and handling.
  [[nodiscard]] const RequestHead& head() const noexcept { return head_; }
  [[nodiscard]] std::string take_body();
  // Phase refused.
  [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }

  // From phase asking.
  void admit();
  // From phase complete.
  void begin_handling() noexcept;
  // From phases asking, refused, complete and handling. `headers` as AnswerParts has them.
  void answer(const Response& response, const std::string& headers, base::Duration now);

 private:
  void step_handshake();
  void step_reading();
  void step_writing(base::Duration now);
  void step_draining();
  void look_for_head();
  void take_completeness();
  void refuse(Refusal refusal);
  // Whether there is something to go on with; else it waits, or is over.
  bool went_on(Transport::Progress progress);

  io::Fd fd_;
  std::unique_ptr<Transport> transport_;
  const ConnectionLimits limits_;
  Phase phase_ = Phase::handshake;
  short events_ = 0;
  base::Duration deadline_;
  std::string in_;
  std::size_t scanned_ = 0;
  std::optional<std::size_t> head_size_;
  RequestHead head_;
  Refusal refusal_;
  std::string out_;
  std::size_t sent_ = 0;
  std::size_t drained_ = 0;
};

}  // namespace holdfast::server
