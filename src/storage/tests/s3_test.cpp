// The S3 storage against a scripted bucket: hostile listings, commits that are repeated, locks.
#include "storage/s3.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "base/units.hpp"
#include "scripted_bucket.hpp"

namespace holdfast::storage {

namespace {

using base::ErrorCode;
using wire::http_answer;
using wire::ReceivedRequest;
using wire::ScriptedAnswer;
using Answer = std::optional<ScriptedAnswer>;

std::unique_ptr<S3Storage> created(ScriptedBucket& bucket) {
  auto storage = S3Storage::create(bucket.url(), bucket.surroundings());
  EXPECT_TRUE(storage.ok()) << storage.error().to_string();
  return storage.ok() ? std::move(storage).value() : nullptr;
}

bool asks(const ReceivedRequest& request, const std::string& part) {
  return request.line().find(part) != std::string::npos;
}

std::string entry(const std::string& key) {
  return "<Contents><Key>" + key +
         "</Key><LastModified>2026-11-21T07:00:00Z</LastModified><Size>1</Size></Contents>";
}

std::string version(const std::string& key, const std::string& id,
                    const std::string& kind = "Version") {
  return "<" + kind + "><Key>" + key + "</Key><VersionId>" + id +
         "</VersionId><LastModified>2026-11-21T07:00:00Z</LastModified><Size>1</Size></" + kind +
         ">";
}

Answer page(const std::string& entries, const std::string& token) {
  return ScriptedAnswer{http_answer(
      "200 OK", "<ListBucketResult>" +
                    (token.empty() ? std::string() : "<IsTruncated>true</IsTruncated>") +
                    "<NextContinuationToken>" + token + "</NextContinuationToken>" + entries +
                    "</ListBucketResult>")};
}

std::vector<std::string> names_of(const std::vector<ObjectInfo>& objects) {
  std::vector<std::string> names;
  for (const ObjectInfo& one : objects) names.push_back(one.name);
  return names;
}

TEST(S3Storage, CreatesAndOpens) {
  ScriptedBucket bucket;
  EXPECT_EQ(S3Storage::open(bucket.url(), bucket.surroundings()).error().code(),
            ErrorCode::not_found);
  const auto storage = created(bucket);
  ASSERT_TRUE(storage->put("config", base::Bytes{1, 2}).ok());
  EXPECT_EQ(storage->describe(), "s3://bucket/p?endpoint=" + bucket.url().endpoint);
  EXPECT_EQ(S3Storage::create(bucket.url(), bucket.surroundings()).error().code(),
            ErrorCode::already_exists);
  const auto again = S3Storage::open(bucket.url(), bucket.surroundings());
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(again.value()->get("config", 10).value(), (base::Bytes{1, 2}));
  EXPECT_FALSE(again.value()->capabilities().versions);
  EXPECT_FALSE(again.value()->capabilities().consistent);
}

TEST(S3Storage, IsConsistentWhereTheUrlVouchesForIt) {
  ScriptedBucket bucket;
  S3Url url = bucket.url();
  url.consistency = S3Url::Consistency::strong;
  const auto storage = S3Storage::create(url, bucket.surroundings());
  ASSERT_TRUE(storage.ok()) << storage.error().to_string();
  EXPECT_TRUE(storage.value()->capabilities().consistent);
  EXPECT_GE(storage.value()->capabilities().skew, base::seconds(2)) << "times are in whole seconds";
}

TEST(S3Storage, RefusesALockThatTheBucketCannotKeep) {
  ScriptedBucket bucket;
  S3Url url = bucket.url();
  url.lock = base::days(30);
  const auto storage = S3Storage::create(url, bucket.surroundings());
  ASSERT_FALSE(storage.ok());
  EXPECT_EQ(storage.error().code(), ErrorCode::unsupported);
  EXPECT_FALSE(storage.error().hint().empty());
}

TEST(S3Storage, SmallObjectsAreOnePut) {
  ScriptedBucket bucket;
  const auto storage = created(bucket);
  (void)bucket.asked();
  ASSERT_TRUE(storage->put("a/b", base::Bytes(1000, 7)).ok());
  EXPECT_EQ(bucket.asked(), (std::vector<std::string>{"PUT /bucket/p/a/b", "HEAD /bucket/p/a/b"}));
}

TEST(S3Storage, ACommitThatOnlyLostTheLookUpDoesNotPutAgain) {
  std::atomic<int> heads = 0;
  ScriptedBucket bucket([&](const ReceivedRequest& request) -> Answer {
    if (!asks(request, "HEAD /bucket/p/x") || ++heads > 1) return std::nullopt;
    return ScriptedAnswer{http_answer("503 Slow Down", "")};
  });
  const auto storage = created(bucket);
  (void)bucket.asked();
  const auto upload = std::move(storage->begin_put()).value();
  ASSERT_TRUE(upload->append(base::Bytes{1}).ok());
  const auto first = upload->commit("x", {});
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().retry(), base::Retry::may_help);
  EXPECT_TRUE(upload->commit("x", {}).ok());
  EXPECT_EQ(upload->commit("x", {}).error().code(), ErrorCode::already_exists);
  EXPECT_EQ(bucket.asked(),
            (std::vector<std::string>{"PUT /bucket/p/x", "HEAD /bucket/p/x", "HEAD /bucket/p/x"}));
}

TEST(S3Storage, ARepeatedCommitSendsOnlyThePartsThatAreMissing) {
  std::atomic<int> failures = 1;
  ScriptedBucket bucket([&](const ReceivedRequest& request) -> Answer {
    if (!asks(request, "partNumber=2&") || failures-- <= 0) return std::nullopt;
    return ScriptedAnswer{http_answer("500 Oops", "")};
  });
  const auto storage = created(bucket);
  (void)bucket.asked();
  base::Bytes content(90 * base::MiB, 1);
  content.back() = 9;
  const auto upload = std::move(storage->begin_put()).value();
  ASSERT_TRUE(upload->append(content).ok());
  EXPECT_FALSE(upload->commit("x", {}).ok());
  ASSERT_TRUE(upload->commit("x", {}).ok());
  int firsts = 0;
  for (const std::string& line : bucket.asked()) {
    if (line.find("partNumber=1&") != std::string::npos) ++firsts;
  }
  EXPECT_EQ(firsts, 1);
  EXPECT_TRUE(storage->get("x", content.size()).value() == content);
}

TEST(S3Storage, AnUploadThatIsGoneBeginsAgain) {
  std::atomic<int> completions = 0;
  ScriptedBucket bucket([&](const ReceivedRequest& request) -> Answer {
    if (!asks(request, "POST /bucket/p/x?uploadId") || ++completions > 1) return std::nullopt;
    return ScriptedAnswer{http_answer("404 No", "<Error><Code>NoSuchUpload</Code></Error>")};
  });
  const auto storage = created(bucket);
  const base::Bytes content(81 * base::MiB, 3);
  ASSERT_TRUE(storage->put("x", content).ok());
  EXPECT_TRUE(storage->get("x", content.size()).value() == content);
}

TEST(S3Storage, AnUploadThatIsCompleteIsNotSentAgain) {
  std::atomic<int> completions = 0;
  ScriptedBucket* place = nullptr;
  ScriptedBucket bucket([&](const ReceivedRequest& request) -> Answer {
    if (!asks(request, "POST /bucket/p/x?uploadId")) return std::nullopt;
    if (++completions > 1) {
      return ScriptedAnswer{http_answer("404 No", "<Error><Code>NoSuchUpload</Code></Error>")};
    }
    place->put("p/x", "all of it");
    return ScriptedAnswer{http_answer("500 Oops", "")};
  });
  place = &bucket;
  const auto storage = created(bucket);
  (void)bucket.asked();
  const auto upload = std::move(storage->begin_put()).value();
  ASSERT_TRUE(upload->append(base::Bytes(81 * base::MiB, 3)).ok());
  EXPECT_EQ(upload->commit("x", {}).error().code(), ErrorCode::unavailable);
  EXPECT_EQ(upload->commit("x", {}).error().code(), ErrorCode::already_exists);
  const auto asked = bucket.asked();
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "POST /bucket/p/x?uploads="), 1);
}

