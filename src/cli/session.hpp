// Session: an opened repository for the length of one command, with what a long operation needs
// around it: Ctrl-C as a stop token, and the status line.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "engine/location.hpp"
#include "engine/progress.hpp"
#include "invocation.hpp"
#include "io/executor.hpp"
#include "io/interrupt.hpp"
#include "passphrase.hpp"
#include "status_line.hpp"

namespace holdfast::cli {

// What a command stands on before any repository is open.
class Surroundings {
 public:
  explicit Surroundings(Invocation& invocation,
                        io::Interrupt::Hangup hangup = io::Interrupt::Hangup::stops);

  [[nodiscard]] std::stop_token stop() const { return interrupt_.token(); }
  [[nodiscard]] const io::Interrupt& interrupt() const noexcept { return interrupt_; }
  [[nodiscard]] io::Executor& executor() noexcept { return executor_; }
  // Shows what it is told on a status line, if standard error is a terminal and nobody objected;
  // else does nothing.
  [[nodiscard]] engine::ProgressCall progress(std::string action, std::string unit = "files");
  // Takes the status line away before other output.
  void end_progress() { line_.clear(); }
  base::Result<base::SecretBytes> passphrase(const PassphraseRequest& request,
                                             const base::SecretBytes& given) const;

 private:
  Invocation& invocation_;
  base::SystemClock clock_;
  io::ThreadExecutor executor_;
  io::Interrupt interrupt_;
  StatusLine line_;
  const bool shows_progress_;
};

class Session {
 public:
  // Finds URL and passphrase and opens the repository.
  static base::Result<std::unique_ptr<Session>> open(Invocation& invocation);

  [[nodiscard]] Surroundings& around() noexcept { return around_; }
  [[nodiscard]] std::stop_token stop() const { return around_.stop(); }
  [[nodiscard]] repository::Repository& repository() noexcept { return location_->repository(); }
  [[nodiscard]] base::ByteView passphrase() const noexcept { return passphrase_.view(); }
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

 private:
  explicit Session(Invocation& invocation) : around_(invocation) {}
  Surroundings around_;
  std::string url_;
  base::SecretBytes passphrase_;
  std::unique_ptr<engine::Location> location_;
};

// Opens the repository at `url` that a command reads from while it writes into another, which
// `passphrase` opens. Its own: --from-key-file, --from-key-command, HOLDFAST_FROM_KEY, else the
// same.
base::Result<std::unique_ptr<engine::Location>> open_location_to_copy_from(
    Invocation& invocation, const Surroundings& around, const std::string& url,
    base::ByteView passphrase);

// How to open or make the repository at `url`, as the command's options say; `stop` ends what waits
// for it.
base::Result<engine::LocationOptions> location_options(const Invocation& invocation,
                                                       const std::string& url,
                                                       std::stop_token stop);

// The --to, --from or HOLDFAST_REPOSITORY of the command.
base::Result<std::string> repository_url(const Invocation& invocation);

}  // namespace holdfast::cli
