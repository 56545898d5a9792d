// Manifests: the strategy in a ConfigMap, claims for what is kept, a CronJob for each plan. Written
// by hand, with every text that comes from the strategy in double quotes as JSON has them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/units.hpp"
#include "render_calendar.hpp"
#include "render_work.hpp"

namespace holdfast::strategy {

namespace {

constexpr std::size_t cron_job_name_max = 52;  // the cluster appends to it
constexpr std::string_view config_folder = "/etc/holdfast";

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Names that a cluster takes, each once.
class Names {
 public:
  std::string give(const std::string& wanted) {
    auto name = wanted.substr(0, cron_job_name_max);
    for (int number = 2; !taken_.insert(name).second; ++number) {
      const auto suffix = fmt::format("-{}", number);
      name = wanted.substr(0, cron_job_name_max - suffix.size()) + suffix;
    }
    return name;
  }

 private:
  std::set<std::string> taken_;
};

struct Volume {
  std::string name;
  std::string path;
  std::string size;  // of the claim; empty: it lives as long as the pod
};

class Manifests {
 public:
  Manifests(const Strategy& strategy, const RenderOptions& options)
      : strategy_(strategy), options_(options), names_given_(strategy.kubernetes) {
    if (names_given_.name.empty()) names_given_.name = "holdfast-" + strategy.name;
    names_given_.name = name_word(names_given_.name);
    if (names_given_.secret.empty()) names_given_.secret = names_given_.name + "-secrets";
    if (names_given_.image.empty()) names_given_.image = options.image;
    find_volumes();
  }

  Rendered make();

 private:
  void find_volumes();
  void note(const std::string& text);
  [[nodiscard]] std::string metadata(const std::string& name, std::string_view indent) const;
  [[nodiscard]] std::string config_map() const;
  [[nodiscard]] std::string claim(const Volume& volume) const;
  [[nodiscard]] std::string container(const RenderedJob& job) const;
  [[nodiscard]] std::string volumes() const;
  [[nodiscard]] std::string cron_job(const RenderedJob& job, const std::string& name,
                                     const std::string& schedule) const;

