// ask: one question to a daemon of this machine, over its Unix socket or the loopback.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "server/message.hpp"

namespace holdfast::server {

struct AskOptions {
  base::Duration timeout = base::seconds(30);  // of the whole
  const base::SecretBytes* token = nullptr;    // borrowed; nothing: none is sent
  std::uint64_t body_size_max = 64 * base::MiB;
};

// `address` as in ServerOptions::listen; without TLS. An answer is an answer, whatever its status.
// unavailable: nobody listens there, or no answer came in time; permission_denied: the socket is
// another user's; invalid_argument: no address; damaged: the answer is not HTTP, or is cut short.
base::Result<Response> ask(const std::string& address, const Request& request,
                           const AskOptions& options = {});

}  // namespace holdfast::server
