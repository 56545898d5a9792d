// Each check tries on a probe of its own what the credentials must not be able to do, and takes a
// refusal for the proof. What would change the bucket if it were allowed is asked for with the
// values that it has already.
#include "s3_examination.hpp"

#include <utility>

#include "base/units.hpp"
#include "codec/hash.hpp"
#include "wire/s3.hpp"

namespace holdfast::storage {

namespace {

using Outcome = Check::Outcome;
using base::ErrorCode;
using wire::S3Lock;

const char policy_advice[] =
    "give these credentials the policy that 'holdfast init --print-policy' shows";

std::string mode_name(S3Lock::Mode mode) {
  return mode == S3Lock::Mode::compliance ? "compliance" : "governance";
}

std::string default_lock_advice(const S3Url& url) {
  const std::int64_t day = base::days(1).nanoseconds;
  const std::int64_t days = url.lock ? (url.lock->nanoseconds + day - 1) / day : 30;
  const bool governance = url.lock_mode == S3Url::LockMode::governance;
  return "set it, as the bucket's owner: aws s3api put-object-lock-configuration --bucket " +
         url.bucket + " --object-lock-configuration '{\"ObjectLockEnabled\":\"Enabled\",\"Rule\":" +
         "{\"DefaultRetention\":{\"Mode\":\"" + (governance ? "GOVERNANCE" : "COMPLIANCE") +
         "\",\"Days\":" + std::to_string(days) + "}}}'";
}

}  // namespace

std::string s3_default_lock_advice(const S3Url& url) { return default_lock_advice(url); }

class S3Examination {
 public:
  S3Examination(S3Storage& storage, const S3Url& url) : url_(url), client_(storage.client()) {}

  std::vector<Check> run(const std::string& key, base::ByteView content) {
    const auto bucket = client_.bucket_state();
    if (!bucket.ok()) {
      add("bucket", Outcome::unknown, bucket.error().to_string(), bucket.error().hint());
      return std::move(checks_);
    }
    check_bucket(bucket.value());
    if (bucket.value().versioned == false) return std::move(checks_);
    if (!put_probe(key, content, bucket.value().server_time)) return std::move(checks_);
    check_marker();
    check_deletion("delete-version", wire::S3Bypass::no);
    if (found_.lock) {
      check_deletion("bypass-lock", wire::S3Bypass::yes);
      check_shortening();
    }
    check_default_lock(bucket.value());
    return std::move(checks_);
  }

 private:
  void add(std::string name, Outcome outcome, std::string message, std::string advice = {}) {
    checks_.push_back({std::move(name), outcome, std::move(message), std::move(advice)});
  }

  void check_bucket(const wire::S3BucketState& bucket) {
    if (!bucket.versioned) {
      add("versions", Outcome::unknown, "it can't be asked whether the bucket keeps versions",
          "allow s3:GetBucketVersioning");
    } else {
      add("versions", *bucket.versioned || !url_.lock ? Outcome::ok : Outcome::problem,
          *bucket.versioned ? "the bucket keeps versions"
                            : "the bucket keeps no versions: an overwrite destroys what was there",
          *bucket.versioned ? "" : "for a repository that outlives a burglar: docs/s3.md");
    }
    if (!bucket.lockable) {
      add("object-lock", Outcome::unknown, "it can't be asked whether the bucket has object lock",
          "allow s3:GetBucketObjectLockConfiguration");
    } else if (!*bucket.lockable) {
      add("object-lock", url_.lock ? Outcome::problem : Outcome::ok,
          "the bucket has no object lock: whoever may delete can delete backups",
          "make a bucket with object lock, and say ?lock=30d in the URL (docs/s3.md)");
    } else if (!bucket.default_lock) {
      add("object-lock", Outcome::problem, "the bucket has object lock and no default retention",
          default_lock_advice(url_));
    } else {
      check_default(bucket);
    }
  }

  void check_default(const wire::S3BucketState& bucket) {
    const bool weaker = bucket.default_lock_mode == S3Lock::Mode::governance &&
                        url_.lock_mode == S3Url::LockMode::compliance && url_.lock;
    const bool shorter = url_.lock && *bucket.default_lock < *url_.lock;
    std::string text = "new objects are locked for " + base::format_duration(*bucket.default_lock);
    if (bucket.default_lock_mode) text += " in " + mode_name(*bucket.default_lock_mode) + " mode";
    if (shorter) text += ", the URL asks for " + base::format_duration(*url_.lock);
    if (weaker) text += ", the URL asks for compliance mode";
    const bool good = !weaker && !shorter;
    add("object-lock", good ? Outcome::ok : Outcome::problem, text,
        good ? "" : default_lock_advice(url_));
  }

