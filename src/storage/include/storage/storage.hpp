// Storage: where a repository's objects live. Objects are written once, whole, under a name that
// contains the hash of their content; there is no rename, no append and no overwrite. Drivers:
// local, memory, S3 and SFTP; decorators of the same interface: retry, limit,
// cache, fault. All of them pass one conformance suite.
//
// Results tell outage (unavailable), absence (not_found) and damage (damaged) apart, everywhere: a
// caller that takes an outage for absence loses data.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::storage {

// Object names: 1 to 512 bytes of [a-z0-9._/-], no empty, "." or ".." component, no leading or
// trailing slash.
[[nodiscard]] bool is_valid_name(std::string_view name);

struct ObjectInfo {
  std::string name;
  std::uint64_t size = 0;
  base::Time stored_at;  // by the storage's clock, not ours
  std::string version;   // opaque; empty where the storage keeps one version only
  std::optional<base::Time> retained_until;  // object lock; nothing if not locked or not told
  enum class Kind { object, delete_marker } kind = Kind::object;
};

// A listing in pages: ask again with `next` until it is empty. A page may be empty although more
// follow.
struct ListPage {
  std::vector<ObjectInfo>
      objects;       // ascending by name; in list_versions the newest version of a name comes first
  std::string next;  // opaque continuation
};

// A page for who wants the whole listing: where pages are made from directories, each costs another
// reading of some. Buckets give 1,000 all the same.
inline constexpr std::size_t list_page_size_large = 10'000;

struct ListOptions {
  std::string prefix;       // plain string prefix
  std::string start_after;  // only names greater than this
  std::string
      continuation;  // from ListPage::next; the other fields stay as they were in the first call
  std::size_t page_size = 1000;
};

struct Range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct PutOptions {
  std::optional<base::Time> retain_until;  // needs Capabilities::retention
};

// One object on its way in: invisible until commit, gone without trace when destroyed before.
// The name may be known last, because it names the hash of the bytes. Used by one task at a time.
class Upload {
 public:
  virtual ~Upload() = default;
  virtual base::Result<void> append(base::ByteView data) = 0;
  // Put-if-absent under `name`; durable when it returns. already_exists if the name is taken: what
  // is there stays.
  virtual base::Result<ObjectInfo> commit(std::string_view name, const PutOptions& options) = 0;
};

struct Capabilities {
  // Overwrites and deletes leave older versions, or once did; list_versions shows them.
  bool versions = false;
  bool retention = false;  // objects can be locked until a time
  // A listing shows everything that was stored and nothing that was removed before it began, and
  // one clock gives all storage times. Prune then needn't wait out its grace
  // (docs/internals/prune.md).
  bool consistent = false;
  // Of consistent storage: by how much two storage times may misorder all the same, since they are
  // rounded, or stand for the beginning of a put that shows its object later.
  base::Duration skew = {};
  // What is stored here cannot be deleted for so long; maintenance renews that of what is needed.
  std::optional<base::Duration> lock = {};
};

// What became of each name of a batch delete.
struct RemoveOutcome {
  std::string name;
  // Nothing: it is gone (absence before the call counts as gone).
  std::optional<base::Error> error = {};
  // With an error: what stands in the way is a lock that ends then, nothing else.
  std::optional<base::Time> locked_until = {};
};

// One version of an object, or a delete marker.
struct ObjectVersion {
  std::string name;
  std::string version;  // of ObjectInfo; not empty
};

// Thread-safe.
class Storage {
 public:
  virtual ~Storage() = default;

  // For messages: the URL without secrets.
  [[nodiscard]] virtual std::string describe() const = 0;
  [[nodiscard]] virtual Capabilities capabilities() const = 0;

  virtual base::Result<std::unique_ptr<Upload>> begin_put() = 0;
  // Exactly `range.size` bytes into `out` (same size). A range that passes the object's end is
  // damaged.
  virtual base::Result<void> read(std::string_view name, Range range,
                                  base::MutableByteView out) = 0;
  // The whole object, at most `size_max` bytes (damaged if it is longer). `version` empty: the
  // current one.
  virtual base::Result<base::Bytes> get(std::string_view name, std::uint64_t size_max,
                                        std::string_view version = {}) = 0;
  virtual base::Result<ObjectInfo> stat(std::string_view name) = 0;
  virtual base::Result<ListPage> list(const ListOptions& options) = 0;
  // Where there are no versions: the same as list.
  virtual base::Result<ListPage> list_versions(const ListOptions& options) = 0;
  // Up to 1,000 names; one outcome for each, in the same order. An error of the call itself:
  // nothing is known.
  virtual base::Result<std::vector<RemoveOutcome>> remove(std::span<const std::string> names) = 0;
  // Locks, or extends the lock of, the current version. unsupported without
  // Capabilities::retention.
  virtual base::Result<void> retain(std::string_view name, base::Time until) = 0;

  // The same of one version, as `version` of ObjectInfo names it; unsupported without
  // Capabilities::versions.
  virtual base::Result<void> read_version(const ObjectVersion& object, Range range,
                                          base::MutableByteView out);
  virtual base::Result<ObjectInfo> stat_version(const ObjectVersion& object);
  virtual base::Result<void> retain_version(const ObjectVersion& object, base::Time until);
  // For good; what is locked stays. Up to 1,000; one outcome for each, in the same order.
  virtual base::Result<std::vector<RemoveOutcome>> remove_versions(
      std::span<const ObjectVersion> objects);
  // Bytes free at the place, if it knows.
  virtual base::Result<std::optional<std::uint64_t>> free_bytes() = 0;

  // begin_put, append, commit.
  base::Result<ObjectInfo> put(std::string_view name, base::ByteView data,
                               const PutOptions& options = {});
  // All pages of a listing, for prefixes whose number of objects is bounded by design.
  base::Result<std::vector<ObjectInfo>> list_all(std::string_view prefix);
};

}  // namespace holdfast::storage
