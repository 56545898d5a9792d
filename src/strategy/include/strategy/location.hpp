// Location: a place where copies live, with its role: what it is made of, where it stands, how much
// it holds, how it may be deleted from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "strategy/diagnostic.hpp"
#include "strategy/keep.hpp"

namespace holdfast::strategy {

// A repository holds snapshots of ours. A mirror is a bucket or git remote that follows its source;
// nothing is kept or deleted there by rules of ours.
enum class LocationKind { repository, mirror };

// Where a secret comes from. The value itself is nowhere in the model.
struct SecretReference {
  enum class Kind { none, env, file, command, address };
  Kind kind = Kind::none;
  std::string name;  // the variable, the path, the command, or the address (mailto:…)
  Position position;
  [[nodiscard]] bool is_set() const noexcept { return kind != Kind::none; }
};

struct Location {
  std::string name;
  Position position;
  LocationKind kind = LocationKind::repository;
  std::string url;
  Position url_position;
  std::string media;  // "ssd", "hdd", "nas", "object", "tape"; empty: unknown
  std::string host;   // the machine in which it is; empty: not in one of ours
  std::string region;
  std::string provider;
  std::string endpoint;
  bool offsite = false;
  bool removable = false;
  std::optional<std::uint64_t> capacity;  // bytes
  std::optional<double> warn_percent;     // of the capacity
  std::optional<base::Duration> access;   // until its bytes can be read
  std::optional<base::Duration> lock;     // nothing is deleted before
  Position lock_position;
  std::optional<Keep> keep;  // for plans that say nothing themselves
  std::string storage_class;
  std::string server_encryption;  // "AES256", "aws:kms"
  std::string server_encryption_key;
  std::string addressing;  // "path" or "host"; empty: chosen by the endpoint
  std::string owner;       // "user:group" of files
  std::string mode;        // of files, in octal
  SecretReference credentials;
  std::uint32_t runs_at_once = 0;      // 0: no limit of its own
  std::uint64_t bytes_per_second = 0;  // 0: no limit

  // Whether it is a folder of some machine.
  [[nodiscard]] bool is_path() const;
  [[nodiscard]] bool is_object_store() const;
};

}  // namespace holdfast::strategy
