// Identities and recipients as text: a prefix that tells what it is, then key and checksum in
// base32. 35 bytes are 56 characters exactly, so that there is neither padding nor a spare bit: a
// key has one text.
#include "repository/identity.hpp"

#include <algorithm>
#include <array>

#include "codec/hash.hpp"

namespace holdfast::repository {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

constexpr std::string_view identity_family = "holdfast-identity-";
constexpr std::string_view identity_prefix = "holdfast-identity-1-";
constexpr std::string_view recipient_family = "hfr";
constexpr std::string_view recipient_prefix = "hfr1";
constexpr std::size_t key_size = 32;
constexpr std::size_t check_size = 3;
constexpr std::size_t body_bytes = key_size + check_size;
constexpr std::size_t body_characters = 56;
static_assert(body_bytes * 8 == body_characters * 5);

constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648, lower case
constexpr std::string_view spaces = " \t\r\n";

// The prefix is part of it, so that no text passes for one of another kind or version.
std::array<base::Byte, check_size> check_of(std::string_view prefix, base::ByteView key) {
  codec::Sha256 hash;
  hash.update(base::as_bytes(prefix));
  hash.update(key);
  const auto digest = hash.finish();
  return {digest[0], digest[1], digest[2]};
}

base::SecretBytes format(std::string_view prefix, base::ByteView key) {
  base::SecretBytes body(body_bytes);
  const auto check = check_of(prefix, key);
  std::copy(key.begin(), key.end(), body.writable().begin());
  std::copy(check.begin(), check.end(), body.writable().begin() + key_size);
  base::SecretBytes text(prefix.size() + body_characters);
  auto out = std::copy(prefix.begin(), prefix.end(), text.writable().begin());
  std::uint32_t bits = 0;  // the lowest `count` wait to be written
  unsigned count = 0;
  for (const auto byte : body.view()) {
    bits = (bits << 8 | byte) & 0xfff;
    for (count += 8; count >= 5; count -= 5) {
      *out++ = static_cast<base::Byte>(alphabet[bits >> (count - 5) & 31]);
    }
  }
  return text;
}

Error altered(std::string_view what, std::string_view how) {
  return Error(ErrorCode::invalid_argument, "the " + std::string(what) + " " + std::string(how))
      .with_hint("copy it again, whole: every character counts");
}

// The key in what follows the prefix.
Result<base::SecretBytes> parse(std::string_view prefix, std::string_view what,
                                std::string_view text) {
  const auto characters = text.substr(prefix.size());
  if (characters.size() != body_characters) {
    return altered(what, "is cut or something was added: it has " + std::to_string(text.size()) +
                             " characters, not " + std::to_string(prefix.size() + body_characters));
  }
  base::SecretBytes body(body_bytes);
  auto out = body.writable().begin();
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const auto character : characters) {
    const auto value = alphabet.find(character);
    if (value == std::string_view::npos) return altered(what, "has a character that none has");
    bits = (bits << 5 | static_cast<std::uint32_t>(value)) & 0xfff;
    count += 5;
    if (count >= 8) *out++ = static_cast<base::Byte>(bits >> (count -= 8));
  }
  const auto key = body.view().first(key_size);
  const auto check = check_of(prefix, key);
  if (!std::equal(check.begin(), check.end(), body.view().begin() + key_size)) {
    return altered(what, "was mistyped or altered: its checksum doesn't match");
  }
  return base::SecretBytes(key);
}

std::string_view without_spaces(std::string_view text) {
  const auto begin = text.find_first_not_of(spaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

// The lines that may follow an identity's.
bool are_comments(std::string_view lines) {
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    const auto line = without_spaces(lines.substr(0, end));
    if (!line.empty() && line.front() != '#') return false;
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
  }
  return true;
}

Error newer(std::string_view what) {
  return Error(ErrorCode::unsupported,
               "the " + std::string(what) + " is of another version than this program knows")
      .with_hint("use a newer holdfast");
}

}  // namespace

bool is_identity(base::ByteView secret) noexcept {
  return without_spaces(base::as_text(secret)).starts_with(identity_family);
}

base::SecretBytes format_identity(const codec::BoxKeyPair& identity) {
  return format(identity_prefix, identity.private_key.view());
}

base::SecretBytes format_identity_file(const codec::BoxKeyPair& identity) {
  const auto line = format_identity(identity);
  const auto comment = "\n# recipient: " + format_recipient(identity.public_key) + "\n";
  base::SecretBytes text(line.size() + comment.size());
  auto out = std::copy(line.view().begin(), line.view().end(), text.writable().begin());
  std::copy(comment.begin(), comment.end(), out);
  return text;
}

Result<codec::BoxKeyPair> parse_identity(base::ByteView secret) {
  const auto text = without_spaces(base::as_text(secret));
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = without_spaces(text.substr(0, end));
  if (!line.starts_with(identity_family)) {
    return Error(ErrorCode::invalid_argument, "this is no identity")
        .with_hint("'holdfast key generate' makes one");
  }
  // Cut within the prefix, or of a version that isn't 1.
  if (identity_prefix.starts_with(line)) return altered("identity", "is cut");
  if (!line.starts_with(identity_prefix)) return newer("identity");
  if (!are_comments(text.substr(end))) {
    return altered("identity", "is followed by a line that doesn't begin with #");
  }
  auto key = TRY(parse(identity_prefix, "identity", line));
  const auto public_key = codec::public_key_of(key.view());
  return codec::BoxKeyPair{.public_key = public_key, .private_key = std::move(key)};
}

std::string format_recipient(const codec::BoxPublicKey& recipient) {
  return std::string(base::as_text(format(recipient_prefix, recipient).view()));
}

Result<codec::BoxPublicKey> parse_recipient(std::string_view text) {
  text = without_spaces(text);
  if (is_identity(base::as_bytes(text))) {
    return Error(ErrorCode::invalid_argument,
                 "this is an identity, which must stay secret, and not a recipient")
        .with_hint(
            "whoever can read the command line or the shell's history has it now: make another "
            "with 'holdfast key generate', and give the recipient that it prints");
  }
  const bool is_ours = text.starts_with(recipient_family) &&
                       text.size() > recipient_family.size() &&
                       text[recipient_family.size()] >= '0' && text[recipient_family.size()] <= '9';
  if (!is_ours) {
    return Error(ErrorCode::invalid_argument, "this is no recipient: those begin with hfr1")
        .with_hint(
            "'holdfast key generate' makes an identity and prints its recipient; keys of age, SSH "
            "or PGP are of another kind");
  }
  if (!text.starts_with(recipient_prefix)) return newer("recipient");
  const auto bytes = TRY(parse(recipient_prefix, "recipient", text));
  codec::BoxPublicKey key;
  std::copy(bytes.view().begin(), bytes.view().end(), key.begin());
  // The highest bit isn't part of the number: with it the same key would have two texts.
  if ((key.back() & 0x80) != 0 || !codec::is_public_key(key)) {
    return Error(ErrorCode::invalid_argument, "the recipient is nobody's key")
        .with_hint("'holdfast key generate' makes an identity and prints its recipient");
  }
  return key;
}

}  // namespace holdfast::repository
