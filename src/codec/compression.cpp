// zstd, the probe before it and the byte-plane filter around it.
#include "codec/compression.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>

#include "base/units.hpp"
#include "byte_planes.hpp"
#include "probe.hpp"

namespace holdfast::codec {

namespace {

// Below this the probe tells too little and zstd costs next to nothing.
constexpr std::size_t probe_size_min = 4 * base::KiB;
// Shorter input never gains: a frame has a dozen bytes of its own.
constexpr std::size_t zstd_size_min = 24;

// How filters are tried, and on which input it is worth the time: of less the trials would take as
// long as all of it.
constexpr std::size_t trial_size = 16 * base::KiB;
constexpr std::size_t trials = 3;
constexpr std::size_t planes_size_min = 256 * base::KiB;
constexpr double matches_enough = 0.6;
constexpr double gain_of_planes_min = 0.97;

// What must be saved to be worth undoing at every restore.
std::size_t gain_min(std::size_t plain_size) { return std::max<std::size_t>(1, plain_size / 128); }

void set(ZSTD_CCtx* context, ZSTD_cParameter parameter, int value) {
  CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)),
        "zstd refuses a parameter");
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};
using CompressionContext = std::unique_ptr<ZSTD_CCtx, FreeContext>;
using DecompressionContext = std::unique_ptr<ZSTD_DCtx, FreeContext>;

// zstd's level 1 is made for small windows: chunks are megabytes. A window of 2 MiB and matches of
// six bytes and more make binaries 4 % and small files 5 % shorter, for a tenth of its speed
// (bench/compression_study.py); the next level costs twice that.
void tune_fastest(ZSTD_CCtx* context) {
  set(context, ZSTD_c_windowLog, 21);
  set(context, ZSTD_c_hashLog, 15);
  set(context, ZSTD_c_minMatch, 6);
}

// The plain size is on record elsewhere, the id authenticates the content: frames carry neither.
CompressionContext make_context(int level) {
  CompressionContext context(ZSTD_createCCtx());
  CHECK(context != nullptr, "no memory for zstd");
  set(context.get(), ZSTD_c_compressionLevel, level);
  set(context.get(), ZSTD_c_contentSizeFlag, 0);
  set(context.get(), ZSTD_c_checksumFlag, 0);
  set(context.get(), ZSTD_c_dictIDFlag, 0);
  if (level == 1) tune_fastest(context.get());
  return context;
}

// Planes gain by entropy coding, and matches of few bytes get in its way: so only long ones, and
// the smallest table, which forgets most candidates. On bf16 weights that is three times as fast as
// level 1 and a twelfth shorter.
CompressionContext make_plane_context() {
  auto context = make_context(1);
  set(context.get(), ZSTD_c_strategy, ZSTD_fast);
  set(context.get(), ZSTD_c_minMatch, 7);
  set(context.get(), ZSTD_c_hashLog, 6);  // the least that zstd takes
  return context;
}

std::size_t plane_count(Filter filter) { return filter == Filter::planes_2 ? 2 : 4; }

void split(Filter filter, base::ByteView plain, base::MutableByteView out) {
  return filter == Filter::planes_2 ? split_planes_2(plain, out) : split_planes_4(plain, out);
}

bool is_zstd_frame(base::ByteView bytes) {
  std::uint32_t magic = 0;
  if (bytes.size() < sizeof magic) return false;
  std::memcpy(&magic, bytes.data(), sizeof magic);
  return magic == ZSTD_MAGICNUMBER;  // and not one of the skippable frames
}

}  // namespace

struct Compressor::State {
  explicit State(int level_)
      : level(level_), plain_context(level_ > 0 ? make_context(level_) : nullptr) {}

  // Both return the size of `in` in `out`, 0 if it does not fit.
  std::size_t compress_plain(base::ByteView in, base::MutableByteView out);
  std::size_t compress_planes(Filter filter, base::ByteView in, base::MutableByteView out);

  // Tries the filter that `guess` makes likely on a few samples; it must be clearly better than
  // none.
  Filter choose_filter(base::ByteView plain, const Probe& guess);

  base::MutableByteView scratch(std::size_t size) {
    if (memory.size() < size) memory.resize(size);
    return base::MutableByteView(memory).first(size);
  }

  int level;
  CompressionContext plain_context;
  CompressionContext plane_context;  // made when first needed
  base::Bytes memory;
};

std::size_t Compressor::State::compress_plain(base::ByteView in, base::MutableByteView out) {
  const auto size =
      ZSTD_compress2(plain_context.get(), out.data(), out.size(), in.data(), in.size());
  return ZSTD_isError(size) ? 0 : size;
}

// One frame, whose blocks never straddle two planes: each block has its own statistics, and those
// of two planes together are worth nothing.
std::size_t Compressor::State::compress_planes(Filter filter, base::ByteView in,
                                               base::MutableByteView out) {
  const auto planes = scratch(in.size());
  split(filter, in, planes);
  if (!plane_context) plane_context = make_plane_context();
  ZSTD_CCtx* const context = plane_context.get();
  ZSTD_CCtx_reset(context, ZSTD_reset_session_only);
  CHECK(!ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context, in.size())), "zstd refuses a size");
  ZSTD_outBuffer target{.dst = out.data(), .size = out.size(), .pos = 0};
  const std::size_t count = plane_count(filter);
  for (std::size_t plane = 1; plane <= count; ++plane) {
    const bool last = plane == count;
    const std::size_t end = last ? in.size() : in.size() / count * plane;
    const std::size_t begin = in.size() / count * (plane - 1);
    ZSTD_inBuffer piece{.src = planes.data() + begin, .size = end - begin, .pos = 0};
    const auto left =
        ZSTD_compressStream2(context, &target, &piece, last ? ZSTD_e_end : ZSTD_e_flush);
    if (left != 0) return 0;  // `out` is full
  }
  return target.pos;
}

