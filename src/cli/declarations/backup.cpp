// Declares what puts data into a repository: init and backup.
#include <string>

#include "codec/compression.hpp"
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

Command declare_init() {
  return {
      .name = "init",
      .summary = "make a new repository",
      .description =
          "Makes an empty, encrypted repository at URL. The directory must be empty or absent; its "
          "parents are made "
          "as needed. Without --to: the repositories of the strategy that aren't there yet, with "
          "one id key for all of them, so that copies move as they lie.\n\n"
          "The passphrase opens the repository's first key. Without any key nothing in the "
          "repository can be read, "
          "by anyone: keep a copy of the passphrase in another place than the machine that is "
          "backed up.\n\n"
          "With --copy-domain-from the new repository shares the id key of another one: `copy` "
          "between the two moves content as it lies, without decompressing it. The price of "
          "sharing: whoever has one machine's writing key of either can confirm guesses about the "
          "contents of both.\n\n"
          "In a bucket with ?lock=30d the bucket must have object lock and a default retention "
          "that is as long. The policies for those who write and those who maintain are printed; "
          "--print-policy prints them and makes nothing.",
      .options = {{.name = "copy-domain-from",
                   .value = "URL",
                   .text = "Share the id key and the sizes of the repository at URL. Needs a key "
                           "that writes into it.",
                   .completion = Completion::directory},
                  {.name = "print-policy",
                   .text =
                       "Print the IAM policies for a repository at this s3: URL; make nothing."},
                  {.name = "session-life",
                   .value = "DURATION",
                   .text = "How long a machine may be silent (asleep, cut off) in the midst of a "
                           "backup before its run counts as dead, and fails should it wake: 1h "
                           "unless given."},
                  {.name = "prune-grace",
                   .value = "DURATION",
                   .text = "How long prune waits between condemning and deleting where the storage "
                           "is slow to show what was stored: 24h unless given, and at least 12 "
                           "minutes longer than --session-life."}},
      .groups = {&repository_options(), &key_options(), &from_key_options(), &strategy_options(),
                 &state_options()},
      .exits = {{ExitCode::done, "the repository exists now"},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""}},
      .examples = {{"holdfast init --to /srv/backup",
                    "Makes a repository in a local directory; asks for the "
                    "passphrase twice."},
                   {"holdfast init --to /srv/backup --key-command 'pass show backup'",
                    "Takes the passphrase from a password store."},
                   {"holdfast init --to sftp://backup@vault/srv/backup --copy-domain-from "
                    "/srv/backup",
                    "Makes a second place for copies of the first."}},
      .json = {{"repository", FieldType::string, "Where it is.", Presence::sometimes},
               {"id", FieldType::string, "The repository's id: 32 hexadecimal digits.",
                Presence::sometimes},
               {"writer_policy", FieldType::string,
                "IAM policy, as JSON, for the machines that are backed up; of s3: URLs.",
                Presence::sometimes},
               {"maintainer_policy", FieldType::string,
                "IAM policy for those who prune; of s3: URLs.", Presence::sometimes},
               {"locations", FieldType::array, "Of a strategy: what became of each, instead.",
                Presence::sometimes},
               {"locations[].location", FieldType::string, "Its name."},
               {"locations[].url", FieldType::string, "Where it is."},
               {"locations[].outcome", FieldType::string, "made, was there or failed."},
               {"locations[].message", FieldType::string, "Why it failed; else empty."}},
      .run = &run_init,
  };
}

std::vector<Option> backup_options() {
  return {
      {.name = "exclude",
       .value = "GLOB",
       .text = "Leave out what matches, in the syntax of .gitignore: '*.tmp' anywhere, "
               "'/var/cache/' from the "
               "root, '!keep.tmp' takes back an earlier pattern. The last pattern that matches "
               "decides.",
       .repeat = Repeat::yes},
      {.name = "exclude-file",
       .value = "FILE",
       .text = "Read such patterns from FILE, one a line; # begins a comment.",
       .repeat = Repeat::yes,
       .completion = Completion::path},
      {.name = "exclude-if-present",
       .value = "NAME",
       .text =
           "Leave out what lies in a directory that holds an entry called NAME, such as .nobackup.",
       .repeat = Repeat::yes},
      {.name = "exclude-caches",
       .text = "Leave out what lies in a directory that a CACHEDIR.TAG marks as a cache."},
      {.name = "one-file-system", .text = "Do not descend into other mounted file systems."},
      {.name = "full",
       .text = "Read every byte, also of files whose size, times and inode say that they did not "
               "change."},
      {.name = "tag", .value = "KEY=VALUE", .text = "Label the snapshot.", .repeat = Repeat::yes},
      {.name = "compression",
       .value = "LEVEL",
       .text = "How hard zstd tries, from 1 (fast) to 19 (small); 0 stores without compressing. "
               "What does not "
               "compress is stored as it is at every level.",
       .fallback = std::to_string(codec::compression_level_default)},
      {.name = "host",
       .value = "NAME",
       .text = "The name of this machine in the snapshot, instead of the system's own."},
      {.name = "dry-run",
       .text =
           "Read what a backup would read, and say how much of it would be new; store nothing."},
      {.name = "plan",
       .value = "NAME",
       .text = "Of components: which plan. Without it, the first that takes snapshots itself."},
  };
}

