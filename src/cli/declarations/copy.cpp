// Declares copy.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

// Not repository_options(): there --from is another word for --to.
std::vector<Option> copy_options() {
  return {
      {.name = "from",
       .value = "URL",
       .text = "The repository that holds the snapshots.",
       .completion = Completion::directory},
      {.name = "to",
       .value = "URL",
       .text = "The repository that gets the copies.",
       .variable = "HOLDFAST_REPOSITORY",
       .completion = Completion::directory},
      limit_upload_option(),
      limit_download_option(),
  };
}

Command declare_copy() {
  return {
      .name = "copy",
      .summary = "copy snapshots into another repository",
      .description =
          "Copies snapshots from one repository into another; only what is missing there travels. "
          "A copy is a snapshot of its own: it keeps its original's times, host, paths and labels, "
          "and has one label more, copied-from, which names the original and its repository. What "
          "was copied before is left alone, and a copy that was interrupted goes on where it "
          "ended.\n\n"
          "Where the target was made with `init --copy-domain-from`, content travels as it lies in "
          "the packs, encrypted and compressed; elsewhere it is read, and encrypted anew with the "
          "target's own keys. Needs a key that reads the one and a key that writes into the other.",
      .arguments = {{.name = "SNAPSHOT",
                     .count = Count::at_least_one,
                     .text = "A snapshot's id, the beginning of one, or latest."}},
      .options = copy_options(),
      .groups = {&key_options(), &from_key_options()},
      .exits = {{ExitCode::done, "all of them are in the target"},
                {ExitCode::failed, "those named before the failure are"},
                {ExitCode::usage, ""}},
      .examples = {{"holdfast copy latest --from /srv/backup --to sftp://backup@vault/srv/backup",
                    "Brings the newest snapshot to another place."},
                   {"holdfast copy 3f2a 9c41 --from /srv/backup --to /mnt/usb/backup "
                    "--from-key-file /etc/holdfast/key",
                    "Copies two, with passphrases that differ."}},
      .json = {{"snapshots", FieldType::array, "What was asked for, in that order."},
               {"snapshots[].original", FieldType::string, "The original's id."},
               {"snapshots[].id", FieldType::string, "The copy's id."},
               {"snapshots[].was_there", FieldType::boolean,
                "Whether it had been copied before, so that nothing was done."},
               {"as_ciphertext", FieldType::boolean,
                "Whether the repositories share a domain, so that content travels as it lies."},
               {"bytes_copied", FieldType::integer, "What was stored in the target."},
               {"chunks_copied", FieldType::integer, "Pieces of content that it lacked."},
               {"chunks_present", FieldType::integer,
                "Pieces that it had. Without a shared domain, where content is cut anew: those of "
                "the originals, less those that were new."},
               {"duration_seconds", FieldType::number, "How long it took."}},
      .run = &run_copy,
  };
}

}  // namespace

std::vector<const Command*> copy_commands() {
  static const Command copy = declare_copy();
  return {&copy};
}

}  // namespace holdfast::cli
