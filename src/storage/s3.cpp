// The storage in a bucket: what the URL and the bucket say, and the calls, each one request.
#include "storage/s3.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "answers.hpp"
#include "base/units.hpp"
#include "io/file.hpp"
#include "s3_examination.hpp"
#include "s3_listing.hpp"
#include "s3_upload.hpp"
#include "wire/s3.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t customer_key_size = 32;

wire::HttpOptions http_options(const S3Url& url, const S3Surroundings& around) {
  wire::HttpOptions options;
  options.ca_file = url.ca_file;
  if (!url.proxy.empty()) options.proxy = url.proxy;
  options.upload_bytes_per_second = around.upload_bytes_per_second;
  options.download_bytes_per_second = around.download_bytes_per_second;
  return options;
}

base::Result<wire::S3Encryption> encryption_of(const S3Url& url) {
  wire::S3Encryption encryption;
  switch (url.encryption) {
    case S3Url::Encryption::none: break;
    case S3Url::Encryption::s3: encryption.kind = wire::S3Encryption::Kind::s3; break;
    case S3Url::Encryption::kms:
      encryption.kind = wire::S3Encryption::Kind::kms;
      encryption.kms_key = url.kms_key;
      break;
    case S3Url::Encryption::customer: {
      encryption.kind = wire::S3Encryption::Kind::customer;
      base::Bytes key = TRY_CONTEXT(io::read_file(url.customer_key_file, 4096), "sse-key-file");
      encryption.customer_key = base::SecretBytes(base::ByteView(key));
      base::wipe(key);
      if (encryption.customer_key.size() != customer_key_size) {
        return Error(ErrorCode::invalid_argument, "sse-key-file does not hold 32 bytes")
            .with_hint("make one: head -c 32 /dev/urandom > FILE");
      }
      break;
    }
  }
  return encryption;
}

wire::S3Options::Style style_of(const S3Url& url) {
  using Style = wire::S3Options::Style;
  if (url.style == S3Url::Style::path) return Style::path;
  if (url.style == S3Url::Style::virtual_host) return Style::virtual_host;
  // A server of one's own rarely has a name for every bucket; TLS certificates cover one label, so
  // a bucket with dots in its name can't be a host.
  const bool dotted = url.bucket.find('.') != std::string::npos;
  return url.endpoint.empty() && !dotted ? Style::virtual_host : Style::path;
}

// Servers count with 63 bits.
bool can_be_asked_for(Range range) {
  constexpr auto end_max = static_cast<std::uint64_t>(INT64_MAX);
  return range.size <= end_max && range.offset <= end_max - range.size;
}

ObjectInfo info_of(std::string_view name, const wire::S3Object& object) {
  ObjectInfo info;
  info.name = name;
  info.size = object.size;
  info.stored_at = object.modified;
  info.version = object.version;
  if (object.lock) info.retained_until = object.lock->until;
  return info;
}

std::string spool_directory_of(const S3Surroundings& around) {
  if (around.environment) {
    if (auto directory = around.environment("TMPDIR"); directory && directory->starts_with('/')) {
      return *directory;
    }
  }
  return "/var/tmp";
}

}  // namespace

struct S3Storage::State {
  State(const S3Url& from, const S3Surroundings& around, wire::S3Encryption encryption)
      : url(from),
        clock(around.clock),
        http(around.executor, http_options(from, around)),
        credentials(
            http, around.executor, around.clock,
            {.environment = around.environment, .profile = from.profile, .region = from.region}),
        client(http, credentials, around.clock,
               {.bucket = from.bucket,
                .endpoint = from.endpoint,
                .region = region_of(from),
                .style = style_of(from),
                .storage_class = from.storage_class,
                .encryption = std::move(encryption),
                .stop = around.stop}),
        spool_files(spool_directory_of(around)),
        place{.client = client,
              .executor = around.executor,
              .prefix = from.prefix.empty() ? std::string() : from.prefix + "/",
              .spool_files = spool_files,
              .description = describe(),
              .lock_of = [this](const PutOptions& options) { return lock_of(options); }} {}

  std::string region_of(const S3Url& from) const {
    if (!from.region.empty()) return from.region;
    std::string configured = credentials.configured_region();
    return configured.empty() ? "us-east-1" : configured;
  }

  [[nodiscard]] std::string describe() const {
    LocationUrl short_form;
    short_form.scheme = LocationUrl::Scheme::s3;
    short_form.s3.bucket = url.bucket;
    short_form.s3.prefix = url.prefix;
    short_form.s3.endpoint = url.endpoint;
    return format_location_url(short_form);
  }

