// IndexRewrite: an index made anew from packs, which takes the place of all segments that were
// there when it began.
#pragma once

#include <map>
#include <vector>

#include "repository/repository.hpp"

namespace holdfast::repository {

// Used by one task. Nothing is hidden before finish().
class IndexRewrite {
 public:
  static base::Result<IndexRewrite> begin(Repository& repository);
  // `places` in any order; their `pack` is set here.
  base::Result<void> add(const ShortId& domain, const PackInfo& pack,
                         std::vector<ChunkPlace> places);
  base::Result<void> finish();

 private:
  explicit IndexRewrite(Repository& repository) : repository_(repository) {}
  base::Result<void> write(const ShortId& domain, IndexSegment& segment);
  Repository& repository_;
  std::vector<ObjectHash> replaced_;
  std::vector<ObjectHash> written_;
  std::map<ShortId, IndexSegment> segments_;
};

}  // namespace holdfast::repository
