// libzstd's streaming compression, level 3, with a checksum.
#include "zstd_stream.hpp"

#include <zstd.h>

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

struct ZstdStream::State {
  ByteSink out;
  ZSTD_CCtx* context = ZSTD_createCCtx();
  base::Bytes buffer = base::Bytes(ZSTD_CStreamOutSize());

  // Until all of `bytes` is taken, or, at the end, all is out.
  Result<void> step(base::ByteView bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
      const auto left = ZSTD_compressStream2(context, &output, &input, directive);
      if (ZSTD_isError(left) != 0) {
        return Error(ErrorCode::internal, std::string("zstd: ") + ZSTD_getErrorName(left));
      }
      if (output.pos > 0) TRY(out(base::ByteView(buffer).first(output.pos)));
      const bool done = directive == ZSTD_e_end ? left == 0 : input.pos == input.size;
      if (done) return {};
    }
  }
};

ZstdStream::ZstdStream(ByteSink out) : state_(std::make_unique<State>()) {
  state_->out = std::move(out);
  CHECK(state_->context != nullptr, "zstd has memory for its context");
  (void)ZSTD_CCtx_setParameter(state_->context, ZSTD_c_compressionLevel, 3);
  (void)ZSTD_CCtx_setParameter(state_->context, ZSTD_c_checksumFlag, 1);
}

ZstdStream::~ZstdStream() { (void)ZSTD_freeCCtx(state_->context); }

Result<void> ZstdStream::write(base::ByteView bytes) {
  return state_->step(bytes, ZSTD_e_continue);
}

Result<void> ZstdStream::finish() { return state_->step({}, ZSTD_e_end); }

}  // namespace holdfast::engine