  [[nodiscard]] std::string key_of(std::string_view name) const {
    return place.prefix + std::string(name);
  }

  // By the server's clock, rather too late: it tells whole seconds. Neither our clock when it is
  // set back nor a machine that slept, whose monotonic clock stood still, may shorten locks; a
  // clock that is set forward lengthens them by a day at most.
  [[nodiscard]] base::Time now() const {
    const base::Time passed = server_time + (clock.monotonic() - asked_at);
    return std::clamp(clock.now() + ahead, passed, passed + base::days(1)) + base::seconds(1);
  }
  base::Result<std::optional<wire::S3Lock>> lock_of(const PutOptions& options) const;
  [[nodiscard]] wire::S3Lock lock_until(base::Time until) const;

  const S3Url url;
  const base::Clock& clock;
  wire::HttpClient http;
  wire::S3CredentialsSource credentials;
  wire::S3Client client;
  SpoolFiles spool_files;
  S3Place place;  // settled once the bucket is known
  Capabilities capabilities;
  base::Time server_time;   // when the bucket was opened, and then:
  base::Duration asked_at;  // our monotonic clock
  base::Duration ahead;     // of our clock: the server's
  bool default_lock_suffices = false;
};

wire::S3Lock S3Storage::State::lock_until(base::Time until) const {
  wire::S3Lock lock;
  lock.mode = url.lock_mode == S3Url::LockMode::governance ? wire::S3Lock::Mode::governance
                                                           : wire::S3Lock::Mode::compliance;
  // Whole seconds, never sooner.
  constexpr std::int64_t second = base::nanoseconds_per_second;
  lock.until = {(until.nanoseconds + second - 1) / second * second};
  return lock;
}

base::Result<std::optional<wire::S3Lock>> S3Storage::State::lock_of(
    const PutOptions& options) const {
  if (options.retain_until && !capabilities.retention) return no_retention(describe());
  std::optional<base::Time> until = options.retain_until;
  if (url.lock && !(default_lock_suffices && !until)) {
    until = std::max(until.value_or(base::Time{}), now() + *url.lock);
  }
  if (!until) return std::optional<wire::S3Lock>();
  return std::optional(lock_until(*until));
}

namespace {

// Writers can't lock what they store; the bucket must.
base::Result<void> check_default_lock(const S3Url& url, const wire::S3BucketState& bucket) {
  if (!url.lock) return {};
  const std::string where = "bucket " + url.bucket;
  if (!bucket.lockable) {
    return Error(ErrorCode::permission_denied,
                 "it can't be asked how " + where + " locks, and the URL asks for a lock")
        .with_hint("the credentials need s3:GetBucketObjectLockConfiguration");
  }
  if (bucket.versioned == false) {
    return Error(ErrorCode::unsupported, where + " keeps no versions, and the URL asks for a lock")
        .with_hint("turn its versioning on again");
  }
  std::string what;
  if (!bucket.default_lock) {
    what = " has no default retention";
  } else if (*bucket.default_lock < *url.lock) {
    what = " locks for " + base::format_duration(*bucket.default_lock) + " only";
  } else if (bucket.default_lock_mode == wire::S3Lock::Mode::governance &&
             url.lock_mode == S3Url::LockMode::compliance) {
    what = " locks in governance mode only";
  } else {
    return {};
  }
  return Error(ErrorCode::unsupported,
               where + what + ", and the URL asks for " + base::format_duration(*url.lock) +
                   (url.lock_mode == S3Url::LockMode::governance ? "" : " in compliance mode"))
      .with_hint(s3_default_lock_advice(url));
}

}  // namespace

S3Storage::S3Storage(std::unique_ptr<State> state) : state_(std::move(state)) {}
S3Storage::~S3Storage() = default;

base::Result<std::unique_ptr<S3Storage>> S3Storage::connect(const S3Url& url,
                                                            const S3Surroundings& around) {
  wire::S3Encryption encryption = TRY(encryption_of(url));
  return std::unique_ptr<S3Storage>(
      new S3Storage(std::make_unique<State>(url, around, std::move(encryption))));
}

