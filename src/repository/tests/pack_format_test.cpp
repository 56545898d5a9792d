// The parts of a pack: round trips, what each is bound to, hostile numbers.
#include "repository/pack_format.hpp"

#include <gtest/gtest.h>

#include "golden.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

PackHeader any_header(std::size_t keys = 3) {
  base::SeededRandom random(41);
  PackHeader header{.type = ChunkType::tree,
                    .repository_id = random.array<16>(),
                    .domain = random.array<16>(),
                    .generation = 5,
                    .boxes = {}};
  for (std::size_t i = 0; i < keys; ++i) header.boxes.push_back(random.array<pack_box_size>());
  return header;
}

codec::Cipher any_key(std::uint64_t seed = 1) {
  base::SeededRandom random(seed);
  return codec::Cipher(random.array<32>());
}

std::vector<DirectoryEntry> any_entries() {
  base::SeededRandom random(42);
  std::vector<DirectoryEntry> entries;
  for (std::uint16_t i = 0; i < 5; ++i) {
    entries.push_back({.id = random.array<32>(),
                       .stored_size = 1000U + i,
                       .key = static_cast<std::uint16_t>(i % 3),
                       .ordinal = static_cast<std::uint16_t>(65'535 - i)});
  }
  return entries;
}

TEST(PackHeader, RoundTrip) {
  for (const std::size_t keys : {1UL, 2UL, 4096UL}) {
    const auto header = any_header(keys);
    auto bytes = encode_pack_header(header);
    ASSERT_EQ(bytes.size(), header.size());
    EXPECT_EQ(pack_header_size(base::ByteView(bytes).first(pack_header_fixed_size)).value(),
              bytes.size());
    bytes.resize(bytes.size() + 100);  // a pack goes on
    const auto decoded = decode_pack_header(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
    EXPECT_EQ(decoded.value().type, header.type);
    EXPECT_EQ(decoded.value().repository_id, header.repository_id);
    EXPECT_EQ(decoded.value().domain, header.domain);
    EXPECT_EQ(decoded.value().generation, 5U);
    EXPECT_EQ(decoded.value().boxes, header.boxes);
  }
}

TEST(PackHeader, Golden) { expect_golden("pack_header", encode_pack_header(any_header())); }

TEST(PackHeader, EveryCutIsDamaged) {
  const auto bytes = encode_pack_header(any_header());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(decode_pack_header(base::ByteView(bytes).first(size)).error().code(),
              ErrorCode::damaged)
        << size;
  }
}

TEST(PackHeader, Nonsense) {
  const auto bytes = encode_pack_header(any_header());
  const auto with = [&](std::size_t at, std::initializer_list<base::Byte> values) {
    auto altered = bytes;
    std::copy(values.begin(), values.end(), altered.begin() + static_cast<std::ptrdiff_t>(at));
    return decode_pack_header(altered).error().code();
  };
  EXPECT_EQ(with(0, {'X'}), ErrorCode::damaged);
  EXPECT_EQ(with(4, {2}), ErrorCode::unsupported);
  EXPECT_EQ(with(5, {0}), ErrorCode::damaged) << "a type";
  EXPECT_EQ(with(5, {3}), ErrorCode::damaged) << "a type";
  EXPECT_EQ(with(6, {0, 0}), ErrorCode::damaged) << "no key";
  EXPECT_EQ(with(6, {1, 16}), ErrorCode::damaged) << "4,097 keys";
  EXPECT_EQ(with(6, {0xff, 0xff}), ErrorCode::damaged) << "more keys than bytes";
}

TEST(PackDirectory, RoundTrip) {
  const auto header = encode_pack_header(any_header());
  const auto entries = any_entries();
  const auto bytes = seal_directory(any_key(), header, entries);
  const auto size = directory_size(base::ByteView(bytes).last(pack_footer_size));
  ASSERT_TRUE(size.ok());
  ASSERT_EQ(size.value() + pack_footer_size, bytes.size());
  const auto opened = open_directory(any_key(), header, base::ByteView(bytes).first(size.value()));
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  ASSERT_EQ(opened.value().size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(opened.value()[i].id, entries[i].id);
    EXPECT_EQ(opened.value()[i].stored_size, entries[i].stored_size);
    EXPECT_EQ(opened.value()[i].key, entries[i].key);
    EXPECT_EQ(opened.value()[i].ordinal, entries[i].ordinal);
  }
}

TEST(PackDirectory, Golden) {
  const auto header = encode_pack_header(any_header());
  expect_golden("pack_directory", seal_directory(any_key(), header, any_entries()));
}

TEST(PackDirectory, IsBoundToHeaderAndKey) {
  auto header = encode_pack_header(any_header());
  const auto bytes = seal_directory(any_key(), header, any_entries());
  const auto sealed = base::ByteView(bytes).first(bytes.size() - pack_footer_size);
  EXPECT_EQ(open_directory(any_key(2), header, sealed).error().code(), ErrorCode::damaged);
  header[40] ^= 1;
  EXPECT_EQ(open_directory(any_key(), header, sealed).error().code(), ErrorCode::damaged);
}

TEST(PackDirectory, AnyAlterationIsDamaged) {
  const auto header = encode_pack_header(any_header());
  const auto bytes = seal_directory(any_key(), header, any_entries());
  const auto sealed = base::ByteView(bytes).first(bytes.size() - pack_footer_size);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    base::Bytes flipped(sealed.begin(), sealed.end());
    flipped[i] ^= 1;
    ASSERT_EQ(open_directory(any_key(), header, flipped).error().code(), ErrorCode::damaged) << i;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    ASSERT_EQ(open_directory(any_key(), header, sealed.first(size)).error().code(),
              ErrorCode::damaged)
        << size;
  }
}

// Written by somebody who has the key.
TEST(PackDirectory, AnObjectWithoutRoomForAByteIsDamaged) {
  const auto header = encode_pack_header(any_header());
  auto entries = any_entries();
  entries[2].stored_size = chunk_overhead;
  const auto bytes = seal_directory(any_key(), header, entries);
  const auto sealed = base::ByteView(bytes).first(bytes.size() - pack_footer_size);
  EXPECT_EQ(open_directory(any_key(), header, sealed).error().code(), ErrorCode::damaged);
}

TEST(PackFooter, HostileSizesAreDamaged) {
  const auto footer = [](std::uint32_t size, std::string_view magic = "HFPE") {
    base::Bytes bytes;
    base::ByteWriter out(bytes);
    out.u32(size);
    out.raw(base::as_bytes(magic));
    return directory_size(bytes);
  };
  EXPECT_EQ(footer(16).value(), 16U) << "an empty pack";
  EXPECT_EQ(footer(16 + 40).value(), 56U);
  EXPECT_EQ(footer(16 + 40 * 65'535).value(), 2'621'416U);
  for (const std::uint32_t size : {0U, 15U, 17U, 16U + 39U, 16U + 40U * 65'536U, ~0U}) {
    EXPECT_EQ(footer(size).error().code(), ErrorCode::damaged) << size;
  }
  EXPECT_EQ(footer(16, "HFPX").error().code(), ErrorCode::damaged);
  EXPECT_EQ(directory_size(base::as_bytes("1234567")).error().code(), ErrorCode::damaged);
}

constexpr ObjectIdentity identity{.domain = {1}, .type = ChunkType::data, .id = {2}, .ordinal = 3};

// A chunk whose encoded header says `codec`, `filter` and `plain_size`.
base::Bytes sealed_chunk(base::Byte codec_number, base::Byte filter, std::uint32_t plain_size,
                         std::size_t payload_size = 5) {
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  out.u8(codec_number);
  out.u8(filter);
  out.u32(plain_size);
  bytes.resize(bytes.size() + payload_size, 'p');
  bytes.resize(bytes.size() + codec::cipher_tag_size);
  seal_chunk(any_key(), identity, bytes);
  return bytes;
}

TEST(PackChunk, RoundTrip) {
  auto bytes = sealed_chunk(0, 0, 5);
  EXPECT_EQ(bytes.size(), 5 + chunk_overhead);
  const auto opened = open_chunk(any_key(), identity, bytes, 100);
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  EXPECT_EQ(opened.value().plain_size, 5U);
  EXPECT_EQ(opened.value().encoding.codec, codec::Codec::none);
  EXPECT_EQ(base::as_text(opened.value().payload), "ppppp");
}

TEST(PackChunk, TheEncodedHeader) {
  base::Bytes out(6);
  write_encoded_header(out, {.codec = codec::Codec::zstd, .filter = codec::Filter::planes_4},
                       0x04030201);
  EXPECT_EQ(out, (base::Bytes{1, 2, 1, 2, 3, 4}));
}

TEST(PackChunk, Golden) { expect_golden("pack_chunk", sealed_chunk(0, 0, 5)); }

TEST(PackChunk, IsBoundToWhatAndWhereItIs) {
  auto other = identity;
  const auto opens_as = [](const ObjectIdentity& as, const codec::Cipher& key) {
    auto bytes = sealed_chunk(0, 0, 5);
    return open_chunk(key, as, bytes, 100).ok();
  };
  EXPECT_TRUE(opens_as(identity, any_key()));
  EXPECT_FALSE(opens_as(identity, any_key(2)));
  other.domain[15] = 1;
  EXPECT_FALSE(opens_as(other, any_key()));
  other = identity;
  other.type = ChunkType::tree;
  EXPECT_FALSE(opens_as(other, any_key()));
  other = identity;
  other.id[31] = 1;
  EXPECT_FALSE(opens_as(other, any_key()));
  other = identity;
  other.ordinal = 4;
  EXPECT_FALSE(opens_as(other, any_key()));
}

TEST(PackChunk, AnyAlterationIsDamaged) {
  const auto bytes = sealed_chunk(0, 0, 5);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto flipped = bytes;
    flipped[i] ^= 0x80;
    ASSERT_EQ(open_chunk(any_key(), identity, flipped, 100).error().code(), ErrorCode::damaged);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    base::Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_EQ(open_chunk(any_key(), identity, cut, 100).error().code(), ErrorCode::damaged);
  }
}

TEST(PackChunk, HostileHeadersUnderARightKey) {
  const auto code_of = [](base::Bytes bytes) {
    return open_chunk(any_key(), identity, bytes, 100).error().code();
  };
  EXPECT_EQ(code_of(sealed_chunk(2, 0, 5)), ErrorCode::unsupported);
  EXPECT_EQ(code_of(sealed_chunk(0, 3, 5)), ErrorCode::unsupported);
  EXPECT_EQ(code_of(sealed_chunk(0, 0, 0)), ErrorCode::damaged);
  EXPECT_EQ(code_of(sealed_chunk(0, 0, 101)), ErrorCode::damaged);
  EXPECT_EQ(code_of(sealed_chunk(1, 0, ~0U)), ErrorCode::damaged);
}

}  // namespace
}  // namespace holdfast::repository
