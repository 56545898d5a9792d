// WriteBack: keeps the disk busy while a restore still decodes. A kernel with much memory begins to
// write late, and then everything would wait for the disk in the end.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "io/executor.hpp"
#include "io/file.hpp"

namespace holdfast::source {

// note() may be called by any task. Borrows the descriptor.
class WriteBack {
 public:
  // Nothing happens for a descriptor that isn't valid (a dry run).
  WriteBack(io::Executor& executor, const io::Fd& target);
  ~WriteBack();  // ends without waiting for what is not written yet

  // So many bytes were written since the beginning.
  void note(std::uint64_t bytes_written);
  // Ends the task and makes everything durable. The kernel tells a failed write once only: it is
  // kept for here.
  base::Result<void> finish();

 private:
  void run();
  void end();

  const io::Fd& target_;
  const std::unique_ptr<io::Signal> changed_;
  std::mutex mutex_;
  std::uint64_t written_ = 0;
  bool ended_ = false;
  int error_ = 0;
  std::unique_ptr<io::Task> task_;
};

}  // namespace holdfast::source
