// The text of identities and recipients (docs/internals/repository_format.md section 2.2.1). An
// identity is a key pair whose text opens recipient slots where a passphrase would open a
// passphrase's; its recipient is the public key, which anybody may know and make a slot for.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/sealed_box.hpp"

namespace holdfast::repository {

// Whether `secret` is meant to be an identity: it begins like one of any version, after spaces.
// Then it is no passphrase, even if it doesn't parse.
[[nodiscard]] bool is_identity(base::ByteView secret) noexcept;

// One line, without its end.
[[nodiscard]] base::SecretBytes format_identity(const codec::BoxKeyPair& identity);
// What an identity file holds: the identity's line, and its recipient in a line that begins with #.
[[nodiscard]] base::SecretBytes format_identity_file(const codec::BoxKeyPair& identity);
// Takes both. invalid_argument if it is cut, mistyped or followed by anything but lines that begin
// with #; unsupported if it is of a newer version. No error repeats any of it.
base::Result<codec::BoxKeyPair> parse_identity(base::ByteView secret);

[[nodiscard]] std::string format_recipient(const codec::BoxPublicKey& recipient);
// Spaces around it are passed over. invalid_argument if it is none, is cut or mistyped, or can't be
// sealed to; unsupported if it is of a newer version. No error repeats any of it: it may be a
// secret that was put in the wrong place.
base::Result<codec::BoxPublicKey> parse_recipient(std::string_view text);

}  // namespace holdfast::repository
