// What pg_dumpall --globals-only wrote, made ready for a scratch cluster: roles and their settings
// as they were, tablespaces inside of the cluster.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::engine {

struct GlobalsScript {
  std::string superuser;  // with whose name the cluster must be made
  std::string text;       // for psql, without the statement that makes that role
};

// The superuser is whom initdb made there as far as it can be told: since 16 role memberships are
// granted by him, and only he can do that again.
[[nodiscard]] GlobalsScript prepare_globals(std::string_view script);

}  // namespace holdfast::engine
