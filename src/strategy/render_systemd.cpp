// Units: a daemon, or timers instead of it.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "render_calendar.hpp"
#include "render_work.hpp"

namespace holdfast::strategy {

namespace {

// A word of ExecStart=: quoted, with what systemd would expand doubled.
std::string word_of(const std::string& word) {
  std::string text = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '%' || c == '$') text += c;
    text += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return text + '"';
}

// A path as a setting takes it.
std::string path_of(const std::string& path) {
  std::string text;
  for (const char c : path) {
    if (c == '%') text += c;
    text += c;
  }
  return text.find(' ') == std::string::npos ? text : "\"" + text + "\"";
}

std::string description_of(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '%') made += '%';
    made += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return made;
}

// The folders that runs write into: repositories on disks, and exports.
std::set<std::string> written_folders(const Strategy& strategy) {
  std::set<std::string> folders;
  const auto add = [&](std::string path) {
    if (path.starts_with("file://")) path.erase(0, 7);
    path = path.substr(0, path.find('?'));
    if (path.starts_with('/')) {
      folders.insert(path);
    } else if (path.find("://") == std::string::npos && !strategy.folder.empty()) {
      folders.insert(strategy.folder + "/" + path);
    }
  };
  for (const auto& location : strategy.locations) {
    if (location.kind == LocationKind::repository && location.is_path()) add(location.url);
  }
  for (const auto& component : strategy.components) {
    for (const auto& plan : component.plans) {
      if (plan.enabled && plan.exported) add(plan.exported->to);
    }
  }
  return folders;
}

bool runs_programs(const Strategy& strategy) {
  return std::any_of(
      strategy.components.begin(), strategy.components.end(), [](const Component& component) {
        const auto& hooks = component.hooks;
        return !hooks.before.empty() || !hooks.after.empty() || !hooks.failed.empty() ||
               !component.service.stop.empty() || !component.service.start.empty() ||
               component.kind == ComponentKind::command;
      });
}

// Whether what is backed up or written lies where a service would see a folder of its own.
bool uses_temporary_folders(const Strategy& strategy) {
  const auto is_temporary = [](const std::string& path) {
    return path.starts_with("/tmp") || path.starts_with("/var/tmp");
  };
  const auto folders = written_folders(strategy);
  if (std::any_of(folders.begin(), folders.end(), is_temporary)) return true;
  for (const auto& component : strategy.components) {
    const auto& paths = component.source.list("paths");
    if (std::any_of(paths.begin(), paths.end(), is_temporary)) return true;
  }
  return false;
}

std::string surroundings_of(const Strategy& strategy, const RenderOptions& options) {
  auto text = comment(fmt::format("NAME=value, one a line, readable by root only: {}.",
                                  secrets_in_words(strategy)));
  text += fmt::format("EnvironmentFile=-{}\n", path_of(options.environment_file));
  text +=
      "StateDirectory=holdfast\nStateDirectoryMode=0700\nCacheDirectory=holdfast\n"
      "CacheDirectoryMode=0700\nEnvironment=HOLDFAST_STATE_DIR=/var/lib/holdfast "
      "HOLDFAST_CACHE_DIR=/var/cache/holdfast\nUMask=0077\nNice=10\nIOSchedulingClass=best-effort\n"
      "IOSchedulingPriority=7\nLimitNOFILE=65536\n";
  return text;
}

std::string hardening_of(const Strategy& strategy) {
  std::string text = "\n";
  text += comment(
      "It reads everything that is backed up and gives files back to their owners: it "
      "runs as root, with no more of root than that.");
  text +=
      "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER CAP_FSETID "
      "CAP_SETUID CAP_SETGID CAP_MKNOD CAP_SYS_ADMIN\nNoNewPrivileges=yes\n";
  if (runs_programs(strategy)) {
    text += comment(
        "Hooks, services or commands of the strategy run as its children, and may write "
        "elsewhere.");
    text += "ProtectSystem=full\n";
  } else {
    text += "ProtectSystem=strict\nProtectHome=read-only\n";
  }
  for (const auto& folder : written_folders(strategy)) {
    text += fmt::format("ReadWritePaths=-{}\n", path_of(folder));
  }
  if (uses_temporary_folders(strategy)) {
    text += comment("PrivateTmp= stays off: the strategy names folders below /tmp.");
  } else {
    text += "PrivateTmp=yes\n";
  }
  text +=
      "ProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectKernelLogs=yes\n"
      "ProtectControlGroups=yes\nProtectClock=yes\nProtectHostname=yes\nLockPersonality=yes\n"
      "RestrictRealtime=yes\nSystemCallArchitectures=native\n"
      "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n";
  return text;
}

constexpr std::string_view after_network =
    "Wants=network-online.target\nAfter=network-online.target time-sync.target\n";

