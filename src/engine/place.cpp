// From the strategy's words for a location to an opened repository.
#include "engine/place.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "engine/doctor.hpp"
#include "storage/url.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

Result<storage::S3Url::Encryption> encryption_of(const std::string& name) {
  if (name.empty()) return storage::S3Url::Encryption::none;
  if (name == "AES256") return storage::S3Url::Encryption::s3;
  if (name == "aws:kms") return storage::S3Url::Encryption::kms;
  return Error(ErrorCode::invalid_argument, fmt::format("sse: {} is unknown", name))
      .with_hint("write AES256 or aws:kms");
}

// A fact is written once: what the address says, no key may say.
void take_over(std::string& ours, const std::string& said) {
  if (!said.empty()) ours = said;
}

Result<void> complete(storage::S3Url& url, const strategy::Location& location) {
  take_over(url.endpoint, location.endpoint);
  take_over(url.region, location.region);
  take_over(url.storage_class, location.storage_class);
  take_over(url.kms_key, location.server_encryption_key);
  if (!location.server_encryption.empty()) {
    url.encryption = TRY(encryption_of(location.server_encryption));
  }
  if (location.lock) url.lock = location.lock;
  if (location.addressing == "path") url.style = storage::S3Url::Style::path;
  if (location.addressing == "host") url.style = storage::S3Url::Style::virtual_host;
  return {};
}

// Credentials as the strategy gives them: key id, secret and perhaps a session token, on lines of
// their own or with colons between them.
struct Credentials {
  std::string id;
  base::SecretBytes secret;
  base::SecretBytes token;
};

Result<Credentials> parse_credentials(const base::SecretBytes& text,
                                      const strategy::Location& location) {
  std::vector<base::ByteView> parts;
  const auto all = text.view();
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= all.size(); ++i) {
    if (i < all.size() && all[i] != '\n' && all[i] != ':') continue;
    if (i > begin) parts.push_back(all.subspan(begin, i - begin));
    begin = i + 1;
  }
  if (parts.size() < 2 || parts.size() > 3) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("the credentials of location {} aren't ID:SECRET", location.name))
        .with_hint(
            "the variable, file or command gives ID and secret on two lines, or with a "
            "colon between them");
  }
  Credentials made{.id = std::string(base::as_text(parts[0])),
                   .secret = base::SecretBytes(parts[1]),
                   .token = {}};
  if (parts.size() == 3) made.token = base::SecretBytes(parts[2]);
  return made;
}

using Lookup = std::function<std::optional<std::string>(const std::string&)>;

// The environment as a location with credentials of its own sees it.
Result<Lookup> environment_of(const Workplace& workplace, const strategy::Location& location) {
  if (!location.credentials.is_set()) return workplace.environment;
  const auto text = TRY(workplace.secret(location.credentials));
  auto given = std::make_shared<Credentials>(TRY(parse_credentials(text, location)));
  return Lookup([given, outer = workplace.environment](
                    const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_ACCESS_KEY_ID") return given->id;
    if (name == "AWS_SECRET_ACCESS_KEY") {
      return std::string(base::as_text(given->secret.view()));
    }
    if (name == "AWS_SESSION_TOKEN") {
      if (given->token.empty()) return std::nullopt;
      return std::string(base::as_text(given->token.view()));
    }
    return outer(name);
  });
}

Result<LocationOptions> options_of(const Workplace& workplace, const strategy::Location& location) {
  LocationOptions options{.url = TRY(url_of(workplace.strategy, location)),
                          .cache_directory = workplace.cache_directory,
                          .environment = TRY(environment_of(workplace, location))};
  if (location.bytes_per_second > 0) {
    options.limit.upload_bytes_per_second = location.bytes_per_second;
    options.limit.download_bytes_per_second = location.bytes_per_second;
  }
  return options;
}

Result<base::SecretBytes> key_of(const Workplace& workplace) {
  const auto& encryption = workplace.strategy.encryption;
  const auto& reference = encryption.key.is_set() ? encryption.key : encryption.write_key;
  if (!reference.is_set()) {
    return Error(ErrorCode::invalid_argument, "the strategy names no key")
        .with_hint("write encryption: { key: env:BACKUP_ENCRYPTION_KEY }");
  }
  return workplace.secret(reference);
}

}  // namespace

Result<std::string> url_of(const strategy::Strategy& strategy, const strategy::Location& location) {
  auto url =
      TRY(storage::parse_location_url(location.url).with_context("location " + location.name));
  if (url.scheme == storage::LocationUrl::Scheme::s3) {
    TRY_CONTEXT(complete(url.s3, location), "location " + location.name);
  } else if (url.scheme == storage::LocationUrl::Scheme::file && !url.path.starts_with('/')) {
    url.path = (std::filesystem::path(strategy.folder) / url.path).lexically_normal().string();
    while (url.path.size() > 1 && url.path.ends_with('/')) url.path.pop_back();
  }
  return storage::format_location_url(url);
}

Result<std::unique_ptr<Location>> open_place(const Workplace& workplace,
                                             const strategy::Location& location) {
  const auto options = TRY(options_of(workplace, location));
  const auto key = TRY(key_of(workplace));
  return Location::open(options, key.view()).with_context("location " + location.name);
}

Result<std::vector<storage::Check>> examine_place(const Workplace& workplace,
                                                  const strategy::Location& location) {
  return examine(TRY(options_of(workplace, location)));
}

namespace {

// Makes the repository of one location; `first` is the one whose domain it shares, or the first
// itself.
Result<void> make_place(const Workplace& workplace, const strategy::Location& location,
                        base::ByteView key, std::unique_ptr<Location>& first) {
  const auto options = TRY(options_of(workplace, location));
  repository::CreateOptions create;
  if (first != nullptr) {
    create.config = first->repository().config();
    create.shared_domain = &first->repository().keys();
  }
  TRY(Location::create(options, create, key));
  if (first == nullptr) first = TRY(Location::open(options, key));
  return {};
}

}  // namespace

Result<std::vector<MadePlace>> make_places(const Workplace& workplace) {
  const auto key = TRY(key_of(workplace));
  std::vector<MadePlace> made;
  std::unique_ptr<Location> first;
  // Those that are there come first: new ones share their domain.
  for (const auto& location : workplace.strategy.locations) {
    if (location.kind != strategy::LocationKind::repository) continue;
    MadePlace place{.location = location.name, .url = {}, .error = {}};
    place.url = TRY(url_of(workplace.strategy, location));
    auto opened = open_place(workplace, location);
    if (opened.ok()) {
      place.outcome = MadePlace::Outcome::was_there;
      if (first == nullptr) first = std::move(opened).value();
    } else if (opened.error().code() != ErrorCode::not_found) {
      place.outcome = MadePlace::Outcome::failed;
      place.error = std::move(opened).error();
    }
    made.push_back(std::move(place));
  }
  for (auto& place : made) {
    if (place.outcome != MadePlace::Outcome::made) continue;
    auto done =
        make_place(workplace, *workplace.strategy.location(place.location), key.view(), first);
    if (done.ok()) continue;
    place.outcome = MadePlace::Outcome::failed;
    place.error = std::move(done).error().with_context("location " + place.location);
  }
  return made;
}

}  // namespace holdfast::engine