TEST(S3Storage, AbandonedPartsAreTakenBack) {
  ScriptedBucket bucket([](const ReceivedRequest& request) -> Answer {
    if (!asks(request, "partNumber=1&")) return std::nullopt;
    return ScriptedAnswer{http_answer("403 No", "<Error><Code>AccessDenied</Code></Error>")};
  });
  const auto storage = created(bucket);
  const auto stored = storage->put("x", base::Bytes(81 * base::MiB));
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), ErrorCode::permission_denied);
  EXPECT_EQ(bucket.asked().back(), "DELETE /bucket/p/x?uploadId=u");
}

TEST(S3Storage, ListingsAreAscendingAndWithoutRepetition) {
  ScriptedBucket bucket([](const ReceivedRequest& request) -> Answer {
    if (asks(request, "continuation-token=2")) return page(entry("p/c") + entry("p/b"), "3");
    if (asks(request, "continuation-token=3")) return page("", "4");
    if (asks(request, "continuation-token=4")) return page(entry("p/c") + entry("p/d"), "5");
    if (asks(request, "continuation-token=5")) return page("", "");
    if (!asks(request, "max-keys=2")) return std::nullopt;
    return page(entry("p/b") + entry("p/a") + entry("p/a"), "2");
  });
  const auto storage = created(bucket);
  ListOptions options;
  options.page_size = 2;
  std::vector<std::string> names;
  do {
    const auto one = storage->list(options);
    ASSERT_TRUE(one.ok()) << one.error().to_string();
    for (const auto& name : names_of(one.value().objects)) names.push_back(name);
    options.continuation = one.value().next;
  } while (!options.continuation.empty());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST(S3Storage, AFullPageIsNotTheEndWhateverTheServerSays) {
  ScriptedBucket bucket([](const ReceivedRequest& request) -> Answer {
    if (asks(request, "start-after=p%2Fd")) return page("", "");
    if (asks(request, "start-after=p%2Fb")) return page(entry("p/c") + entry("p/d"), "");
    if (!asks(request, "max-keys=2")) return std::nullopt;
    return page(entry("p/a") + entry("p/b"), "");
  });
  const auto storage = created(bucket);
  ListOptions options;
  options.page_size = 2;
  std::vector<std::string> names;
  do {
    const auto one = storage->list(options);
    ASSERT_TRUE(one.ok()) << one.error().to_string();
    for (const auto& name : names_of(one.value().objects)) names.push_back(name);
    options.continuation = one.value().next;
  } while (!options.continuation.empty());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST(S3Storage, EndlessListingsAreNoticed) {
  ScriptedBucket bucket([](const ReceivedRequest& request) -> Answer {
    if (!asks(request, "max-keys=2")) return std::nullopt;
    return page("", "same");
  });
  const auto storage = created(bucket);
  ListOptions options;
  options.page_size = 2;
  const auto listed = storage->list(options);
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().code(), ErrorCode::damaged);
}

// The number behind `name` in a request.
std::size_t number_in(const ReceivedRequest& request, const std::string& name, std::size_t other) {
  const auto at = request.line().find(name);
  return at == std::string::npos ? other : std::stoul(request.line().substr(at + name.size()));
}

TEST(S3Storage, ABucketFullOfForeignKeysIsOpened) {
  // 5,000 keys of somebody else's come before ours.
  constexpr std::size_t foreign = 5000;
  std::atomic<std::size_t> pages = 0;
  ScriptedBucket bucket([&](const ReceivedRequest& request) -> Answer {
    if (asks(request, "?versioning")) {
      return ScriptedAnswer{http_answer(
          "200 OK", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")};
    }
    const bool versions = asks(request, "versions=");
    if (!versions && !asks(request, "list-type")) return std::nullopt;
    ++pages;
    const std::size_t from = versions ? number_in(request, "key-marker=Photo", 9999) + 1 - 10000
                                      : number_in(request, "token=", 0);
    const std::size_t first = versions && !asks(request, "key-marker") ? 0 : from;
    const std::size_t end = std::min(first + number_in(request, "max-keys=", 1000), foreign);
    std::string entries;
    for (std::size_t i = first; i < end; ++i) {
      const std::string key = "Photo" + std::to_string(10000 + i);
      entries += versions ? version(key, "1") : entry(key);
    }
    const bool more = end < foreign;
    if (!more) {
      for (const std::string key : {"config", "data", "tree"}) {
        entries += versions ? version(key, "1") : (key == "config" ? "" : entry(key));
      }
    }
    if (!versions) return page(entries, more ? std::to_string(end) : "");
    return ScriptedAnswer{http_answer(
        "200 OK", "<ListVersionsResult><IsTruncated>" + std::string(more ? "true" : "false") +
                      "</IsTruncated>" + entries + "</ListVersionsResult>")};
  });
  S3Url url = bucket.url();
  url.prefix.clear();
  const auto storage = S3Storage::open(url, bucket.surroundings());
  ASSERT_TRUE(storage.ok()) << storage.error().to_string();
  EXPECT_LT(pages, 20U);
  ListOptions one;
  one.page_size = 1;
  EXPECT_EQ(names_of(storage.value()->list(one).value().objects), std::vector<std::string>{"data"});
  EXPECT_EQ(names_of(storage.value()->list_versions(one).value().objects),
            std::vector<std::string>{"config"});
}

TEST(S3Storage, ForeignObjectsAreNotShown) {
  ScriptedBucket bucket;
  const auto storage = created(bucket);
  for (const std::string key : {"p/", "p/Folder/x", "p/a b", "other/x", "p/good"}) {
    bucket.put(key, "x");
  }
  EXPECT_EQ(names_of(storage->list_all("").value()), std::vector<std::string>{"good"});
}

TEST(S3Storage, VersionsWithoutRepetitionNewestFirst) {
  const auto versions = [](const std::string& entries, bool more) -> Answer {
    return ScriptedAnswer{http_answer(
        "200 OK", "<ListVersionsResult><IsTruncated>" + std::string(more ? "true" : "false") +
                      "</IsTruncated>" + entries + "</ListVersionsResult>")};
  };
  ScriptedBucket bucket([&](const ReceivedRequest& request) -> Answer {
    if (asks(request, "?versioning")) {
      return ScriptedAnswer{http_answer(
          "200 OK", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")};
    }
    if (!asks(request, "versions=")) return std::nullopt;
    if (!asks(request, "key-marker")) {
      return versions(version("p/a", "3", "DeleteMarker") + version("p/a", "2"), true);
    }
    if (asks(request, "version-id-marker=2")) {
      return versions(version("p/a", "3", "DeleteMarker") + version("p/a", "2") +
                          version("p/a", "1") + version("p/b", "9"),
                      true);
    }
    return versions(version("p/b", "9"), false);
  });
  const auto hidden = S3Storage::create(bucket.url(), bucket.surroundings());
  ASSERT_FALSE(hidden.ok()) << "what lies under delete markers is there";
  EXPECT_EQ(hidden.error().code(), ErrorCode::already_exists);
  const auto opened = S3Storage::open(bucket.url(), bucket.surroundings());
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  const auto& storage = opened.value();
  EXPECT_TRUE(storage->capabilities().versions);
  ListOptions options;
  options.page_size = 2;
  std::vector<std::string> all;
  do {
    const auto one = storage->list_versions(options);
    ASSERT_TRUE(one.ok()) << one.error().to_string();
    for (const ObjectInfo& info : one.value().objects) all.push_back(info.name + info.version);
    options.continuation = one.value().next;
  } while (!options.continuation.empty());
  EXPECT_EQ(all, (std::vector<std::string>{"a3", "a2", "a1", "b9"}));
}

// A bucket with object lock that is asked at eight.
Answer lockable(const ReceivedRequest& request) {
  if (asks(request, "?versioning")) {
    return ScriptedAnswer{http_answer(
        "200 OK", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        "Date: Sat, 21 Nov 2026 08:00:00 GMT\r\n")};
  }
  if (asks(request, "versions=")) {
    return ScriptedAnswer{http_answer("200 OK", "<ListVersionsResult></ListVersionsResult>")};
  }
  if (!asks(request, "?object-lock")) return std::nullopt;
  return ScriptedAnswer{http_answer("200 OK",
                                    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
                                    "</ObjectLockEnabled></ObjectLockConfiguration>")};
}

class SetClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override {
    return base::Time{} + base::days(20'000) + base::Duration{set.load()};
  }
  [[nodiscard]] base::Duration monotonic() const override { return {passed.load()}; }
  std::atomic<std::int64_t> set = 0;
  std::atomic<std::int64_t> passed = 0;
};

TEST(S3Storage, AClockThatIsSetDoesNotMoveLocks) {
  ScriptedBucket bucket(lockable);
  S3Url url = bucket.url();
  url.lock = base::days(30);
  SetClock clock;
  const S3Surroundings usual = bucket.surroundings();
  bucket.put("p/config", "x");
  const auto storage = S3Storage::open(
      url, {.executor = usual.executor, .clock = clock, .environment = usual.environment});
  ASSERT_TRUE(storage.ok()) << storage.error().to_string();
  const auto lock_of = [&](const std::string& name) {
    EXPECT_TRUE(storage.value()->put(name, base::Bytes{1}).ok());
    const auto received = bucket.server().received();
    const auto put = std::find_if(received.begin(), received.end(), [&](const auto& one) {
      return one.line().starts_with("PUT /bucket/p/" + name);
    });
    return put->header("x-amz-object-lock-retain-until-date");
  };
  EXPECT_EQ(lock_of("a"), "2026-12-21T08:00:01Z");
  clock.passed = base::hours(1).nanoseconds;
  clock.set = base::hours(-48).nanoseconds;
  EXPECT_EQ(lock_of("b"), "2026-12-21T09:00:01Z") << "an hour has passed, whatever the clock says";
  clock.set = base::hours(3).nanoseconds;
  EXPECT_EQ(lock_of("c"), "2026-12-21T11:00:01Z") << "the machine may have slept";
  clock.set = base::days(1000).nanoseconds;
  EXPECT_EQ(lock_of("d"), "2026-12-22T09:00:01Z") << "not for years";
}

TEST(S3Storage, LocksWhatItPuts) {
  ScriptedBucket bucket(lockable);
  S3Url url = bucket.url();
  url.lock = base::days(30);
  const auto refused = S3Storage::create(url, bucket.surroundings());
  ASSERT_FALSE(refused.ok()) << "writers can't lock what they store: the bucket must";
  EXPECT_NE(refused.error().hint().find("put-object-lock-configuration"), std::string::npos);
  EXPECT_NE(refused.error().hint().find("30"), std::string::npos);
  bucket.put("p/config", "x");
  const auto storage = S3Storage::open(url, bucket.surroundings());
  ASSERT_TRUE(storage.ok()) << storage.error().to_string();
  EXPECT_EQ(storage.value()->capabilities().lock, base::days(30));
  EXPECT_TRUE(storage.value()->capabilities().retention);
  ASSERT_TRUE(storage.value()->put("x", base::Bytes{1}).ok());
  const auto received = bucket.server().received();
  const auto put = std::find_if(received.begin(), received.end(), [](const ReceivedRequest& one) {
    return one.line().starts_with("PUT");
  });
  EXPECT_EQ(put->header("x-amz-object-lock-mode"), "COMPLIANCE");
  // By the server's clock, in which it is November 2026.
  EXPECT_TRUE(put->header("x-amz-object-lock-retain-until-date").starts_with("2026-12-21T08:0"));
}

}  // namespace

}  // namespace holdfast::storage
