// Making keys, writing sshd_config, starting and ending sshd with what it forked.
#include "ssh_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "io/file.hpp"

namespace holdfast::storage {

namespace {

namespace fs = std::filesystem;

constexpr const char* sshd = "/usr/sbin/sshd";

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int free_port() {
  const io::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  CHECK(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "no free port");
  CHECK(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0, "no port");
  return ntohs(address.sin_port);
}

bool answers(int port) {
  const io::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

pid_t start_program(const std::vector<std::string>& words, const std::string& log) {
  std::vector<const char*> arguments;
  for (const std::string& word : words) arguments.push_back(word.c_str());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  CHECK(child >= 0, "fork failed");
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvp(arguments[0], const_cast<char* const*>(arguments.data()));
  ::_exit(127);
}

// The processes that descend from `parent`, the nearest first.
std::vector<pid_t> descendants_of(pid_t parent) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    // "pid (name) state ppid"; a name may hold anything.
    std::istringstream rest(line.substr(line.rfind(')') + 1));
    std::string state;
    pid_t its_parent = 0;
    rest >> state >> its_parent;
    if (its_parent == parent) found.push_back(std::stoi(entry.path().filename().string()));
  }
  const std::vector<pid_t> children = found;
  for (const pid_t child : children) {
    const auto further = descendants_of(child);
    found.insert(found.end(), further.begin(), further.end());
  }
  return found;
}

void end_all(const std::vector<pid_t>& processes) {
  for (const pid_t one : processes) ::kill(one, SIGKILL);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

int run_program(const std::vector<std::string>& words) {
  const pid_t child = start_program(words, "/dev/null");
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

SshServer::SshServer(std::string settings) : settings_(std::move(settings)), port_(free_port()) {
  CHECK(::access(sshd, X_OK) == 0, "OpenSSH's server is missing: run ./dev setup");
  if (::geteuid() == 0) fs::create_directories("/run/sshd");
  fs::create_directory(path("place"));
  make_host_key();
  make_user_key("ed25519");
  start();
}

SshServer::~SshServer() { stop(); }

std::string SshServer::path(const std::string& name) const {
  return directory_.path() + "/" + name;
}

void SshServer::make_host_key() {
  CHECK(run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path("host_key")}) == 0,
        "ssh-keygen failed");
  std::istringstream key(text_of(path("host_key.pub")));
  std::string type;
  std::string base64;
  key >> type >> base64;
  std::ofstream(path("known_hosts"))
      << "[127.0.0.1]:" << port_ << " " << type << " " << base64 << "\n";
}

void SshServer::change_host_key() {
  const std::string known = text_of(path("known_hosts"));
  fs::remove(path("host_key"));
  make_host_key();
  std::ofstream(path("known_hosts")) << known;
}

std::string SshServer::make_user_key(const std::string& type, const std::string& passphrase) {
  const std::string file = path("user_key" + (keys_ == 0 ? "" : std::to_string(keys_)));
  ++keys_;
  CHECK(run_program({"ssh-keygen", "-q", "-t", type, "-N", passphrase, "-f", file}) == 0,
        "ssh-keygen failed");
  std::ofstream(path("authorized_keys"), std::ios::app) << text_of(file + ".pub");
  return file;
}

void SshServer::start() {
  std::ofstream(path("sshd_config"))
      << "Port " << port_ << "\nListenAddress 127.0.0.1\nHostKey " << path("host_key")
      << "\nAuthorizedKeysFile " << path("authorized_keys")
      << "\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
         "KbdInteractiveAuthentication no\nPermitRootLogin yes\nMaxStartups 200\nMaxSessions 200\n"
         "LogLevel ERROR\nSubsystem sftp internal-sftp\n"
      // Without the user's shell start-up files, which may do anything.
      << "SetEnv HOME=" << directory_.path() << "\n"
      << settings_ << "\n";
  pid_ = start_program({sshd, "-D", "-e", "-f", path("sshd_config")}, path("log"));
  for (int i = 0; i < 400 && !answers(port_); ++i) executor_.sleep(base::milliseconds(25), {});
  CHECK(answers(port_), "sshd does not answer");
}

void SshServer::drop_sessions() { end_all(descendants_of(pid_)); }

void SshServer::stop() {
  if (pid_ <= 0) return;
  const auto sessions = descendants_of(pid_);
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  end_all(sessions);
  pid_ = -1;
}

std::string SshServer::fresh_directory() { return path("place/" + std::to_string(++directories_)); }

SftpUrl SshServer::url(const std::string& directory) const {
  SftpUrl url;
  const passwd* user = ::getpwuid(::geteuid());
  url.user = user == nullptr ? "root" : user->pw_name;
  url.host = "127.0.0.1";
  url.port = static_cast<std::uint16_t>(port_);
  url.path = directory;
  url.identity_file = path("user_key");
  url.known_hosts_file = path("known_hosts");
  return url;
}

std::string faulty_sftp(const std::string& log, const std::vector<std::string>& rules) {
  std::string line = "ForceCommand exec " HOLDFAST_SFTP_FILTER " " + log;
  for (const std::string& rule : rules) line += " " + rule;
  return line;
}

std::string plain_sftp_setting() {
  return "ForceCommand /usr/bin/env python3 " HOLDFAST_TEST_SUPPORT "/plain_sftp_server.py";
}

SshServer& shared_ssh_server() {
  static SshServer server;
  return server;
}

}  // namespace holdfast::storage
