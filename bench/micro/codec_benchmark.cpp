// Rates of the codec's steps on one core, by size and kind of input: what a pipeline made of them
// can reach at most.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <numbers>
#include <string>

#include "base/random.hpp"
#include "base/units.hpp"
#include "codec/chunker.hpp"
#include "codec/cipher.hpp"
#include "codec/compression.hpp"
#include "codec/crc32c.hpp"
#include "codec/hash.hpp"
#include "codec/key_derivation.hpp"
#include "codec/sealed_box.hpp"
#include "codec/signature.hpp"
#include "io/file.hpp"

namespace {

using namespace holdfast;  // NOLINT(google-build-using-namespace): a program of its own
using base::Bytes;
using base::KiB;
using base::MiB;

constexpr std::size_t chunk_size = 2 * MiB;

Bytes noise(std::size_t size) {
  Bytes bytes(size);
  base::SeededRandom(1).fill(bytes);
  return bytes;
}

// Machine code and tables: this program itself, repeated if it is short.
Bytes binary(std::size_t size) {
  auto bytes = io::read_file("/proc/self/exe", 256 * MiB).value();
  while (bytes.size() < size) bytes.insert(bytes.end(), bytes.begin(), bytes.end());
  bytes.resize(size);
  return bytes;
}

Bytes half_noise(std::size_t size) {
  auto bytes = noise(size);
  const auto code = binary(size / 2);
  std::copy(code.begin(), code.end(), bytes.begin());
  return bytes;
}

// Normally distributed bf16.
Bytes weights(std::size_t size) {
  base::SeededRandom random(1);
  Bytes bytes(size);
  const auto uniform = [&] {
    return (static_cast<double>(random.number() >> 11) + 0.5) / 9007199254740992.0;
  };
  for (std::size_t at = 0; at + 1 < size; at += 2) {
    const auto value = static_cast<float>(0.02 * std::sqrt(-2 * std::log(uniform())) *
                                          std::cos(2 * std::numbers::pi * uniform()));
    std::memcpy(&bytes[at], reinterpret_cast<const base::Byte*>(&value) + 2, 2);
  }
  return bytes;
}

using Make = Bytes (*)(std::size_t);

void count_bytes(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * size));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(200)->Arg(16 * KiB)->Arg(chunk_size);
}

void memory_copy(benchmark::State& state) {
  const auto data = noise(static_cast<std::size_t>(state.range(0)));
  Bytes out(data.size());
  for (auto _ : state) {
    std::memcpy(out.data(), data.data(), data.size());
    benchmark::ClobberMemory();
  }
  count_bytes(state, data.size());
}
BENCHMARK(memory_copy)->Apply(sizes);

