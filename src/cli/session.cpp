// Opening the repository that a command is about.
#include "session.hpp"

#include <unistd.h>

#include "base/units.hpp"
#include "environment.hpp"
#include "io/terminal.hpp"

namespace holdfast::cli {

namespace {

constexpr unsigned width_default = 80;

bool wants_progress(const Invocation& invocation, Verbosity verbosity) {
  return verbosity != Verbosity::quiet && !invocation.flag("no-progress") &&
         io::is_terminal(STDERR_FILENO);
}

}  // namespace

Surroundings::Surroundings(Invocation& invocation, io::Interrupt::Hangup hangup)
    : invocation_(invocation),
      interrupt_(executor_, hangup),
      line_(invocation.output().err(), clock_),
      shows_progress_(wants_progress(invocation, invocation.output().verbosity())) {}

engine::ProgressCall Surroundings::progress(std::string action, std::string unit) {
  if (!shows_progress_) return [](const engine::Progress&) {};
  return
      [this, action = std::move(action), unit = std::move(unit)](const engine::Progress& progress) {
        const Advance advance{.action = action,
                              .unit = unit,
                              .items = progress.items,
                              .items_total = progress.items_total,
                              .bytes = progress.bytes,
                              .bytes_total = progress.bytes_total,
                              .current = progress.current};
        line_.show(advance, io::terminal_width(STDERR_FILENO).value_or(width_default));
      };
}

base::Result<base::SecretBytes> Surroundings::passphrase(const PassphraseRequest& request,
                                                         const base::SecretBytes& given) const {
  return obtain_passphrase(request, invocation_, given, interrupt_.token());
}

base::Result<std::string> repository_url(const Invocation& invocation) {
  return invocation.required("to");
}

base::Result<engine::LocationOptions> location_options(const Invocation& invocation,
                                                       const std::string& url,
                                                       std::stop_token stop) {
  engine::LocationOptions options{
      .url = url, .cache_directory = cache_directory(), .environment = environment_variable};
  options.limit.stop = std::move(stop);
  const auto rate = [&](const std::string& name,
                        std::optional<std::uint64_t>& limit) -> base::Result<void> {
    if (const auto text = invocation.option(name))
      limit = TRY(base::parse_size(*text).with_context("--" + name));
    return {};
  };
  TRY(rate("limit-upload", options.limit.upload_bytes_per_second));
  TRY(rate("limit-download", options.limit.download_bytes_per_second));
  return options;
}

base::Result<std::unique_ptr<Session>> Session::open(Invocation& invocation) {
  std::unique_ptr<Session> session(new Session(invocation));
  session->url_ = TRY(repository_url(invocation));
  session->passphrase_ =
      TRY(session->around_.passphrase(repository_passphrase(), invocation.secrets().key));
  invocation.output().detail("opening " + session->url_);
  session->location_ =
      TRY(engine::Location::open(TRY(location_options(invocation, session->url_, session->stop())),
                                 session->passphrase_.view()));
  if (const auto& roster = session->repository().unread_roster()) {
    invocation.output().warning(roster->name + ", a newer roster of writers, can't be read (" +
                                roster->error.message() +
                                "): machines enrolled since are unknown, and so are their "
                                "snapshots");
  }
  return session;
}

base::Result<std::unique_ptr<engine::Location>> open_location_to_copy_from(
    Invocation& invocation, const Surroundings& around, const std::string& url,
    base::ByteView passphrase) {
  const auto request = from_passphrase();
  const auto& from_environment = invocation.secrets().from_key;
  base::SecretBytes own(passphrase);
  if (invocation.option(request.file_option) || invocation.option(request.command_option) ||
      !from_environment.empty()) {
    own = TRY(around.passphrase(request, from_environment));
  }
  invocation.output().detail("opening " + url);
  auto location =
      engine::Location::open(TRY(location_options(invocation, url, around.stop())), own.view());
  return std::move(location).with_context("the repository to copy from");
}

}  // namespace holdfast::cli
