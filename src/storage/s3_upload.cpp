// Committing: one request, or parts side by side.
#include "s3_upload.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "answers.hpp"
#include "base/units.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

// A pack of the usual size goes in one request: several are on their way at once anyway, nothing
// can be left behind in parts, and a server needs no time to assemble it.
constexpr std::size_t single_put_max = 80 * base::MiB;
constexpr std::size_t part_size_min = 16 * base::MiB;
constexpr std::size_t parts_max = 10'000;
constexpr std::size_t parts_at_once = 4;

// All parts but the last have this size.
std::size_t part_size_for(std::size_t size) {
  return std::max(part_size_min, (size + parts_max - 1) / parts_max);
}

}  // namespace

S3Upload::S3Upload(const S3Place& place) : place_(place), spool_(place.spool_files) {}

S3Upload::~S3Upload() { abort_parts(); }

base::Result<void> S3Upload::append(base::ByteView data) { return spool_.append(data); }

void S3Upload::abort_parts() {
  // Only tidiness: the bucket's lifecycle removes what stays behind.
  if (!upload_id_.empty()) (void)place_.client.abort_multipart(key_, upload_id_).ok();
  upload_id_.clear();
  parts_.clear();
}

base::Result<ObjectInfo> S3Upload::commit(std::string_view name, const PutOptions& options) {
  if (!is_valid_name(name)) return invalid_name(name, place_.description);
  if (done_) return already_exists(name, place_.description);
  wire::S3PutOptions put;
  put.lock = TRY(place_.lock_of(options));
  const std::string key = place_.prefix + std::string(name);
  if (key != key_) {
    abort_parts();
    stored_.reset();
    key_ = key;
  }
  if (!stored_) {
    const base::ByteView content = TRY(spool_.all());
    auto stored = store(content, put);
    const bool taken = !stored.ok() && stored.error().code() == ErrorCode::already_exists;
    if (taken && place_.versions) stored = store_over_marker(content, put);
    stored_ = TRY(std::move(stored));
  }
  // A put does not tell the object's time.
  const wire::S3Object object = TRY(place_.client.head(key_));
  done_ = true;
  ObjectInfo info;
  info.name = name;
  info.size = spool_.size();
  info.stored_at = object.modified;
  info.version = stored_->version;
  if (object.lock) info.retained_until = object.lock->until;
  return info;
}

// For versitygw a delete marker takes the name. Then there is nothing to overwrite: the put goes
// without a condition, and should another client's come between, the bucket keeps both versions.
base::Result<wire::S3Stored> S3Upload::store_over_marker(base::ByteView content,
                                                         wire::S3PutOptions options) {
  const auto there = place_.client.head(key_);
  if (there.ok()) return already_exists(key_.substr(place_.prefix.size()), place_.description);
  if (there.error().code() != ErrorCode::not_found) return there.error();
  abort_parts();
  options.condition = wire::S3PutOptions::Condition::always;
  return store(content, options);
}

base::Result<wire::S3Stored> S3Upload::store(base::ByteView content,
                                             const wire::S3PutOptions& options) {
  if (content.size() <= single_put_max) return place_.client.put(key_, content, options);
  auto stored = store_parts(content, options);
  if (!stored.ok() && stored.error().code() == ErrorCode::not_found) {
    // The upload is gone: an earlier attempt completed it, or somebody tidied up. Then once more,
    // from the beginning.
    upload_id_.clear();
    parts_.clear();
    const auto there = place_.client.head(key_);
    if (there.ok()) return already_exists(key_.substr(place_.prefix.size()), place_.description);
    if (there.error().code() != ErrorCode::not_found) return there.error();
    stored = store_parts(content, options);
  }
  if (stored.ok()) upload_id_.clear();
  return stored;
}

base::Result<wire::S3Stored> S3Upload::store_parts(base::ByteView content,
                                                   const wire::S3PutOptions& options) {
  if (upload_id_.empty()) upload_id_ = TRY(place_.client.create_multipart(key_, options));
  TRY(send_parts(content));
  std::vector<wire::S3Part> parts;
  parts.reserve(parts_.size());
  for (const auto& [number, part] : parts_) parts.push_back(part);
  return place_.client.complete_multipart(key_, upload_id_, parts, options);
}

base::Result<void> S3Upload::send_parts(base::ByteView content) {
  const std::size_t part_size = part_size_for(content.size());
  const auto count = static_cast<unsigned>((content.size() + part_size - 1) / part_size);
  std::mutex mutex;  // guards missing, parts_, failure
  std::vector<unsigned> missing;
  std::optional<Error> failure;
  for (unsigned number = count; number > 0; --number) {
    if (!parts_.contains(number)) missing.push_back(number);
  }
  const auto send = [&] {
    for (;;) {
      unsigned number = 0;
      {
        const std::lock_guard lock(mutex);
        if (missing.empty() || failure) return;
        number = missing.back();
        missing.pop_back();
      }
      const std::size_t begin = (number - 1) * part_size;
      const auto part = content.subspan(begin, std::min(part_size, content.size() - begin));
      auto sent = place_.client.upload_part(key_, upload_id_, number, part);
      const std::lock_guard lock(mutex);
      if (sent.ok()) {
        parts_.emplace(number, std::move(sent).value());
      } else if (!failure) {
        failure = std::move(sent).error();
      }
    }
  };
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (std::size_t i = 1; i < std::min(parts_at_once, missing.size()); ++i) {
    tasks.push_back(place_.executor.spawn("s3 part", send));
  }
  send();
  tasks.clear();
  if (failure) return *failure;
  return {};
}

}  // namespace holdfast::storage
