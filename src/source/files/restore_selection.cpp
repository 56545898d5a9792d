// Include patterns are excludes read the other way: what they match is wanted, with all below it.
#include "restore_selection.hpp"

#include "repository/path_key.hpp"

namespace holdfast::source {

base::Result<RestoreSelection> RestoreSelection::make(const FilesRestoreOptions& options) {
  RestoreSelection selection;
  if (!options.path.empty()) {
    selection.base_key_ = TRY(repository::key_of_path(options.path));
    if (!selection.base_key_.empty()) selection.base_size_ = selection.base_key_.size() + 1;
  }
  for (const auto& pattern : options.includes) selection.rules_.add_line(pattern);
  return selection;
}

bool RestoreSelection::wants(std::string_view path, PathKind kind, bool directory_is_wanted) const {
  if (rules_.empty()) return true;
  switch (rules_.match({.path = path, .kind = kind, .inner = base_size_})) {
    case GitignoreRules::Verdict::ignored: return true;
    case GitignoreRules::Verdict::kept: return false;
    case GitignoreRules::Verdict::none: return directory_is_wanted;
  }
  return directory_is_wanted;
}

bool RestoreSelection::wants_file(std::string_view path) const {
  if (rules_.empty()) return true;
  bool wanted = wants({}, PathKind::directory, false);
  for (auto slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    wanted = wants(path.substr(0, slash), PathKind::directory, wanted);
  }
  return wants(path, PathKind::other, wanted);
}

}  // namespace holdfast::source
