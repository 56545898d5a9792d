// Declares what gets data back, or proves that it could be: restore and verify.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

std::vector<Option> restore_options() {
  return {
      {.name = "into",
       .value = "DIR",
       .text = "Where the files go; made if it does not exist. Required, or --in-place.",
       .completion = Completion::directory},
      {.name = "include",
       .value = "GLOB",
       .text = "Restore only what matches, in the syntax of .gitignore.",
       .repeat = Repeat::yes},
      {.name = "overwrite",
       .value = "WHEN",
       .text =
           "What happens to a file that is there already: it stays (never), it is replaced if size "
           "or time "
           "differ (changed), or all of it is compared and what differs is written again (always).",
       .choices = {"never", "changed", "always"},
       .fallback = "changed"},
      {.name = "dry-run", .text = "Say what would be written; write nothing."},
      {.name = "at",
       .value = "INSTANT",
       .text = "Of a component: as it was then, like 2026-11-20T12:00:00Z. Of PostgreSQL with a "
               "log also an LSN, the number of a transaction, the name of a restore point, or "
               "`latest`: the end of the log. Without it: the newest snapshot."},
      {.name = "plan",
       .value = "PLAN",
       .text = "Of a component: a snapshot of this plan, where plans take different kinds of them. "
               "Without it: of any plan."},
      {.name = "database",
       .value = "NAME",
       .text = "Of a PostgreSQL component, with --to postgresql://user@host/database: only this "
               "database of its dumps; NAME:NEW loads it under a new name. Roles that the server "
               "lacks are made, databases that hold something are left alone, and nothing of "
               "tablespaces is restored."},
      {.name = "in-place",
       .text =
           "Of a component: to where it was captured, instead of --into: files to their paths, "
           "what a command printed to the standard input of its `restore` command. What uses it "
           "is stopped before and started after, as its `service` says."},
      {.name = "archive",
       .value = "TAG",
       .text = "Of a git component: only the tree of this tag (or branch, or commit), as "
               "COMPONENT-TAG.tar in DIR."},
      {.name = "delete-extra",
       .text = "Of a component of files: remove what the snapshot doesn't have below what it "
               "captured, once everything is restored. What the strategy excludes stays; symbolic "
               "links are never followed. With --dry-run: say what would go."},
  };
}

std::vector<Field> restore_fields() {
  return {
      {"snapshot", FieldType::string, "The snapshot's id."},
      {"into", FieldType::string, "The target directory, or \"the restore command\"."},
      {"dry_run", FieldType::boolean, "Whether this was a dry run."},
      {"files", FieldType::integer, "Files restored, or found right in place."},
      {"directories", FieldType::integer, "Directories restored."},
      {"others", FieldType::integer, "Symbolic links, devices and FIFOs restored."},
      {"unchanged", FieldType::integer,
       "How many of all these were right already, or were left as they were."},
      {"bytes", FieldType::integer, "Size of the files restored."},
      {"bytes_written", FieldType::integer, "Of those, bytes that had to be written."},
      {"duration_seconds", FieldType::number, "How long it took."},
      {"damaged", FieldType::boolean,
       "Whether the repository has lost something that was asked for."},
      {"failure_count", FieldType::integer, "How many files could not be restored."},
      {"failures", FieldType::array, "Which; at most 10,000."},
      {"failures[].path", FieldType::string, "The file's path in the snapshot, printable."},
      {"failures[].path_bytes", FieldType::string,
       "Its exact bytes in hexadecimal; only if they are not UTF-8.", Presence::sometimes},
      {"failures[].message", FieldType::string, "What is wrong with it."},
      {"removed_count", FieldType::integer,
       "With --delete-extra: how much the snapshot doesn't have and is gone, or would be."},
      {"removed", FieldType::array, "Which; at most 10,000."},
      {"removed[].path", FieldType::string, "Its path as in the snapshot, printable."},
      {"removed[].path_bytes", FieldType::string,
       "Its exact bytes in hexadecimal; only if they are not UTF-8.", Presence::sometimes},
      {"notes", FieldType::array,
       "What could not be set as it was and is no failure, such as owners: strings."},
      {"run", FieldType::string, "Of a component: the run's id.", Presence::sometimes},
      {"component", FieldType::string, "Its name.", Presence::sometimes},
      {"location", FieldType::string, "Of a component: from where.", Presence::sometimes},
      {"captured", FieldType::time, "Of a component: the instant that was restored.",
       Presence::sometimes},
      {"recovered_position", FieldType::string,
       "Of a recovery by the log: the LSN to which a server that is started there recovers.",
       Presence::sometimes},
      {"recovered_timeline", FieldType::integer, "Its timeline.", Presence::sometimes},
      {"log_bytes", FieldType::integer, "How much WAL was written for it.", Presence::sometimes},
      {"last_commit", FieldType::time,
       "When the newest transaction in it was committed, if there was one since the base.",
       Presence::sometimes},
      {"passed_over", FieldType::array, "Of a component: locations that were down, and why.",
       Presence::sometimes},
  };
}