void sha256(benchmark::State& state) {
  const auto data = noise(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(codec::sha256(data));
  count_bytes(state, data.size());
}
BENCHMARK(sha256)->Apply(sizes);

void keyed_hash(benchmark::State& state) {
  const auto data = noise(static_cast<std::size_t>(state.range(0)));
  const codec::KeyedHash hash(noise(32));
  for (auto _ : state) benchmark::DoNotOptimize(hash(data));
  count_bytes(state, data.size());
}
BENCHMARK(keyed_hash)->Apply(sizes);

void crc32c(benchmark::State& state) {
  const auto data = noise(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(codec::crc32c(data));
  count_bytes(state, data.size());
}
BENCHMARK(crc32c)->Apply(sizes);

void cipher_seal(benchmark::State& state) {
  const auto data = noise(static_cast<std::size_t>(state.range(0)));
  const codec::Cipher cipher(noise(32));
  Bytes out(data.size() + codec::cipher_tag_size);
  const auto associated = noise(48);
  std::uint64_t ordinal = 0;
  for (auto _ : state) cipher.seal(codec::nonce_of_ordinal(++ordinal), associated, data, out);
  count_bytes(state, data.size());
}
BENCHMARK(cipher_seal)->Apply(sizes);

void cipher_open(benchmark::State& state) {
  const auto data = noise(static_cast<std::size_t>(state.range(0)));
  const codec::Cipher cipher(noise(32));
  Bytes sealed(data.size() + codec::cipher_tag_size);
  cipher.seal(codec::nonce_of_ordinal(1), {}, data, sealed);
  Bytes out(data.size());
  for (auto _ : state) {
    if (!cipher.open(codec::nonce_of_ordinal(1), {}, sealed, out).ok()) state.SkipWithError("tag");
  }
  count_bytes(state, data.size());
}
BENCHMARK(cipher_open)->Apply(sizes);

void cipher_seal_two_keys_in_turn(benchmark::State& state) {
  const auto data = noise(200);
  const codec::Cipher a(noise(32));
  const codec::Cipher b(noise(32));
  Bytes out(data.size() + codec::cipher_tag_size);
  for (auto _ : state) {
    a.seal(codec::nonce_of_ordinal(1), {}, data, out);
    b.seal(codec::nonce_of_ordinal(1), {}, data, out);
  }
}
BENCHMARK(cipher_seal_two_keys_in_turn);

void chunker(benchmark::State& state) {
  const auto data = noise(64 * MiB);
  const codec::Chunker chunker({}, noise(32));
  for (auto _ : state) {
    for (base::ByteView rest = data; !rest.empty(); rest = rest.subspan(chunker.cut(rest))) {
    }
  }
  count_bytes(state, data.size());
}
BENCHMARK(chunker)->Unit(benchmark::kMillisecond);

void compress(benchmark::State& state, Make make, int level) {
  const auto data = make(static_cast<std::size_t>(state.range(0)));
  codec::Compressor compressor(level);
  Bytes out;
  codec::Encoding encoding;
  for (auto _ : state) {
    out.clear();
    encoding = compressor.compress(data, out);
    benchmark::DoNotOptimize(out.data());
  }
  count_bytes(state, data.size());
  state.counters["ratio"] = static_cast<double>(out.size()) / static_cast<double>(data.size());
  state.SetLabel("codec " + std::to_string(static_cast<int>(encoding.codec)) + " filter " +
                 std::to_string(static_cast<int>(encoding.filter)));
}
BENCHMARK_CAPTURE(compress, noise, noise, 3)->Arg(16 * KiB)->Arg(chunk_size);
BENCHMARK_CAPTURE(compress, binary_1, binary, 1)->Arg(16 * KiB)->Arg(chunk_size);
BENCHMARK_CAPTURE(compress, binary_3, binary, 3)->Arg(200)->Arg(16 * KiB)->Arg(chunk_size);
BENCHMARK_CAPTURE(compress, half_noise_3, half_noise, 3)->Arg(chunk_size);
BENCHMARK_CAPTURE(compress, bf16_3, weights, 3)->Arg(chunk_size);

void decompress(benchmark::State& state, Make make) {
  const auto data = make(static_cast<std::size_t>(state.range(0)));
  codec::Compressor compressor(codec::compression_level_default);
  Bytes encoded;
  const auto encoding = compressor.compress(data, encoded);
  codec::Decompressor decompressor;
  Bytes out(data.size());
  for (auto _ : state) {
    if (!decompressor.decompress(encoding, encoded, out).ok()) state.SkipWithError("damaged");
  }
  count_bytes(state, data.size());
}
BENCHMARK_CAPTURE(decompress, noise, noise)->Arg(chunk_size);
BENCHMARK_CAPTURE(decompress, binary, binary)->Arg(200)->Arg(16 * KiB)->Arg(chunk_size);
BENCHMARK_CAPTURE(decompress, bf16, weights)->Arg(chunk_size);

void derive_key(benchmark::State& state) {
  const auto key = noise(32);
  for (auto _ : state) benchmark::DoNotOptimize(codec::derive_key(key, "purpose"));
}
BENCHMARK(derive_key);

void passphrase_default_cost(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(codec::key_of_passphrase(base::as_bytes("x"), noise(16), {}).ok());
  }
}
BENCHMARK(passphrase_default_cost)->Unit(benchmark::kMillisecond);

void sealed_box(benchmark::State& state) {
  base::SeededRandom random(1);
  const auto keys = codec::make_box_key_pair(random);
  const auto key = noise(32);
  for (auto _ : state)
    benchmark::DoNotOptimize(codec::open_sealed(keys, codec::seal_to(keys.public_key, key)).ok());
}
BENCHMARK(sealed_box)->Unit(benchmark::kMicrosecond);

void sign_and_check(benchmark::State& state) {
  const codec::SigningKey key(noise(32));
  const auto message = noise(200);
  for (auto _ : state)
    benchmark::DoNotOptimize(codec::is_signed_by(key.verify_key(), message, key.sign(message)));
}
BENCHMARK(sign_and_check)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
