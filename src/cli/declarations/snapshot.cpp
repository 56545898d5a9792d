// Declares the commands that look at snapshots, label, keep and forget them.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

Argument snapshot_argument() {
  return {.name = "SNAPSHOT", .text = "A snapshot's id, the beginning of one, or latest."};
}

// The members by which list and show describe a snapshot, below `prefix`.
std::vector<Field> description_fields(const std::string& prefix) {
  return {
      {prefix + "id", FieldType::string, "64 hexadecimal digits."},
      {prefix + "short_id", FieldType::string, "The first eight of them."},
      {prefix + "time", FieldType::time, "When its backup began."},
      {prefix + "host", FieldType::string, "The machine that was backed up."},
      {prefix + "paths", FieldType::array, "What was backed up: absolute paths, as strings."},
      {prefix + "tags", FieldType::object, "Its labels; each member is a string."},
      {prefix + "entries", FieldType::integer, "Files, directories and all else in it."},
      {prefix + "bytes", FieldType::integer, "Size of all its files."},
      {prefix + "held", FieldType::boolean, "Whether a hold keeps it from being forgotten."},
      {prefix + "late", FieldType::boolean,
       "Whether its backup reported a failure because it took too long at the end."},
      {prefix + "warning_count", FieldType::integer, "Warnings of its backup."},
  };
}

Command declare_list() {
  auto fields = description_fields("snapshots[].");
  fields.insert(fields.begin(), {"snapshots", FieldType::array, "All that match, oldest first."});
  const std::vector<Field> passed_over{
      {"damaged", FieldType::array, "Snapshots, and notes of them, that can't be read."},
      {"damaged[].object", FieldType::string, "Its name."},
      {"damaged[].message", FieldType::string, "What is wrong with it."},
      {"ignored", FieldType::array,
       "Objects that count for nothing: forged, foreign, or of a domain whose key is not at hand."},
      {"ignored[].object", FieldType::string, "Its name."},
      {"ignored[].message", FieldType::string, "What is wrong with it."},
  };
  fields.insert(fields.end(), passed_over.begin(), passed_over.end());
  return {
      .name = "snapshot list",
      .summary = "list the snapshots",
      .description = "Lists the snapshots of a repository, oldest first.",
      .options = {{.name = "tag",
                   .value = "KEY=VALUE",
                   .text =
                       "Only those with this label; given more than once, those with all of them.",
                   .repeat = Repeat::yes},
                  {.name = "host", .value = "NAME", .text = "Only those of this machine."}},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, ""},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage,
                 "some snapshot objects are damaged and were left out; they are named"}},
      .examples = {{"holdfast snapshot list --from /srv/backup", "Lists all snapshots."},
                   {"holdfast snapshot list --from /srv/backup --json | jq -r '.snapshots[-1].id'",
                    "Prints the newest snapshot's id."}},
      .json = fields,
      .run = &run_snapshot_list,
  };
}

Command declare_show() {
  auto fields = description_fields("");
  const std::vector<Field> more{
      {"finished", FieldType::time, "When its backup ended."},
      {"parent", FieldType::string,
       "The snapshot that it was compared with; absent when there was none.", Presence::sometimes},
      {"program", FieldType::string, "What made it."},
      {"command", FieldType::string, "With which paths and options."},
      {"statistics", FieldType::object, "Numbers of its backup; each member is an integer."},
      {"hold_reason", FieldType::string, "Why it is held; absent when it is not.",
       Presence::sometimes},
      {"warnings", FieldType::array, "What its backup could not read as it should."},
      {"warnings[].path", FieldType::string, "Which file, printable."},
      {"warnings[].path_bytes", FieldType::string,
       "Its exact bytes in hexadecimal; only if they are not UTF-8.", Presence::sometimes},
      {"warnings[].message", FieldType::string, "What happened to it."},
  };
  fields.insert(fields.end(), more.begin(), more.end());
  return {
      .name = "snapshot show",
      .summary = "show all about one snapshot",
      .description =
          "Shows what a snapshot holds, when and how it was made, its labels, holds and warnings.",
      .arguments = {snapshot_argument()},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, ""},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage, ""}},
      .examples = {{"holdfast snapshot show latest --from /srv/backup",
                    "Shows the newest snapshot."}},
      .json = fields,
      .run = &run_snapshot_show,
  };
}