RenderedFile daemon_unit(const Strategy& strategy, const RenderOptions& options) {
  std::string text = comment(
      "Made by holdfast strategy render systemd. The timers are for machines "
      "without a daemon: never both.");
  text += fmt::format(
      "[Unit]\nDescription=Holdfast: strategy {} ({})\nDocumentation=man:holdfast(1)\n{}\n",
      description_of(strategy.name), description_of(strategy.environment), after_network);
  text += fmt::format(
      "[Service]\nType=notify\nNotifyAccess=main\nExecStart={} daemon --config {} --environment "
      "{}\n"
      "ExecReload=/bin/kill -HUP $MAINPID\nWatchdogSec=60\nRestart=on-failure\nRestartSec=10\n",
      path_of(options.program), word_of(options.config), word_of(strategy.environment));
  text += comment("A strategy that has errors is not mended by starting again.");
  text += "RestartPreventExitStatus=2\nTimeoutStopSec=90\n";
  text += surroundings_of(strategy, options) + hardening_of(strategy);
  text += "\n[Install]\nWantedBy=multi-user.target\n";
  return {.name = fmt::format("daemon/holdfast-{}.service", name_word(strategy.name)),
          .text = std::move(text)};
}

// A plan's unit, without what it ends with.
std::string unit_of(const Strategy& strategy, std::string_view component, std::string_view plan) {
  return fmt::format("holdfast-{}-{}-{}", name_word(strategy.name), name_word(component),
                     name_word(plan));
}

RenderedFile service_of(const Strategy& strategy, const RenderedJob& job,
                        const RenderOptions& options) {
  std::string text;
  for (const auto& each : job.remarks) text += comment(each);
  text += fmt::format("[Unit]\nDescription=Holdfast: {} of strategy {} ({})\n{}",
                      description_of(job.title()), description_of(strategy.name),
                      description_of(strategy.environment), after_network);
  if (!job.plan->copy_of.empty()) {
    text += comment("What is due in the same minute is captured before it is copied.");
    text += fmt::format("After={}.service\n",
                        unit_of(strategy, job.component->name, job.plan->copy_of));
  }
  text += fmt::format("\n[Service]\nType=oneshot\nExecStart={}", path_of(options.program));
  for (const auto& word : arguments_of(strategy, job, options.config)) text += " " + word_of(word);
  text += "\n" + comment("3: done with warnings.");
  text += "SuccessExitStatus=3\n";
  text += surroundings_of(strategy, options) + hardening_of(strategy);
  return {.name = fmt::format("timers/{}.service",
                              unit_of(strategy, job.component->name, job.plan->name)),
          .text = std::move(text)};
}

RenderedFile timer_of(const Strategy& strategy, const RenderedJob& job, const CalendarText& times) {
  std::string text = comment(fmt::format("{}: {}.", job.title(), describe(job.when)));
  for (const auto& each : times.unsaid) text += comment("A timer can't say: " + each + ".");
  text += fmt::format("[Unit]\nDescription=Holdfast: when {} of strategy {} ({}) runs\n\n[Timer]\n",
                      description_of(job.title()), description_of(strategy.name),
                      description_of(strategy.environment));
  for (const auto& each : times.expressions) text += "OnCalendar=" + each + "\n";
  text += comment("Missed runs are caught up once.");
  text += "Persistent=yes\nAccuracySec=1s\n";
  if (job.plan->jitter.nanoseconds > 0) {
    text += fmt::format("RandomizedDelaySec={}\nFixedRandomDelay=yes\n",
                        job.plan->jitter.nanoseconds / base::nanoseconds_per_second);
  }
  text += "\n[Install]\nWantedBy=timers.target\n";
  return {.name = fmt::format("timers/{}.timer",
                              unit_of(strategy, job.component->name, job.plan->name)),
          .text = std::move(text)};
}

}  // namespace

Rendered render_systemd(const Strategy& strategy, const RenderOptions& options) {
  const auto work = work_of(strategy);
  Rendered made;
  made.files.push_back(daemon_unit(strategy, options));
  std::string missing = comment("What the daemon does and these timers don't:");
  bool is_missing = false;
  const auto add_missing = [&](const std::string& text) {
    missing += comment(text);
    made.notes.push_back("timers: " + text);
    is_missing = true;
  };
  for (const auto& job : work.jobs) {
    const auto times = systemd_times(job.when, strategy.timezone);
    for (const auto& each : times.unsaid) {
      add_missing(fmt::format("{}: a timer can't say: {}.", job.title(), each));
    }
    if (times.expressions.empty()) continue;
    made.files.push_back(service_of(strategy, job, options));
    made.files.push_back(timer_of(strategy, job, times));
  }
  for (const auto& each : work.unsaid) add_missing(each);
  if (is_missing) made.files.push_back({.name = "timers/README", .text = std::move(missing)});
  return made;
}

}  // namespace holdfast::strategy
