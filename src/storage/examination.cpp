// The checks that hold for any storage, and then those of its scheme.
#include "storage/examination.hpp"

#include <utility>

#include "base/units.hpp"
#include "codec/hash.hpp"
#include "s3_examination.hpp"
#include "storage/url.hpp"

namespace holdfast::storage {

namespace {

using Outcome = Check::Outcome;
using base::ErrorCode;

constexpr base::Duration skew_max = base::minutes(1);

std::string hint_or(const base::Error& error, std::string otherwise) {
  return error.hint().empty() ? std::move(otherwise) : error.hint();
}

// Whether an object can be stored, what time the storage says it is, whether a name that is taken
// is refused, and whether it can be read back.
class CommonChecks {
 public:
  CommonChecks(Storage& storage, const StorageDependencies& dependencies)
      : storage_(storage), dependencies_(dependencies) {}

  std::vector<Check> run() {
    dependencies_.random.fill(content_);
    name_ = "probe/" + base::to_hex(codec::sha256(content_));
    if (!check_put()) return std::move(checks_);
    check_condition();
    check_read();
    const std::vector<std::string> names{name_};
    (void)storage_.remove(names).ok();  // where it may not go, it is harmless
    return std::move(checks_);
  }

 private:
  void add(std::string name, Outcome outcome, std::string message, std::string advice = {}) {
    checks_.push_back({std::move(name), outcome, std::move(message), std::move(advice)});
  }

  bool check_put() {
    const base::Time before = dependencies_.clock.now();
    const auto stored = storage_.put(name_, content_);
    const base::Time after = dependencies_.clock.now();
    if (!stored.ok()) {
      add("put", Outcome::problem, "nothing can be stored: " + stored.error().to_string(),
          hint_or(stored.error(), "a backup needs the permission to store"));
      return false;
    }
    add("put", Outcome::ok, "an object can be stored");
    base::Duration apart{};
    const base::Time said = stored.value().stored_at;
    if (said < before) apart = before - said;
    if (said > after) apart = said - after;
    const std::string text =
        "the storage's clock and this machine's differ by " +
        std::string(apart < base::seconds(2) ? "less than 2 s" : base::format_duration(apart));
    add("clock", apart > skew_max ? Outcome::problem : Outcome::ok, text,
        apart > skew_max ? "set the clocks (NTP): storages refuse requests and locks are counted "
                           "by the clock"
                         : "");
    return true;
  }

  void check_condition() {
    const auto again = storage_.put(name_, content_);
    if (again.ok()) {
      add("conditional-put", Outcome::problem, "a name that is taken was not refused",
          "the storage server ignores If-None-Match: update it");
    } else if (again.error().code() == ErrorCode::already_exists) {
      add("conditional-put", Outcome::ok, "a name that is taken is refused");
    } else {
      add("conditional-put", Outcome::unknown, again.error().to_string(),
          hint_or(again.error(), "try again"));
    }
  }

  void check_read() {
    const auto read = storage_.get(name_, content_.size());
    if (read.ok() && read.value() == content_) {
      add("read", Outcome::ok, "what was stored can be read");
    } else if (read.ok()) {
      add("read", Outcome::problem, "other bytes come back than were stored",
          "don't use this storage before you know why");
    } else {
      add("read", Outcome::unknown, read.error().to_string(),
          hint_or(read.error(), "a writer that may not read stores everything anew each time"));
    }
  }

  Storage& storage_;
  const StorageDependencies& dependencies_;
  base::Bytes content_ = base::Bytes(32);
  std::string name_;
  std::vector<Check> checks_;
};

Check reached(const Storage& storage) {
  return {"reachable", Outcome::ok, storage.describe() + " answers", {}};
}

}  // namespace

std::string_view outcome_name(Check::Outcome outcome) {
  switch (outcome) {
    case Outcome::ok: return "ok";
    case Outcome::warning: return "warning";
    case Outcome::problem: return "problem";
    case Outcome::unknown: return "unknown";
  }
  return "unknown";
}

base::Result<std::vector<Check>> examine_location(std::string_view url,
                                                  const StorageDependencies& dependencies,
                                                  const StorageOptions& options) {
  const LocationUrl location = TRY(parse_location_url(url));
  const auto storage = open_storage(url, dependencies, options);
  if (!storage.ok()) {
    const auto& error = storage.error();
    return std::vector<Check>{
        {"reachable", Outcome::problem, error.to_string(), hint_or(error, "check the URL")}};
  }
  std::vector<Check> checks{reached(*storage.value())};
  for (auto& check : CommonChecks(*storage.value(), dependencies).run())
    checks.push_back(std::move(check));
  if (location.scheme == LocationUrl::Scheme::s3) {
    const S3Surroundings around{.executor = dependencies.executor,
                                .clock = dependencies.clock,
                                .environment = dependencies.environment,
                                .stop = options.limit.stop};
    for (auto& check : examine_s3(location.s3, around, dependencies.random))
      checks.push_back(std::move(check));
    return checks;
  }
  const auto free = storage.value()->free_bytes();
  if (free.ok() && free.value()) {
    checks.push_back({"space", Outcome::ok, base::format_size(*free.value()) + " free", {}});
  }
  checks.push_back({"immutable", Outcome::ok,
                    "nothing is locked here: whoever may write here can delete backups",
                    "keep a copy in a bucket with object lock (docs/s3.md)"});
  return checks;
}

}  // namespace holdfast::storage
