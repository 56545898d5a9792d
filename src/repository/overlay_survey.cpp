// Going through all versions of all objects.
#include "repository/overlay_survey.hpp"

#include <algorithm>
#include <array>

#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t named_max = 1'000;
constexpr std::array kinds{config_prefix, keys_prefix,      roster_prefix,    data_prefix,
                           tree_prefix,   index_prefix,     snapshots_prefix, sessions_prefix,
                           notes_prefix,  condemned_prefix, parity_prefix,    mended_prefix,
                           probe_prefix};

// The versions of one name.
struct Pile {
  std::string name;
  std::uint64_t objects = 0;
  std::uint64_t markers = 0;
};

bool is_name_of_ours(const std::string& name) {
  return hash_of_name(name) && std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) {
           return name.starts_with(kind);
         });
}

std::optional<std::string> what_is_strange(const Pile& pile) {
  if (pile.objects == 0) return std::nullopt;  // a marker of what was deleted for good
  if (!is_name_of_ours(pile.name)) return "is no object of a repository";
  if (pile.objects == 1 && pile.markers == 0) return std::nullopt;
  std::string text = "somebody laid over it";
  if (pile.objects > 1) text += " " + std::to_string(pile.objects - 1) + " newer versions";
  if (pile.objects > 1 && pile.markers > 0) text += " and";
  if (pile.markers > 0) text += " " + std::to_string(pile.markers) + " delete markers";
  return text + "; what was stored first is used";
}

}  // namespace

base::Result<std::vector<IgnoredObject>> survey_overlays(const Repository& repository) {
  std::vector<IgnoredObject> found;
  auto& storage = repository.storage();
  if (!storage.capabilities().versions) return found;
  Pile pile;
  const auto settle = [&] {
    const auto strange = what_is_strange(pile);
    if (strange && found.size() < named_max)
      found.push_back({pile.name, base::Error(base::ErrorCode::permission_denied, *strange)});
  };
  storage::ListOptions options;
  do {
    const auto page = TRY(storage.list_versions(options));
    for (const auto& info : page.objects) {
      if (info.name != pile.name) {
        settle();
        pile = {.name = info.name};
      }
      ++(info.kind == storage::ObjectInfo::Kind::object ? pile.objects : pile.markers);
    }
    options.continuation = page.next;
  } while (!options.continuation.empty());
  settle();
  return found;
}

}  // namespace holdfast::repository
