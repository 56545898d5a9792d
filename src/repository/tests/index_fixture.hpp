// A made-up repository of index segments, and a directory for its local index.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "base/random.hpp"
#include "repository/local_index.hpp"

namespace holdfast::repository {

// Removed with all that is in it.
class IndexDirectory {
 public:
  IndexDirectory() {
    auto pattern = (std::filesystem::temp_directory_path() / "holdfast-index-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr, "no temporary directory");
    path_ = pattern;
  }
  IndexDirectory(const IndexDirectory&) = delete;
  IndexDirectory& operator=(const IndexDirectory&) = delete;
  ~IndexDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      paths.push_back(entry.path().string());
    return paths;
  }

 private:
  std::string path_;
};

// A segment of random chunks in random packs of its own.
[[nodiscard]] IndexSegment random_segment(base::Random& random, std::size_t chunks,
                                          std::size_t packs = 2);
void sort_chunks(IndexSegment& segment);

// What the storage would hold, and how often it was asked.
struct SegmentStore {
  std::map<ObjectHash, IndexSegment> segments;
  std::map<ObjectHash, base::Error> failures;  // given instead
  int fetches = 0;

  ObjectHash put(base::Random& random, IndexSegment segment);
  [[nodiscard]] std::vector<ObjectHash> names() const;
  [[nodiscard]] LocalIndex::Fetch fetch();
};

}  // namespace holdfast::repository
