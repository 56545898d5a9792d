// S3Upload: one object on its way into an S3Storage. A commit that failed may be repeated: it goes
// on where it was, with the parts that have arrived.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "io/executor.hpp"
#include "spool.hpp"
#include "storage/storage.hpp"
#include "wire/s3.hpp"

namespace holdfast::storage {

// What an upload needs of its storage.
struct S3Place {
  wire::S3Client& client;
  io::Executor& executor;
  std::string prefix;       // of keys; ends in '/' unless it is empty
  SpoolFiles& spool_files;  // where large uploads wait
  std::string description;
  bool versions = false;  // the bucket keeps them
  // The lock to ask for; an error where locks are not to be had.
  std::function<base::Result<std::optional<wire::S3Lock>>(const PutOptions&)> lock_of;
};

class S3Upload final : public Upload {
 public:
  explicit S3Upload(const S3Place& place);
  // Takes back the parts of an upload that was not completed.
  ~S3Upload() override;

  base::Result<void> append(base::ByteView data) override;
  base::Result<ObjectInfo> commit(std::string_view name, const PutOptions& options) override;

 private:
  base::Result<wire::S3Stored> store_over_marker(base::ByteView content,
                                                 wire::S3PutOptions options);
  base::Result<wire::S3Stored> store(base::ByteView content, const wire::S3PutOptions& options);
  base::Result<wire::S3Stored> store_parts(base::ByteView content,
                                           const wire::S3PutOptions& options);
  base::Result<void> send_parts(base::ByteView content);
  void abort_parts();

  const S3Place& place_;
  Spool spool_;
  std::string key_;  // of the commit under way
  std::string upload_id_;
  std::map<unsigned, wire::S3Part> parts_;  // that have arrived
  std::optional<wire::S3Stored> stored_;
  bool done_ = false;
};

}  // namespace holdfast::storage