// How ls and find describe an entry.
std::vector<Field> entry_fields(const std::string& prefix) {
  return {
      {prefix + "path", FieldType::string, "Absolute path, printable."},
      {prefix + "path_bytes", FieldType::string,
       "Its exact bytes in hexadecimal; only if they are not UTF-8.", Presence::sometimes},
      {prefix + "kind", FieldType::string,
       "file, directory, symlink, hard_link, character_device, block_device, fifo or socket."},
      {prefix + "size", FieldType::integer, "Of its content."},
      {prefix + "mode", FieldType::string, "Permission bits in octal."},
      {prefix + "uid", FieldType::integer, "Owner."},
      {prefix + "gid", FieldType::integer, "Group."},
      {prefix + "user", FieldType::string, "The owner's name; empty if it was not known."},
      {prefix + "group", FieldType::string, "The group's name; empty if it was not known."},
      {prefix + "mtime", FieldType::time, "Last modification, with nanoseconds."},
      {prefix + "target", FieldType::string, "Where a symbolic or hard link leads; only for those.",
       Presence::sometimes},
  };
}

Command declare_ls() {
  auto fields = entry_fields("entries[].");
  fields.insert(fields.begin(), {"entries", FieldType::array, "In the order of the tree."});
  fields.insert(fields.begin(), {"snapshot", FieldType::string, "The snapshot's id."});
  return {
      .name = "snapshot ls",
      .summary = "list the files in a snapshot",
      .description =
          "Lists what lies directly in PATH, or with --recursive all that lies below it.",
      .arguments = {snapshot_argument(),
                    {.name = "PATH",
                     .count = Count::optional,
                     .text = "An absolute path in the snapshot; without it, "
                             "all that the snapshot holds is listed."}},
      .options = {{.name = "recursive", .text = "All below PATH."},
                  {.name = "long", .text = "With mode, owner, size and time."}},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, ""},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage, ""}},
      .examples = {{"holdfast snapshot ls latest /etc --long --from /srv/backup",
                    "Lists /etc like ls -l."}},
      .json = fields,
      .run = &run_snapshot_ls,
  };
}

Command declare_diff() {
  return {
      .name = "snapshot diff",
      .summary = "show what differs between two snapshots",
      .description =
          "Prints a line for every path that differs: + only in NEW, - only in OLD, M with "
          "different content, "
          "A with the same content and different attributes.",
      .arguments = {{.name = "OLD", .text = "A snapshot's id, the beginning of one, or latest."},
                    {.name = "NEW", .text = "A snapshot's id, the beginning of one, or latest."}},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, "also when they differ"},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage, ""}},
      .examples = {{"holdfast snapshot diff 4f2a latest --from /srv/backup",
                    "What changed since 4f2a."}},
      .json = {{"old", FieldType::string, "The older snapshot's id."},
               {"new", FieldType::string, "The newer snapshot's id."},
               {"changes", FieldType::array, "In the order of the tree."},
               {"changes[].change", FieldType::string, "added, removed, content or attributes."},
               {"changes[].path", FieldType::string, "Absolute path, printable."},
               {"changes[].path_bytes", FieldType::string,
                "Its exact bytes in hexadecimal; only if they are not UTF-8.", Presence::sometimes},
               {"changes[].size", FieldType::integer,
                "Of its content in NEW; in OLD if it was removed."},
               {"added", FieldType::integer, "How many were added."},
               {"removed", FieldType::integer, "How many were removed."},
               {"changed", FieldType::integer, "How many differ otherwise."}},
      .run = &run_snapshot_diff,
  };
}

