// Connecting, trusting the server, logging in. ~/.ssh/config is obeyed (host aliases, keys,
// ProxyCommand, the files of known hosts), and what the URL says wins over it.
#include "sftp_channel.hpp"

#include <libssh/libssh.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "url_parts.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t write_size_max = 1 << 20;
constexpr int lost_after_ms = 60'000;  // bytes that nobody acknowledges for so long

// While it lives, no SIGPIPE reaches this thread: libssh writes to a ProxyCommand with write(2),
// and one that ended would end us. What the thread's mask was and what was pending stays as it was.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec no_time{};
    while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &no_time) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

struct FreeSession {
  void operator()(ssh_session session) const noexcept {
    const NoBrokenPipe quiet;
    ssh_disconnect(session);
    ssh_free(session);
  }
};
using SessionPtr = std::unique_ptr<ssh_session_struct, FreeSession>;

struct FreeKey {
  void operator()(ssh_key key) const noexcept { ssh_key_free(key); }
};
using KeyPtr = std::unique_ptr<ssh_key_struct, FreeKey>;

struct FreeText {
  void operator()(char* text) const noexcept { ssh_string_free_char(text); }
};
using TextPtr = std::unique_ptr<char, FreeText>;

// What the URL and ~/.ssh/config come to together; empty if there is nothing.
std::string option_of(ssh_session session, ssh_options_e option) {
  char* raw = nullptr;
  if (ssh_options_get(session, option, &raw) != SSH_OK) return {};
  const TextPtr text(raw);
  return text ? text.get() : std::string();
}

// The server's name in the files of known hosts.
std::string host_and_port(ssh_session session) {
  std::string host = option_of(session, SSH_OPTIONS_HOST);
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  unsigned port = 22;
  (void)ssh_options_get_port(session, &port);
  if (port != 22) host = "[" + host + "]:" + std::to_string(port);
  return base::printable(host);
}

std::string known_hosts_of(ssh_session session) {
  const std::string file = option_of(session, SSH_OPTIONS_KNOWNHOSTS);
  return file.empty() ? "~/.ssh/known_hosts" : file;
}

// For a shell.
std::string quoted(const std::string& text) {
  if (text.starts_with("~/")) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string reason_of(ssh_session session) { return base::printable(ssh_get_error(session)); }

Error lost(const SftpUrl& url, const std::string& reason) {
  return Error(ErrorCode::unavailable,
               "the connection to " + describe_sftp_place(url) + " is lost: " + reason)
      .with_retry(base::Retry::may_help)
      .with_hint("check the network and the server, then run again");
}

// libssh gives SSH_AUTH_AGAIN and SSH_AGAIN when its timeout has passed, too: silence is no
// refusal.
bool is_lost_login(ssh_session session, int answer) {
  return answer == SSH_AUTH_AGAIN || (answer == SSH_AUTH_ERROR && ssh_is_connected(session) == 0);
}

Error lost_login(ssh_session session, const SftpUrl& url, int answer) {
  if (answer == SSH_AUTH_AGAIN) return lost(url, "the server did not answer the login in time");
  return lost(url, reason_of(session));
}

base::Result<void> configure(ssh_session session, const SftpUrl& url, base::Duration timeout) {
  const long timeout_s = std::max<long>(1, static_cast<long>(timeout.seconds()));
  const int log_nothing = SSH_LOG_NOLOG;
  const int no = 0;
  const int yes = 1;
  ssh_options_set(session, SSH_OPTIONS_LOG_VERBOSITY, &log_nothing);
  int refused = ssh_options_set(session, SSH_OPTIONS_HOST, url.host.c_str());
  refused |= ssh_options_parse_config(session, nullptr);
  refused |= ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
  refused |= ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &timeout_s);
  refused |= ssh_options_set(session, SSH_OPTIONS_NODELAY, &yes);
  refused |= ssh_options_set(session, SSH_OPTIONS_COMPRESSION, "no");
  // The one that needs the least of the processor first.
  constexpr const char* ciphers =
      "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,"
      "aes128-ctr";
  refused |= ssh_options_set(session, SSH_OPTIONS_CIPHERS_C_S, ciphers);
  refused |= ssh_options_set(session, SSH_OPTIONS_CIPHERS_S_C, ciphers);
  if (!url.user.empty()) refused |= ssh_options_set(session, SSH_OPTIONS_USER, url.user.c_str());
  if (url.port) {
    const unsigned port = *url.port;
    refused |= ssh_options_set(session, SSH_OPTIONS_PORT, &port);
  }
  if (!url.known_hosts_file.empty()) {
    const char* path = url.known_hosts_file.c_str();
    refused |= ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, path);
    refused |= ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, path);
  }
  if (refused == 0) return {};
  return Error(ErrorCode::invalid_argument,
               "cannot connect to " + describe_sftp_place(url) + ": " + reason_of(session))
      .with_hint("check the URL and ~/.ssh/config");
}