base::Result<void> S3Storage::learn_about_bucket(Demand demand) {
  State& state = *state_;
  const wire::S3BucketState bucket = TRY(state.client.bucket_state());
  if (state.url.lock && bucket.lockable == false) {
    return Error(ErrorCode::unsupported, "bucket " + state.client.describe() +
                                             " has no object lock, and the URL asks for it")
        .with_hint(
            "make a bucket with object lock (it can't be added later everywhere), or leave "
            "lock= out");
  }
  if (demand == Demand::default_lock) TRY(check_default_lock(state.url, bucket));
  state.capabilities.retention = bucket.lockable.value_or(state.url.lock.has_value());
  state.capabilities.versions = bucket.versioned.value_or(state.capabilities.retention);
  state.place.versions = state.capabilities.versions;
  state.capabilities.lock = state.url.lock ? state.url.lock : bucket.default_lock;
  // Listings are consistent on AWS, MinIO and whatever keeps files, but servers of many nodes
  // give times by many clocks, and S3 promises nothing about them: prune waits out its grace,
  // unless who knows the server vouches for it. Times are in whole seconds here, finer there.
  state.capabilities.consistent = state.url.consistency == S3Url::Consistency::strong;
  if (state.capabilities.consistent) state.capabilities.skew = base::seconds(10);
  state.default_lock_suffices =
      state.url.lock && bucket.default_lock && *bucket.default_lock >= *state.url.lock;
  state.server_time = bucket.server_time;
  state.asked_at = state.clock.monotonic();
  state.ahead = bucket.server_time - state.clock.now();
  return {};
}

base::Result<std::unique_ptr<S3Storage>> S3Storage::create(const S3Url& url,
                                                           const S3Surroundings& around) {
  auto storage = TRY(connect(url, around));
  ListOptions first;
  first.page_size = 1;
  const ListPage page = TRY(storage->list(first));
  bool empty = page.objects.empty();
  TRY(storage->learn_about_bucket(Demand::default_lock));
  // What lies under delete markers is there.
  if (empty && storage->capabilities().versions) {
    empty = TRY(storage->list_versions(first)).objects.empty();
  }
  if (!empty) {
    return Error(ErrorCode::already_exists, storage->describe() + " is not empty")
        .with_hint("choose another prefix for the repository");
  }
  return storage;
}

base::Result<std::unique_ptr<S3Storage>> S3Storage::open(const S3Url& url,
                                                         const S3Surroundings& around) {
  auto storage = TRY(connect(url, around));
  ListOptions first;
  first.page_size = 1;
  const ListPage page = TRY(storage->list(first));
  TRY(storage->learn_about_bucket(Demand::any_lock));
  if (!page.objects.empty()) return storage;
  // Delete markers over everything hide a repository, they do not remove it.
  if (storage->capabilities().versions) {
    const ListPage versions = TRY(storage->list_versions(first));
    if (!versions.objects.empty()) return storage;
  }
  return Error(ErrorCode::not_found,
               storage->describe() + " is empty, there is no repository in it")
      .with_hint("is the prefix right? `holdfast init` makes a new repository");
}

wire::S3Client& S3Storage::client() noexcept { return state_->client; }

std::string S3Storage::describe() const { return state_->place.description; }

Capabilities S3Storage::capabilities() const { return state_->capabilities; }

base::Result<std::unique_ptr<Upload>> S3Storage::begin_put() {
  return std::unique_ptr<Upload>(std::make_unique<S3Upload>(state_->place));
}

base::Result<void> S3Storage::read(std::string_view name, Range range, base::MutableByteView out) {
  CHECK(range.size == out.size(), "a range and a buffer of different sizes");
  if (!is_valid_name(name)) return invalid_name(name, describe());
  if (range.size == 0 || !can_be_asked_for(range)) {
    const ObjectInfo info = TRY(stat(name));
    if (range.offset > info.size || range.size > info.size - range.offset) {
      return range_past_end(name, range, info.size, describe());
    }
    return {};
  }
  return state_->client.read(state_->key_of(name), range.offset, out);
}

base::Result<base::Bytes> S3Storage::get(std::string_view name, std::uint64_t size_max,
                                         std::string_view version) {
  if (!is_valid_name(name)) return invalid_name(name, describe());
  return state_->client.get(state_->key_of(name), size_max, std::string(version));
}

base::Result<ObjectInfo> S3Storage::stat(std::string_view name) {
  if (!is_valid_name(name)) return invalid_name(name, describe());
  const wire::S3Object object = TRY(state_->client.head(state_->key_of(name)));
  return info_of(name, object);
}

base::Result<ListPage> S3Storage::list(const ListOptions& options) {
  return list_s3_page(state_->client, state_->place.prefix, options);
}

base::Result<ListPage> S3Storage::list_versions(const ListOptions& options) {
  if (!state_->capabilities.versions) return list(options);
  return list_s3_version_page(state_->client, state_->place.prefix, options);
}

