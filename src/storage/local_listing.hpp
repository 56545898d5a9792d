// One page of names of a LocalStorage, in ascending bytewise order of whole names, from a walk that
// reads no directory outside the prefix and keeps at most a few pages' worth of entries of a
// directory in memory.
#pragma once

#include "local_root.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

base::Result<ListPage> list_page(const LocalRoot& root, const ListOptions& options);

}  // namespace holdfast::storage
