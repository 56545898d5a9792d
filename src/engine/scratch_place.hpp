// ScratchPlace: the folder of one scratch server. Root may run no PostgreSQL: there it belongs to
// an unprivileged user, with all that it holds.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "scratch_process.hpp"

namespace holdfast::engine {

struct ScratchPlace {
  std::string path;                 // absolute
  std::optional<ScratchUser> user;  // nothing: ourselves
};

// Chooses the user: whom `path`/data belonged to, if he is known here and not root; else
// `postgres`, else `nobody`; ourselves if we aren't root. Gives him everything in `path`, which
// only he can look into. unsupported: nobody can be found.
base::Result<ScratchPlace> make_scratch_place(const std::string& path, const std::stop_token& stop);

// A file in it, of its user: 0600.
base::Result<void> write_in_place(const ScratchPlace& place, const std::string& name,
                                  std::string_view text);
// A folder in it, of its user: 0700.
base::Result<void> make_folder_in_place(const ScratchPlace& place, const std::string& name);

}  // namespace holdfast::engine
