// LocalUpload: one object on its way into a LocalStorage, as a temporary file.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "io/file.hpp"
#include "local_root.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

// Borrows the root. The temporary file is locked (flock) while the upload lives, so that a cleaner
// can tell a slow or suspended upload from one whose process is dead.
class LocalUpload final : public Upload {
 public:
  static base::Result<std::unique_ptr<LocalUpload>> begin(LocalRoot& root);
  LocalUpload(LocalRoot& root, io::Fd file, std::string temporary);
  ~LocalUpload() override;

  base::Result<void> append(base::ByteView data) override;
  base::Result<ObjectInfo> commit(std::string_view name, const PutOptions& options) override;

  // When the file system says that the temporary file was last written: its own idea of now, just
  // after begin().
  [[nodiscard]] base::Result<base::Time> modified_at() const;

 private:
  base::Result<void> write_out(base::ByteView data);
  base::Result<void> put_durably(std::string_view name);
  base::Result<void> move_into_place(const std::string& name);
  base::Error broken(base::Error error);

  LocalRoot& root_;
  io::Fd file_;
  const std::string temporary_;  // below the root
  base::Bytes buffer_;           // appended and not yet written
  std::uint64_t written_ = 0;
  std::uint64_t write_back_from_ = 0;  // the kernel was asked to write everything before it
  bool linked_ = true;                 // the temporary name exists
  bool durable_ = false;               // content is on disk
  bool done_ = false;
  std::optional<base::Error> error_;  // of an append or sync: the bytes are not what was given
};

// st_mtim as a Time.
[[nodiscard]] base::Time time_of(const timespec& value);

}  // namespace holdfast::storage
