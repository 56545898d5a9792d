// Repository: an opened repository: its parameters, the keys at hand, who may sign, and the local
// index. Everything else in this layer works on one of these.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "io/executor.hpp"
#include "io/file_system.hpp"
#include "repository/config.hpp"
#include "repository/domain.hpp"
#include "repository/keyring.hpp"
#include "repository/local_index.hpp"
#include "repository/roster.hpp"
#include "repository/signed_object.hpp"
#include "storage/storage.hpp"

namespace holdfast::repository {

// What a repository stands on; borrowed, outlives it.
struct Environment {
  storage::Storage& storage;
  io::FileSystem& files;
  io::Executor& executor;
  const base::Clock& clock;
  base::Random& random;
  std::string cache_directory;  // absolute; each repository has a folder of its own in it
};

struct CreateOptions {
  Config config;  // ids and keys in it are replaced
  codec::PassphraseCost cost;
  std::string label = "first";  // of the key slot and of the first writer
  // Borrowed. The new repository's first writer gets the domain and the id key of these keys, so
  // that chunks can be copied as ciphertext between the two. Config::chunker should be that
  // repository's, too.
  const Keyring* shared_domain = nullptr;
};

// An object that was passed over, for reports.
struct IgnoredObject {
  std::string name;
  base::Error error;
};

// Const calls are thread-safe; index updates are not.
class Repository {
 public:
  // Makes a repository in an empty place: already_exists if there is one. Here and in open(),
  // `passphrase` may be the text of an identity instead (slot_key.hpp).
  static base::Result<ShortId> create(const Environment& environment, const CreateOptions& options,
                                      base::ByteView passphrase);
  // not_found: no repository there. wrong_key: the passphrase opens no slot. unsupported: of a
  // newer version. invalid_argument: an identity that was cut or mistyped.
  static base::Result<std::unique_ptr<Repository>> open(const Environment& environment,
                                                        base::ByteView passphrase);
  ~Repository();

  [[nodiscard]] const Environment& environment() const noexcept { return environment_; }
  [[nodiscard]] storage::Storage& storage() const noexcept { return environment_.storage; }
  [[nodiscard]] const Config& config() const noexcept { return config_; }
  [[nodiscard]] const ShortId& id() const noexcept { return config_.repository_id; }
  [[nodiscard]] const Keyring& keys() const noexcept { return keys_; }
  [[nodiscard]] const SignerSet& signers() const noexcept { return signers_; }
  [[nodiscard]] const Roster& roster() const noexcept { return roster_; }
  // An object that is listed as a newer roster and can't be read: then machines may have been
  // enrolled of whom nothing is known here.
  [[nodiscard]] const std::optional<IgnoredObject>& unread_roster() const noexcept {
    return unread_roster_;
  }
  // damaged if there is such an object: for all that deletes or replaces what the roster makes
  // nobody's. `what` begins the message.
  base::Result<void> require_newest_roster(std::string_view what) const;
  // Takes up a newer roster if there is one; whether there was. Like index updates, not beside
  // other calls.
  base::Result<bool> refresh_roster();
  // The domain with this id, if its id key is at hand.
  [[nodiscard]] const Domain* domain(const ShortId& id) const;
  // Where this machine writes; the keyring must have a writer.
  [[nodiscard]] const Domain& own_domain() const;
  // This repository's folder in the cache, or a path below it.
  [[nodiscard]] std::string cache_path(std::string_view below) const;

  // Which segments an index holds. `trusted`: what this writer may deduplicate against, segments
  // that it or the admin signed.
  enum class Segments { all, trusted };
  // Brings the local index up to date with the storage and gives it; ignored segments are appended
  // to `ignored`.
  base::Result<LocalIndex*> refresh_index(Segments segments,
                                          std::vector<IgnoredObject>* ignored = nullptr);
  // The index as the last refresh left it; nullptr before the first.
  [[nodiscard]] LocalIndex* index(Segments segments) const;

  // Reads, checks and decrypts one index segment.
  base::Result<IndexSegment> read_segment(const ObjectHash& hash, Segments segments) const;
  // The same with the domain that it is of, whoever signed it.
  struct OwnedSegment {
    ShortId domain{};
    IndexSegment segment;
  };
  base::Result<OwnedSegment> read_segment_of(const ObjectHash& hash) const;
  // Signs (as the admin if at hand and asked for, else as the writer), encrypts for `domain` and
  // stores one.
  enum class SignAs { writer, admin };
  base::Result<ObjectHash> write_segment(const IndexSegment& segment, const Domain& domain,
                                         SignAs signer) const;

  // Replaces the roster by one with `writers`; needs the admin.
  base::Result<void> write_roster(std::vector<RosterWriter> writers);

  // The storage's clock, read by a probe object.
  base::Result<base::Time> storage_now() const;

 private:
  Repository(const Environment& environment, Config config, Keyring keys);
  base::Result<OwnedSegment> read_owned_segment(const ObjectHash& hash, Segments segments) const;
  base::Result<void> load_roster();
  void load_domains();
  [[nodiscard]] std::string index_directory(Segments segments) const;
  [[nodiscard]] std::unique_ptr<LocalIndex>& slot_of(Segments segments) const;

  Environment environment_;
  Config config_;
  Keyring keys_;
  Roster roster_;
  std::string roster_object_;  // its name
  std::optional<IgnoredObject> unread_roster_;
  SignerSet signers_;
  std::map<ShortId, std::unique_ptr<Domain>> domains_;
  mutable std::unique_ptr<LocalIndex> all_segments_;
  mutable std::unique_ptr<LocalIndex> trusted_segments_;
};

}  // namespace holdfast::repository
