// ContentStream: reads one content of a snapshot anywhere, and ahead of a reader that goes through
// it in order, on all cores.
#pragma once

#include <memory>
#include <mutex>

#include "io/executor.hpp"
#include "repository/content_reader.hpp"
#include "repository/entry.hpp"

namespace holdfast::engine {

// May be used by several tasks. Borrows reader and executor. Holds two windows of 8 MiB and the
// chunks around them at most.
class ContentStream {
 public:
  ContentStream(repository::ContentReader& reader, io::Executor& executor,
                repository::Content content, std::uint64_t size);
  ~ContentStream();  // waits for what is being read ahead

  // Fills `out` from `offset` on; how much there was: less than asked for at the end only. damaged
  // and not_found concern these bytes, not others of the content.
  base::Result<std::size_t> read(std::uint64_t offset, base::MutableByteView out);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  // A run of the content's bytes.
  struct Window {
    std::uint64_t begin = 0;
    base::Bytes bytes;
    [[nodiscard]] std::uint64_t end() const { return begin + bytes.size(); }
    [[nodiscard]] bool holds(std::uint64_t offset) const {
      return offset >= begin && offset < end();
    }
  };
  using WindowPtr = std::shared_ptr<const Window>;  // shared by readers while it is replaced

  base::Result<WindowPtr> load(std::uint64_t offset, std::uint64_t size) const;
  // The window that holds `offset`; `needed` bytes are asked for.
  base::Result<WindowPtr> window_at(std::uint64_t offset, std::uint64_t needed);
  void read_ahead(std::uint64_t from);

  repository::ContentReader& reader_;
  io::Executor& executor_;
  const repository::Content content_;
  const std::uint64_t size_;
  const std::unique_ptr<io::Signal> changed_;
  std::mutex mutex_;
  WindowPtr current_;
  WindowPtr ahead_;
  std::uint64_t ahead_from_ = 0;  // where the window begins that is being read ahead
  bool is_reading_ahead_ = false;
  std::uint64_t read_until_ = 0;  // a read that begins here goes on in order
  std::unique_ptr<io::Task> task_;
};

}  // namespace holdfast::engine
