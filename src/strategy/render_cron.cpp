// A file for /etc/cron.d.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "render_calendar.hpp"
#include "render_work.hpp"

namespace holdfast::strategy {

namespace {

// For sh, in a line of cron, where % ends the command unless it is escaped.
std::string quoted_word(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '.' || c == '-' || c == '_' || c == '=';
  });
  std::string text;
  for (const char c : word) {
    if (static_cast<unsigned char>(c) < ' ') {
      text += ' ';  // a line of cron has no others
    } else if (c == '\'') {
      text += "'\\''";
    } else if (c == '%') {
      text += "\\%";
    } else {
      text += c;
    }
  }
  return plain ? text : "'" + text + "'";
}

std::string command_of(const Strategy& strategy, const RenderedJob& job,
                       const RenderOptions& options) {
  // The variables are read by the shell: cron's own lines would show them to whoever may list them.
  auto command = fmt::format("set -a; . {}; set +a; {}", quoted_word(options.environment_file),
                             quoted_word(options.program));
  for (const auto& word : arguments_of(strategy, job, options.config))
    command += " " + quoted_word(word);
  return command + " --quiet";
}

void add_head(const Strategy& strategy, const RenderOptions& options, std::string& text) {
  text +=
      comment(fmt::format("Strategy {} ({}) for cron: a file for /etc/cron.d, made by holdfast "
                          "strategy render cron. Where a daemon runs, use that instead.",
                          strategy.name, strategy.environment));
  text +=
      comment(fmt::format("{} holds the variables, one NAME=value a line, quoted as for sh, "
                          "readable by root only: {}.",
                          options.environment_file, secrets_in_words(strategy)));
  text +=
      comment(fmt::format("Times are those of {}. Some crons take CRON_TZ; others go by the "
                          "machine's own time zone.",
                          strategy.timezone));
  text += comment("A run that warns ends with 3; cron mails what it prints.");
  text += fmt::format(
      "CRON_TZ={}\nSHELL=/bin/sh\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
      "/usr/bin:/sbin:/bin\n",
      strategy.timezone);
}

}  // namespace

Rendered render_cron(const Strategy& strategy, const RenderOptions& options) {
  const auto work = work_of(strategy);
  Rendered made;
  std::string text;
  add_head(strategy, options, text);
  for (const auto& job : work.jobs) {
    const auto times = cron_times(job.when, CronDialect::cron);
    text += "\n" + comment(fmt::format("{}: {}.", job.title(), describe(job.when)));
    auto remarks = job.remarks;
    if (job.plan->jitter.nanoseconds > 0) {
      remarks.push_back(fmt::format("The daemon would start it up to {} later, by chance.",
                                    describe(job.plan->jitter)));
    }
    if (!job.plan->copy_of.empty()) {
      remarks.push_back(
          fmt::format("It copies the newest snapshot of {}: of the same minute only "
                      "where the daemon puts it in order.",
                      job.plan->copy_of));
    }
    for (const auto& each : times.unsaid) {
      remarks.push_back(fmt::format("Cron can't say: {}.", each));
      made.notes.push_back(fmt::format("{}: cron can't say: {}", job.title(), each));
    }
    for (const auto& each : remarks) text += comment(each);
    for (const auto& each : times.expressions) {
      text += fmt::format("{} root {}\n", each, command_of(strategy, job, options));
    }
  }
  if (!work.unsaid.empty()) text += "\n" + comment("Not here:");
  for (const auto& each : work.unsaid) {
    text += comment(each);
    made.notes.push_back(each);
  }
  made.files.push_back({.name = "holdfast-" + name_word(strategy.name), .text = std::move(text)});
  return made;
}

}  // namespace holdfast::strategy