  bool put_probe(const std::string& key, base::ByteView content, base::Time now) {
    const auto stored = client_.put(key, content, {});
    if (!stored.ok()) {
      add("probe", Outcome::unknown, stored.error().to_string(), stored.error().hint());
      return false;
    }
    probe_ = {key, stored.value().version};
    const auto found = client_.head(key, probe_.version);
    if (found.ok()) found_ = found.value();
    if (!url_.lock) return !probe_.version.empty();
    if (!found.ok()) {
      add("locked", Outcome::unknown, found.error().to_string(), found.error().hint());
    } else if (!found_.lock) {
      add("locked", Outcome::problem, "an object that was just stored shows no lock",
          "allow s3:GetObjectRetention; if it is: " + default_lock_advice(url_));
    } else {
      const bool good = found_.lock->until >= now + *url_.lock - base::minutes(1);
      add("locked", good ? Outcome::ok : Outcome::problem,
          "an object that was just stored is locked until " + base::format_utc(found_.lock->until),
          good ? "" : default_lock_advice(url_));
    }
    return !probe_.version.empty();
  }

  // Where nothing is locked, deletion is what it should be able to do.
  // Servers refuse in many words; whatever isn't an outage is a refusal.
  void add_attempt(std::string name, const base::Result<void>& attempt, const std::string& what) {
    if (attempt.ok()) {
      add(std::move(name), url_.lock ? Outcome::problem : Outcome::ok,
          "these credentials can " + what, url_.lock ? policy_advice : "");
    } else if (attempt.error().code() != ErrorCode::unavailable &&
               attempt.error().code() != ErrorCode::not_found &&
               attempt.error().code() != ErrorCode::cancelled) {
      add(std::move(name), Outcome::ok, "these credentials can't " + what);
    } else {
      add(std::move(name), Outcome::unknown, attempt.error().to_string(), "try again");
    }
  }

  void check_marker() {
    const std::vector<std::string> keys{probe_.key};
    const auto outcomes = client_.remove(keys);
    const bool allowed = outcomes.ok() && !outcomes.value().at(0);
    add("delete-marker", Outcome::ok,
        allowed ? "these credentials can lay delete markers over objects: holdfast looks through "
                  "them"
                : "these credentials can't lay delete markers over objects");
  }

  void check_deletion(std::string name, wire::S3Bypass bypass) {
    auto outcomes = client_.remove_versions({&probe_, 1}, bypass);
    base::Result<void> attempt;
    if (!outcomes.ok()) {
      attempt = std::move(outcomes).error();
    } else if (outcomes.value().at(0)) {
      attempt = std::move(*outcomes.value()[0]);
    }
    add_attempt(std::move(name), attempt,
                bypass == wire::S3Bypass::yes ? "delete what is locked by bypassing the lock"
                                              : "delete what was just stored");
  }

  void check_shortening() {
    S3Lock shorter = *found_.lock;
    shorter.until = shorter.until - base::minutes(1);
    add_attempt("shorten-lock",
                client_.put_retention(probe_.key, shorter, probe_.version, wire::S3Bypass::yes),
                "shorten a lock");
  }

  void check_default_lock(const wire::S3BucketState& bucket) {
    if (!bucket.default_lock || !bucket.default_lock_mode) return;
    add_attempt("default-lock",
                client_.put_default_lock(*bucket.default_lock_mode, *bucket.default_lock),
                "change the bucket's default retention");
  }

  const S3Url& url_;
  wire::S3Client& client_;
  wire::S3ObjectVersion probe_;
  wire::S3Object found_;
  std::vector<Check> checks_;
};

std::vector<Check> examine_s3(const S3Url& url, const S3Surroundings& around,
                              base::Random& random) {
  const auto storage = S3Storage::connect(url, around);
  if (!storage.ok()) {
    return {{"bucket", Outcome::unknown, storage.error().to_string(), storage.error().hint()}};
  }
  base::Bytes content(32);
  random.fill(content);
  const std::string key = (url.prefix.empty() ? "" : url.prefix + "/") + "probe/" +
                          base::to_hex(codec::sha256(content));
  return S3Examination(*storage.value(), url).run(key, content);
}

}  // namespace holdfast::storage
