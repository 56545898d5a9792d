// Edit distance, and the words that other tools use for what has another name here.
#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "values.hpp"

namespace holdfast::strategy {

namespace {

struct ForeignWord {
  std::string_view word;
  std::string_view hint;
};

constexpr std::string_view say_when = "when a plan runs is said by one of every, at, cron or when";
constexpr std::string_view say_keep = "how long snapshots stay is said by keep, like keep: 30d";
constexpr std::string_view say_location = "places are declared under locations, and named by to";

constexpr std::array<ForeignWord, 56> foreign_words{{
    {"schedule", say_when},
    {"schedules", say_when},
    {"frequency", say_when},
    {"interval", say_when},
    {"cron", say_when},
    {"crontab", say_when},
    {"oncalendar", say_when},
    {"timer", say_when},
    {"ttl", say_keep},
    {"retention", say_keep},
    {"retain", say_keep},
    {"expire", say_keep},
    {"expiry", say_keep},
    {"expiration", say_keep},
    {"prune", say_keep},
    {"forget", say_keep},
    {"keep-daily", "write keep: { daily: 7 }"},
    {"keep_daily", "write keep: { daily: 7 }"},
    {"keep-weekly", "write keep: { weekly: 4 }"},
    {"keep_weekly", "write keep: { weekly: 4 }"},
    {"keep-monthly", "write keep: { monthly: 12 }"},
    {"keep_monthly", "write keep: { monthly: 12 }"},
    {"keep-last", "write keep: { last: 5 }"},
    {"keep_last", "write keep: { last: 5 }"},
    {"keep-within", "write keep: 30d"},
    {"keep_within", "write keep: 30d"},
    {"repositories", say_location},
    {"repository", say_location},
    {"repos", say_location},
    {"repo", say_location},
    {"storage", say_location},
    {"storages", say_location},
    {"destinations", say_location},
    {"destination", say_location},
    {"backends", say_location},
    {"remotes", say_location},
    {"backupstoragelocation", say_location},
    {"source_directories", "what to back up is a component: files: { paths: [...] }"},
    {"source-directories", "what to back up is a component: files: { paths: [...] }"},
    {"directories", "write paths"},
    {"sources", "what to back up is declared under components"},
    {"backups", "what to back up is declared under components, each with its plans"},
    {"jobs", "what to back up is declared under components, each with its plans"},
    {"services", "what to back up is declared under components"},
    {"profiles", "what to back up is declared under components"},
    {"exclude_patterns", "write exclude, a list of patterns"},
    {"excludes", "write exclude, a list of patterns"},
    {"encryption_passphrase", "write encryption: { key: env:BACKUP_ENCRYPTION_KEY }"},
    {"passphrase", "write encryption: { key: env:BACKUP_ENCRYPTION_KEY }"},
    {"password_file", "write key: file:/path"},
    {"notifications", "who is told is said by channels, severities and alerts"},
    {"notify", "who is told is said by channels, severities and alerts"},
    {"checks", "what is verified is said by verify"},
    {"check", "what is verified is said by verify"},
    {"disabled", "write enabled: false"},
    {"includedNamespaces", "write namespaces, a list"},
}};

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

constexpr std::size_t word_size_max = 64;

}  // namespace

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > word_size_max) return {};
  std::string best;
  std::size_t least = 3;
  for (const auto& candidate : candidates) {
    if (candidate.size() > word_size_max) continue;
    const auto edits = distance(lower(word), lower(candidate));
    if (edits < least && edits < candidate.size() / 2 + 1) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

std::string advice_on_key(std::string_view key, const Record& record) {
  auto spelled = lower(key);
  std::replace(spelled.begin(), spelled.end(), '_', '-');
  if (record.find(spelled) != nullptr) return fmt::format("did you mean '{}'?", spelled);
  for (const auto& foreign : foreign_words) {
    if (lower(foreign.word) == lower(key)) return std::string(foreign.hint);
  }
  if (key == "<<") return "merge keys are not read; defaults and include: say things once";
  const auto near = closest(key, record.names());
  if (!near.empty()) return fmt::format("did you mean '{}'?", near);
  std::string places;
  for (const auto* other : all_records()) {
    if (other->find(spelled) == nullptr || other->name == record.name) continue;
    places += (places.empty() ? "" : ", ") + other->name;
  }
  if (!places.empty()) return fmt::format("'{}' is a key of {}", spelled, places);
  return fmt::format("{} has these keys: {}", record.name, fmt::join(record.names(), ", "));
}

std::string advice_on_name(std::string_view name, const std::vector<std::string>& known) {
  const auto near = closest(name, known);
  if (!near.empty()) return fmt::format("did you mean '{}'?", near);
  if (known.empty()) return "none is declared";
  return fmt::format("there are: {}", fmt::join(known, ", "));
}

}  // namespace holdfast::strategy
