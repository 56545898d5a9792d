// A zstd frame, written as bytes come.
#pragma once

#include <memory>

#include "tar_writer.hpp"

namespace holdfast::engine {

// Used by one task.
class ZstdStream {
 public:
  explicit ZstdStream(ByteSink out);
  ~ZstdStream();
  ZstdStream(const ZstdStream&) = delete;
  ZstdStream& operator=(const ZstdStream&) = delete;

  base::Result<void> write(base::ByteView bytes);
  // The end of the frame.
  base::Result<void> finish();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace holdfast::engine