Filter Compressor::State::choose_filter(base::ByteView plain, const Probe& guess) {
  const std::size_t distance = ((plain.size() - trial_size) / (trials - 1)) & ~std::size_t{3};
  std::array<base::Byte, trial_size + trial_size / 8> out;
  std::size_t unfiltered = 0;
  for (std::size_t i = 0; i < trials; ++i) {
    unfiltered += compress_plain(plain.subspan(i * distance, trial_size), out);
  }
  // What compresses well by matches within a sample finds more of them in the whole, and planes
  // would destroy them.
  const double size = trial_size * trials;
  const double promised = size * std::min(guess.entropy_of_2, guess.entropy_of_4) / 8;
  const auto wanted = static_cast<double>(unfiltered) * gain_of_planes_min;
  if (static_cast<double>(unfiltered) < matches_enough * size || promised > wanted) {
    return Filter::none;
  }
  const Filter filter =
      guess.entropy_of_4 < guess.entropy_of_2 - 0.1 ? Filter::planes_4 : Filter::planes_2;
  std::size_t filtered = 0;
  for (std::size_t i = 0; i < trials; ++i) {
    filtered += compress_planes(filter, plain.subspan(i * distance, trial_size), out);
  }
  return static_cast<double>(filtered) > wanted ? Filter::none : filter;
}

Compressor::Compressor(int level) : state_(std::make_unique<State>(level)) {
  CHECK(level >= 0 && level <= compression_level_max, "compression levels go from 0 to 19");
}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

Encoding Compressor::compress(base::ByteView plain, base::Bytes& out) {
  CHECK(state_ != nullptr, "a compressor that was moved away");
  const auto store = [&] {
    out.insert(out.end(), plain.begin(), plain.end());
    return Encoding{};
  };
  if (state_->level == 0 || plain.size() < zstd_size_min) return store();
  Encoding encoding{Codec::zstd, Filter::none};
  if (plain.size() >= probe_size_min) {
    const Probe guess = probe(plain);
    if (!guess.compressible()) return store();
    if (plain.size() >= planes_size_min && guess.planes_promise()) {
      encoding.filter = state_->choose_filter(plain, guess);
    }
  }
  const auto at = out.size();
  out.resize(at + plain.size() - gain_min(plain.size()));
  const auto target = base::MutableByteView(out).subspan(at);
  const auto size = encoding.filter == Filter::none
                        ? state_->compress_plain(plain, target)
                        : state_->compress_planes(encoding.filter, plain, target);
  out.resize(at + size);
  return size == 0 ? store() : encoding;
}

struct Decompressor::State {
  DecompressionContext context{ZSTD_createDCtx()};
  base::Bytes planes;

  base::Result<void> decompress(Codec codec, base::ByteView encoded, base::MutableByteView out);
};

base::Result<void> Decompressor::State::decompress(Codec codec, base::ByteView encoded,
                                                   base::MutableByteView out) {
  using base::Error;
  using base::ErrorCode;
  if (codec == Codec::none) {
    if (encoded.size() != out.size()) {
      return Error(ErrorCode::damaged, "a stored object has another size than is on record");
    }
    if (!out.empty()) std::memcpy(out.data(), encoded.data(), out.size());
    return {};
  }
  if (codec != Codec::zstd) {
    return Error(ErrorCode::unsupported, "an object has a codec that this version doesn't know (" +
                                             std::to_string(static_cast<unsigned>(codec)) + ")");
  }
  // One call decodes into `out` alone: no window is allocated, whatever size the frame asks for. It
  // would also decode several frames, of which we write only one.
  if (!is_zstd_frame(encoded) ||
      ZSTD_findFrameCompressedSize(encoded.data(), encoded.size()) != encoded.size()) {
    return Error(ErrorCode::damaged, "a compressed object is not one whole zstd frame");
  }
  const auto size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), encoded.data(), encoded.size());
  if (ZSTD_isError(size)) {
    return Error(ErrorCode::damaged, std::string("a compressed object does not decompress: ") +
                                         ZSTD_getErrorName(size));
  }
  if (size != out.size()) {
    return Error(ErrorCode::damaged, "a compressed object holds " + std::to_string(size) +
                                         " bytes, not " + std::to_string(out.size()));
  }
  return {};
}

Decompressor::Decompressor() : state_(std::make_unique<State>()) {
  CHECK(state_->context != nullptr, "no memory for zstd");
}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

base::Result<void> Decompressor::decompress(Encoding encoding, base::ByteView encoded,
                                            base::MutableByteView out) {
  CHECK(state_ != nullptr, "a decompressor that was moved away");
  if (encoding.filter == Filter::none) return state_->decompress(encoding.codec, encoded, out);
  if (encoding.filter != Filter::planes_2 && encoding.filter != Filter::planes_4) {
    return base::Error(base::ErrorCode::unsupported,
                       "an object has a filter that this version doesn't know (" +
                           std::to_string(static_cast<unsigned>(encoding.filter)) + ")");
  }
  state_->planes.resize(std::max(state_->planes.size(), out.size()));
  const auto planes = base::MutableByteView(state_->planes).first(out.size());
  TRY(state_->decompress(encoding.codec, encoded, planes));
  if (encoding.filter == Filter::planes_2) {
    merge_planes_2(planes, out);
  } else {
    merge_planes_4(planes, out);
  }
  return {};
}

}  // namespace holdfast::codec
