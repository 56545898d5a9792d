// Making packs and reading them back.
#include "pack_fixture.hpp"

#include "repository/object_name.hpp"

namespace holdfast::repository {

PackTarget PackFixture::target() {
  return {.storage = test.storage,
          .random = test.random,
          .config = repository->config(),
          .domain = domain().id()};
}

std::vector<base::Bytes> PackFixture::texts(std::size_t count) {
  std::vector<base::Bytes> contents;
  for (std::size_t i = 0; i < count; ++i) {
    contents.push_back(i % 2 == 0 ? noise(i, 1 + 37 * i)
                                  : base::Bytes(100 * i, static_cast<base::Byte>('a' + i % 26)));
  }
  return contents;
}

base::MutableByteView PackFixture::encoded(base::ByteView plaintext) {
  scratch_.assign(encoded_header_size, 0);
  const auto encoding = compressor_.compress(plaintext, scratch_);
  write_encoded_header(scratch_, encoding, static_cast<std::uint32_t>(plaintext.size()));
  scratch_.resize(scratch_.size() + codec::cipher_tag_size);
  return scratch_;
}

StoredPack PackFixture::commit(SealedPack pack) {
  must(pack.upload->commit(pack_object_name(pack.info.type, pack.info.name), {}));
  return {.info = pack.info, .chunks = std::move(pack.chunks)};
}

StoredPack PackFixture::store_pack(ChunkType type, const std::vector<base::Bytes>& contents) {
  const auto builder = must(PackBuilder::begin(target(), type));
  for (const auto& content : contents) {
    must(builder->add(domain().id_of(type, content), encoded(content)));
  }
  return commit(must(builder->finish()));
}

base::Bytes PackFixture::bytes_of(const PackInfo& pack) {
  return must(test.storage.get(pack_object_name(pack.type, pack.name), pack.size));
}

base::Result<base::Bytes> PackFixture::read_back(const PackInfo& pack, const ChunkPlace& place) {
  PackReader reader(*repository);
  const auto opened = TRY(reader.open(pack));
  base::Bytes stored(place.stored_size);
  TRY(test.storage.read(pack_object_name(pack.type, pack.name),
                        {.offset = place.offset, .size = stored.size()}, stored));
  codec::Decompressor decompressor;
  base::Bytes plaintext;
  TRY(reader.decode(*opened, place, stored, decompressor, plaintext));
  return plaintext;
}

}  // namespace holdfast::repository
