// Declares the commands that list, add, remove and change keys.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

std::vector<Field> key_fields(const std::string& prefix) {
  return {
      {prefix + "id", FieldType::string, "64 hexadecimal digits."},
      {prefix + "short_id", FieldType::string, "The first eight of them."},
      {prefix + "type", FieldType::string, "passphrase or recipient."},
      {prefix + "recipient", FieldType::string, "For whom it is: hfr1 and 56 characters.",
       Presence::sometimes},
      {prefix + "role", FieldType::string, "full, writer or reader."},
      {prefix + "label", FieldType::string, "Its name; may be empty."},
      {prefix + "created", FieldType::time, "When it was added."},
      {prefix + "current", FieldType::boolean,
       "Whether it is the one that opened the repository now."},
  };
}

Command declare_generate() {
  return {
      .name = "key generate",
      .summary = "make an identity",
      .description =
          "Makes an identity, which opens repositories in place of a passphrase, and prints its "
          "recipient, for which 'key add --recipient' adds a key. The recipient is no secret: the "
          "machine that makes the identity needs nobody's passphrase, and who adds the key learns "
          "nothing that opens it.\n\n"
          "FILE is the owner's alone (mode 0600) and is never overwritten. Give it wherever a "
          "passphrase is taken: --key-file FILE, or its text in BACKUP_ENCRYPTION_KEY.",
      .options = {{.name = "identity",
                   .value = "FILE",
                   .text = "Where to write the identity. Its second line repeats the recipient.",
                   .completion = Completion::path}},
      .exits = {{ExitCode::done, ""},
                {ExitCode::failed, "there is such a file, or it can't be written"},
                {ExitCode::usage, ""}},
      .examples = {{"holdfast key generate --identity /root/web1.identity",
                    "Makes an identity for a machine, and prints its recipient."}},
      .json = {{"recipient", FieldType::string, "hfr1 and 56 characters."},
               {"identity", FieldType::string, "The file."}},
      .run = &run_key_generate,
  };
}

Command declare_list() {
  auto fields = key_fields("keys[].");
  fields.insert(fields.begin(), {"keys", FieldType::array, "All of them."});
  fields.push_back({"damaged", FieldType::array, "Key objects that can't be read: strings."});
  return {
      .name = "key list",
      .summary = "list the keys",
      .description = "Lists the keys of a repository. A star marks the one that is in use now.",
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, ""},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage, "a key object is damaged; it is named"}},
      .examples = {{"holdfast key list --from /srv/backup", "Who can open it?"}},
      .json = fields,
      .run = &run_key_list,
  };
}

Command declare_add() {
  return {
      .name = "key add",
      .summary = "add a key",
      .description =
          "Adds a key with its own passphrase, or for a recipient, whose identity opens it (key "
          "generate). A full key may do everything; a reader may restore and verify; a writer "
          "may back up and can neither read nor delete what is stored. Needs a full key.",
      .options = {{.name = "recipient",
                   .value = "RECIPIENT",
                   .text = "Make the key for this recipient, as 'key generate' printed it; no "
                           "passphrase is asked for. A recipient has one key at most."},
                  {.name = "role",
                   .value = "ROLE",
                   .text = "What the key may do.",
                   .choices = {"full", "writer", "reader"},
                   .fallback = "full"},
                  {.name = "label",
                   .value = "TEXT",
                   .text = "A name for the key, such as the machine's."},
                  {.name = "deduplication",
                   .value = "WITH",
                   .text = "For a writer: own compares what it stores with its own data only; "
                           "shared with that of the "
                           "machine whose key adds it, which saves space, but whoever gets hold of "
                           "the key can "
                           "confirm guesses about the other's data.",
                   .choices = {"own", "shared"},
                   .fallback = "own"}},
      .groups = {&repository_options(), &key_options(), &new_key_options()},
      .exits = {{ExitCode::done, ""}, {ExitCode::failed, ""}, {ExitCode::usage, ""}},
      .examples = {{"holdfast key add --to /srv/backup --role writer --label web1 --new-key-file "
                    "/root/web1.key",
                    "Makes a key for a machine that is backed up."},
                   {"holdfast key add --to /srv/backup --role writer --label web1 --recipient "
                    "hfr1quqpacmjgctvi5elpxolipxxlig36oqney4bv5hlusuy5ku3jzvnt24v",
                    "The same for a machine that made its identity itself."}},
      .json = {{"id", FieldType::string, "64 hexadecimal digits."},
               {"short_id", FieldType::string, "The first eight of them."},
               {"recipient", FieldType::string, "For whom it is.", Presence::sometimes},
               {"role", FieldType::string, "full, writer or reader."},
               {"label", FieldType::string, "Its name; may be empty."}},
      .run = &run_key_add,
  };
}

Command declare_remove() {
  return {
      .name = "key remove",
      .summary = "remove a key",
      .description =
          "Removes a key. The last full key can't be removed. Who has opened the repository with "
          "the key before may "
          "have kept what it protects: removal is no revocation. Needs a full key.",
      .arguments = {{.name = "KEY", .text = "A key's id, or the beginning of one."}},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, ""}, {ExitCode::failed, ""}, {ExitCode::usage, ""}},
      .examples = {{"holdfast key remove 4f2a --to /srv/backup",
                    "Removes the key whose id begins so."}},
      .json = {{"removed", FieldType::string, "The key's id."}},
      .run = &run_key_remove,
  };
}

Command declare_change_password() {
  return {
      .name = "key change-password",
      .summary = "change a key's passphrase",
      .description =
          "Replaces the key that the passphrase opens by one with the same rights and label and a "
          "new passphrase. An identity has none: replace it by another (key generate, key add, "
          "key remove).",
      .groups = {&repository_options(), &key_options(), &new_key_options()},
      .exits = {{ExitCode::done, ""}, {ExitCode::failed, ""}, {ExitCode::usage, ""}},
      .examples = {{"holdfast key change-password --to /srv/backup",
                    "Asks for the old and the new passphrase."}},
      .json = {{"added", FieldType::string, "The id of the key that replaces the old one."}},
      .run = &run_key_change_password,
  };
}

}  // namespace

std::vector<const Command*> key_commands() {
  static const std::vector<Command> table{declare_generate(), declare_list(), declare_add(),
                                          declare_remove(), declare_change_password()};
  std::vector<const Command*> found;
  for (const auto& command : table) found.push_back(&command);
  return found;
}

}  // namespace holdfast::cli
