// init and backup.
#include "engine/backup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.hpp"
#include "commands/component.hpp"
#include "commands/handlers.hpp"
#include "environment.hpp"
#include "invocation.hpp"
#include "records.hpp"
#include "repository/identity.hpp"
#include "requests.hpp"
#include "session.hpp"
#include "storage/s3_policy.hpp"
#include "strategy_file.hpp"

namespace holdfast::cli {

namespace {

using base::Result;

// The command for the record: paths and the command's own options. Key options stay out: a key
// command may hold a secret.
std::string command_of_record(const Invocation& invocation) {
  std::string text = invocation.command().name;
  for (const auto& path : invocation.arguments("PATH")) text += " " + path;
  for (const auto& option : invocation.command().options) {
    for (const auto& value : invocation.options(option.name)) {
      text += " --" + option.name + (option.is_flag() ? "" : " " + value);
    }
  }
  return text;
}

// Words that begin with / or . are paths.
bool names_components(const Invocation& invocation) {
  const auto& words = invocation.arguments("PATH");
  return std::none_of(words.begin(), words.end(), [](const std::string& word) {
    return word.starts_with('/') || word.starts_with('.');
  });
}

Result<engine::BackupOptions> options_of(const Invocation& invocation) {
  using Capture = source::FilesCaptureOptions;
  engine::BackupOptions options;
  for (const auto& path : invocation.arguments("PATH"))
    options.capture.roots.push_back(TRY(parse_path(path)));
  options.capture.excludes = invocation.options("exclude");
  options.capture.exclude_files = invocation.options("exclude-file");
  options.capture.marker_file_names = invocation.options("exclude-if-present");
  if (invocation.flag("exclude-caches")) {
    options.capture.cache_directories = Capture::CacheDirectories::skip_contents;
  }
  if (invocation.flag("one-file-system"))
    options.capture.file_systems = Capture::FileSystems::same_as_root;
  if (invocation.flag("full")) options.capture.trust_stat = Capture::TrustStat::none;
  options.tags = TRY(parse_tags(invocation.options("tag")));
  const auto level = TRY(invocation.required("compression"));
  options.compression_level =
      TRY(parse_number("compression", level, 0, codec::compression_level_max));
  options.host = invocation.option("host").value_or("");
  options.command = command_of_record(invocation);
  return options;
}

void write_stage(JsonWriter& json, std::string_view name, const repository::StageCost& cost) {
  json.begin_object(name);
  json.integer("bytes", cost.bytes);
  json.number("seconds", cost.time.seconds());
  json.end();
}

void write_json(JsonWriter& json, const engine::BackupReport& report,
                const engine::BackupOptions& options) {
  const auto& capture = report.capture;
  json.begin_object();
  if (report.snapshot) json.text("snapshot", hex(*report.snapshot));
  if (report.parent) json.text("parent", hex(*report.parent));
  json.begin_array("paths");
  for (const auto& path : options.capture.roots) json.text(path);
  json.end();
  json.boolean("dry_run", !report.snapshot);
  json.integer("files", capture.files);
  json.integer("directories", capture.directories);
  json.integer("others", capture.others);
  json.integer("unchanged", capture.unchanged);
  json.integer("changed", capture.changed);
  json.integer("added", capture.added);
  json.integer("bytes", capture.bytes);
  json.integer("bytes_read", capture.bytes_read);
  json.integer("bytes_new", report.bytes_new);
  json.integer("bytes_stored", report.bytes_stored);
  json.number("duration_seconds", report.duration_seconds);
  json.begin_object("stages");
  write_stage(json, "name", report.stages.name);
  write_stage(json, "compress", report.stages.compress);
  write_stage(json, "pack", report.stages.pack);
  json.end();
  json.integer("warning_count", report.warning_count);
  json.begin_array("warnings");
  for (const auto& warning : report.warnings) write_incident(json, warning.path, warning.message);
  json.end();
}

void write_text(Output& output, const engine::BackupReport& report) {
  const auto& capture = report.capture;
  for (const auto& warning : report.warnings) output.warning(warning.path + ": " + warning.message);
  if (report.snapshot) {
    output.summary(fmt::format("snapshot {}", short_id(*report.snapshot)));
  } else {
    output.summary("dry run: nothing was stored");
  }
  output.summary(fmt::format("  files     {} and {} directories, {} others", capture.files,
                             capture.directories, capture.others));
  output.summary(fmt::format("  changes   {} new, {} changed, {} unchanged", capture.added,
                             capture.changed, capture.unchanged));
  output.summary(fmt::format("  read      {} of {}", base::format_size(capture.bytes_read),
                             base::format_size(capture.bytes)));
  if (report.snapshot) {
    output.summary(fmt::format("  new       {}, stored in {}", base::format_size(report.bytes_new),
                               base::format_size(report.bytes_stored)));
  } else {
    output.summary(
        fmt::format("  new       {}, not compressed yet", base::format_size(report.bytes_new)));
  }
  const auto duration = base::Duration{static_cast<std::int64_t>(report.duration_seconds * 1e9)};
  output.summary(fmt::format("  time      {}", base::format_duration(duration)));
  if (report.warning_count > 0) output.summary(fmt::format("  warnings  {}", report.warning_count));
}

// What a bucket's owner gives to whom; of s3: URLs.
struct Policies {
  std::string writer;
  std::string maintainer;
  bool is_locked = false;  // the URL asks for a lock
};

Result<std::optional<Policies>> policies_for(const std::string& url) {
  const auto location = TRY(storage::parse_location_url(url));
  if (location.scheme != storage::LocationUrl::Scheme::s3) return std::optional<Policies>();
  return std::optional(
      Policies{.writer = storage::s3_policy(location.s3, storage::S3Role::writer),
               .maintainer = storage::s3_policy(location.s3, storage::S3Role::maintainer),
               .is_locked = location.s3.lock.has_value()});
}

void write_policies(JsonWriter& json, const std::optional<Policies>& policies) {
  if (!policies) return;
  json.text("writer_policy", policies->writer);
  json.text("maintainer_policy", policies->maintainer);
}

void tell_policies(Output& output, const Policies& policies) {
  output.result("Policy for the machines that are backed up:");
  output.result(policies.writer);
  output.result("Policy for those who forget and prune:");
  output.result(policies.maintainer);
}

Result<ExitCode> print_policies(Invocation& invocation, const std::string& url,
                                const std::optional<Policies>& policies) {
  if (!policies) {
    return base::Error(base::ErrorCode::invalid_argument, "only buckets have policies")
        .with_hint("give an s3: URL; who may write into a directory is up to its permissions");
  }
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("repository", url);
    write_policies(output.json(), policies);
  } else {
    tell_policies(output, *policies);
  }
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_init(Invocation& invocation) {
  if (!invocation.option("to") && has_strategy_file(invocation)) return init_strategy(invocation);
  const auto url = TRY(repository_url(invocation));
  const auto policies = TRY(policies_for(url));
  if (invocation.flag("print-policy")) return print_policies(invocation, url, policies);
  repository::ShortId id{};
  bool by_identity = false;
  {
    Surroundings around(invocation);
    const auto passphrase = TRY(around.passphrase(
        repository_passphrase(PassphraseRequest::Ask::twice), invocation.secrets().key));
    by_identity = repository::is_identity(passphrase.view());
    std::unique_ptr<engine::Location> other;
    repository::CreateOptions options;
    if (const auto other_url = invocation.option("copy-domain-from")) {
      other = TRY(open_location_to_copy_from(invocation, around, *other_url, passphrase.view()));
      options.config = other->repository().config();
      options.shared_domain = &other->repository().keys();
    }
    if (const auto life = invocation.option("session-life"))
      options.config.session_ttl = TRY(base::parse_duration(*life).with_context("--session-life"));
    if (const auto grace = invocation.option("prune-grace"))
      options.config.prune_grace = TRY(base::parse_duration(*grace).with_context("--prune-grace"));
    if (auto fits = repository::check_config(options.config); !fits.ok()) {
      return std::move(fits).error().with_hint(
          "give --prune-grace DURATION, at least 12 minutes longer than --session-life");
    }
    id = TRY(engine::Location::create(TRY(location_options(invocation, url, around.stop())),
                                      options, passphrase.view()));
  }
  auto& output = invocation.output();
  output.summary(fmt::format("repository {} made at {}", base::to_hex(id), url));
  output.summary(fmt::format(
      "Keep the {} in another place too: without it nothing can be restored, by anyone.",
      by_identity ? "identity" : "passphrase"));
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("repository", url);
    output.json().text("id", base::to_hex(id));
    write_policies(output.json(), policies);
  } else if (policies && policies->is_locked) {
    tell_policies(output, *policies);
  }
  return ExitCode::done;
}

Result<ExitCode> run_backup(Invocation& invocation) {
  if (names_components(invocation)) {
    if (has_strategy_file(invocation)) return back_up_components(invocation);
    return base::Error(base::ErrorCode::invalid_argument,
                       "there is nothing to back up: no path, and no strategy that has components")
        .with_hint("name a path that begins with / or ., or the strategy with --config FILE");
  }
  const auto options = TRY(options_of(invocation));
  const auto session = TRY(Session::open(invocation));
  const bool dry = invocation.flag("dry-run");
  const auto progress = session->around().progress(dry ? "reading" : "backing up");
  const auto report =
      TRY(dry ? engine::preview_backup(session->repository(), options, progress, session->stop())
              : engine::back_up(session->repository(), options, progress, session->stop()));
  session->around().end_progress();
  auto& output = invocation.output();
  if (output.is_json()) {
    write_json(output.json(), report, options);
  } else {
    write_text(output, report);
  }
  return report.warning_count > 0 ? ExitCode::warnings : ExitCode::done;
}

}  // namespace holdfast::cli
