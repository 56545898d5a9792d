// S3Client: the requests of S3 that a backup needs, on one bucket. Every put carries a CRC-32C that
// the server checks. Errors name the bucket, the key and the server's request id, and say what to
// do; outage (unavailable, a retry may help), absence (not_found) and refusal (permission_denied)
// are told apart. Nothing is retried here but what a wrong guess of ours caused: the region, and
// credentials that have just expired.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "wire/http.hpp"
#include "wire/s3_credentials.hpp"

namespace holdfast::wire {

struct S3Encryption {
  enum class Kind { none, s3, kms, customer } kind = Kind::none;
  std::string kms_key;             // Kind::kms; empty: the bucket's default key
  base::SecretBytes customer_key;  // Kind::customer: 32 bytes
};

struct S3Options {
  std::string bucket;
  std::string endpoint;              // "https://host:port"; empty: AWS in the region
  std::string region = "us-east-1";  // to begin with; a server that names another is followed
  enum class Style { path, virtual_host } style = Style::path;
  std::string storage_class;  // empty: the bucket's default
  S3Encryption encryption;
  // Ends what is under way, with `cancelled`. What is asked afterwards gets two seconds: whoever
  // stops still tidies up.
  std::stop_token stop;
};

struct S3Lock {
  enum class Mode { compliance, governance } mode = Mode::compliance;
  base::Time until;
};

struct S3PutOptions {
  // `always` makes a new version over whatever is there.
  enum class Condition { if_absent, always } condition = Condition::if_absent;
  std::optional<S3Lock> lock;
};

struct S3Object {
  std::uint64_t size = 0;
  base::Time modified;  // the server's, in whole seconds
  std::string version;  // empty where the bucket keeps none
  std::optional<S3Lock> lock;
};

struct S3Stored {
  std::string version;  // empty where the bucket keeps none
  base::Time server_time;
};

struct S3Part {
  unsigned number = 1;  // from 1
  std::string etag;
  std::string checksum;
};

struct S3Entry {
  std::string key;
  std::uint64_t size = 0;
  base::Time modified;           // in whole seconds, as S3Object's
  base::Duration modified_rest;  // what the listing tells beyond them
  std::string version;           // "null": stored while the bucket kept none
  bool latest = false;           // list_versions: of its key
  enum class Kind { object, delete_marker } kind = Kind::object;
};

struct S3Page {
  std::vector<S3Entry> entries;  // as the server lists them
  bool truncated = false;
  std::string next_token;    // list
  std::string next_key;      // list_versions
  std::string next_version;  // list_versions
};

struct S3ListOptions {
  std::string prefix;
  std::string start_after;     // list: only keys greater than this
  std::string token;           // list: from next_token
  std::string key_marker;      // list_versions: from next_key
  std::string version_marker;  // list_versions: from next_version
  std::size_t page_size = 1000;
};

struct S3ObjectVersion {
  std::string key;
  std::string version;  // not empty
};

// Whether to use the right to ignore locks in governance mode.
enum class S3Bypass { no, yes };

// What became of a key of a batch; nothing: it is gone.
using S3RemoveOutcome = std::optional<base::Error>;

struct S3BucketState {
  // What the credentials may not ask for is not known.
  std::optional<bool> versioned;  // or was before it was suspended
  std::optional<bool> lockable;
  std::optional<base::Duration> default_lock;
  std::optional<S3Lock::Mode> default_lock_mode;
  base::Time server_time;  // when it answered
};

// Thread-safe; requests from many tasks run at once. Borrows all but the options.
class S3Client {
 public:
  S3Client(HttpClient& http, S3CredentialsSource& credentials, const base::Clock& clock,
           S3Options options);
  ~S3Client();

  // "bucket at host:port".
  [[nodiscard]] std::string describe() const;

  // already_exists if the key is taken and may not be. `body` is at most 5 GiB. unavailable, with a
  // retry, also if the answer leaves open whether it was ours that took the key.
  base::Result<S3Stored> put(const std::string& key, base::ByteView body,
                             const S3PutOptions& options);

  // An upload in parts of at least 5 MiB (but for the last), up to 10,000.
  base::Result<std::string> create_multipart(const std::string& key, const S3PutOptions& options);
  base::Result<S3Part> upload_part(const std::string& key, const std::string& upload,
                                   unsigned number, base::ByteView body);
  // As put().
  base::Result<S3Stored> complete_multipart(const std::string& key, const std::string& upload,
                                            std::span<const S3Part> parts,
                                            const S3PutOptions& options);
  base::Result<void> abort_multipart(const std::string& key, const std::string& upload);

  // `version` empty, here and below: the current one.
  // Exactly out.size() > 0 bytes from `offset`. damaged if the object ends before.
  base::Result<void> read(const std::string& key, std::uint64_t offset, base::MutableByteView out,
                          const std::string& version = {});
  // The whole object. damaged above `size_max`.
  base::Result<base::Bytes> get(const std::string& key, std::uint64_t size_max,
                                const std::string& version);
  base::Result<S3Object> head(const std::string& key, const std::string& version = {});

  base::Result<S3Page> list(const S3ListOptions& options);
  base::Result<S3Page> list_versions(const S3ListOptions& options);
  // Up to 1,000 different keys; one outcome each, in the same order.
  base::Result<std::vector<S3RemoveOutcome>> remove(std::span<const std::string> keys);

  // Up to 1,000 different ones, for good; one outcome each, in the same order.
  base::Result<std::vector<S3RemoveOutcome>> remove_versions(
      std::span<const S3ObjectVersion> objects, S3Bypass bypass = S3Bypass::no);

  base::Result<void> put_retention(const std::string& key, const S3Lock& lock,
                                   const std::string& version = {}, S3Bypass bypass = S3Bypass::no);
  // Sets the lock that new objects get if they ask for none; whole days.
  base::Result<void> put_default_lock(S3Lock::Mode mode, base::Duration lock);
  // unavailable, without a retry, if there is no such bucket.
  base::Result<void> check_bucket();
  base::Result<S3BucketState> bucket_state();

 private:
  class Sender;
  const std::unique_ptr<Sender> sender_;
};

}  // namespace holdfast::wire
