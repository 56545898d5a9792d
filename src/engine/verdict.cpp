// From objects to the snapshots that need them.
#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_set>

#include "repository/live_set.hpp"
#include "repository/object_name.hpp"
#include "repository/repository_reader.hpp"

namespace holdfast::engine {

using base::Result;
using catalog::VerificationOutcome;
using repository::ChunkId;
using repository::IdHash;
using repository::ObjectHash;

namespace {

constexpr std::size_t paths_max = 100;

enum class Reach {
  all,      // every snapshot needs it
  pack,     // those that need something in it
  one,      // the snapshot that the finding or the name says
  nothing,  // none of them
};

Reach reach_of(const Finding& finding) {
  if (!finding.snapshot.empty()) return Reach::one;
  const auto& name = finding.object;
  if (name.starts_with(repository::data_prefix) || name.starts_with(repository::tree_prefix)) {
    return Reach::pack;
  }
  if (name.starts_with(repository::snapshots_prefix)) return Reach::one;
  for (const auto prefix :
       {repository::notes_prefix, repository::condemned_prefix, repository::parity_prefix,
        repository::mended_prefix, repository::sessions_prefix, repository::probe_prefix}) {
    if (name.starts_with(prefix)) return Reach::nothing;
  }
  return Reach::all;
}

// Which snapshots need something in these packs. Without the reading key nobody can tell: all do.
Result<std::vector<bool>> who_needs(repository::Repository& repository,
                                    const std::unordered_set<ObjectHash, IdHash>& packs,
                                    const std::vector<const repository::SnapshotRecord*>& snapshots,
                                    const std::stop_token& stop) {
  std::vector<bool> needs(snapshots.size(), true);
  if (packs.empty() || !repository.keys().reader.has_value()) return needs;
  const auto reader =
      TRY(repository::RepositoryReader::open(repository, repository::Following::nothing));
  std::vector<ChunkId> chunks;
  TRY(repository.index(repository::Repository::Segments::all)
          ->each_chunk([&](const repository::FoundChunk& chunk) -> Result<void> {
            if (packs.contains(chunk.pack.name)) chunks.push_back(chunk.place.id);
            return {};
          }));
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    repository::LiveSet live(repository);
    std::vector<repository::LiveSet::Missing> missing;
    TRY(live.add_tree(*reader, snapshots[i]->summary.root, &missing));
    // What lies below a part that can't be read may need anything.
    needs[i] = !missing.empty() || std::any_of(chunks.begin(), chunks.end(),
                                               [&](const auto& id) { return live.contains(id); });
  }
  return needs;
}

std::string sentence(const Finding& finding) {
  return finding.object.empty() ? finding.message : finding.object + ": " + finding.message;
}

class Judge {
 public:
  explicit Judge(std::size_t count) : of_(count) {}

  void add(std::size_t index, const Finding& finding) {
    auto& verdict = of_[index];
    const bool is_damage = finding.kind == Finding::Kind::damage;
    if (is_damage && !finding.path.empty()) {
      ++verdict.path_count;
      if (verdict.paths.size() < paths_max) verdict.paths.push_back(finding.path);
    }
    const auto outcome = is_damage ? VerificationOutcome::failed : VerificationOutcome::unknown;
    const bool is_worse = verdict.outcome == VerificationOutcome::passed ||
                          (is_damage && verdict.outcome == VerificationOutcome::unknown);
    // An object says more about the cause than a file that suffers from it.
    if (is_worse ||
        (outcome == verdict.outcome && !finding.object.empty() && !names_object_[index])) {
      verdict.message = sentence(finding);
      names_object_[index] = !finding.object.empty();
    }
    if (is_worse) verdict.outcome = outcome;
  }

  std::vector<Verdict> take() && {
    for (auto& verdict : of_) {
      if (verdict.path_count == 0) continue;
      std::string names;
      for (std::size_t i = 0; i < std::min<std::size_t>(verdict.paths.size(), 3); ++i) {
        names += (i == 0 ? "" : ", ") + base::printable(verdict.paths[i]);
      }
      verdict.message += fmt::format("; {} files are hit: {}{}", verdict.path_count, names,
                                     verdict.path_count > 3 ? ", …" : "");
    }
    return std::move(of_);
  }

 private:
  std::vector<Verdict> of_;
  std::map<std::size_t, bool> names_object_;
};

}  // namespace

Result<Verdicts> judge_findings(repository::Repository& repository, const VerifyReport& report,
                                const std::vector<const repository::SnapshotRecord*>& snapshots,
                                const std::stop_token& stop) {
  std::unordered_set<ObjectHash, IdHash> packs;
  std::map<std::string, std::size_t> indices;
  for (std::size_t i = 0; i < snapshots.size(); ++i) indices[base::to_hex(snapshots[i]->id)] = i;
  const auto hash_of = [](const Finding& finding) {
    return repository::hash_of_name(finding.object).value_or(ObjectHash{});
  };
  for (const auto& finding : report.findings) {
    if (finding.kind != Finding::Kind::note && reach_of(finding) == Reach::pack) {
      packs.insert(hash_of(finding));
    }
  }
  // Which pack it is isn't told apart: several at once are rare, and then nothing is to be trusted.
  const auto needs = TRY(who_needs(repository, packs, snapshots, stop));
  Judge judge(snapshots.size());
  Verdicts made;
  for (const auto& finding : report.findings) {
    if (finding.kind == Finding::Kind::note) continue;
    const auto reach = reach_of(finding);
    const auto named =
        indices.find(finding.snapshot.empty() ? base::to_hex(hash_of(finding)) : finding.snapshot);
    // An outage in a part that snapshots share is found with the first of them only.
    const bool is_shared = finding.kind == Finding::Kind::could_not_check && finding.path.empty() &&
                           reach == Reach::one && named != indices.end();
    if (reach == Reach::nothing || (reach == Reach::one && named == indices.end())) {
      made.beside.push_back(sentence(finding));
      continue;
    }
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
      if (reach == Reach::pack && !needs[i]) continue;
      if (reach == Reach::one && !is_shared && named->second != i) continue;
      judge.add(i, finding);
    }
  }
  if (report.damage_count + report.unchecked_count + report.note_count > report.findings.size()) {
    Finding lost{.kind = Finding::Kind::could_not_check, .object = {}, .path = {}, .snapshot = {}};
    lost.message = "there is more damage than could be told apart";
    for (std::size_t i = 0; i < snapshots.size(); ++i) judge.add(i, lost);
  }
  made.of = std::move(judge).take();
  return made;
}

}  // namespace holdfast::engine
