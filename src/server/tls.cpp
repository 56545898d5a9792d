// The only source of this layer that sees OpenSSL's sessions.
#include "tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace holdfast::server {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

struct FreeSession {
  void operator()(SSL* session) const noexcept { SSL_free(session); }
};
struct FreeContext {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};

// OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Error tls_error(const std::string& file, std::string_view what) {
  const auto code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return Error(ErrorCode::invalid_argument,
               fmt::format("{}: {}{}{}", file, what, reason == nullptr ? "" : ": ",
                           reason == nullptr ? "" : reason))
      .with_hint(
          "give a PEM file with the certificate and its chain, and one with its key without "
          "a passphrase");
}

Result<void> check_key_file(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return Error::from_errno(errno, path);
  if ((found.st_mode & S_IRWXO) == 0) return {};
  return Error(ErrorCode::permission_denied, fmt::format("anybody can read the key {}", path))
      .with_hint("chmod o= it, and take a new key if others may have read this one");
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(std::unique_ptr<SSL, FreeSession> session, int fd)
      : session_(std::move(session)), fd_(fd) {}

  Progress handshake() override {
    ERR_clear_error();
    const int done = SSL_accept(session_.get());
    if (done == 1) return Progress::done;
    return progress_of(done);
  }
  Moved read(char* into, std::size_t size) override {
    ERR_clear_error();
    const int count =
        SSL_read(session_.get(), into, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    if (count > 0) return {Progress::done, static_cast<std::size_t>(count)};
    return {progress_of(count), 0};
  }
  Moved write(std::string_view bytes) override {
    ERR_clear_error();
    const int count = SSL_write(session_.get(), bytes.data(),
                                static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
    if (count > 0) return {Progress::done, static_cast<std::size_t>(count)};
    return {progress_of(count), 0};
  }
  void finish() override {
    ERR_clear_error();
    if (!is_broken_) SSL_shutdown(session_.get());
    ::shutdown(fd_, SHUT_WR);
  }

 private:
  Progress progress_of(int result) {
    switch (SSL_get_error(session_.get(), result)) {
      case SSL_ERROR_WANT_READ: return Progress::wants_read;
      case SSL_ERROR_WANT_WRITE: return Progress::wants_write;
      default: is_broken_ = true; return Progress::ended;
    }
  }

  const std::unique_ptr<SSL, FreeSession> session_;
  const int fd_;
  bool is_broken_ = false;
};

}  // namespace

struct TlsContext::State {
  std::unique_ptr<SSL_CTX, FreeContext> context;
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::open(const std::string& certificate_file,
                                                     const std::string& key_file) {
  TRY(check_key_file(key_file));
  auto state = std::make_unique<State>();
  state->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = state->context.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
    return tls_error(certificate_file, "TLS cannot be set up");
  }
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return tls_error(certificate_file, "no certificate");
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return tls_error(key_file, "no key for the certificate");
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return tls_error(key_file, "the key is another certificate's");
  }
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(state)));
}

std::unique_ptr<Transport> TlsContext::accept(int fd) {
  std::unique_ptr<SSL, FreeSession> session(SSL_new(state_->context.get()));
  if (!session || SSL_set_fd(session.get(), fd) != 1) return nullptr;
  return std::make_unique<TlsTransport>(std::move(session), fd);
}

}  // namespace holdfast::server
