// Declares the care of a repository: prune, stats, protect, repair, rebuild-index.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

Command declare_prune() {
  return {
      .name = "prune",
      .summary = "delete what no snapshot needs",
      .description =
          "Finds data that no snapshot needs any more and deletes it, in two steps: what is found "
          "now is condemned, and "
          "deleted when no backup can need it any more: at once if the storage shows everything "
          "immediately and nobody "
          "else is at work, else by a prune that runs after the grace period (24 hours). Backups "
          "may run at the same "
          "time. Packs of which little is still needed are rewritten.\n\n"
          "Needs a full key. A snapshot or index that can't be read stops every deletion.",
      .options = {{.name = "dry-run",
                   .text = "Say what would be condemned, rewritten and deleted; change nothing."}},
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, ""},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::warnings, "done, and something is suspicious or could not be locked"},
                {ExitCode::damage, "something is damaged or missing, and nothing was deleted"}},
      .examples = {{"holdfast prune --to /srv/backup --dry-run", "Shows the plan."},
                   {"holdfast prune --to /srv/backup", "Carries it out."}},
      .json = {{"dry_run", FieldType::boolean, "Whether this was a dry run."},
               {"snapshots", FieldType::integer, "Snapshots that decide what is needed."},
               {"packs_kept", FieldType::integer, "Packs that are needed as they are."},
               {"packs_condemned", FieldType::integer,
                "Packs that nothing needs: this prune or a later one deletes them."},
               {"packs_rewritten", FieldType::integer,
                "Packs of which only a part is needed: it is copied, then they are condemned."},
               {"packs_rescued", FieldType::integer,
                "Condemned packs in which something is needed again: it is copied."},
               {"packs_deleted", FieldType::integer,
                "Packs that are gone; in a dry run, that would be."},
               {"bytes_condemned", FieldType::integer, "What the condemned packs take."},
               {"bytes_rewritten", FieldType::integer, "What was copied; in a dry run, would be."},
               {"bytes_deleted", FieldType::integer,
                "What the deleted packs took; in a dry run, take."},
               {"packs_locked", FieldType::integer,
                "Condemned packs that are locked: a later prune deletes them."},
               {"bytes_locked", FieldType::integer, "What they take."},
               {"locks_extended", FieldType::integer,
                "Objects that are needed and whose lock was extended."},
               {"locks_failed", FieldType::integer, "Those of which it could not be."},
               {"duration_seconds", FieldType::number, "How long it took."},
               {"ignored", FieldType::array, "Objects that count for nothing: forged or foreign."},
               {"ignored[].object", FieldType::string, "Its name."},
               {"ignored[].message", FieldType::string, "What is wrong with it."},
               {"suspicious", FieldType::array,
                "What tells of a visitor: forged snapshots, versions and delete markers over "
                "objects. Nothing is lost by it."},
               {"suspicious[].object", FieldType::string, "Its name."},
               {"suspicious[].message", FieldType::string, "What is strange about it."}},
      .run = &run_prune,
  };
}

Command declare_stats() {
  return {
      .name = "repository stats",
      .summary = "show what a repository holds",
      .description = "Counts snapshots, objects and bytes.",
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, ""}, {ExitCode::failed, ""}, {ExitCode::usage, ""}},
      .examples = {{"holdfast repository stats --from /srv/backup", "How large is it?"}},
      .json = {{"repository", FieldType::string, "Where it is."},
               {"id", FieldType::string, "The repository's id."},
               {"snapshots", FieldType::integer, "How many."},
               {"bytes_restorable", FieldType::integer, "Size of all files in all snapshots."},
               {"bytes_stored", FieldType::integer, "What all objects take."},
               {"data_packs", FieldType::integer, "Packs of contents."},
               {"data_bytes", FieldType::integer, "What they take."},
               {"tree_packs", FieldType::integer, "Packs of trees."},
               {"tree_bytes", FieldType::integer, "What they take."},
               {"index_segments", FieldType::integer, "Index objects."},
               {"index_bytes", FieldType::integer, "What they take."},
               {"sidecars", FieldType::integer, "Objects that hold the parity of others."},
               {"sidecar_bytes", FieldType::integer, "What they take."},
               {"chunks", FieldType::integer, "Pieces in the index."}},
      .run = &run_repository_stats,
  };
}

