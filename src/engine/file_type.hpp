// FileTypes: what a file is by its content, as a MIME type. Behind it is libmagic.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"

namespace holdfast::engine {

// Used by one task.
class FileTypes {
 public:
  // Loads the system's description of types. not_found if there is none.
  static base::Result<FileTypes> open();
  FileTypes(FileTypes&&) noexcept;
  FileTypes& operator=(FileTypes&&) noexcept;
  ~FileTypes();

  // "image/jpeg"; looks at the first MiB only. Never follows a link at the end of the path.
  base::Result<std::string> type_of(const std::string& path);

 private:
  struct State;
  explicit FileTypes(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::engine
