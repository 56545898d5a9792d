// The definition, word for word.
#include "chunker_reference.hpp"

#include <algorithm>
#include <bit>

namespace holdfast::codec {

namespace {

std::vector<std::uint64_t> gear_of(base::ByteView key) {
  std::vector<std::uint64_t> gear;
  for (std::uint32_t block = 0; block < 64; ++block) {
    base::Bytes message(21 + 4);
    std::memcpy(message.data(), "holdfast chunker gear", 21);
    std::memcpy(message.data() + 21, &block, 4);
    const auto digest = KeyedHash(key)(message);
    for (std::size_t i = 0; i < 4; ++i) {
      std::uint64_t word;
      std::memcpy(&word, digest.data() + 8 * i, 8);
      gear.push_back(word);
    }
  }
  return gear;
}

std::uint64_t mask_of(unsigned bits) {
  std::uint64_t mask = 0;
  for (int bit = 63; bits > 0; --bits, bit -= 2) mask |= std::uint64_t{1} << bit;
  return mask;
}

}  // namespace

std::vector<std::size_t> cut_all(const Chunker& chunker, base::ByteView data) {
  std::vector<std::size_t> lengths;
  while (!data.empty()) {
    lengths.push_back(chunker.cut(data));
    data = data.subspan(lengths.back());
  }
  return lengths;
}

std::vector<std::size_t> cut_all_by_definition(const ChunkerParameters& parameters,
                                               base::ByteView key, base::ByteView data) {
  const auto gear = gear_of(key);
  const auto t = static_cast<unsigned>(std::countr_zero(parameters.size_target));
  std::vector<std::size_t> lengths;
  while (!data.empty()) {
    const std::size_t end = std::min<std::size_t>(data.size(), parameters.size_max);
    std::size_t length = std::min<std::size_t>(end, parameters.size_min);
    for (; length < end; ++length) {
      std::uint64_t hash = 0;
      for (std::size_t i = 0; i < 64; ++i) hash += gear[data[length - 1 - i]] << i;
      if ((hash & mask_of(length < parameters.size_target ? t + 1 : t - 1)) == 0) break;
    }
    lengths.push_back(length);
    data = data.subspan(length);
  }
  return lengths;
}

std::multiset<Digest> chunk_digests(const Chunker& chunker, base::ByteView data) {
  std::multiset<Digest> digests;
  for (const auto length : cut_all(chunker, data)) {
    digests.insert(sha256(data.first(length)));
    data = data.subspan(length);
  }
  return digests;
}

}  // namespace holdfast::codec