Command declare_protect() {
  return {
      .name = "repository protect",
      .summary = "add parity from which damage can be mended",
      .description =
          "Stores parity beside every object that has none yet, or less than is asked for: of 5 "
          "percent, it makes up for a loss of 3.2 MiB at any place of an object of 64 MiB, and for "
          "4 KiB at any place of smaller ones. The exact sizes are in "
          "docs/internals/repository_format.md, section 7. 'holdfast verify' checks parity, "
          "'holdfast repository repair' mends with it, and 'holdfast prune' removes that of "
          "objects "
          "that are gone.\n\n"
          "New backups get parity by the next 'repository protect'. It needs no passphrase, may "
          "run "
          "beside backups, and when it is interrupted, running it again goes on.",
      .options = {{.name = "parity",
                   .value = "PERCENT",
                   .text = "How much parity, from 1 to 100 percent of the object's size.",
                   .fallback = "5"}},
      .groups = {&repository_options()},
      .exits = {{ExitCode::done, ""},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage, "damaged objects were found; they are named and got no parity"}},
      .examples = {{"holdfast repository protect --to /srv/backup", "After a backup."},
                   {"holdfast repository protect --to /srv/backup --parity 20",
                    "For a disk that is not to be trusted."}},
      .json = {{"percent", FieldType::integer, "How much parity was asked for."},
               {"objects", FieldType::integer, "Objects that should have parity."},
               {"protected_before", FieldType::integer, "Objects that had as much or more."},
               {"protected_now", FieldType::integer, "Objects that got it."},
               {"bytes_added", FieldType::integer, "What the new parity takes."},
               {"dropped", FieldType::integer,
                "Parity objects that were removed: of objects that are gone, or weaker ones."},
               {"skipped", FieldType::array,
                "Objects that got none: damaged, unreadable or larger than 256 MiB."},
               {"skipped[].object", FieldType::string, "Its name."},
               {"skipped[].message", FieldType::string, "What is wrong with it."},
               {"duration_seconds", FieldType::number, "How long it took."}},
      .run = &run_repository_protect,
  };
}

Command declare_repair() {
  return {
      .name = "repository repair",
      .summary = "bring a damaged repository to a state that verifies",
      .description =
          "First mends, from their parity, damaged objects that have enough of it ('holdfast "
          "repository protect'). "
          "Then reads everything, keeps what is right, and says file by file what is lost. Damaged "
          "objects go, the index "
          "is rebuilt, and snapshots that miss something are replaced by ones that hold what is "
          "left. Needs a full "
          "key.",
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, "nothing was lost"},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage, "the repository verifies now; what was lost is named"}},
      .examples = {{"holdfast repository repair --to /srv/backup", "After verify found damage."}},
      .json = {{"mended", FieldType::array,
                "Objects that are right again, from their parity: strings."},
               {"unmendable", FieldType::array, "Damaged objects whose parity was not enough."},
               {"unmendable[].object", FieldType::string, "Its name."},
               {"unmendable[].message", FieldType::string, "What is wrong with it."},
               {"renewed_parity", FieldType::array,
                "Damaged or forged parity that was made anew: strings."},
               {"packs", FieldType::integer, "Packs in the new index."},
               {"chunks", FieldType::integer, "Pieces of content in it."},
               {"unreadable_packs", FieldType::array, "Packs that could not be read."},
               {"unreadable_packs[].object", FieldType::string, "Its name."},
               {"unreadable_packs[].message", FieldType::string, "What is wrong with it."},
               {"put_back", FieldType::array,
                "Damaged objects whose bytes the local cache had: strings."},
               {"removed_objects", FieldType::array, "Damaged objects that were removed: strings."},
               {"lost_objects", FieldType::array,
                "Of these, those that nothing takes the place of, such as tags, holds and key "
                "slots: strings."},
               {"removed_snapshots", FieldType::array,
                "Snapshots of which nothing could be read: strings."},
               {"replaced", FieldType::array,
                "Snapshots that were replaced by what is left of them."},
               {"replaced[].old", FieldType::string, "The damaged snapshot's id."},
               {"replaced[].new", FieldType::string, "Its successor's id."},
               {"lost_count", FieldType::integer, "How many files are lost."},
               {"lost", FieldType::array, "Which; at most 10,000."},
               {"lost[].snapshot", FieldType::string, "In which snapshot."},
               {"lost[].path", FieldType::string, "Which file, printable."},
               {"lost[].path_bytes", FieldType::string,
                "Its exact bytes in hexadecimal; only if they are not UTF-8.", Presence::sometimes},
               {"lost[].message", FieldType::string, "What was wrong with it."},
               {"duration_seconds", FieldType::number, "How long it took."}},
      .run = &run_repository_repair,
  };
}

Command declare_rebuild_index() {
  return {
      .name = "repository rebuild-index",
      .summary = "rebuild the index from the packs",
      .description = "Reads the directories of all packs and writes a new index. Needs a full key.",
      .groups = {&repository_options(), &key_options()},
      .exits = {{ExitCode::done, ""},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage, "some packs could not be read; they are named and left out"}},
      .examples = {{"holdfast repository rebuild-index --to /srv/backup",
                    "After index objects were lost."}},
      .json = {{"packs", FieldType::integer, "Packs that are in the new index."},
               {"chunks", FieldType::integer, "Pieces of content in it."},
               {"unreadable_packs", FieldType::array, "Packs that could not be read."},
               {"unreadable_packs[].object", FieldType::string, "Its name."},
               {"unreadable_packs[].message", FieldType::string, "What is wrong with it."},
               {"duration_seconds", FieldType::number, "How long it took."}},
      .run = &run_rebuild_index,
  };
}

}  // namespace

std::vector<const Command*> repository_commands() {
  static const std::vector<Command> table{declare_prune(), declare_stats(), declare_protect(),
                                          declare_repair(), declare_rebuild_index()};
  std::vector<const Command*> found;
  for (const auto& command : table) found.push_back(&command);
  return found;
}

}  // namespace holdfast::cli