Command declare_restore() {
  return {
      .name = "restore",
      .summary = "bring files back",
      .description =
          "Restores a snapshot below DIR. SNAPSHOT recreates the recorded absolute paths there "
          "(/etc becomes "
          "DIR/etc); SNAPSHOT:PATH puts what PATH holds directly into DIR.\n\n"
          "Files that are in place and right are not written again, so an interrupted restore goes "
          "on where it was. "
          "A symbolic link in DIR is never followed out of it. What the repository has lost is "
          "named file by file; "
          "everything else is restored.\n\n"
          "The name of a component of the strategy restores its newest snapshot, or the newest "
          "that "
          "had begun at --at, from the quickest location that has it, or from the location that "
          "--from names. A git repository comes back as DIR/COMPONENT.git, bare and with all refs: "
          "clone from it. What a command printed comes back as a file.\n\n"
          "Of a PostgreSQL component, dumps come as files for pg_restore. A physical backup comes "
          "as a data directory: DIR, which must be empty, and DIR.tablespaces; a server that is "
          "started on DIR recovers by itself.",
      .arguments = {{.name = "SNAPSHOT[:PATH]",
                     .count = Count::one,
                     .text =
                         "A snapshot's id, the beginning of one, or latest; and a path in it."}},
      .options = restore_options(),
      .groups = {&repository_options(), &key_options(), &strategy_options(), &state_options()},
      .exits = {{ExitCode::done, "everything asked for is in DIR"},
                {ExitCode::failed, "failed, or some files could not be written; they are named"},
                {ExitCode::usage, ""},
                {ExitCode::warnings,
                 "all contents are in DIR; some attributes, such as owners, could not be set"},
                {ExitCode::damage, "the repository has lost some of the files; they are named"}},
      .examples =
          {{"holdfast restore latest --from /srv/backup --into /mnt/restored",
            "Recreates the newest snapshot: /etc becomes /mnt/restored/etc."},
           {"holdfast restore 4f2a:/etc/ssh --from /srv/backup --into /mnt/ssh",
            "Puts what /etc/ssh held into /mnt/ssh."},
           {"holdfast restore uploads --at 2026-11-20T12:00:00Z --into /mnt/restored",
            "Brings back a component as it was then."},
           {"holdfast restore shop --to postgresql://owner@db2/postgres --database shop:copy",
            "Loads one database of the newest dumps into a running server, as copy."},
           {"holdfast restore code --archive v1.2.3 --into /tmp/release",
            "Puts what a tag of a git component holds into /tmp/release/code-v1.2.3.tar."}},
      .json = restore_fields(),
      .run = &run_restore,
  };
}

