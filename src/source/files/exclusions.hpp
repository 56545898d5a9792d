// What capture leaves out: patterns of the command line and of files, ignore files in directories,
// cache directories and marked directories.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "directory_listing.hpp"
#include "source/files/capture.hpp"
#include "source/files/gitignore.hpp"

namespace holdfast::source {

// The patterns of one directory's ignore files, and those of the directories around it. Shared by
// the frames of a walk that lie below it.
struct DirectoryRules {
  GitignoreRules rules;
  std::size_t base = 0;  // where paths relative to that directory begin
  std::shared_ptr<const DirectoryRules> outer;
};

class Exclusions {
 public:
  // Reads the exclude files; an error if one can't be read.
  static base::Result<Exclusions> load(const FilesCaptureOptions& options);

  // `path`: relative to "/", components joined by '/'; `root_base`: where the path relative to the
  // root begins.
  [[nodiscard]] bool excludes(std::string_view path, PathKind kind, std::size_t root_base,
                              const DirectoryRules* rules) const;
  // Reads the ignore files among `listing`. `outer` if there is none.
  [[nodiscard]] std::shared_ptr<const DirectoryRules> enter(
      int directory, const DirectoryListing& listing, std::size_t base,
      std::shared_ptr<const DirectoryRules> outer) const;
  // Leaves only the mark in the listing of a directory that is marked as not to be captured.
  void apply_marks(int directory, DirectoryListing& listing) const;

 private:
  GitignoreRules rules_;
  std::vector<std::string> ignore_file_names_;
  std::vector<std::string> marker_file_names_;
  bool skip_cache_directories_ = false;
};

}  // namespace holdfast::source
