// File: node* index footer. node = size:u32 bytes; index = (id[32] offset:u64)* ascending by id;
// footer = snapshot[32] count:u64 index_offset:u64 "HFNC".
#include "repository/node_cache.hpp"

#include <algorithm>

namespace holdfast::repository {

namespace {

constexpr std::string_view magic = "HFNC";
constexpr std::size_t footer_size = 32 + 8 + 8 + 4;
constexpr std::size_t located_size = 40;

}  // namespace

base::Result<std::unique_ptr<NodeCache>> NodeCache::open(io::FileSystem& files,
                                                         const std::string& path,
                                                         const ObjectHash& snapshot,
                                                         const Domain& domain) {
  const base::Error none(base::ErrorCode::not_found, "there are no cached nodes of the snapshot");
  std::unique_ptr<NodeCache> cache(new NodeCache(TRY(files.map(path)), domain));
  const auto bytes = cache->file_->bytes();
  if (bytes.size() < footer_size) return none;
  base::ByteReader footer(bytes.last(footer_size));
  const auto of = TRY(footer.array<32>());
  cache->count_ = TRY(footer.u64());
  cache->index_offset_ = TRY(footer.u64());
  if (base::as_text(TRY(footer.raw(magic.size()))) != magic || of != snapshot) return none;
  const auto index_end = bytes.size() - footer_size;
  if (cache->index_offset_ > index_end ||
      cache->count_ != (index_end - cache->index_offset_) / located_size)
    return none;
  return cache;
}

base::Result<base::Bytes> NodeCache::get(const ChunkId& id) {
  const auto bytes = file_->bytes();
  const auto id_at = [&](std::size_t i) {
    return bytes.subspan(index_offset_ + i * located_size, located_size);
  };
  std::size_t low = 0;
  std::size_t high = count_;
  while (low < high) {
    const auto middle = (low + high) / 2;
    if (std::memcmp(id_at(middle).data(), id.data(), id.size()) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == count_ || std::memcmp(id_at(low).data(), id.data(), id.size()) != 0) {
    return base::Error(base::ErrorCode::not_found, "a tree node is not in the local cache");
  }
  base::ByteReader located(id_at(low).subspan(id.size()));
  const auto offset = TRY(located.u64());
  if (offset > index_offset_)
    return base::Error(base::ErrorCode::damaged, "the local node cache is damaged");
  base::ByteReader in(bytes.subspan(static_cast<std::size_t>(offset),
                                    index_offset_ - static_cast<std::size_t>(offset)));
  const auto size = TRY(in.u32());
  const auto node = TRY(in.raw(size));
  if (domain_.id_of(ChunkType::tree, node) != id) {
    return base::Error(base::ErrorCode::damaged, "the local node cache is damaged");
  }
  return base::Bytes(node.begin(), node.end());
}

NodeCacheWriter::NodeCacheWriter(io::FileSystem& files, const std::string& path) {
  if (auto file = files.create(path); file.ok()) file_ = std::move(file).value();
}

void NodeCacheWriter::append(base::ByteView bytes) {
  if (file_ && !file_->append(bytes).ok()) file_.reset();
  size_ += bytes.size();
}

void NodeCacheWriter::add(const ChunkId& id, base::ByteView node) {
  if (!file_) return;
  index_.push_back({id, size_});
  base::Bytes size;
  base::ByteWriter(size).u32(static_cast<std::uint32_t>(node.size()));
  append(size);
  append(node);
}

void NodeCacheWriter::commit(const ObjectHash& snapshot) {
  if (!file_) return;
  std::sort(index_.begin(), index_.end(),
            [](const Located& a, const Located& b) { return a.id < b.id; });
  const auto index_offset = size_;
  base::Bytes tail;
  base::ByteWriter out(tail);
  for (const auto& located : index_) {
    out.raw(located.id);
    out.u64(located.offset);
  }
  out.raw(snapshot);
  out.u64(index_.size());
  out.u64(index_offset);
  out.raw(base::as_bytes(magic));
  append(tail);
  if (file_) (void)file_->commit(io::FileWriter::Durable::no);
  file_.reset();
}

}  // namespace holdfast::repository