base::Result<void> connect(ssh_session session, const SftpUrl& url) {
  if (ssh_connect(session) == SSH_OK) return {};
  const std::string reason = reason_of(session);
  const std::string what = "cannot connect to " + describe_sftp_place(url) + ": " + reason;
  if (reason.find("no match") != std::string::npos) {
    return Error(ErrorCode::unsupported, what)
        .with_hint("the server speaks none of the ciphers and key exchanges that are allowed here");
  }
  return Error(ErrorCode::unavailable, what)
      .with_retry(base::Retry::may_help)
      .with_hint("check the host, the port and that its ssh server runs: ssh " +
                 (url.port ? "-p " + std::to_string(*url.port) + " " : std::string()) +
                 quoted(url.host));
}

struct ServerKey {
  std::string type;         // "ssh-ed25519"
  std::string fingerprint;  // "SHA256:..."
  std::string base64;
};

base::Result<ServerKey> server_key(ssh_session session, const SftpUrl& url) {
  ssh_key raw = nullptr;
  if (ssh_get_server_publickey(session, &raw) != SSH_OK) return lost(url, reason_of(session));
  const KeyPtr key(raw);
  unsigned char* hash = nullptr;
  std::size_t hash_size = 0;
  if (ssh_get_publickey_hash(raw, SSH_PUBLICKEY_HASH_SHA256, &hash, &hash_size) != 0) {
    return lost(url, "the server's key has no fingerprint");
  }
  const TextPtr fingerprint(ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, hash_size));
  ssh_clean_pubkey_hash(&hash);
  char* base64 = nullptr;
  if (ssh_pki_export_pubkey_base64(raw, &base64) != SSH_OK) {
    return lost(url, "the server's key can't be read");
  }
  const TextPtr exported(base64);
  return ServerKey{.type = ssh_key_type_to_char(ssh_key_type(raw)),
                   .fingerprint = fingerprint ? fingerprint.get() : "(unknown)",
                   .base64 = base64};
}

Error unknown_server(ssh_session session, const ServerKey& key) {
  const std::string line = host_and_port(session) + " " + key.type + " " + key.base64;
  return Error(ErrorCode::permission_denied, "the server " + host_and_port(session) +
                                                 " is not known: its " + key.type + " key is " +
                                                 key.fingerprint)
      .with_hint(
          "compare the fingerprint with `ssh-keygen -lf` of the key on the server; if they "
          "agree, trust it: echo " +
          quoted(line) + " >> " + quoted(known_hosts_of(session)));
}

Error changed_server(ssh_session session, const ServerKey& key) {
  return Error(ErrorCode::permission_denied,
               "THE KEY OF THE SERVER " + host_and_port(session) + " HAS CHANGED: it is " +
                   key.type + " " + key.fingerprint + " and not the one in " +
                   known_hosts_of(session) +
                   "; somebody may be standing between you and the server")
      .with_hint("nothing was sent. Only if you know why the key changed: ssh-keygen -R " +
                 quoted(host_and_port(session)) + " -f " + quoted(known_hosts_of(session)) +
                 ", and trust the new key");
}

base::Result<void> check_server(ssh_session session, const SftpUrl& url) {
  const ssh_known_hosts_e known = ssh_session_is_known_server(session);
  if (known == SSH_KNOWN_HOSTS_OK) return {};
  const ServerKey key = TRY(server_key(session, url));
  switch (known) {
    case SSH_KNOWN_HOSTS_CHANGED:
    // Known by a key of another type: an impostor that has no other choice looks the same.
    case SSH_KNOWN_HOSTS_OTHER: return changed_server(session, key);
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND: return unknown_server(session, key);
    default:
      return Error(ErrorCode::permission_denied, "cannot check the key of the server " +
                                                     host_and_port(session) + ": " +
                                                     reason_of(session))
          .with_hint("is " + known_hosts_of(session) + " readable and well-formed?");
  }
}

Error login_refused(ssh_session session, const std::string& what) {
  const std::string user = option_of(session, SSH_OPTIONS_USER);
  return Error(ErrorCode::permission_denied,
               "the server " + host_and_port(session) + " lets " +
                   (user.empty() ? std::string("the user") : base::printable(user)) +
                   " not in: " + what)
      .with_hint(
          "give the server the public key (ssh-copy-id); a key that has a passphrase must be in "
          "the agent (ssh-add)");
}