Command declare_find() {
  auto fields = entry_fields("matches[].");
  fields.insert(fields.begin(), {"matches[].snapshot", FieldType::string, "In which snapshot."});
  fields.insert(fields.begin(), {"matches", FieldType::array, "Oldest snapshot first."});
  return {
      .name = "snapshot find",
      .summary = "find files in all snapshots",
      .description =
          "Looks for entries in every snapshot whose path matches GLOB, in the syntax of "
          ".gitignore: 'passwd' "
          "anywhere, '/etc/*.conf' from the root.",
      .arguments = {{.name = "GLOB", .text = "The pattern."}},
      .options = {{.name = "snapshot",
                   .value = "SNAPSHOT",
                   .text = "Look in this one only; may be given more than once.",
                   .repeat = Repeat::yes}},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, "also when nothing matches"},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage, ""}},
      .examples = {{"holdfast snapshot find 'id_ed25519*' --from /srv/backup",
                    "Which snapshots hold such a file?"}},
      .json = fields,
      .run = &run_snapshot_find,
  };
}

Command declare_mount() {
  return {
      .name = "snapshot mount",
      .summary = "show the snapshots as a file system",
      .description =
          "Mounts all snapshots at DIR, read-only, until Ctrl-C or umount: by-time, by-component "
          "and "
          "by-id hold one folder for each. Files are read from the repository as they are asked "
          "for, "
          "and snapshots that are made meanwhile appear.",
      .arguments = {{.name = "DIR", .text = "An existing directory."}},
      .options = {{.name = "allow-other",
                   .text = "Let other users in, too; what they may read is as the snapshot's "
                           "permissions say."}},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, "it was unmounted"},
                {ExitCode::failed, "it could not be mounted"},
                {ExitCode::usage, ""}},
      .examples = {{"holdfast snapshot mount /mnt --from /srv/backup",
                    "Lets you look into every snapshot with ls, cp and diff."}},
      .json = {{"directory", FieldType::string, "Where it was mounted."}},
      .run = &run_snapshot_mount,
  };
}

Command declare_tag() {
  return {
      .name = "snapshot tag",
      .summary = "set or remove labels of a snapshot",
      .description = "Adds labels to a snapshot that exists, or takes them away.",
      .arguments = {snapshot_argument()},
      .options =
          {{.name = "set", .value = "KEY=VALUE", .text = "Set this label.", .repeat = Repeat::yes},
           {.name = "remove", .value = "KEY", .text = "Remove this label.", .repeat = Repeat::yes}},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, ""}, {ExitCode::failed, ""}, {ExitCode::usage, ""}},
      .examples = {{"holdfast snapshot tag latest --set release=4.2 --from /srv/backup",
                    "Labels the newest one."}},
      .json = {{"snapshot", FieldType::string, "The snapshot's id."},
               {"tags", FieldType::object, "Its labels now; each member is a string."}},
      .run = &run_snapshot_tag,
  };
}

Command declare_hold() {
  return {
      .name = "snapshot hold",
      .summary = "keep a snapshot whatever happens",
      .description =
          "A snapshot that is held is not forgotten, by no command and no retention, until "
          "release.",
      .arguments = {snapshot_argument()},
      .options = {{.name = "reason", .value = "TEXT", .text = "Why; shown by snapshot show."}},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, "it is held; also when it was before"},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""}},
      .examples =
          {{"holdfast snapshot hold 4f2a --reason 'before the migration' --from /srv/backup",
            "Keeps it until release."}},
      .json = {{"snapshot", FieldType::string, "The snapshot's id."},
               {"held", FieldType::boolean, "true"}},
      .run = &run_snapshot_hold,
  };
}

