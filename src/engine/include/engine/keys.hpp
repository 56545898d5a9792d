// Key slots of a repository: listing, adding, removing, changing the passphrase. A passphrase here
// may be the text of an identity instead (repository/slot_key.hpp).
#pragma once

#include <string>
#include <vector>

#include "engine/location.hpp"
#include "repository/key_slot.hpp"

namespace holdfast::engine {

struct KeySlot {
  std::string id;  // the object's hash in hexadecimal
  repository::SlotInfo info;
  bool is_current = false;  // the one that opened this repository
};

// Readable with any key; damaged slots are left out and named in `damaged`.
base::Result<std::vector<KeySlot>> list_keys(repository::Repository& repository,
                                             base::ByteView passphrase,
                                             std::vector<std::string>* damaged = nullptr);

struct AddKeyOptions {
  repository::SlotRole role = repository::SlotRole::full;
  std::string label;
  // For a writer: an id key of its own (it deduplicates alone), or this machine's (it shares
  // chunks, and whoever has its key can confirm guesses about others' data).
  enum class Deduplication { own, shared } deduplication = Deduplication::own;
};
// A new slot opened by `new_passphrase`. `passphrase` opens the repository and must give what the
// new slot gets.
base::Result<std::string> add_key(repository::Repository& repository, base::ByteView passphrase,
                                  base::ByteView new_passphrase, const AddKeyOptions& options);
// A new slot for whoever has the recipient's identity. already_exists if the recipient has one: of
// two, the first that is listed would decide what the identity may do.
base::Result<std::string> add_key_for(repository::Repository& repository, base::ByteView passphrase,
                                      const codec::BoxPublicKey& recipient,
                                      const AddKeyOptions& options);
// Removes a slot by id or unique prefix; conflict for the last full one.
base::Result<std::string> remove_key(repository::Repository& repository, std::string_view id);
// Adds a slot like the one that `passphrase` opens and removes that one. invalid_argument if either
// is an identity.
base::Result<std::string> change_password(repository::Repository& repository,
                                          base::ByteView passphrase, base::ByteView new_passphrase);
// What change_password() says to an identity.
[[nodiscard]] base::Error identity_has_no_passphrase();

}  // namespace holdfast::engine