// A key file whose passphrase is asked for is one for the agent.
base::Result<void> log_in_with_file(ssh_session session, const SftpUrl& url) {
  ssh_key raw = nullptr;
  const int read =
      ssh_pki_import_privkey_file(url.identity_file.c_str(), nullptr, nullptr, nullptr, &raw);
  if (read == SSH_EOF) {
    return Error(ErrorCode::not_found, "cannot read the key file " + url.identity_file)
        .with_hint("correct identity-file= in the URL");
  }
  const KeyPtr key(raw);
  const int done = read == SSH_OK ? ssh_userauth_publickey(session, nullptr, key.get())
                                  : ssh_userauth_agent(session, nullptr);
  if (done == SSH_AUTH_SUCCESS) return {};
  if (is_lost_login(session, done)) return lost_login(session, url, done);
  if (read == SSH_OK) {
    return login_refused(session, "it doesn't accept the key " + url.identity_file);
  }
  return login_refused(
      session, "the key " + url.identity_file +
                   " has a passphrase or is damaged, and the agent has none that it accepts");
}

base::Result<void> log_in(ssh_session session, const SftpUrl& url) {
  if (!url.identity_file.empty()) return log_in_with_file(session, url);
  const int done = ssh_userauth_publickey_auto(session, nullptr, nullptr);
  if (done == SSH_AUTH_SUCCESS) return {};
  if (is_lost_login(session, done)) return lost_login(session, url, done);
  return login_refused(session, "it accepts no key of the agent or of ~/.ssh");
}

// A peer that vanished without a word is noticed by the kernel.
void keep_alive(int socket) {
  const int yes = 1;
  const int idle_s = 15;
  (void)::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &idle_s, sizeof idle_s);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &lost_after_ms, sizeof lost_after_ms);
}

}  // namespace

struct SftpChannel::State {
  State(SftpUrl place, SessionPtr connected)
      : url(std::move(place)), session(std::move(connected)) {}
  ~State() {
    const NoBrokenPipe quiet;
    if (channel != nullptr) ssh_channel_free(channel);
  }

  const SftpUrl url;
  const SessionPtr session;
  ssh_channel channel = nullptr;  // owned; goes before the session
};

std::string describe_sftp_place(const SftpUrl& url) {
  SftpUrl place = url;
  place.identity_file.clear();
  place.known_hosts_file.clear();
  return format_sftp_url(place);
}

SftpChannel::SftpChannel(std::unique_ptr<State> state) : state_(std::move(state)) {}
SftpChannel::~SftpChannel() = default;

base::Result<std::unique_ptr<SftpChannel>> SftpChannel::open(const SftpUrl& url,
                                                             base::Duration timeout) {
  const NoBrokenPipe quiet;
  SessionPtr session(ssh_new());
  CHECK(session != nullptr, "out of memory");
  TRY(configure(session.get(), url, timeout));
  TRY(connect(session.get(), url));
  TRY(check_server(session.get(), url));
  TRY(log_in(session.get(), url));
  keep_alive(ssh_get_fd(session.get()));
  auto state = std::make_unique<State>(url, std::move(session));
  ssh_session raw = state->session.get();
  state->channel = ssh_channel_new(raw);
  CHECK(state->channel != nullptr, "out of memory");
  if (ssh_channel_open_session(state->channel) != SSH_OK) return lost(url, reason_of(raw));
  const int requested = ssh_channel_request_sftp(state->channel);
  if (requested != SSH_OK) {
    if (requested == SSH_AGAIN) return lost(url, "the server did not start SFTP in time");
    if (ssh_is_connected(raw) == 0) return lost(url, reason_of(raw));
    return Error(ErrorCode::unsupported, "the server " + host_and_port(raw) + " offers no SFTP")
        .with_hint("enable it in its sshd_config: Subsystem sftp internal-sftp");
  }
  ssh_set_blocking(raw, 0);
  return std::unique_ptr<SftpChannel>(new SftpChannel(std::move(state)));
}

base::Result<std::size_t> SftpChannel::write_some(base::ByteView data) {
  const NoBrokenPipe quiet;
  const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(data.size(), write_size_max));
  const int count = ssh_channel_write(state_->channel, data.data(), size);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (count == SSH_AGAIN) return std::size_t{0};
  return lost(state_->url, reason_of(state_->session.get()));
}

base::Result<std::size_t> SftpChannel::read_some(base::MutableByteView out) {
  const NoBrokenPipe quiet;  // what is read is confirmed, which writes
  const int count = ssh_channel_read_nonblocking(state_->channel, out.data(),
                                                 static_cast<std::uint32_t>(out.size()), 0);
  if (count > 0) return static_cast<std::size_t>(count);
  if (count == SSH_ERROR) return lost(state_->url, reason_of(state_->session.get()));
  if (count == SSH_EOF || ssh_channel_is_eof(state_->channel) != 0 ||
      ssh_channel_is_closed(state_->channel) != 0 || ssh_is_connected(state_->session.get()) == 0) {
    return lost(state_->url, "the server ended it");
  }
  return std::size_t{0};
}

int SftpChannel::descriptor() const { return ssh_get_fd(state_->session.get()); }

bool SftpChannel::wants_to_write() const {
  return (ssh_get_poll_flags(state_->session.get()) & SSH_WRITE_PENDING) != 0;
}

}  // namespace holdfast::storage
