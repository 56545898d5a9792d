// Tokens, names, and what is refused before anything listens.
#include "access.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>

namespace holdfast::server {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t token_size_min = 16;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

bool has_token(std::string_view authorization, const base::SecretBytes& token) {
  constexpr std::string_view scheme = "Bearer ";
  if (token.empty() || authorization.size() != scheme.size() + token.size()) return false;
  if (!same_word(authorization.substr(0, scheme.size()), scheme)) return false;
  const auto given = authorization.substr(scheme.size());
  return CRYPTO_memcmp(given.data(), token.view().data(), token.size()) == 0;
}

Verdict judge_access(Route::Access access, const Address& listening, std::string_view authorization,
                     const base::SecretBytes& token) {
  // The file's mode has let the owner in, and nobody else.
  if (listening.kind == Address::Kind::unix_socket) return Verdict::granted;
  if (access == Route::Access::open) return Verdict::granted;
  if (access == Route::Access::local && listening.is_loopback()) return Verdict::granted;
  if (token.empty()) return Verdict::no_token_configured;
  if (authorization.empty()) return Verdict::token_missing;
  return has_token(authorization, token) ? Verdict::granted : Verdict::token_wrong;
}

bool goes_by(std::string_view host, const Address& listening,
             const std::vector<std::string>& names) {
  if (listening.kind == Address::Kind::unix_socket) return true;
  if (!listening.is_loopback() && names.empty()) return true;
  if (host == listening.host) return true;
  if (listening.is_loopback() && (host == "localhost" || host == "127.0.0.1" || host == "::1")) {
    return true;
  }
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& name) { return same_word(name, host); });
}

Result<void> check_options(const ServerOptions& options, const Address& listening) {
  const bool has_tls = !options.certificate_file.empty();
  if (has_tls != !options.key_file.empty()) {
    return Error(ErrorCode::invalid_argument, "TLS needs a certificate and its key; one is missing")
        .with_hint("give both files, or neither");
  }
  if (has_tls && listening.kind == Address::Kind::unix_socket) {
    return Error(ErrorCode::invalid_argument, "a Unix socket takes no certificate")
        .with_hint("only its owner can reach it: leave the certificate out");
  }
  const auto token = base::as_text(options.token.view());
  if (!token.empty() &&
      (token.size() < token_size_min ||
       !std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; }))) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("the token is shorter than {} characters, or has some that can't be "
                             "sent",
                             token_size_min))
        .with_hint("make one with: openssl rand -hex 32");
  }
  if (listening.is_loopback()) return {};
  if (token.empty()) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("{} can be reached from other machines, and there is no token",
                             listening.text()))
        .with_hint("configure a token, or listen on 127.0.0.1");
  }
  if (!has_tls) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("{} can be reached from other machines, and would send the token in "
                             "the clear",
                             listening.text()))
        .with_hint("configure a certificate and its key, or listen on 127.0.0.1");
  }
  return {};
}

}  // namespace holdfast::server
