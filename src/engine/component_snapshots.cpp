// Telling a component's snapshots from the others by label and tags.
#include "engine/component_snapshots.hpp"

#include <algorithm>

namespace holdfast::engine {

std::optional<std::string> tag_of(const repository::SnapshotRecord& snapshot,
                                  std::string_view key) {
  for (const auto& [name, value] : snapshot.summary.tags) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::vector<std::string> plans_of(const repository::SnapshotRecord& snapshot) {
  std::vector<std::string> names;
  const auto text = tag_of(snapshot, plan_tag).value_or("");
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (end > begin) names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

std::string join_plans(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

std::vector<const repository::SnapshotRecord*> snapshots_of(const repository::SnapshotList& list,
                                                            const strategy::Component& component) {
  std::vector<const repository::SnapshotRecord*> found;
  for (const auto& record : list.snapshots) {
    if (record.late || record.summary.label != component.name) continue;
    if (tag_of(record, plan_tag)) found.push_back(&record);
  }
  return found;
}

const repository::SnapshotRecord* newest_snapshot(const repository::SnapshotList& list,
                                                  const strategy::Component& component,
                                                  std::optional<base::Time> at,
                                                  std::string_view plan) {
  const auto all = snapshots_of(list, component);
  for (auto each = all.rbegin(); each != all.rend(); ++each) {
    if (at && (*each)->summary.started > *at) continue;
    const auto plans = plans_of(**each);
    if (plan.empty() || std::find(plans.begin(), plans.end(), plan) != plans.end()) return *each;
  }
  return nullptr;
}

}  // namespace holdfast::engine
