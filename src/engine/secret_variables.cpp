// Going through the model for references to variables.
#include "secret_variables.hpp"

#include <set>

namespace holdfast::engine {

std::vector<std::string> secret_variables(const strategy::Strategy& strategy) {
  std::set<std::string> names{"BACKUP_ENCRYPTION_KEY", "HOLDFAST_FROM_KEY"};
  const auto add = [&](const strategy::SecretReference& reference) {
    if (reference.kind == strategy::SecretReference::Kind::env) names.insert(reference.name);
  };
  add(strategy.encryption.key);
  add(strategy.encryption.write_key);
  add(strategy.encryption.read_key);
  for (const auto& location : strategy.locations) {
    add(location.credentials);
    if (!location.is_object_store() || location.credentials.is_set()) continue;
    names.insert({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"});
  }
  for (const auto& component : strategy.components) {
    for (const auto& [key, reference] : component.source.secrets) add(reference);
  }
  for (const auto& channel : strategy.channels) add(channel.address);
  return {names.begin(), names.end()};
}

}  // namespace holdfast::engine