base::Result<std::vector<RemoveOutcome>> S3Storage::remove(std::span<const std::string> names) {
  TRY(check_batch(names.size(), describe()));
  std::vector<RemoveOutcome> outcomes;
  outcomes.reserve(names.size());
  std::map<std::string, std::size_t> numbers;  // of the keys of the request, which are different
  std::vector<std::string> keys;
  for (const std::string& name : names) {
    outcomes.push_back({name, std::nullopt});
    if (!is_valid_name(name)) {
      outcomes.back().error = invalid_name(name, describe());
    } else if (numbers.emplace(name, keys.size()).second) {
      keys.push_back(state_->key_of(name));
    }
  }
  const auto removed = TRY(state_->client.remove(keys));
  for (RemoveOutcome& outcome : outcomes) {
    const auto found = numbers.find(outcome.name);
    if (found != numbers.end()) outcome.error = removed[found->second];
  }
  return outcomes;
}

base::Result<void> S3Storage::retain(std::string_view name, base::Time until) {
  if (!is_valid_name(name)) return invalid_name(name, describe());
  if (!state_->capabilities.retention) return no_retention(describe());
  const std::string key = state_->key_of(name);
  const wire::S3Object object = TRY(state_->client.head(key));
  if (object.lock && object.lock->until >= until) return {};
  wire::S3Lock lock = state_->lock_until(until);
  if (object.lock) lock.mode = object.lock->mode;  // a lock's mode can't be weakened
  return state_->client.put_retention(key, lock);
}

base::Result<void> S3Storage::read_version(const ObjectVersion& object, Range range,
                                           base::MutableByteView out) {
  if (!state_->capabilities.versions) return no_versions(describe());
  CHECK(range.size == out.size(), "a range and a buffer of different sizes");
  if (!is_valid_name(object.name)) return invalid_name(object.name, describe());
  if (range.size == 0 || !can_be_asked_for(range)) {
    const ObjectInfo info = TRY(stat_version(object));
    if (range.offset > info.size || range.size > info.size - range.offset) {
      return range_past_end(object.name, range, info.size, describe());
    }
    return {};
  }
  return state_->client.read(state_->key_of(object.name), range.offset, out, object.version);
}

base::Result<ObjectInfo> S3Storage::stat_version(const ObjectVersion& object) {
  if (!state_->capabilities.versions) return no_versions(describe());
  if (!is_valid_name(object.name)) return invalid_name(object.name, describe());
  const wire::S3Object found =
      TRY(state_->client.head(state_->key_of(object.name), object.version));
  return info_of(object.name, found);
}

base::Result<void> S3Storage::retain_version(const ObjectVersion& object, base::Time until) {
  if (!state_->capabilities.versions) return no_versions(describe());
  if (!is_valid_name(object.name)) return invalid_name(object.name, describe());
  if (!state_->capabilities.retention) return no_retention(describe());
  const std::string key = state_->key_of(object.name);
  const wire::S3Object found = TRY(state_->client.head(key, object.version));
  if (found.lock && found.lock->until >= until) return {};
  wire::S3Lock lock = state_->lock_until(until);
  if (found.lock) lock.mode = found.lock->mode;  // a lock's mode can't be weakened
  return state_->client.put_retention(key, lock, object.version);
}

base::Result<std::vector<RemoveOutcome>> S3Storage::remove_versions(
    std::span<const ObjectVersion> objects) {
  if (!state_->capabilities.versions) return no_versions(describe());
  TRY(check_batch(objects.size(), describe()));
  std::vector<wire::S3ObjectVersion> keys;
  keys.reserve(objects.size());
  for (const ObjectVersion& object : objects) {
    if (!is_valid_name(object.name)) return invalid_name(object.name, describe());
    keys.push_back({state_->key_of(object.name), object.version});
  }
  const auto removed = TRY(state_->client.remove_versions(keys));
  std::vector<RemoveOutcome> outcomes;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    RemoveOutcome outcome{.name = objects[i].name, .error = removed[i]};
    if (removed[i] && removed[i]->code() != ErrorCode::unavailable) {
      // Servers say of a lock what they say of a missing permission.
      const auto found = state_->client.head(keys[i].key, keys[i].version);
      if (found.ok() && found.value().lock && found.value().lock->until > state_->now()) {
        outcome.locked_until = found.value().lock->until;
        outcome.error = is_locked(objects[i].name, *outcome.locked_until, describe());
      }
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

base::Result<std::optional<std::uint64_t>> S3Storage::free_bytes() {
  TRY(state_->client.check_bucket());
  return std::optional<std::uint64_t>();
}

}  // namespace holdfast::storage
