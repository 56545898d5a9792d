// Transport: the bytes of one connection, without ever waiting for them.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace holdfast::server {

// Borrows the descriptor, which doesn't block. One task at a time.
class Transport {
 public:
  // ended: the peer closed, or the line broke.
  enum class Progress { done, wants_read, wants_write, ended };
  struct Moved {
    Progress progress = Progress::done;
    std::size_t bytes = 0;  // of done: above 0
  };

  virtual ~Transport() = default;
  virtual Progress handshake() = 0;
  virtual Moved read(char* into, std::size_t size) = 0;
  // `bytes`: not empty.
  virtual Moved write(std::string_view bytes) = 0;
  // Tells the peer that nothing more comes.
  virtual void finish() = 0;
};

[[nodiscard]] std::unique_ptr<Transport> make_plain_transport(int fd);

// What poll() said is taken from recv() and send(); a signal doesn't cut them short.
[[nodiscard]] Transport::Moved receive_some(int fd, char* into, std::size_t size);

}  // namespace holdfast::server