// Of a repository; of components there is `verifications` instead.
std::vector<Field> verify_fields() {
  std::vector<Field> fields{
      {"level", FieldType::string, "The level that was asked for.", Presence::sometimes},
      {"verified", FieldType::boolean, "Whether everything was checked and found right.",
       Presence::sometimes},
      {"snapshots", FieldType::integer, "Snapshots checked.", Presence::sometimes},
      {"packs", FieldType::integer, "Packs checked.", Presence::sometimes},
      {"chunks", FieldType::integer, "Pieces of content checked; 0 below the level readable.",
       Presence::sometimes},
      {"bytes_read", FieldType::integer, "Read from the repository.", Presence::sometimes},
      {"duration_seconds", FieldType::number, "How long it took.", Presence::sometimes},
      {"damage_count", FieldType::integer, "How many things are damaged or missing.",
       Presence::sometimes},
      {"unchecked_count", FieldType::integer, "How many could not be checked.",
       Presence::sometimes},
      {"note_count", FieldType::integer,
       "How many are worth knowing and no loss, such as foreign objects.", Presence::sometimes},
      {"findings", FieldType::array, "All of these; at most 10,000.", Presence::sometimes},
      {"findings[].kind", FieldType::string, "damage, could_not_check or note."},
      {"findings[].object", FieldType::string,
       "Which object of the repository, if it is about one.", Presence::sometimes},
      {"findings[].path", FieldType::string,
       "Which file is affected, printable, if it is about one.", Presence::sometimes},
      {"findings[].path_bytes", FieldType::string,
       "Its exact bytes in hexadecimal; only if they are not UTF-8.", Presence::sometimes},
      {"findings[].snapshot", FieldType::string, "In which snapshot, if it is about one.",
       Presence::sometimes},
      {"findings[].message", FieldType::string, "What is wrong."},
      {"verifications", FieldType::array,
       "Of components: one for each verification, instead of all the members above.",
       Presence::sometimes},
      {"verifications[].run", FieldType::string, "The run's id; empty if there was nothing to do."},
      {"verifications[].component", FieldType::string, "Of which component."},
      {"verifications[].verification", FieldType::string, "Its name, or \"by hand\"."},
      {"verifications[].level", FieldType::string, "Up to which level."},
      {"verifications[].outcome", FieldType::string, "passed, failed or unknown."},
      {"verifications[].state", FieldType::string, "succeeded, warnings, failed or cancelled."},
      {"verifications[].message", FieldType::string, "What is wrong; else empty."},
      {"verifications[].bytes_read", FieldType::integer, "Read from the repositories."},
      {"verifications[].snapshots", FieldType::array, "What was looked at."},
      {"verifications[].snapshots[].location", FieldType::string, "Where it lies."},
      {"verifications[].snapshots[].snapshot", FieldType::string,
       "Its id there; absent if the location could not be looked at.", Presence::sometimes},
      {"verifications[].snapshots[].captured", FieldType::time, "When its capture began.",
       Presence::sometimes},
      {"verifications[].snapshots[].outcome", FieldType::string, "passed, failed or unknown."},
      {"verifications[].snapshots[].message", FieldType::string, "Why; else empty."},
      {"verifications[].snapshots[].paths", FieldType::array,
       "Files that are hit, as strings; at most a hundred."},
      {"verifications[].drills", FieldType::array,
       "The drill, if the verification is one; else empty."},
  };
  const auto drill = drill_fields("verifications[].drills[].");
  fields.insert(fields.end(), drill.begin(), drill.end());
  return fields;
}

Command declare_verify() {
  return {
      .name = "verify",
      .summary = "check that snapshots could be restored",
      .description =
          "Checks the repository, or what one snapshot needs of it, up to a level. Each level "
          "includes those before "
          "it.\n\n"
          "present: every object that is needed exists with the right size (a listing).\n\n"
          "intact: every object's bytes are what was written (reads all of them).\n\n"
          "readable: everything decrypts and decompresses, and every piece is what its id says.\n\n"
          "sound: the entries make sense: every file's extents add up to its size, every tree is "
          "well-formed.\n\n"
          "A check that could not be made is never a pass: that is exit code 6.\n\n"
          "The names of components of the strategy carry out what their `verify` declares, drills "
          "included, at each of their locations, or at the one that --from names; with --level, "
          "all their snapshots are looked at. Each look is remembered: `holdfast status` tells "
          "what is proved, and retention spares what a plan demands to be proved.",
      .arguments = {{.name = "SNAPSHOT",
                     .count = Count::any,
                     .text = "A snapshot's id, the beginning of one, or latest; without it, all of "
                             "the repository. Or components of the strategy."}},
      .options = {{.name = "level",
                   .value = "LEVEL",
                   .text = "How far to go.",
                   .choices = {"present", "intact", "readable", "sound"},
                   .fallback = "readable"},
                  {.name = "verification",
                   .value = "NAME",
                   .text = "Of a component: only this one of its verifications."}},
      .groups = {&repository_options(), &key_options(), &strategy_options(), &state_options()},
      .exits = {{ExitCode::done, "everything was checked and is right"},
                {ExitCode::failed, "interrupted"},
                {ExitCode::usage, ""},
                {ExitCode::damage, "something is missing or damaged; it is named"},
                {ExitCode::objective_missed, "a drill took longer than it may"},
                {ExitCode::unverified,
                 "could not verify: something did not answer or could not be opened, a wrong "
                 "passphrase included"}},
      .examples = {{"holdfast verify --from /srv/backup --level intact",
                    "Reads every object and compares its hash."},
                   {"holdfast verify latest --from /srv/backup --level readable",
                    "Proves that the newest snapshot decrypts."},
                   {"holdfast verify uploads --verification checksum",
                    "Carries out one verification of ./holdfast.yaml now."}},
      .json = verify_fields(),
      .run = &run_verify,
  };
}

}  // namespace

std::vector<const Command*> restore_commands() {
  static const Command restore = declare_restore();
  static const Command verify = declare_verify();
  return {&restore, &verify};
}

}  // namespace holdfast::cli