Command declare_release() {
  return {
      .name = "snapshot release",
      .summary = "end a hold",
      .description = "Lets a held snapshot be forgotten again. Needs a full key.",
      .arguments = {snapshot_argument()},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, "it is not held; also when it was not before"},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""}},
      .examples = {{"holdfast snapshot release 4f2a --from /srv/backup", "Ends the hold."}},
      .json = {{"snapshot", FieldType::string, "The snapshot's id."},
               {"held", FieldType::boolean, "false"}},
      .run = &run_snapshot_release,
  };
}

std::vector<Field> forget_fields() {
  return {
      {"forgotten", FieldType::array, "Ids of the snapshots that went: strings."},
      {"dry_run", FieldType::boolean, "Whether this was a dry run."},
      {"component", FieldType::string, "Of --component: its name.", Presence::sometimes},
      {"locations", FieldType::array, "Of --component: each that its plans go to.",
       Presence::sometimes},
      {"locations[].location", FieldType::string, "Its name."},
      {"locations[].kept", FieldType::integer, "How many snapshots stay."},
      {"locations[].going", FieldType::integer, "How many go, or would."},
      {"locations[].drastic", FieldType::string, "Why that needs --confirm.", Presence::sometimes},
      {"locations[].snapshots", FieldType::array, "All of the component, by capture."},
      {"locations[].snapshots[].id", FieldType::string, "64 hexadecimal digits."},
      {"locations[].snapshots[].captured", FieldType::time, "When its capture began."},
      {"locations[].snapshots[].plans", FieldType::array, "Whose it is: strings."},
      {"locations[].snapshots[].because", FieldType::array, "Why it stays: strings."},
      {"locations[].snapshots[].goes", FieldType::boolean, "Whether it goes."},
  };
}

Command declare_forget() {
  return {
      .name = "snapshot forget",
      .summary = "remove snapshots",
      .description =
          "Removes snapshots for good. What only they needed is deleted by prune, later. Needs a "
          "full key. If one of "
          "them is held or can't be found, none is removed.\n\n"
          "With --component: removes what the strategy's rules let go of one component, as a run "
          "would, and shows it before as a calendar: + what a day has stays, - it goes, ± some of "
          "it goes. Where more than half of the snapshots would go, or all of a plan's, it removes "
          "nothing anywhere unless --confirm says that it is meant.",
      .arguments = {{.name = "SNAPSHOT",
                     .count = Count::any,
                     .text = "A snapshot's id, the beginning of one, or latest."}},
      .options = {{.name = "dry-run", .text = "Say which would go; remove none."},
                  {.name = "component",
                   .value = "NAME",
                   .text = "Go by the strategy's rules for this component, instead of by names."},
                  {.name = "location",
                   .value = "NAME",
                   .text = "Of --component: only there; otherwise wherever its plans go."},
                  {.name = "confirm", .text = "Of --component: also if that is drastic."}},
      .groups = {&repository_options(), &key_options(), &strategy_options(), &state_options()},
      .exits = {{ExitCode::done, "they are gone"},
                {ExitCode::failed,
                 "a held or unknown snapshot was named, removal failed, or it is drastic and not "
                 "confirmed"},
                {ExitCode::usage, ""}},
      .examples = {{"holdfast snapshot forget 4f2a 77b0 --from /srv/backup",
                    "Removes two snapshots."},
                   {"holdfast snapshot forget --component uploads --dry-run",
                    "Shows what the strategy's rules keep and let go."}},
      .json = forget_fields(),
      .run = &run_snapshot_forget,
  };
}

}  // namespace

std::vector<const Command*> snapshot_commands() {
  static const std::vector<Command> table{
      declare_list(),  declare_show(), declare_ls(),   declare_diff(),    declare_find(),
      declare_mount(), declare_tag(),  declare_hold(), declare_release(), declare_forget()};
  std::vector<const Command*> found;
  for (const auto& command : table) found.push_back(&command);
  return found;
}

}  // namespace holdfast::cli
