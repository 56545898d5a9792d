// SftpUpload: one object on its way into an SftpStorage, as a temporary file that outlives the
// connection it was begun on.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "sftp_place.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

// Borrows the place. Writes are sent and not waited for until window_size bytes are under way.
class SftpUpload final : public Upload {
 public:
  static base::Result<std::unique_ptr<SftpUpload>> begin(SftpPlace& place);
  ~SftpUpload() override;

  base::Result<void> append(base::ByteView data) override;
  base::Result<ObjectInfo> commit(std::string_view name, const PutOptions& options) override;

  // The server's idea of now, just after begin().
  [[nodiscard]] base::Time begun_at() const { return begun_at_; }

 private:
  // A write that the server has not confirmed, kept for the case that its connection is lost.
  struct Write {
    std::uint64_t offset = 0;
    base::Bytes data;
    SftpConnection::Ticket ticket;
  };
  struct Mark;

  explicit SftpUpload(SftpPlace& place);
  base::Result<void> start();
  // Continues on another connection if this one is lost; unavailable once several in a row were
  // lost without taking a byte.
  base::Result<void> reconnect();
  base::Result<void> reopen();
  [[nodiscard]] base::Error lost_again_and_again() const;
  void send(Write& write);
  base::Result<void> take(base::ByteView data);
  base::Result<void> confirm_down_to(std::uint64_t bytes);
  base::Result<void> confirm_first();
  base::Result<void> make_durable();
  base::Result<void> read_back();
  base::Result<void> link(const std::string& name);
  base::Error link_failure(const SftpReply& reply, const std::string& name);
  base::Result<ObjectInfo> finish(const std::string& name);
  base::Result<void> ask(const std::function<base::Bytes(std::uint32_t)>& encode,
                         std::string_view doing);

  SftpPlace& place_;
  SftpPool::Lease connection_;   // declared before the tickets, which borrow it
  const std::string temporary_;  // below the root
  std::string handle_;
  base::Time begun_at_;

  base::Bytes tail_;  // appended, not yet sent: the bytes from sent_ on
  std::uint64_t sent_ = 0;
  std::deque<Write> unconfirmed_;  // ascending by offset
  std::uint64_t unconfirmed_size_ = 0;
  std::uint32_t checksum_ = 0;   // CRC32C of all that was appended
  std::size_t fruitless_ = 0;    // connections since the call began, or since a write was confirmed
  bool continued_ = false;       // on a second connection: the file is read back at commit
  std::uint64_t read_back_ = 0;  // so much of it, with this checksum
  std::uint32_t read_back_checksum_ = 0;
  bool exists_ = false;  // the temporary name
  std::string linked_;   // under this name the object may be there, as far as we know
  bool linked_for_sure_ = false;
  bool done_ = false;
  std::optional<base::Error> error_;  // the file is not what was appended, for good
};

}  // namespace holdfast::storage
