// Packs made by hand in a repository in memory.
#pragma once

#include "repository/pack_builder.hpp"
#include "repository/pack_reader.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {

struct StoredPack {
  PackInfo info;
  std::vector<ChunkPlace> chunks;
};

class PackFixture {
 public:
  [[nodiscard]] const Domain& domain() const { return repository->own_domain(); }
  [[nodiscard]] PackTarget target();
  // Contents of different sizes, some of which compress.
  [[nodiscard]] static std::vector<base::Bytes> texts(std::size_t count);
  // As PackBuilder::add takes it; valid until the next call.
  [[nodiscard]] base::MutableByteView encoded(base::ByteView plaintext);
  StoredPack commit(SealedPack pack);
  StoredPack store_pack(ChunkType type, const std::vector<base::Bytes>& contents);
  [[nodiscard]] base::Bytes bytes_of(const PackInfo& pack);
  // With a reader that has seen nothing before.
  base::Result<base::Bytes> read_back(const PackInfo& pack, const ChunkPlace& place);

  TestRepository test;
  std::unique_ptr<Repository> repository = test.open();

 private:
  codec::Compressor compressor_{1};
  base::Bytes scratch_;
};

}  // namespace holdfast::repository