std::vector<Field> backup_fields() {
  return {
      {"snapshot", FieldType::string, "The new snapshot's id; absent after a dry run.",
       Presence::sometimes},
      {"parent", FieldType::string,
       "The snapshot that this one was compared with; absent when there was none.",
       Presence::sometimes},
      {"paths", FieldType::array, "What was backed up: absolute paths, as strings."},
      {"dry_run", FieldType::boolean, "Whether this was a dry run."},
      {"files", FieldType::integer, "Files in the snapshot, unchanged ones included."},
      {"directories", FieldType::integer, "Directories in the snapshot."},
      {"others", FieldType::integer, "Symbolic links, devices, FIFOs and sockets in the snapshot."},
      {"unchanged", FieldType::integer,
       "How many of all these are as in the parent, and were not read."},
      {"changed", FieldType::integer, "How many differ from the parent."},
      {"added", FieldType::integer, "How many the parent does not have."},
      {"bytes", FieldType::integer, "Size of all files in the snapshot."},
      {"bytes_read", FieldType::integer, "Read from files in this run."},
      {"bytes_new", FieldType::integer,
       "Bytes, not compressed, that the repository did not hold yet; of files, and of what "
       "describes "
       "them."},
      {"bytes_stored", FieldType::integer,
       "What they take in the repository, compressed and encrypted; 0 after a dry run."},
      {"duration_seconds", FieldType::number, "How long the run took."},
      {"stages", FieldType::object,
       "Where the processor time went: naming by hash, compressing, and packing (encrypting, "
       "hashing "
       "and writing packs)."},
      {"stages.name", FieldType::object, "Naming: what it took in, and its processor seconds."},
      {"stages.compress", FieldType::object, "The same of compressing."},
      {"stages.pack", FieldType::object, "The same of packing."},
      {"warning_count", FieldType::integer, "How many warnings there were."},
      {"warnings", FieldType::array, "What could not be backed up as it should; at most 10,000."},
      {"warnings[].path", FieldType::string, "Which file, printable."},
      {"warnings[].path_bytes", FieldType::string,
       "Its exact bytes in hexadecimal; only if they are not UTF-8.", Presence::sometimes},
      {"warnings[].message", FieldType::string, "What happened to it."},
      {"runs", FieldType::array, "Of components: one for each, instead of all the members above.",
       Presence::sometimes},
      {"runs[].run", FieldType::string, "The run's id."},
      {"runs[].component", FieldType::string, "Of which component."},
      {"runs[].plan", FieldType::string, "By which plan."},
      {"runs[].state", FieldType::string, "succeeded, warnings, failed or cancelled."},
      {"runs[].snapshot", FieldType::string, "Where it was captured; absent if it was not.",
       Presence::sometimes},
      {"runs[].bytes", FieldType::integer, "Size of all that was captured."},
      {"runs[].bytes_read", FieldType::integer, "As above."},
      {"runs[].bytes_new", FieldType::integer, "As above."},
      {"runs[].bytes_stored", FieldType::integer, "As above."},
      {"runs[].message", FieldType::string, "Why it failed; else empty."},
      {"runs[].places", FieldType::array, "The locations of the plan."},
      {"runs[].places[].location", FieldType::string, "Its name."},
      {"runs[].places[].state", FieldType::string,
       "captured, copied (of a mirror: pushed), or waiting: it is down, and is caught up later."},
      {"runs[].places[].snapshot", FieldType::string,
       "Its id there; of a mirror, the commit of HEAD.", Presence::sometimes},
      {"runs[].places[].bytes_stored", FieldType::integer, "What it took there."},
      {"runs[].places[].expired", FieldType::integer, "Snapshots that retention let go there."},
      {"runs[].places[].message", FieldType::string, "Why it waits; else empty."},
      {"runs[].warnings", FieldType::array, "Strings."},
  };
}

Command declare_backup() {
  return {
      .name = "backup",
      .summary = "back up directory trees and files",
      .description =
          "Stores each PATH with all that lies below it as one snapshot. Only what changed since "
          "the last snapshot of "
          "the same paths is read, and only what the repository does not hold yet is stored; every "
          "snapshot is "
          "complete by itself all the same.\n\n"
          "A path begins with / or . and is recorded absolute. Files that change, vanish or can't "
          "be read meanwhile "
          "are named as warnings in the output and in the snapshot; everything else is kept.\n\n"
          "An interrupted backup loses nothing: the next one takes up what was stored.\n\n"
          "A word that begins otherwise names a component of the strategy: it is captured once, at "
          "the first location of its plan that is up, and copied to the others; retention follows. "
          "Without any argument all components are backed up that this version can.",
      .arguments = {{.name = "PATH",
                     .count = Count::any,
                     .text = "What to back up; begins with / or . , or names a component.",
                     .completion = Completion::path}},
      .options = backup_options(),
      .groups = {&repository_options(), &key_options(), &strategy_options(), &state_options()},
      .exits = {{ExitCode::done, "the snapshot exists and holds everything"},
                {ExitCode::failed, "no snapshot was made"},
                {ExitCode::usage, ""},
                {ExitCode::warnings,
                 "the snapshot exists; the warnings say what is missing in it"}},
      .examples = {{"holdfast backup /etc /home --to /srv/backup --exclude '*.tmp' --tag role=web",
                    "Backs up two trees without temporary files."},
                   {"holdfast backup . --to /srv/backup --dry-run",
                    "Shows what a backup would read and how much of it would be new."},
                   {"holdfast backup uploads --plan weekly",
                    "Carries out one plan of ./holdfast.yaml now."}},
      .json = backup_fields(),
      .run = &run_backup,
  };
}

}  // namespace

std::vector<const Command*> backup_commands() {
  static const Command init = declare_init();
  static const Command backup = declare_backup();
  return {&init, &backup};
}

}  // namespace holdfast::cli
