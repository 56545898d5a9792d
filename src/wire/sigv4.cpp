// Canonical request, string to sign, signing key, signature: the four steps of the specification.
#include "wire/sigv4.hpp"

#include <algorithm>
#include <map>

#include "codec/hash.hpp"

namespace holdfast::wire {

namespace {

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

codec::Digest hmac(base::ByteView key, std::string_view text) {
  return codec::KeyedHash(key)(base::as_bytes(text));
}

// Without blanks around it, and runs of them as one.
std::string trimmed(std::string_view value) {
  std::string text;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && (text.empty() || text.back() == ' ')) continue;
    text += blank ? ' ' : c;
  }
  if (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::map<std::string, std::string> sorted_headers(const SignedRequest& request) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : request.headers) {
    const auto [at, fresh] = sorted.emplace(name, trimmed(value));
    if (!fresh) at->second += "," + trimmed(value);
  }
  return sorted;
}

std::string signed_names(const SignedRequest& request) {
  std::string names;
  for (const auto& [name, value] : sorted_headers(request)) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

}  // namespace

std::string uri_encode(std::string_view text, Slash slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && slash == Slash::keep)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4];
    encoded += digits[byte & 15];
  }
  return encoded;
}

std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(query.size());
  for (const auto& [key, value] : query) {
    encoded.emplace_back(uri_encode(key, Slash::escape), uri_encode(value, Slash::escape));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [key, value] : encoded) {
    if (!text.empty()) text += '&';
    text += key + "=" + value;
  }
  return text;
}

std::string canonical_request(const SignedRequest& request) {
  std::string text = request.method + "\n" + request.path + "\n";
  text += canonical_query(request.query) + "\n";
  for (const auto& [name, value] : sorted_headers(request)) text += name + ":" + value + "\n";
  text += "\n" + signed_names(request) + "\n" + request.payload_hash;
  return text;
}

std::string amazon_time(base::Time at) {
  std::string text = base::format_utc(at);
  std::erase(text, '-');
  std::erase(text, ':');
  return text;
}

std::string authorization(const SignedRequest& request, const SigningScope& scope,
                          std::string_view access_key, base::ByteView secret_key) {
  const std::string time = amazon_time(scope.at);
  const std::string day = time.substr(0, 8);
  const std::string place = day + "/" + scope.region + "/" + scope.service + "/aws4_request";
  const std::string request_hash =
      base::to_hex(codec::sha256(base::as_bytes(canonical_request(request))));
  const std::string text = "AWS4-HMAC-SHA256\n" + time + "\n" + place + "\n" + request_hash;

  base::SecretBytes first(4 + secret_key.size());
  std::copy_n("AWS4", 4, first.writable().begin());
  std::copy(secret_key.begin(), secret_key.end(), first.writable().begin() + 4);
  codec::Digest key = hmac(first.view(), day);
  key = hmac(key, scope.region);
  key = hmac(key, scope.service);
  key = hmac(key, "aws4_request");
  const std::string signature = base::to_hex(hmac(key, text));
  base::wipe(key);
  return "AWS4-HMAC-SHA256 Credential=" + std::string(access_key) + "/" + place +
         ",SignedHeaders=" + signed_names(request) + ",Signature=" + signature;
}

}  // namespace holdfast::wire
