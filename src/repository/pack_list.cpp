// Listing packs.
#include "repository/pack_list.hpp"

#include "repository/object_name.hpp"

namespace holdfast::repository {

base::Result<PackListing> list_packs(const Repository& repository,
                                     std::vector<IgnoredObject>* ignored) {
  PackListing packs;
  for (const auto type : {ChunkType::data, ChunkType::tree}) {
    storage::ListOptions options;
    options.page_size = storage::list_page_size_large;
    options.prefix = std::string(type == ChunkType::data ? data_prefix : tree_prefix);
    do {
      const auto page = TRY(repository.storage().list(options));
      for (const auto& info : page.objects) {
        const auto hash = hash_of_name(info.name);
        if (hash && pack_object_name(type, *hash) == info.name) {
          packs[*hash] = {.type = type, .size = info.size, .stored_at = info.stored_at};
        } else if (ignored != nullptr) {
          ignored->push_back({info.name, base::Error(base::ErrorCode::invalid_argument,
                                                     "not the name of a pack")});
        }
      }
      options.continuation = page.next;
    } while (!options.continuation.empty());
  }
  return packs;
}

}  // namespace holdfast::repository