  const Strategy& strategy_;
  const RenderOptions& options_;
  KubernetesNames names_given_;
  std::vector<Volume> volumes_;
  Rendered made_;
  std::string head_;
};

void Manifests::note(const std::string& text) {
  head_ += comment(text);
  made_.notes.push_back(text);
}

// Locations and exports on disks become claims; the catalog has one of its own.
void Manifests::find_volumes() {
  Names names;
  std::set<std::string> paths;
  const auto add = [&](const std::string& name, std::string path, std::uint64_t size) {
    if (path.starts_with("file://")) path.erase(0, 7);
    if (!path.starts_with('/') || !paths.insert(path).second) return;
    volumes_.push_back({.name = names.give(name_word(name)),
                        .path = path,
                        .size = fmt::format("{}Mi", std::max<std::uint64_t>(1, size / base::MiB))});
  };
  constexpr std::uint64_t size_default = 10 * base::GiB;
  add("state", "/var/lib/holdfast", base::GiB);
  for (const auto& location : strategy_.locations) {
    if (location.kind != LocationKind::repository || !location.is_path()) continue;
    add(location.name, location.url, location.capacity.value_or(size_default));
  }
  for (const auto& component : strategy_.components) {
    for (const auto& plan : component.plans) {
      if (plan.enabled && plan.exported) add("exports", plan.exported->to, size_default);
    }
  }
  volumes_.push_back({.name = names.give("cache"), .path = "/var/cache/holdfast", .size = {}});
  volumes_.push_back({.name = names.give("temporary"), .path = "/tmp", .size = {}});
}

std::string Manifests::metadata(const std::string& name, std::string_view indent) const {
  auto text = fmt::format("{0}metadata:\n{0}  name: {1}\n", indent, json_text(name));
  if (!names_given_.workspace.empty()) {
    text += fmt::format("{}  namespace: {}\n", indent, json_text(names_given_.workspace));
  }
  return text + fmt::format(
                    "{0}  labels: {{ app.kubernetes.io/name: holdfast, "
                    "app.kubernetes.io/instance: {1} }}\n",
                    indent, json_text(names_given_.name));
}

std::string Manifests::config_map() const {
  auto text = "apiVersion: v1\nkind: ConfigMap\n" + metadata(names_given_.name + "-strategy", "") +
              "data:\n";
  for (std::size_t i = 0; i < options_.documents.size(); ++i) {
    text += fmt::format("  file-{}: {}\n", i, json_text(options_.documents[i].text));
  }
  if (options_.documents.empty()) text += "  {}\n";
  return text;
}

std::string Manifests::claim(const Volume& volume) const {
  return "apiVersion: v1\nkind: PersistentVolumeClaim\n" +
         metadata(names_given_.name + "-" + volume.name, "") +
         fmt::format(
             "spec:\n  accessModes: [ReadWriteOnce]\n  resources: {{ requests: {{ storage: "
             "{} }} }}\n",
             volume.size);
}

std::string Manifests::container(const RenderedJob& job) const {
  std::string text;
  const auto line = [&](std::string_view content) {
    text += "            ";
    text += content;
    text += '\n';
  };
  text += "          - name: holdfast\n";
  line("image: " + json_text(names_given_.image));
  line("command: [holdfast]");
  std::string arguments;
  const auto config = fmt::format(
      "{}/{}", config_folder,
      options_.documents.empty() ? std::string("holdfast.yaml") : options_.documents.front().name);
  for (const auto& word : arguments_of(strategy_, job, config)) {
    arguments += (arguments.empty() ? "" : ", ") + json_text(word);
  }
  line("args: [" + arguments + "]");
  line("env:");
  line("- { name: HOLDFAST_STATE_DIR, value: /var/lib/holdfast }");
  line("- { name: HOLDFAST_CACHE_DIR, value: /var/cache/holdfast }");
  line("envFrom:");
  line("- secretRef: { name: " + json_text(names_given_.secret) + " }");
  line(
      "resources: { requests: { cpu: 250m, memory: 256Mi }, limits: { cpu: \"2\", memory: 1Gi } }");
  line(
      "securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, "
      "capabilities: { drop: [ALL] } }");
  line("volumeMounts:");
  line(fmt::format("- {{ name: strategy, mountPath: {}, readOnly: true }}", config_folder));
  for (const auto& volume : volumes_) {
    line(fmt::format("- {{ name: {}, mountPath: {} }}", json_text(volume.name),
                     json_text(volume.path)));
  }
  return text;
}

std::string Manifests::volumes() const {
  std::string text = "          volumes:\n          - name: strategy\n            configMap:\n";
  text += fmt::format("              name: {}\n", json_text(names_given_.name + "-strategy"));
  if (!options_.documents.empty()) text += "              items:\n";
  for (std::size_t i = 0; i < options_.documents.size(); ++i) {
    text += fmt::format("              - {{ key: file-{}, path: {} }}\n", i,
                        json_text(options_.documents[i].name));
  }
  for (const auto& volume : volumes_) {
    text += fmt::format("          - name: {}\n", json_text(volume.name));
    text += volume.size.empty()
                ? std::string("            emptyDir: {}\n")
                : fmt::format("            persistentVolumeClaim: {{ claimName: {} }}\n",
                              json_text(names_given_.name + "-" + volume.name));
  }
  return text;
}

std::string Manifests::cron_job(const RenderedJob& job, const std::string& name,
                                const std::string& schedule) const {
  std::string text = comment(fmt::format("{}: {}.", job.title(), describe(job.when)));
  for (const auto& each : job.remarks) text += comment(each);
  if (job.plan->jitter.nanoseconds > 0) {
    text += comment(fmt::format("The daemon would start it up to {} later, by chance.",
                                describe(job.plan->jitter)));
  }
  if (!job.plan->copy_of.empty()) {
    text +=
        comment(fmt::format("It copies the newest snapshot of {}: of the same minute only where "
                            "the daemon puts it in order.",
                            job.plan->copy_of));
  }
  text += "apiVersion: batch/v1\nkind: CronJob\n" + metadata(name, "");
  text += fmt::format(
      "spec:\n  schedule: {}\n  timeZone: {}\n  concurrencyPolicy: Forbid\n"
      "  startingDeadlineSeconds: 3600\n  successfulJobsHistoryLimit: 3\n"
      "  failedJobsHistoryLimit: 5\n  jobTemplate:\n    spec:\n      backoffLimit: 3\n",
      json_text(schedule), json_text(strategy_.timezone));
  text += comment(
      "2: the strategy has errors; 3: done with warnings, to be looked at. Neither is "
      "mended by trying again.",
      "      ");
  text +=
      "      podFailurePolicy:\n        rules:\n        - action: FailJob\n"
      "          onExitCodes: { containerName: holdfast, operator: In, values: [2, 3] }\n"
      "      template:\n";
  text +=
      "        metadata:\n          labels: { app.kubernetes.io/name: holdfast, "
      "app.kubernetes.io/instance: " +
      json_text(names_given_.name) + " }\n        spec:\n          restartPolicy: Never\n";
  text +=
      "          automountServiceAccountToken: false\n          securityContext: { runAsNonRoot: "
      "true, runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001, seccompProfile: { type: "
      "RuntimeDefault } }\n          containers:\n";
  return text + container(job) + volumes();
}

Rendered Manifests::make() {
  head_ =
      comment(fmt::format("Strategy {} ({}) for Kubernetes 1.27 and newer, made by holdfast "
                          "strategy render kubernetes.",
                          strategy_.name, strategy_.environment));
  note(fmt::format("The secret {} holds: {}.", names_given_.secret, secrets_in_words(strategy_)));
  note("Claims are ReadWriteOnce: jobs that share one have to run on one node.");
  const auto work = work_of(strategy_);
  std::string jobs;
  Names names;
  for (const auto& component : strategy_.components) {
    if (component.kind != ComponentKind::files || !component.enabled) continue;
    note(fmt::format("{}: mount {} into its jobs, read-only.", component.name,
                     fmt::join(component.source.list("paths"), ", ")));
  }
  for (const auto& job : work.jobs) {
    const auto times = cron_times(job.when, CronDialect::kubernetes);
    for (const auto& each : times.unsaid) {
      note(fmt::format("{}: a CronJob can't say: {}.", job.title(), each));
    }
    for (const auto& each : times.expressions) {
      // The first one has the name itself: that is what runbooks ask for.
      const auto wanted =
          jobs.empty() ? names_given_.name : names_given_.name + "-" + name_word(job.name());
      jobs += "---\n" + cron_job(job, names.give(wanted), each);
    }
  }
  for (const auto& each : work.unsaid) note(each);
  auto text = head_ + "---\n" + config_map();
  for (const auto& volume : volumes_) {
    if (!volume.size.empty()) text += "---\n" + claim(volume);
  }
  made_.files.push_back({.name = names_given_.name + ".yaml", .text = text + jobs});
  return std::move(made_);
}

}  // namespace

Rendered render_kubernetes(const Strategy& strategy, const RenderOptions& options) {
  return Manifests(strategy, options).make();
}

}  // namespace holdfast::strategy
