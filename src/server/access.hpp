// Access: whether a request may go where it wants to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"
#include "base/bytes.hpp"
#include "server/http_server.hpp"

namespace holdfast::server {

// "Bearer <token>", compared in a time that doesn't depend on where they differ. Never with an
// empty token.
[[nodiscard]] bool has_token(std::string_view authorization, const base::SecretBytes& token);

enum class Verdict { granted, token_missing, token_wrong, no_token_configured };
[[nodiscard]] Verdict judge_access(Route::Access access, const Address& listening,
                                   std::string_view authorization, const base::SecretBytes& token);

// Whether this server goes by `host` (RequestHead::host). On the loopback a page whose name was
// made to look local would otherwise read, from a browser here, what it may not.
[[nodiscard]] bool goes_by(std::string_view host, const Address& listening,
                           const std::vector<std::string>& names);

// What ServerOptions may not be.
base::Result<void> check_options(const ServerOptions& options, const Address& listening);

}  // namespace holdfast::server
