// Parsers of what others wrote: bounded, and silent about the contents, which are secrets.
#include "credentials_file.hpp"

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "base/units.hpp"
#include "http_date.hpp"

namespace holdfast::wire {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t text_size_max = base::MiB;
constexpr std::size_t values_max = 1000;

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string_view section_name(std::string_view line) {
  std::string_view name = trimmed(line.substr(1, line.find(']') - 1));
  if (name.starts_with("profile ") || name.starts_with("profile\t")) name = trimmed(name.substr(8));
  return name;
}

Error no_credentials(std::string_view where) {
  return Error(ErrorCode::permission_denied, std::string(where) + " answers without credentials")
      .with_retry(base::Retry::may_help);
}

base::SecretBytes secret(std::string_view text) { return base::SecretBytes(base::as_bytes(text)); }

}  // namespace

base::Result<ProfileValues> parse_profile(std::string_view text, std::string_view profile) {
  if (text.size() > text_size_max) {
    return Error(ErrorCode::invalid_argument, "the file is larger than a mebibyte");
  }
  ProfileValues values;
  bool inside = false;
  while (!text.empty()) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), whole.size() + 1));
    const std::string_view line = trimmed(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = line.find(']') != std::string_view::npos && section_name(line) == profile;
      continue;
    }
    // An indented line continues a nested setting, which is none of ours.
    const auto equals = line.find('=');
    if (!inside || equals == std::string_view::npos || whole.front() == ' ' ||
        whole.front() == '\t' || values.size() >= values_max) {
      continue;
    }
    values[std::string(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  }
  return values;
}

base::Result<S3Credentials> parse_metadata_credentials(std::string_view json) {
  const auto answer = nlohmann::json::parse(json, nullptr, false);
  const auto text = [&](const char* key) -> std::string {
    if (!answer.is_object()) return {};
    const auto found = answer.find(key);
    return found != answer.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  S3Credentials credentials;
  credentials.access_key = text("AccessKeyId");
  credentials.secret_key = secret(text("SecretAccessKey"));
  credentials.session_token = text("Token");
  credentials.expires = parse_iso_date(text("Expiration"));
  if (credentials.access_key.empty() || credentials.secret_key.empty()) {
    return no_credentials("the metadata service");
  }
  return credentials;
}

base::Result<S3Credentials> parse_token_service_answer(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return no_credentials("the token service");
  const auto given = document.child("AssumeRoleWithWebIdentityResponse")
                         .child("AssumeRoleWithWebIdentityResult")
                         .child("Credentials");
  S3Credentials credentials;
  credentials.access_key = given.child_value("AccessKeyId");
  credentials.secret_key = secret(given.child_value("SecretAccessKey"));
  credentials.session_token = given.child_value("SessionToken");
  credentials.expires = parse_iso_date(given.child_value("Expiration"));
  if (credentials.access_key.empty() || credentials.secret_key.empty()) {
    return no_credentials("the token service");
  }
  return credentials;
}

}  // namespace holdfast::wire
