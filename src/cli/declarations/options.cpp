// Options that many commands share, the families of commands, and the error object.
#include "declarations.hpp"

namespace holdfast::cli {

Option limit_upload_option() {
  return {.name = "limit-upload",
          .value = "SIZE",
          .text = "Send at most so many bytes a second to the repository, such as 5MiB."};
}

Option limit_download_option() {
  return {.name = "limit-download",
          .value = "SIZE",
          .text = "Fetch at most so many bytes a second from the repository."};
}

const OptionGroup& program_options() {
  static const OptionGroup group{
      .title = "Output",
      .options = {
          {.name = "json", .text = "Print one JSON object on standard output instead of text."},
          {.name = "quiet",
           .text = "Print results, warnings and errors only: no progress, no summary."},
          {.name = "verbose", .text = "Say more about what is being done, on standard error."},
          {.name = "no-progress",
           .text = "Show no status line, also where standard error is a terminal."},
          {.name = "help",
           .text = "Show what the command does, its options, exit codes and examples."},
          {.name = "version", .text = "Show the program's version."},
      }};
  return group;
}

const OptionGroup& repository_options() {
  static const OptionGroup group{
      .title = "Repository",
      .options = {
          {.name = "to",
           .value = "URL",
           .text = "The repository: a path, file:///path, s3://BUCKET/PREFIX?endpoint=URL, or "
                   "sftp://USER@HOST/PATH.",
           .variable = "HOLDFAST_REPOSITORY",
           .synonym = "from",
           .completion = Completion::directory},
          limit_upload_option(),
          limit_download_option(),
      }};
  return group;
}

const OptionGroup& key_options() {
  static const OptionGroup group{
      .title = "Passphrase",
      .options = {
          {.name = "key-file",
           .value = "FILE",
           .text = "Read the passphrase from FILE; one newline at its end is dropped. An identity "
                   "(key generate) does as well, here and wherever a passphrase is taken. A file "
                   "that others can read is refused. Without this, --key-command and "
                   "BACKUP_ENCRYPTION_KEY, the "
                   "terminal is asked.",
           .completion = Completion::path},
          {.name = "key-command",
           .value = "COMMAND",
           .text = "Run COMMAND with sh; the first line that it prints is the passphrase."},
      }};
  return group;
}

const OptionGroup& new_key_options() {
  static const OptionGroup group{
      .title = "New passphrase",
      .options = {
          {.name = "new-key-file",
           .value = "FILE",
           .text = "Read the new passphrase from FILE. Without this, --new-key-command and "
                   "HOLDFAST_NEW_KEY, "
                   "the terminal is asked.",
           .completion = Completion::path},
          {.name = "new-key-command",
           .value = "COMMAND",
           .text = "Run COMMAND with sh; the first line that it prints is the new passphrase."},
      }};
  return group;
}

const OptionGroup& from_key_options() {
  static const OptionGroup group{
      .title = "Passphrase of the other repository",
      .options = {
          {.name = "from-key-file",
           .value = "FILE",
           .text = "Read the passphrase of the repository that is copied from from FILE. Without "
                   "this, --from-key-command and HOLDFAST_FROM_KEY, it is the same passphrase.",
           .completion = Completion::path},
          {.name = "from-key-command",
           .value = "COMMAND",
           .text = "Run COMMAND with sh; the first line that it prints is that passphrase."},
      }};
  return group;
}

const OptionGroup& strategy_options() {
  static const OptionGroup group{
      .title = "Strategy",
      .options = {
          {.name = "config",
           .value = "FILE",
           .text = "The strategy. Without this: ./holdfast.yaml, else /etc/holdfast/holdfast.yaml.",
           .variable = "HOLDFAST_CONFIG",
           .completion = Completion::path},
          {.name = "environment",
           .value = "NAME",
           .text = "Which environment, instead of the one that the file says.",
           .variable = "HOLDFAST_ENVIRONMENT"},
      }};
  return group;
}

const OptionGroup& state_options() {
  static const OptionGroup group{
      .title = "State",
      .options = {{.name = "state",
                   .value = "DIR",
                   .text = "Where the catalog lies. Without this: /var/lib/holdfast for root, else "
                           "~/.local/state/holdfast.",
                   .variable = "HOLDFAST_STATE_DIR",
                   .completion = Completion::directory}}};
  return group;
}

const std::vector<CommandFamily>& command_families() {
  static const std::vector<CommandFamily> families{
      {"snapshot", "look at snapshots, label, keep and forget them"},
      {"repository", "measure and mend a repository"},
      {"key", "the keys that open a repository"},
      {"strategy", "check and explain what a strategy says"},
      {"runs", "what was carried out, and how it went"},
  };
  return families;
}

const std::vector<Field>& error_fields() {
  static const std::vector<Field> fields{
      {"error", FieldType::object,
       "Why the command failed. Present only then; members before it hold what was known.",
       Presence::sometimes},
      {"error.code", FieldType::string,
       "One of invalid_argument, not_found, already_exists, unavailable, permission_denied, "
       "no_space, damaged, "
       "wrong_key, unsupported, conflict, cancelled, io, internal."},
      {"error.message", FieldType::string, "What happened."},
      {"error.context", FieldType::array, "Where, from the outside in: strings."},
      {"error.hint", FieldType::string, "What to do; empty if there is nothing to advise."},
  };
  return fields;
}

}  // namespace holdfast::cli
